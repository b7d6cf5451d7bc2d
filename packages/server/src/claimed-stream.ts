import type { Duplex } from 'node:stream';

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

/** Whether it was claimed, or is a WebSocket of the ws library already. */
export function isTaken(stream: Duplex): boolean {
  return CLAIMED in stream || isWebSocketOfWs(stream);
}

/** The ws library keeps its WebSocket on the socket, by a symbol of its own. */
function isWebSocketOfWs(stream: Duplex): boolean {
  return Object.getOwnPropertySymbols(stream).some(
    (symbol) => symbol.description === 'websocket' && Reflect.get(stream, symbol) !== undefined,
  );
}
