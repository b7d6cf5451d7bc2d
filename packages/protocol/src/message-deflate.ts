import type { Extension } from '@serval/api';
import type { DeflateDirection } from './deflate-negotiation';
import { DEFLATE_TAIL, type Deflater, type Inflater } from './zlib-contract';

/** RFC 7692 7.2.3.6: the compressed form of an empty message. */
const EMPTY_BLOCK = Buffer.from([0x00]);
/** A longer message is compressed on another thread, so that the event loop is not held up. */
const LARGE_MESSAGE = 65_536;

/** The deflaters and inflaters that the connections of an engine share; `Compression` implements it. */
export interface DeflatePool {
  /** Shorter messages are not compressed. */
  readonly threshold: number;
  /** Whether messages are inflated as their bytes arrive; otherwise all at once, when they are whole. */
  readonly inflatesInParts: boolean;
  deflaterFor(connection: MessageDeflate, own: DeflateDirection): Deflater;
  /** The compressed form of the message, if it was the last one in such a window; otherwise that of `deflate`. */
  latestOr(message: string | Uint8Array, windowBits: number, deflate: () => Buffer): Buffer;
  /** Compresses on another thread. `done` does not run if the connection closes before its turn. */
  deflateLarge(connection: MessageDeflate, bytes: Buffer, windowBits: number, done: DeflateCallback): void;
  /** Drops the memory of the connection's deflater. */
  forget(connection: MessageDeflate): void;
  takeInflater(windowBits: number): Inflater;
  /** Takes back an inflater at the end of a message. */
  giveBack(inflater: Inflater, windowBits: number): void;
  closed(connection: MessageDeflate, peer: DeflateDirection): void;
}

export type DeflateCallback = (error: Error | null, deflated: Buffer) => void;

/** permessage-deflate on one connection. It takes memory only once messages are compressed. */
export class MessageDeflate {
  #inflater: Inflater | undefined;

  /** `Compression.open` calls it. */
  constructor(
    /** The agreed extension, as in the response. */
    readonly extension: Extension,
    private readonly own: DeflateDirection,
    private readonly peer: DeflateDirection,
    private readonly pool: DeflatePool,
  ) {}

  /** Whether a message of that many bytes is worth compressing. */
  compresses(bytes: number): boolean {
    return bytes >= this.pool.threshold;
  }

  /** Whether a message, or a part of one, is better compressed by `deflateLarge`. */
  isLarge(bytes: number): boolean {
    return bytes > LARGE_MESSAGE;
  }

  /**
   * Compresses a message, or the next part of one.
   *
   * @returns bytes that are valid until the next call to this or any other connection, unless they exceed 64 KiB
   */
  deflate(part: Buffer, last: boolean): Buffer {
    const deflated = this.pool.deflaterFor(this, this.own).deflate(part);
    return last ? withoutTail(deflated) : deflated;
  }

  /** Like {@link deflate}, for a whole message. One for many connections in a row is compressed once, without context. */
  deflateWhole(message: string | Uint8Array): Buffer {
    if (!this.own.noContextTakeover) return this.deflate(asBuffer(message), true);
    return this.pool.latestOr(message, this.own.windowBits, () => this.deflate(asBuffer(message), true));
  }

  /** Like {@link deflate}, on another thread, one at a time. `done` does not run if the connection closes before its turn. */
  deflateLarge(part: Buffer, last: boolean, done: DeflateCallback): void {
    this.pool.deflateLarge(this, part, this.own.windowBits, (error, deflated) => {
      // The peer has seen bytes that our deflater has not, so our deflater must not refer back any more.
      this.pool.forget(this);
      done(error, error === null && last ? withoutTail(deflated) : deflated);
    });
  }

  /** The inflater of the message that is arriving. */
  get inflater(): Inflater {
    return (this.#inflater ??= this.pool.takeInflater(this.peer.windowBits));
  }

  /** Whether messages are inflated as their bytes arrive; otherwise all at once, when they are whole. */
  get inflatesInParts(): boolean {
    return this.pool.inflatesInParts;
  }

  /** A message is inflated. */
  endMessage(): void {
    if (this.#inflater === undefined || !this.peer.noContextTakeover) return;
    this.pool.giveBack(this.#inflater, this.peer.windowBits);
    this.#inflater = undefined;
  }

  /** The connection is over: nothing more is compressed or inflated. */
  close(): void {
    this.pool.closed(this, this.peer);
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

export function asBuffer(payload: string | Uint8Array): Buffer {
  return typeof payload === 'string'
    ? Buffer.from(payload)
    : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
}
