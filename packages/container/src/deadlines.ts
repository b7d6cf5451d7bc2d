import { Deadline, Fifo, type FifoEntry } from '@serval/api/spi';
import { mayGoOn } from './turns';

interface Due<T> {
  readonly value: T;
  readonly timeoutMs: number;
  /** In `performance.now()` time. */
  readonly at: number;
}

/** One deadline among many. */
export type DueEntry<T> = FifoEntry<Due<T>>;

/**
 * The deadlines of many, by one timer. Those with the same timeout pass in the order in which they were added, so each
 * timeout has its own line, and no search goes through all.
 */
export class Deadlines<T> {
  readonly #lines = new Map<number, Fifo<Due<T>>>();
  #timer: Deadline | undefined;
  #timerAt = Infinity;

  /** @param onPassed called once for each deadline that passes, from the event loop */
  constructor(private readonly onPassed: (value: T) => void) {}

  /** @param timeoutMs Infinity for never */
  add(value: T, timeoutMs: number): DueEntry<T> | undefined {
    if (timeoutMs === Infinity) return undefined;
    let line = this.#lines.get(timeoutMs);
    if (line === undefined) this.#lines.set(timeoutMs, (line = new Fifo()));
    const at = performance.now() + timeoutMs;
    this.#watch(at);
    return line.push({ value, timeoutMs, at });
  }

  /** @param entry what `add` returned */
  remove(entry: DueEntry<T> | undefined): void {
    if (entry === undefined) return;
    const { timeoutMs } = entry.value;
    const line = this.#lines.get(timeoutMs);
    if (line?.remove(entry) !== true || line.size > 0) return;
    this.#lines.delete(timeoutMs);
    if (this.#lines.size === 0) this.clear();
  }

  clear(): void {
    // Their entries may still be removed.
    for (const line of this.#lines.values()) while (line.take() !== undefined);
    this.#lines.clear();
    this.#timer?.clear();
    this.#timer = undefined;
    this.#timerAt = Infinity;
  }

  /** Set to the earliest deadline known; a later one is found when it fires. */
  #watch(at: number): void {
    if (this.#timerAt <= at) return;
    this.#timer?.clear();
    this.#timerAt = at;
    this.#timer = new Deadline(Math.max(1, at - performance.now()), () => this.#look(at));
  }

  /** @param due what the timer was set to: by then it is that late at least, whatever a test's mocked clock says */
  #look(due: number): void {
    this.#timer = undefined;
    this.#timerAt = Infinity;
    const now = Math.max(due, performance.now());
    for (const [timeoutMs, line] of this.#lines) {
      for (let first = line.first; first !== undefined && first.at <= now && mayGoOn(); first = line.first) {
        line.take();
        this.onPassed(first.value);
      }
      if (line.size === 0) this.#lines.delete(timeoutMs);
    }
    let next = Infinity;
    for (const line of this.#lines.values()) next = Math.min(next, line.first?.at ?? Infinity);
    if (next < Infinity) this.#watch(next);
  }
}
