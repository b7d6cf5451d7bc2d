import { Fifo, type SendCallback } from '@serval/api/spi';
import { OPCODE } from './frame-parser';
import { asBuffer, type MessageDeflate } from './message-deflate';

/** The payload of a data frame on its way to the wire. */
export interface OutgoingData {
  /** FIN, RSV1 and opcode: the first byte of the frame. */
  readonly first: number;
  readonly payload: string | Uint8Array;
  /** Whether it ends its message. */
  readonly last: boolean;
  readonly compresses: boolean;
  readonly done: SendCallback | undefined;
}

/** Puts a frame on the wire; payloads up to 64 KiB are copied. */
export type WriteFrame = (first: number, payload: string | Uint8Array, done: SendCallback | undefined) => void;

/**
 * The data frames of one connection with compression, in the order of the calls. Small ones are compressed at once; while
 * a large one is being compressed on another thread, those behind it wait here.
 */
export class CompressionLine {
  #inFlight: OutgoingData | undefined;
  #waiting = new Fifo<OutgoingData>();
  #bytes = 0;

  /**
   * @param onFree called when nothing waits any more
   * @param onFailure called when a large message could not be compressed; the connection cannot go on then
   */
  constructor(
    private readonly deflate: MessageDeflate,
    private readonly write: WriteFrame,
    private readonly onFree: () => void,
    private readonly onFailure: (error: Error) => void,
  ) {}

  /** Bytes that wait here, before compression. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether a message of that many bytes is worth compressing. */
  compresses(bytes: number): boolean {
    return this.deflate.compresses(bytes);
  }

  get isHeld(): boolean {
    return this.#inFlight !== undefined;
  }

  send(data: OutgoingData): void {
    if (this.#inFlight === undefined) {
      this.#handOn(data);
      return;
    }
    // A sender without a callback may use its buffer again at once.
    const payload =
      typeof data.payload === 'string' || data.done !== undefined ? data.payload : Uint8Array.from(data.payload);
    this.#waiting.push({ ...data, payload });
    this.#bytes += sizeOf(data);
  }

  /** Drops everything that waits. @returns it, in order, so that its senders learn of it */
  drop(): readonly OutgoingData[] {
    const dropped = this.#inFlight === undefined ? [] : [this.#inFlight, ...this.#waiting];
    this.#inFlight = undefined;
    this.#waiting = new Fifo();
    this.#bytes = 0;
    return dropped;
  }

  #handOn(data: OutgoingData): void {
    if (!data.compresses) {
      this.write(data.first, data.payload, data.done);
      return;
    }
    if (isWhole(data) && !this.deflate.isLarge(mostBytes(data.payload))) {
      this.write(data.first, this.deflate.deflateWhole(data.payload), data.done);
      return;
    }
    const bytes = asBuffer(data.payload);
    if (!this.deflate.isLarge(bytes.length)) {
      this.write(data.first, this.deflate.deflate(bytes, data.last), data.done);
      return;
    }
    this.#inFlight = data;
    this.#bytes += sizeOf(data);
    this.deflate.deflateLarge(bytes, data.last, (error, deflated) => {
      // Dropped meanwhile?
      if (this.#inFlight === data) this.#arrived(data, error, deflated);
    });
  }

  #arrived(data: OutgoingData, error: Error | null, deflated: Buffer): void {
    if (error !== null) {
      this.onFailure(error);
      return;
    }
    this.#inFlight = undefined;
    this.#bytes -= sizeOf(data);
    this.write(data.first, deflated, data.done);
    while (this.#inFlight === undefined) {
      const next = this.#waiting.take();
      if (next === undefined) break;
      this.#bytes -= sizeOf(next);
      this.#handOn(next);
    }
    if (!this.isHeld) this.onFree();
  }
}

function isWhole({ first, last }: OutgoingData): boolean {
  return last && (first & 0x0f) !== OPCODE.continuation;
}

/** At most three for each UTF-16 unit. */
function mostBytes(payload: string | Uint8Array): number {
  return typeof payload === 'string' ? payload.length * 3 : payload.byteLength;
}

/** As the sender's queue counts: text by its characters. */
function sizeOf({ payload }: OutgoingData): number {
  return typeof payload === 'string' ? payload.length : payload.byteLength;
}
