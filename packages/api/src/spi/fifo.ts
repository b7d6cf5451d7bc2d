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
 * A queue whose every operation takes the same time, however many wait: adding, taking the first, and removing one from
 * the middle by its entry. It has no bound of its own: its owner looks at `size` before it adds.
 */
export class Fifo<T> implements Iterable<T> {
  #first: Link<T> | undefined;
  #last: Link<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The one that waits longest, which stays. */
  get first(): T | undefined {
    return this.#first?.value;
  }

  /** @returns what {@link remove} takes */
  push(value: T): FifoEntry<T> {
    const link: Link<T> = { value, before: this.#last, behind: undefined, isIn: true };
    if (this.#last === undefined) this.#first = link;
    else this.#last.behind = link;
    this.#last = link;
    this.#size += 1;
    return link;
  }

  /** Takes the one that waits longest. */
  take(): T | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    this.#unlink(first);
    return first.value;
  }

  /** Takes the first that matches, past those that do not: for a few of another kind, not for a search. */
  takeFirst(matches: (value: T) => boolean): T | undefined {
    for (let link = this.#first; link !== undefined; link = link.behind) {
      if (!matches(link.value)) continue;
      this.#unlink(link);
      return link.value;
    }
    return undefined;
  }

  /**
   * Takes one out of the middle.
   *
   * @param entry one that `push` of this queue returned
   * @returns false when it has left already
   */
  remove(entry: FifoEntry<T>): boolean {
    // Only `push` makes entries.
    const link = entry as Link<T>;
    if (!link.isIn) return false;
    this.#unlink(link);
    return true;
  }

  /** In order. What is added meanwhile is visited too; the one just visited may be removed. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let link = this.#first; link !== undefined; link = link.behind) if (link.isIn) yield link.value;
  }

  #unlink(link: Link<T>): void {
    const { before, behind } = link;
    if (before === undefined) this.#first = behind;
    else before.behind = behind;
    if (behind === undefined) this.#last = before;
    else behind.before = before;
    // The way on stays for an iteration that stands on it.
    link.before = undefined;
    link.isIn = false;
    this.#size -= 1;
  }
}
