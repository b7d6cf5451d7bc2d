export { formatClose, formatMessages, formatSent, HEARTBEAT_FRAME, OPEN_FRAME, parseFrame, parseSent } from './frames';
export type { Sent, ServerFrame } from './frames';
