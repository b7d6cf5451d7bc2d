import { Fifo, type SendCallback } from '@serval/api/spi';
import { formatMessages } from './frames';

/** So many UTF-16 units may a message have that its sender passes on in parts, because SockJS sends messages whole. */
const MAX_JOINED_UNITS = 16 * 1024 * 1024;

type JoinedText =
  { readonly kind: 'whole'; readonly text: string } | { readonly kind: 'part' } | { readonly kind: 'too long' };

/** Joins the parts of messages. */
export class Joined {
  #parts = '';

  /** UTF-16 units of an unfinished message. */
  get units(): number {
    return this.#parts.length;
  }

  add(text: string, last: boolean): JoinedText {
    if (last && this.#parts === '') return { kind: 'whole', text };
    const joined = this.#parts + text;
    this.#parts = '';
    if (joined.length > MAX_JOINED_UNITS) return { kind: 'too long' };
    if (last) return { kind: 'whole', text: joined };
    this.#parts = joined;
    return { kind: 'part' };
  }
}

/** Messages that left together, in one frame. */
export interface Batch {
  readonly units: number;
  readonly done: readonly SendCallback[];
}

/** The messages of a session that wait for a response. */
export class Outgoing {
  readonly #waiting = new Fifo<{ readonly text: string; readonly done: SendCallback | undefined }>();
  #units = 0;

  /** The messages that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** UTF-16 units that wait. */
  get units(): number {
    return this.#units;
  }

  push(text: string, done: SendCallback | undefined): void {
    this.#waiting.push({ text, done });
    this.#units += text.length;
  }

  /** Everything that waits, as one frame; undefined if nothing does. */
  takeFrame(): { readonly frame: string; readonly batch: Batch } | undefined {
    if (this.#waiting.size === 0) return undefined;
    const texts: string[] = [];
    const done: SendCallback[] = [];
    for (let next = this.#waiting.take(); next !== undefined; next = this.#waiting.take()) {
      texts.push(next.text);
      if (next.done !== undefined) done.push(next.done);
    }
    const batch = { units: this.#units, done };
    this.#units = 0;
    return { frame: formatMessages(texts), batch };
  }
}
