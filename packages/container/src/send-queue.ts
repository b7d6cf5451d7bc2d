import { Fifo } from '@serval/api/spi';

/** A send that waits in a {@link SendQueue}. */
export interface QueuedSend {
  /** Changes only together with {@link SendQueue.grow}. */
  bytes: number;
  /** Whether it may be left out; a part of a message may not. */
  readonly isDroppable: boolean;
}

interface Place<T> {
  readonly send: T;
  readonly number: number;
}

/** Sends that wait, in order. The oldest that may be left out is found at once, whatever stands before it. */
export class SendQueue<T extends QueuedSend> {
  readonly #droppable = new Fifo<Place<T>>();
  readonly #parts = new Fifo<Place<T>>();
  #count = 0;
  #bytes = 0;

  get size(): number {
    return this.#droppable.size + this.#parts.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(send: T): void {
    (send.isDroppable ? this.#droppable : this.#parts).push({ send, number: this.#count });
    this.#count += 1;
    this.#bytes += send.bytes;
  }

  /** A send that waits has become larger by so many bytes, or smaller. */
  grow(bytes: number): void {
    this.#bytes += bytes;
  }

  /** The next in order. */
  take(): T | undefined {
    const droppable = this.#droppable.first;
    const part = this.#parts.first;
    const isPart = (part?.number ?? Infinity) < (droppable?.number ?? Infinity);
    return this.#takeFrom(isPart ? this.#parts : this.#droppable);
  }

  /**
   * Leaves out the oldest until there is room for one more.
   *
   * @param kept stays in its place
   * @returns false if there is still no room after all that may be left out
   */
  dropWhile(isFull: () => boolean, onDropped: (send: T) => void, kept?: T): boolean {
    while (isFull()) {
      const oldest = this.takeDroppable(kept);
      if (oldest === undefined) return false;
      onDropped(oldest);
    }
    return true;
  }

  /** The oldest that may be left out, apart from one. */
  takeDroppable(kept?: T): T | undefined {
    const { first } = this.#droppable;
    if (kept === undefined || first?.send !== kept) return this.#takeFrom(this.#droppable);
    return this.#taken(this.#droppable.takeFirst(({ send }) => send !== kept));
  }

  #takeFrom(sends: Fifo<Place<T>>): T | undefined {
    return this.#taken(sends.take());
  }

  #taken(place: Place<T> | undefined): T | undefined {
    if (place !== undefined) this.#bytes -= place.send.bytes;
    return place?.send;
  }
}
