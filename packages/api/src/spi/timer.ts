/** A timer of Node takes 31 bits: it would fire a longer delay after 1 ms. */
const LONGEST_TURN_MS = 2 ** 31 - 1;

/** A clock that is later than this was held up by a blocked event loop, or by a process that slept. */
const LATE_MS = 10;

const LONGEST_GRACE_MS = 1000;

/** The real one: a runner that mocks timers moves those of a test, not the reading of sockets. */
const startGrace = setTimeout;
const startTurn = setImmediate;

/** How a {@link Timer} runs. */
export interface TimerOptions {
  /** Whether it keeps the process alive. Default false. */
  readonly keepsAlive?: boolean | undefined;
}

/**
 * `setTimeout` for any delay: one beyond 2^31 - 1 ms takes several turns, Infinity and NaN never fire, and a negative one
 * fires at once. The only place of the sources that calls `setTimeout`.
 */
export class Timer {
  #timer: NodeJS.Timeout | undefined;
  readonly #keepsAlive: boolean;

  constructor(
    delayMs: number,
    private readonly onFired: () => void,
    options?: TimerOptions,
  ) {
    this.#keepsAlive = options?.keepsAlive === true;
    if (delayMs < Infinity) this.#start(delayMs);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  #start(leftMs: number): void {
    const turnMs = Math.min(leftMs, LONGEST_TURN_MS);
    this.#timer = setTimeout(() => {
      if (leftMs > turnMs) this.#start(leftMs - turnMs);
      else this.onFired();
    }, turnMs);
    if (!this.#keepsAlive) this.#timer.unref();
  }
}

/**
 * A {@link Timer} that judges somebody: a peer that has not answered, a handshake that has not ended.
 *
 * Where the event loop was blocked, what the peer sent in time is still unread when the timer fires. So a deadline that is
 * late gives as much time again, a second at the most, in which the sockets are read. It does so once.
 */
export class Deadline {
  #timer: Timer | undefined;
  #grace: NodeJS.Timeout | undefined;

  constructor(
    delayMs: number,
    private readonly onPassed: () => void,
    options?: TimerOptions,
  ) {
    const due = performance.now() + Math.max(0, delayMs);
    this.#timer = new Timer(delayMs, () => this.#judge(performance.now() - due, options), options);
  }

  clear(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    clearTimeout(this.#grace);
  }

  #judge(lateMs: number, options: TimerOptions | undefined): void {
    if (lateMs <= LATE_MS) {
      this.onPassed();
      return;
    }
    this.#grace = startGrace(this.onPassed, Math.min(lateMs, LONGEST_GRACE_MS));
    if (options?.keepsAlive !== true) this.#grace.unref();
  }
}

/** Calls back once the sockets have been read: for a timer of somebody else, which may be late as well. */
export function afterReads(callback: () => void): void {
  startTurn(callback);
}

/**
 * Waits, and keeps the process alive meanwhile.
 *
 * @throws the reason of `signal` (as a rejection)
 */
export function pause(delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    // An AbortSignal's reason is whatever its owner gave.
    const onAbort = (): void => {
      timer.clear();
      reject(signal?.reason as Error);
    };
    const timer = new Timer(
      delayMs,
      () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      },
      { keepsAlive: true },
    );
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
