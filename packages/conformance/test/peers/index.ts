export { describeWithPeer } from './describe-with-peer';
export { ForwardProxy } from './forward-proxy';
export { FrontServer } from './front-server';
export { PeerProcess } from './peer-process';
export { JDK_CLIENT, PYTHON_AUTOBAHN, PYTHON_WEBSOCKETS } from './peer-program';
export { RedisServer } from './redis-server';
export { SmallProxy } from './small-proxy';
export { Tomcat, type TomcatOptions } from './tomcat';

export type { PeerKind } from './describe-with-peer';
export type { ForwardProxyOptions } from './forward-proxy';
export type { FrontName } from './fronts';
export type { PeerEnd } from './peer-process';
export type { ProxyUser } from './small-proxy';
