export { describeWithPeer } from './describe-with-peer';
export { PeerProcess } from './peer-process';
export { Tomcat, type TomcatOptions } from './tomcat';

export type { PeerKind } from './describe-with-peer';
