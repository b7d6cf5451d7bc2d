export * from '@serval/api';
export { attach, Server, WsServerContainer } from '@serval/server';
export { DIAGNOSTICS_CHANNEL } from '@serval/container';

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
export type { ContainerOptions, DiagnosticEvent, Logger } from '@serval/container';
