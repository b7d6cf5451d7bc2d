import { Deadline } from '@serval/api/spi';

/** A handler whose promise has not settled yet. */
export interface RunningHandler {
  readonly method: string | symbol;
  /** Whether it waits for its own reader, and may take as long as that takes. */
  readonly isUnhurried: boolean;
  /** In `performance.now()` time. */
  readonly since: number;
}

/** Waits until a handler settles, or takes longer than the limit, of which `onOverdue` learns. */
export function untilSettled(
  method: string | symbol,
  going: Promise<void>,
  limitMs: number,
  onOverdue: (limitMs: number) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const handlers = new RunningHandlers(limitMs, () => {
      onOverdue(limitMs);
      resolve();
    });
    const handler = handlers.begin(method);
    void going.then(() => {
      handlers.settled(handler);
      handlers.giveUp();
      resolve();
    });
  });
}

/** The handlers of one session that are at work, and the clock that finds those that never settle. */
export class RunningHandlers {
  readonly #running = new Set<RunningHandler>();
  #limitMs: number;
  /** From when the present limit counts. */
  #limitSince = -Infinity;
  #timer: Deadline | undefined;

  /**
   * @param limitMs how long a handler may take; Infinity for ever
   * @param onOverdue called when one has taken longer
   */
  constructor(
    limitMs: number,
    private readonly onOverdue: (handler: RunningHandler, limitMs: number) => void,
  ) {
    this.#limitMs = limitMs;
  }

  get size(): number {
    return this.#running.size;
  }

  begin(method: string | symbol, isUnhurried = false): RunningHandler {
    const handler = { method, isUnhurried, since: this.#limitMs === Infinity ? -Infinity : performance.now() };
    this.#running.add(handler);
    if (!isUnhurried) this.#watch(this.#limitMs);
    return handler;
  }

  /** @returns false for a handler that is no longer waited for */
  settled(handler: RunningHandler): boolean {
    return this.#running.delete(handler);
  }

  /** From now on the handlers that run, and those that follow, may take no longer than this each. */
  limit(milliseconds: number): void {
    if (milliseconds >= this.#limitMs) return;
    this.#limitMs = milliseconds;
    this.#limitSince = performance.now();
    this.#timer?.clear();
    this.#timer = undefined;
    if (this.#running.size > 0) this.#watch(milliseconds);
  }

  /** Waits for none of them any more. */
  giveUp(): void {
    this.#running.clear();
    this.#timer?.clear();
    this.#timer = undefined;
  }

  /** One timer, set for the handler that has run longest; that others have settled meanwhile is found when it fires. */
  #watch(milliseconds: number): void {
    if (milliseconds === Infinity || this.#timer !== undefined) return;
    const due = performance.now() + milliseconds;
    this.#timer = new Deadline(milliseconds, () => this.#look(due));
  }

  /** @param due by then it is that late at least, whatever a test's mocked clock says */
  #look(due: number): void {
    this.#timer = undefined;
    let oldest: RunningHandler | undefined;
    for (const handler of this.#running) if (!handler.isUnhurried) oldest ??= handler;
    if (oldest === undefined) return;
    const now = Math.max(due, performance.now());
    const left = Math.max(oldest.since, this.#limitSince) + this.#limitMs - now;
    if (left > 0) this.#watch(left);
    else this.onOverdue(oldest, this.#limitMs);
  }
}
