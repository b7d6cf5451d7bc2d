export { attach, detach } from './http-host';
export { Http1Connection } from './http1-connection';
export { Server } from './server';
export { WsServerContainer } from './server-container';

export type { StopOptions } from '@serval/container';
export type { AdoptOptions } from './adoption';
export type { ServerContainerOptions } from './container-options';
export type { InstanceFactory } from './default-configurator';
export type { DeployedEndpoint } from './deployed-endpoint';
export type { RouteMatch } from './endpoint-router';
export type { AttachableServer } from './http-host';
export type { AllowedOrigins } from './origin-policy';
export type { TrustProxy } from './trust-proxy';
export type { RemoveOptions } from './server-container';
export type { ServerOptions } from './server-options';
export type { Authenticate } from './upgrade';
export type { UpgradeConnection } from './upgrade-connection';
export type { UpgradeRequest } from './upgrade-request';
