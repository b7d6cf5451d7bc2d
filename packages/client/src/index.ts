// ContainerProvider.getWebSocketContainer() answers from the moment this is imported.
import './container-provider';

export { WsClientContainer } from './client-container';

export type { StopOptions } from '@serval/container';
export type { ClientContainerOptions } from './container-options';
export type { Credentials } from './credentials';
export type { ProxyOption, ProxyOptions } from './proxy';
export type { RetryAfterOption, RetryAfterOptions } from './retry';
