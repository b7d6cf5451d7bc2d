import type { Extension } from '@serval/api';
import type { Compression } from './compression';
import type { DeflateDirection } from './deflate-negotiation';
import { DEFLATE_TAIL, type Inflater } from './zlib-codecs';

/** RFC 7692 7.2.3.6: what an empty message is compressed to. */
const EMPTY_BLOCK = Buffer.from([0x00]);
/** A longer message is compressed on another thread, so that the event loop is not held up. */
const LARGE_MESSAGE = 65_536;

/** permessage-deflate on one connection. It takes memory only once messages are compressed. */
export class MessageDeflate {
  #inflater: Inflater | undefined;

  /** Use `Compression.open`. */
  constructor(
    /** What was agreed, as it stands in the response. */
    readonly extension: Extension,
    private readonly own: DeflateDirection,
    private readonly peer: DeflateDirection,
    private readonly compression: Compression,
  ) {}

  /** Whether a message of that many bytes is worth compressing. */
  compresses(bytes: number): boolean {
    return bytes >= this.compression.threshold;
  }

  /** Whether a message, or a part of one, is better compressed by `deflateLarge`. */
  isLarge(bytes: number): boolean {
    return bytes > LARGE_MESSAGE;
  }

  /**
   * Compresses a message, or the next part of one.
   *
   * @returns what is valid until the next call to this or any other connection, unless it is larger than 64 KiB
   */
  deflate(part: Buffer, last: boolean): Buffer {
    const deflated = this.compression.deflaterFor(this, this.own).deflate(part);
    return last ? withoutTail(deflated) : deflated;
  }

  /** As {@link deflate}, for a whole text; one that many connections are sent in a row is compressed once where it can be. */
  deflateText(text: string): Buffer {
    if (!this.own.noContextTakeover) return this.deflate(Buffer.from(text), true);
    return this.compression.latestOr(text, this.own.windowBits, () => this.deflate(Buffer.from(text), true));
  }

  /** As {@link deflate}, on another thread, one at a time; `done` is not called where the connection is over before its turn. */
  deflateLarge(part: Buffer, last: boolean, done: (error: Error | null, deflated: Buffer) => void): void {
    this.compression.deflateLarge(this, part, this.own.windowBits, (error, deflated) => {
      // The peer has seen bytes that our deflater has not, so it must not refer back any more.
      this.compression.forget(this);
      done(error, error === null && last ? withoutTail(deflated) : deflated);
    });
  }

  /** The inflater of the message that is arriving. */
  get inflater(): Inflater {
    return (this.#inflater ??= this.compression.takeInflater(this.peer.windowBits));
  }

  /** Whether messages are inflated as their bytes arrive; else all at once, when they are whole. */
  get inflatesInParts(): boolean {
    return this.compression.codecs.keepContext;
  }

  /** A message has been inflated. */
  endMessage(): void {
    if (this.#inflater === undefined || !this.peer.noContextTakeover) return;
    this.compression.giveBack(this.#inflater, this.peer.windowBits);
    this.#inflater = undefined;
  }

  /** The connection is over; compresses and inflates no more. */
  close(): void {
    this.compression.closed(this, this.peer);
    this.#inflater?.close();
    this.#inflater = undefined;
  }
}

/** Each message ends in the tail, which is not sent; if nothing else is left it is the empty block (RFC 7692 7.2.1). */
function withoutTail(deflated: Buffer): Buffer {
  const end =
    deflated.length - (deflated.subarray(-DEFLATE_TAIL.length).equals(DEFLATE_TAIL) ? DEFLATE_TAIL.length : 0);
  return end === 0 ? EMPTY_BLOCK : deflated.subarray(0, end);
}
