/** A place in a {@link Fifo}. */
export interface FifoEntry<T> {
  readonly value: T;
}

interface Link<T> extends FifoEntry<T> {
  before: Link<T> | undefined;
  behind: Link<T> | undefined;
  isIn: boolean;
}

/**
 * A queue with constant-time operations: adding, taking the first value, and removing one from the middle by its entry.
 * It has no limit; its owner checks `size` before it adds.
 */
export class Fifo<T> implements Iterable<T> {
  #first: Link<T> | undefined;
  #last: Link<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The oldest value, which stays in the queue. */
  get first(): T | undefined {
    return this.#first?.value;
  }

  /** @returns the entry for {@link remove} */
  push(value: T): FifoEntry<T> {
    const link: Link<T> = { value, before: this.#last, behind: undefined, isIn: true };
    if (this.#last === undefined) this.#first = link;
    else this.#last.behind = link;
    this.#last = link;
    this.#size += 1;
    return link;
  }

  /** Removes and returns the oldest value. */
  take(): T | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    this.#unlink(first);
    return first.value;
  }

  /** Removes and returns the first value that matches. Meant for skipping a few values, not for a search. */
  takeFirst(matches: (value: T) => boolean): T | undefined {
    for (let link = this.#first; link !== undefined; link = link.behind) {
      if (!matches(link.value)) continue;
      this.#unlink(link);
      return link.value;
    }
    return undefined;
  }

  /**
   * Removes a value from anywhere in the queue.
   *
   * @param entry as returned by this queue's `push`
   * @returns false if the value is no longer in the queue
   */
  remove(entry: FifoEntry<T>): boolean {
    // Only `push` makes entries.
    const link = entry as Link<T>;
    if (!link.isIn) return false;
    this.#unlink(link);
    return true;
  }

  /** In order. Includes values added during the iteration; the value just visited may be removed. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let link = this.#first; link !== undefined; link = link.behind) if (link.isIn) yield link.value;
  }

  #unlink(link: Link<T>): void {
    const { before, behind } = link;
    if (before === undefined) this.#first = behind;
    else before.behind = behind;
    if (behind === undefined) this.#last = before;
    else behind.before = before;
    // `behind` stays, so that an iteration at this link can go on.
    link.before = undefined;
    link.isIn = false;
    this.#size -= 1;
  }
}
