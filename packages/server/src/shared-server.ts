import type { Duplex } from 'node:stream';
import { Deadline } from '@serval/api/spi';

// A server and its sockets may have other listeners: frameworks, ws, another copy of this package.

/** A registered symbol, which all copies of this package share. */
const CLAIMED = Symbol.for('serval.claimed');

/**
 * Claims the stream of a request for one session, because the client would read a second 101 as a frame.
 *
 * @returns false if it {@link isTaken}
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

/** A registered symbol, which all copies of this package share. */
const OWN = Symbol.for('serval.listener');

/** Marks a listener on a server as Serval's. All others belong to other code. */
export function markAsOwn<T extends object>(listener: T): T {
  return Object.assign(listener, { [OWN]: true });
}

export function isOwnListener(listener: object): boolean {
  return OWN in listener;
}

/** The wait for another listener, which answers the request of a stream. */
export interface AnswerWait {
  /** Answers now, unless the listener did. Further calls do nothing. */
  end(): void;
}

/**
 * Calls `answer` if no listener answers the request of a stream in time. It does not touch the stream, which belongs to
 * another listener.
 *
 * @param isAnswered runs when the time is over
 * @param onOver called once at the end of the wait, before `answer`
 */
export function whenUnanswered(
  stream: Duplex,
  isAnswered: () => boolean,
  ms: number,
  answer: () => void,
  onOver?: () => void,
): AnswerWait {
  const over = (): void => {
    deadline.clear();
    stream.off('close', over);
    onOver?.();
  };
  const end = (): void => {
    over();
    if (!stream.destroyed && !isAnswered()) answer();
  };
  const deadline = new Deadline(ms, end);
  stream.once('close', over);
  return { end };
}
