import { Deadline as Clock } from '@serval/api/spi';

/** The time that connecting may take altogether. */
export class Deadline {
  readonly #clock: Clock;
  readonly #expired: Promise<never>;
  #expire: (error: Error) => void = () => undefined;
  #error: Error | undefined;
  #whenExpired: ((error: Error) => void) | undefined;
  #clear: () => void = () => undefined;
  /** Resolves with {@link clear}: connecting has ended, whichever way. */
  readonly cleared = new Promise<void>((resolve) => (this.#clear = resolve));

  /** @param tooLate makes the error of everything that waits when the time is over */
  constructor(milliseconds: number, tooLate: () => Error) {
    this.#expired = new Promise((_resolve, reject) => (this.#expire = reject));
    // Often nobody waits for it.
    this.#expired.catch(() => undefined);
    this.#clock = new Clock(milliseconds, () => this.abort(tooLate()), { keepsAlive: true });
  }

  /** Why nothing goes on any more: the time is over, or it was aborted. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** What the promise settles to, or a rejection when the time is over before. */
  within<T>(going: T | PromiseLike<T>): Promise<T> {
    return Promise.race([going, this.#expired]);
  }

  /** Is called when the time is over, at once if it is; undefined: nothing is. At most one waits at a time. */
  set whenExpired(listener: ((error: Error) => void) | undefined) {
    this.#whenExpired = listener;
    if (this.#error !== undefined) listener?.(this.#error);
  }

  /** Ends everything that waits, as if the time were over; once. */
  abort(error: Error): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#expire(error);
    this.#whenExpired?.(error);
  }

  clear(): void {
    this.#clock.clear();
    this.#clear();
  }
}
