export * from '@serval/api';
export { ATTEMPT_PROPERTY, connect, ClientContainer } from '@serval/client';
export {
  attach,
  detach,
  endpoint,
  HANDSHAKE_CHANNEL,
  healthCheck,
  requestUser,
  Server,
  ServerContainer,
} from '@serval/server';
export { broadcast, DIAGNOSTICS_CHANNEL, MESSAGE_CHANNEL } from '@serval/container';

export type {
  AdoptOptions,
  AllowedHosts,
  AllowedOrigins,
  AttachableServer,
  Authenticate,
  EndpointDefinition,
  EndpointSettings,
  HandshakeMiddleware,
  Health,
  HealthSource,
  InstanceFactory,
  InstanceFactoryOption,
  PathConstraint,
  RemoveOptions,
  RequestUserOptions,
  ServerContainerOptions,
  ServerOptions,
  StopOptions,
  TrustProxy,
} from '@serval/server';
export type {
  ClientContainerOptions,
  Credentials,
  ProxyOption,
  ProxyOptions,
  RetryAfterOption,
  RetryAfterOptions,
  ConnectOptions,
  EndpointConnectOptions,
  HandlerConnectOptions,
  OpenInfo,
  Received,
  ReceivedMessage,
  ReconnectAttempt,
  ReconnectOptions,
  RequestHeaders,
  Sent,
  ServerUri,
  SessionHandlers,
  WebSocketClient,
  WebSocketClientState,
} from '@serval/client';
export type {
  Around,
  Compatibility,
  ContainerOptions,
  DiagnosticEvent,
  HandledMessage,
  LimitName,
  Logger,
  RefusalRule,
  SessionClosed,
  SessionOpened,
  SessionTraffic,
} from '@serval/container';

// So that a declaration file can name every type that TypeScript infers; engines and hosts import them from serval/spi.
export type {
  Bus,
  BusAnswers,
  BusHistory,
  BusNodeWatcher,
  BusPosition,
  BusRequestOptions,
  BusRetention,
  BusStreams,
  BusSubscriber,
  BusSubscription,
  InboundRule,
  SendCallback,
  Transport,
  TransportListener,
} from '@serval/api/spi';
export type {
  AcceptedConnection,
  AcceptedStream,
  AcceptedUpgrade,
  Engine,
  EngineOptions,
  HeaderLine,
  HeaderMap,
  PerMessageDeflateOptions,
} from '@serval/protocol';
export type { DeployedEndpoint, RouteMatch, TracedHandshake, UpgradeReply, UpgradeRequest } from '@serval/server';
