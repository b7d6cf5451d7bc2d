import { Deadline as Clock } from '@serval/api/spi';

/** The time limit for the whole of one connect. */
export class Deadline {
  readonly #clock: Clock;
  readonly #expired: Promise<never>;
  #expire: (error: Error) => void = () => undefined;
  #error: Error | undefined;
  #whenExpired: ((error: Error) => void) | undefined;
  #clear: () => void = () => undefined;
  /** Resolves on {@link clear}, when the connect has ended in any way. */
  readonly cleared = new Promise<void>((resolve) => (this.#clear = resolve));
  readonly #parts = new Set<Deadline>();

  /** @param tooLate creates the error with which everything that waits rejects when the time is over */
  constructor(milliseconds: number, tooLate: () => Error) {
    this.#expired = new Promise((_resolve, reject) => (this.#expire = reject));
    // Often nothing waits for it; that must not be an unhandled rejection.
    this.#expired.catch(() => undefined);
    this.#clock = new Clock(milliseconds, () => this.abort(tooLate()), { keepsAlive: true });
  }

  /** The error, once the time is over or the connect was aborted. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Settles like the promise, or rejects when the time is over first. */
  within<T>(going: T | PromiseLike<T>): Promise<T> {
    return Promise.race([going, this.#expired]);
  }

  /** Runs when the time is over, or at once if it already is. Undefined removes it. Only one can be set at a time. */
  set whenExpired(listener: ((error: Error) => void) | undefined) {
    this.#whenExpired = listener;
    if (this.#error !== undefined) listener?.(this.#error);
  }

  /** Begins a limit for a part of the connect, which ends with this one at the latest. */
  part(milliseconds: number, tooLate: () => Error): Deadline {
    const part = new Deadline(milliseconds, tooLate);
    if (this.#error !== undefined) part.abort(this.#error);
    this.#parts.add(part);
    void part.cleared.then(() => this.#parts.delete(part));
    return part;
  }

  /** Ends everything that waits, as if the time were over. A second call does nothing. */
  abort(error: Error): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#expire(error);
    this.#whenExpired?.(error);
    for (const part of this.#parts) part.abort(error);
  }

  clear(): void {
    this.#clock.clear();
    this.#clear();
  }
}
