import type { ProtocolViolation } from './close-frame';

/**
 * The phases in which a connection ends. Two things end, each by itself: the conversation, with two close frames, and the
 * stream of bytes below it. `connection.ts` acts on them; this file only says which phase follows which.
 *
 * The handshake (RFC 6455 7.1):
 *
 * | phase      | sends | receives | means                                                                  | send     | receive  |
 * | ---------- | ----- | -------- | ---------------------------------------------------------------------- | -------- | -------- |
 * | `open`     | yes   | yes      | neither close frame has passed                                         | sent     | received |
 * | `sent`     | no    | yes      | ours has left, or waits behind a message that is being compressed      |          | complete |
 * | `received` | yes   | no       | the peer's has come, or a fault: the listener answers in its own time  | complete |          |
 * | `complete` | no    | no       | the TCP connection ends                                                |          |          |
 *
 * The stream:
 *
 * | phase     | means                                                                             | end   | drop    | close  |
 * | --------- | --------------------------------------------------------------------------------- | ----- | ------- | ------ |
 * | `open`    | both directions are there                                                         | ended | dropped | closed |
 * | `ended`   | the peer's FIN has come; it may still read                                        |       | dropped | closed |
 * | `dropped` | `terminate` destroyed the socket; nothing more is delivered                       |       |         | closed |
 * | `closed`  | the socket is closed; bytes that were held back are still delivered               |       |         |        |
 *
 * An empty cell: the phase stays. An event that has come is never undone.
 */
export type HandshakePhase = 'open' | 'sent' | 'received' | 'complete';
export type HandshakeEvent = 'send' | 'receive';

export type StreamPhase = 'open' | 'ended' | 'dropped' | 'closed';
export type StreamEvent = 'end' | 'drop' | 'close';

const HANDSHAKE: Transitions<HandshakePhase, HandshakeEvent> = {
  open: { send: 'sent', receive: 'received' },
  sent: { receive: 'complete' },
  received: { send: 'complete' },
  complete: {},
};

const STREAM: Transitions<StreamPhase, StreamEvent> = {
  open: { end: 'ended', drop: 'dropped', close: 'closed' },
  ended: { drop: 'dropped', close: 'closed' },
  dropped: { close: 'closed' },
  closed: {},
};

/** The phase behind each event that changes something. */
export type Transitions<Phase extends string, Event extends string> = Readonly<
  Record<Phase, Readonly<Partial<Record<Event, Phase>>>>
>;

export function nextHandshakePhase(phase: HandshakePhase, event: HandshakeEvent): HandshakePhase {
  return HANDSHAKE[phase][event] ?? phase;
}

export function nextStreamPhase(phase: StreamPhase, event: StreamEvent): StreamPhase {
  return STREAM[phase][event] ?? phase;
}

/** The reason why nothing more is received, for the listener. */
export interface Farewell {
  readonly kind: 'close frame' | 'failure';
  readonly code: number;
  readonly reason: string;
}

/** How long a peer that broke the protocol has to take our close frame before the connection is dropped. */
export const VIOLATION_LINGER_MS = 1000;

/** The code of a connection that ended without a close frame. */
export const LOST = { code: 1006, reason: '' } as const;

export function failure({ closeCode, message }: ProtocolViolation): Farewell {
  return { kind: 'failure', code: closeCode, reason: message };
}
