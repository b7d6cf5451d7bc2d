export { wireClose } from './closing';
export { ContainerContext } from './container-context';
export { DIAGNOSTICS_CHANNEL } from './diagnostics';
export { planEndpoint } from './endpoint-plan';
export { requestParameters } from './request-parameters';
export { WsSession } from './session';
export { SessionCodecs } from './session-codecs';
export { checkSetting, COMPATIBILITIES, expectation, SETTINGS, WITHOUT_EFFECT } from './settings';
export { nearestName } from './nearest-name';
export { SessionProperties } from './session-properties';
export { endSessions, graceOf } from './stopping';
export { toError } from './promises';

export type { DiagnosticEvent } from './diagnostics';
export type { EndpointPlan } from './endpoint-plan';
export type { Logger } from './logger';
export type { ContainerOptions } from './container-context';
export type { StopOptions } from './stopping';
export type { Compatibility, ContainerSettings, SettingOptions, SettingRow, SettingRule } from './settings';
