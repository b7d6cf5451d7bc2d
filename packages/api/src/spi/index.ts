// For implementations of the API: containers, hosts and transports. Applications import from '@serval/api'.
import '../branded-errors';

export type * from './bus';
export { BusOrder } from './bus-order';
export type { InboundRule, SendCallback, Transport, TransportListener } from './transport';
export { Fifo, type FifoEntry } from './fifo';
export { afterReads, Deadline, pause, Timer, type TimerOptions } from './timer';
export type { ClassRecord, HandlerRecord, ParameterRecord } from '../class-record';
export type { HandlerKind } from '../interceptor';
export { readAnnotations, readClassRecord, recordOf } from '../class-record';
export { codecFor } from '../checked-codec';
export { createCodec, type WireFormat, describeType, type MessageCodec } from '../codec';
export { JSON_TEXT } from '../json';
export {
  isReplyMessage,
  isRequestMessage,
  validatedReply,
  issuesOf,
  type ReplyMessage,
  type RequestCodec,
  type RequestMessage,
} from '../request-message';
export { emittedParameterTypes, lostMetadata } from '../metadata';
export { cannotLoad, loadLazily } from './load-lazily';
export { nearestName } from '../nearest-name';
export {
  badOption,
  copyOptions,
  isOptionsObject,
  readArgument,
  readNested,
  readOptions,
  readText,
  requireKnown,
  requireOptions,
  unknownOptions,
} from '../options';
export {
  ANY,
  bytes,
  callable,
  choice,
  DELAY,
  FLAG,
  hasMethods,
  kind,
  list,
  membersOf,
  milliseconds,
  MILLISECONDS_OR_NEVER,
  NAME,
  nested,
  record,
  requireMethods,
  SCHEMA,
  SIGNAL,
  switchable,
  TEXT,
  wholeNumber,
} from '../option-kinds';
export type { OptionKind, OptionRow, OptionRows, OptionTable, ReadOptions, TomcatPlace } from '../options';
export { HANDLERS, requireReachable } from '../endpoint-handlers';
export { CODEC_LISTS } from '../endpoint-options';
export { EXTENSION } from '../extension';
export { inheritsFrom, ownClass } from '../brand';
export { closeReasonOf, isSendableCloseCode, wireClose } from '../close-reason';
export { classNameOf, describeKind, describeValue } from '../describe-value';
export { CONNECTIONS, ENDPOINT_LIMITS } from '../endpoint-limits';
export { RATE_LIMITS, type ReadRateLimit } from '../rate-limit';
export { readSecurity } from '../security';
export { SECURITY_CONSTRAINT } from '../security-constraint';
export { SOCK_JS, SOCK_JS_OPTIONS } from '../sockjs-options';
export { showAs } from '../show-as';
export { pathParamOf } from '../parameter-role';
export { registerDefaultConfigurator } from '../server-endpoint-config';
