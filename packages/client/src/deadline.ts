/** The time that connecting may take altogether. */
export class Deadline {
  readonly #timer: NodeJS.Timeout;
  readonly #expired: Promise<never>;
  #whenExpired: ((error: Error) => void) | undefined;

  /** @param tooLate makes the error of everything that waits when the time is over */
  constructor(milliseconds: number, tooLate: () => Error) {
    let expire: (error: Error) => void;
    this.#expired = new Promise((_resolve, reject) => (expire = reject));
    // Often nobody waits for it.
    this.#expired.catch(() => undefined);
    this.#timer = setTimeout(() => {
      const error = tooLate();
      expire(error);
      this.#whenExpired?.(error);
    }, milliseconds);
  }

  /** What the promise settles to, or a rejection when the time is over before. */
  within<T>(going: T | PromiseLike<T>): Promise<T> {
    return Promise.race([going, this.#expired]);
  }

  /** Is called when the time is over; undefined: nothing is. At most one waits at a time. */
  set whenExpired(listener: ((error: Error) => void) | undefined) {
    this.#whenExpired = listener;
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
