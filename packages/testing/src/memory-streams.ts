import { randomBytes } from 'node:crypto';
import { Fifo, type BusHistory, type BusPosition, type BusRetention } from '@serval/api/spi';

interface Entry {
  readonly offset: number;
  readonly message: Uint8Array;
  readonly at: number;
}

interface Stream {
  readonly epoch: string;
  readonly entries: Fifo<Entry>;
  last: number;
  /** Of the entries that were removed. */
  removedUpTo: number;
  maxAgeMs: number;
}

/** The streams of an engine in memory; see `BusStreams`. */
export class MemoryStreams {
  readonly #streams = new Map<string, Stream>();

  append(name: string, message: Uint8Array, { maxEntries, maxAgeMs }: BusRetention): BusPosition {
    const stream = this.#open(name);
    stream.maxAgeMs = maxAgeMs;
    stream.last += 1;
    stream.entries.push({ offset: stream.last, message: Uint8Array.from(message), at: performance.now() });
    while (stream.entries.size > maxEntries) remove(stream);
    return { epoch: stream.epoch, offset: stream.last };
  }

  read(name: string, after: BusPosition | undefined, limit: number): BusHistory {
    const stream = this.#open(name);
    const oldest = performance.now() - stream.maxAgeMs;
    while ((stream.entries.first?.at ?? Infinity) < oldest) remove(stream);
    const isSameEpoch = after === undefined || after.epoch === stream.epoch;
    const offset = after !== undefined && isSameEpoch ? after.offset : 0;
    const entries = [...stream.entries].filter((entry) => entry.offset > offset).slice(0, limit);
    return {
      entries: entries.map(({ offset: at, message }) => ({ offset: at, message: Uint8Array.from(message) })),
      newest: { epoch: stream.epoch, offset: stream.last },
      isComplete: isSameEpoch && stream.removedUpTo <= offset,
    };
  }

  /** Forgets everything. Streams that are used again have another epoch. */
  lose(): void {
    this.#streams.clear();
  }

  #open(name: string): Stream {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = {
        epoch: randomBytes(8).toString('hex'),
        entries: new Fifo(),
        last: 0,
        removedUpTo: 0,
        maxAgeMs: Infinity,
      };
      this.#streams.set(name, stream);
    }
    return stream;
  }
}

function remove(stream: Stream): void {
  stream.removedUpTo = stream.entries.take()?.offset ?? stream.removedUpTo;
}
