import type { Duplex } from 'node:stream';
import { Deadline } from '@serval/api/spi';

// A server and its sockets may have other listeners: frameworks, ws, another copy of this package.

/** Registered, so that another copy of this package in the same process sees it too. */
const CLAIMED = Symbol.for('serval.claimed');

/**
 * Takes the stream of a request for one session: a second 101 on it would be read as a frame.
 *
 * @returns false when it {@link isTaken}
 */
export function claim(stream: Duplex): boolean {
  if (isTaken(stream)) return false;
  Object.defineProperty(stream, CLAIMED, { value: true });
  return true;
}

/** Whether the stream is claimed, or already belongs to a WebSocket of the ws library. */
export function isTaken(stream: Duplex): boolean {
  return CLAIMED in stream || isWebSocketOfWs(stream);
}

/** The ws library stores its WebSocket on the socket, under its own symbol. */
function isWebSocketOfWs(stream: Duplex): boolean {
  return Object.getOwnPropertySymbols(stream).some(
    (symbol) => symbol.description === 'websocket' && Reflect.get(stream, symbol) !== undefined,
  );
}

/** Registered, so that another copy of this package in the same process sees it too. */
const OWN = Symbol.for('serval.listener');

/** Marks a listener of ours on a server: all others are those of somebody else. */
export function markAsOwn<T extends object>(listener: T): T {
  return Object.assign(listener, { [OWN]: true });
}

export function isOwnListener(listener: object): boolean {
  return OWN in listener;
}

/**
 * Calls `answer` when nobody has answered the request of a stream in time. The stream is only looked at: it is that of
 * another listener.
 *
 * @param isAnswered looked at when the time is over
 */
export function whenUnanswered(stream: Duplex, isAnswered: () => boolean, ms: number, answer: () => void): void {
  const gone = (): void => deadline.clear();
  const deadline = new Deadline(ms, () => {
    stream.off('close', gone);
    if (!stream.destroyed && !isAnswered()) answer();
  });
  stream.once('close', gone);
}
