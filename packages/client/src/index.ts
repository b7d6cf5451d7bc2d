// ContainerProvider.getWebSocketContainer() works as soon as this module is imported.
import './container-provider';

export { ClientContainer } from './client-container';
export { CONNECT_OPTIONS } from './connect-options';
export { CLIENT_CONTAINER_OPTIONS } from './container-options';
export { ATTEMPT_PROPERTY } from './function-endpoint';
export { SOCKJS_TRANSPORT_PROPERTY } from './sockjs-options';
export { connect } from './web-socket-client';

export type { StopOptions } from '@serval/container';
export type {
  ConnectOptions,
  EndpointConnectOptions,
  HandlerConnectOptions,
  Received,
  Sent,
  ServerUri,
} from './connect-options';
export type { ClientContainerOptions } from './container-options';
export type { Credentials } from './credentials';
export type { ProxyOption, ProxyOptions } from './proxy';
export type { RetryAfterOption, RetryAfterOptions } from './retry';
export type { OpenInfo, SessionHandlers } from './function-endpoint';
export type { ReceivedMessage } from './message-stream';
export type { RequestHeaders } from './request-headers';
export type { ReconnectAttempt, ReconnectOptions } from './reconnect-policy';
export type { SockJsClientOptions } from './sockjs-options';
export type { SockJsTransportName } from '@serval/sockjs';
export type { WebSocketClient, WebSocketClientState } from './web-socket-client';
