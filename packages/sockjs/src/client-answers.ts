import type { Readable } from 'node:stream';
import { isNativeError } from 'node:util/types';
import { FrameError } from './client-frames';
import type { SockJsAnswer } from './client-requests';

/** How much of a body that nobody needs is read, so that its connection can carry another request. */
const MAX_DISCARDED_BYTES = 65_536;

/** A response that ends the session. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';

  constructor(
    what: string,
    readonly answer: SockJsAnswer,
  ) {
    super(
      `The server answered ${answer.status} to ${what}${answer.status === 404 ? ': it does not have the session' : ''}.`,
    );
  }
}

/**
 * @param what the kind of the request, for messages
 * @throws FrameError, or AnswerError
 */
export function requireStatus(answer: SockJsAnswer, what: string, accepted: readonly number[]): void {
  const { status, body } = answer;
  if (accepted.includes(status)) return;
  discard(body);
  if (status === 413) throw new FrameError(1009, 'The server refused the message, which is too large for it (413).');
  throw new AnswerError(what, answer);
}

export function discard(body: Readable): void {
  let left = MAX_DISCARDED_BYTES;
  body.on('data', (bytes: Buffer) => {
    left -= bytes.length;
    if (left < 0) body.destroy();
  });
}

/** A connection is free for another request a little after the end of the response. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The errors of Node's streams may be of another realm, as in Jest. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error || isNativeError(thrown) ? thrown : new Error(String(thrown));
}

export function connectionClosed(): Error {
  return new Error('the connection is closed');
}
