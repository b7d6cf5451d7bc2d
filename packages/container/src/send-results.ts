import type { SendResult } from '@serval/api';

const all = new WeakSet<object>();

/** The result of most sends to many sessions. */
export const NOTHING_FAILED: readonly SendResult[] = sendResults(Object.freeze<SendResult[]>([]));

/** Makes the sends that failed known as such, so that a handler may return them: they are no reply. */
export function sendResults(failures: readonly SendResult[]): readonly SendResult[] {
  all.add(failures);
  return failures;
}

/**
 * Whether a handler returned the result of a send to many sessions, as `(text, session) => session.to('blue').send(text)`
 * does.
 */
export function isSendResults(value: unknown): boolean {
  return typeof value === 'object' && value !== null && all.has(value);
}
