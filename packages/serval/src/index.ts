export * from '@serval/api';
export { WsClientContainer } from '@serval/client';
export { attach, Server, WsServerContainer } from '@serval/server';
export { broadcast, DIAGNOSTICS_CHANNEL } from '@serval/container';

export type {
  AdoptOptions,
  AllowedOrigins,
  AttachableServer,
  Authenticate,
  InstanceFactory,
  ServerContainerOptions,
  ServerOptions,
  StopOptions,
} from '@serval/server';
export type {
  ClientContainerOptions,
  Credentials,
  ProxyOption,
  ProxyOptions,
  RetryAfterOption,
  RetryAfterOptions,
} from '@serval/client';
export type { ContainerOptions, DiagnosticEvent, Logger } from '@serval/container';
