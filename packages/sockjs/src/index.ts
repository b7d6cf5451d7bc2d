export { formatClose, formatMessages, formatSent, HEARTBEAT_FRAME, OPEN_FRAME, parseFrame, parseSent } from './frames';
export type { Sent, ServerFrame } from './frames';
export { FramedSession, type FramedSessionFacts } from './framed-session';
export { HttpReceiver, type WireFormat } from './http-receiver';
export { HttpSession, type HttpSessionFacts } from './http-session';
export type { Receiver, ReceiverOwner } from './receiver';
