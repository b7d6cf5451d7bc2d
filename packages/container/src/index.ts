export { asBytes, isBytes } from './binary-data';
export { AsyncScope, inOwnScope } from './async-scope';
export { broadcast } from './broadcaster';
export { CONTAINER_OPTIONS, ContainerContext } from './container-context';
export { ContainerDefaults } from './container-defaults';
export { Deadlines, type DueEntry } from './deadlines';
export { DIAGNOSTICS_CHANNEL } from './diagnostics';
export { HandledMessage, MESSAGE_CHANNEL } from './message-tracing';
export { byType, unhurried } from './handler-table';
export { openSession } from './open-session';
export { SessionCodecs } from './session-codecs';
export { requestParameters } from './session-handshake';
export { WITHOUT_EFFECT } from './setting-sources';
export { COMPATIBILITIES, SETTINGS, TOMCAT } from './settings';
export { SessionProperties } from './session-properties';
export { endSessions, graceOf, Patience, STOP_OPTIONS } from './stopping';
export { inTurns } from './turns';
export { isThenable, rejected, tolerateNeglect, toError } from './promises';

export type { Diagnostics } from './diagnostics';
export type { StopPhase } from './diagnostic-event';
export type { SessionRegistry } from './session-registry';
export type { DeployedPlan } from './deployed-encoders';
export type {
  ConnectionLimitName,
  DiagnosticEvent,
  LimitName,
  OfSession,
  RefusalRule,
  SessionClosed,
  SessionOpened,
} from './diagnostic-event';
export type { Around } from './message-tracing';
export type { SessionTraffic } from './session-traffic';
export type { Logger } from './logger';
export type { ContainerOptions } from './container-context';
export type { Selections } from './container-defaults';
export type { StopOptions } from './stopping';
export type { ConnectionPlace } from './session-registry';
export type { SessionParts, WsSession } from './session';
export type { SessionEnd } from './session-life';
export type { SettingOptions } from './setting-sources';
export type { Compatibility, ContainerSettings, SettingRow } from './settings';
