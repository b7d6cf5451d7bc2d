import { types } from 'node:util';

/** Synchronous stays synchronous: undefined when done, a promise when it goes on. The promise never rejects. */
export type Settled = Promise<void> | undefined;

/** The outcome of a send: undefined when it was accepted at once, else a promise that nobody has to await. */
export type Sending = Promise<void> | undefined;

/** The outcome of a send that was accepted at once. */
export const ACCEPTED = Promise.resolve();

/** Not `instanceof Promise`: a promise of another realm (a test runner's) is one too. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** Marks a promise that rejects as handled, so that not awaiting it can never end the process. */
export function tolerateNeglect<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** A rejection in place of a throw, which would end the process where a timer is the caller. Neglect is tolerated. */
export function rejected(thrown: unknown): Promise<never> {
  return tolerateNeglect(Promise.reject<never>(toError(thrown)));
}

/** A thrown value as an Error. Never throws. */
export function toError(thrown: unknown): Error {
  if (isError(thrown)) return thrown;
  return new Error(`something that is not an Error was thrown: ${describeThrown(thrown)}`, { cause: thrown });
}

function isError(thrown: unknown): thrown is Error {
  try {
    // Not instanceof alone: an error of another realm is one too.
    return thrown instanceof Error || types.isNativeError(thrown);
  } catch {
    // A proxy may throw when its prototype is read.
    return false;
  }
}

/** Never fails, even for a value that has no text, such as an object without a prototype. */
function describeThrown(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return typeof thrown;
  }
}
