export { formatClose, formatMessages, formatSent, HEARTBEAT_FRAME, OPEN_FRAME, parseFrame, parseSent } from './frames';
export type { Sent, ServerFrame } from './frames';
export {
  answerEmpty,
  answerGreeting,
  answerInfo,
  answerPreflight,
  answerText,
  answerWrongMethod,
  IframePage,
  type InfoSettings,
} from './answers';
export { FramedSession, type FramedSessionFacts } from './framed-session';
export { HttpReceiver, isGone, type WireFormat } from './http-receiver';
export { HttpSession, type HttpSessionFacts } from './http-session';
export { callbackIn, receivingTransport, type ReceivingTransport } from './http-transports';
export { methodOf, PLACE_LENGTHS, placeAt, type Place, type TransportName } from './place';
export { readMessages, type SentBody } from './request-body';
export { dynamicHeaders, sessionCookie, type HeaderSettings } from './response-headers';
export type { Receiver, ReceiverOwner } from './receiver';
export { connectSockJs } from './client-connect';
export type { SockJsTransportName } from './client-channel';
export type { ConnectedSockJs, SockJsConnectSettings } from './client-connect';
export type { SockJsAnswer, SockJsAttempt, SockJsConnections, SockJsPost, SockJsRequests } from './client-requests';
