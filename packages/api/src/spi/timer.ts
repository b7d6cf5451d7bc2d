/** Node's timers take at most 31 bits, and fire after 1 ms for a longer delay. */
const LONGEST_TURN_MS = 2 ** 31 - 1;

/** A timer that is later than this was delayed by a blocked event loop or a suspended process. */
const LATE_MS = 10;

const LONGEST_GRACE_MS = 1000;

/** The real functions: fake timers of a test runner must not affect the reading of sockets. */
const startGrace = setTimeout;
const startTurn = setImmediate;

/** The options of a {@link Timer}. */
export interface TimerOptions {
  /** Whether the timer keeps the process alive. Default false. */
  readonly keepsAlive?: boolean | undefined;
}

/**
 * `setTimeout` for any delay: one above 2^31 - 1 ms takes several turns, Infinity and NaN never fire, and a negative one
 * fires at once. No other source file calls `setTimeout`.
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
 * A {@link Timer} for a limit that applies to the peer, such as the time for an answer or for a handshake.
 *
 * If the event loop was blocked, data that the peer sent in time is still unread when the timer fires. A late deadline
 * therefore waits once more, as long as it is late and at most a second, so that the sockets can be read.
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

/** Calls back once the sockets have been read. For timers outside this module, which may also be late. */
export function afterReads(callback: () => void): void {
  startTurn(callback);
}

/**
 * Waits. The process stays alive during the wait.
 *
 * @throws the reason of `signal` (as a rejection) when it aborts
 */
export function pause(delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    // The reason of an AbortSignal may be any value; it is passed on unchanged.
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
