import { randomFillSync } from 'node:crypto';
import { OPCODE } from './frame-parser';
import { applyMask } from './mask';

const FIN = 0x80;
/** In the opcodes of all control frames. */
const CONTROL = 0x08;

/** A slab takes frames of all connections, one after the other, and is never used again. */
const SLAB_SIZE = 65_536;
/** Payloads up to this size are copied behind their header, into the slab. */
const COPY_LIMIT = 16_384;
/**
 * Payloads up to this size are copied as well, each to a new buffer: the sender of such a message may use its buffer again
 * before the write. Only larger ones are written as they are.
 */
const OWN_COPY_LIMIT = 65_536;
/** A text whose UTF-8 may take up to this much is written into the slab without being measured first. */
const TEXT_LIMIT = SLAB_SIZE / 2;
/** A flush joins its chunks to one buffer up to this size: a system call with many parts costs more. */
const JOIN_LIMIT = 65_536;

let slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
let slabEnd = 0;

/** A part of a slab that one connection fills. */
interface Region {
  readonly slab: Buffer;
  readonly start: number;
  end: number;
}

/**
 * The message that was framed last, by whichever connection. An endpoint that sends one message to many sessions has it
 * encoded and framed once: the others refer to the same bytes, which never change.
 */
const latest: {
  first: number;
  text: string | undefined;
  /** A binary message, or a compressed one, that is one frame; its sender may change it. */
  bytes: Uint8Array | undefined;
  byteLength: number;
  maxFrameBytes: number;
  /** The part of a slab that its frame takes. */
  slab: Buffer | undefined;
  start: number;
  end: number;
  /** Its frame or frames. A frame in a slab becomes a buffer only for a second connection. */
  frame: Buffer | undefined;
} = {
  first: -1,
  text: undefined,
  bytes: undefined,
  byteLength: 0,
  maxFrameBytes: Infinity,
  slab: undefined,
  start: 0,
  end: 0,
  frame: undefined,
};

/** The last chunks that were joined: other connections may write the same. */
let joined: { readonly chunks: readonly Buffer[]; readonly whole: Buffer } | undefined;

/**
 * The bytes of frames that one connection will write next.
 *
 * Small frames stand side by side in a slab that all connections share, so that what one loop turn sends is one buffer
 * and one system call. Regions are never used twice: a write that is still under way may refer to them.
 */
export class FrameWriter {
  /** The complete chunks, and the region of the slab that is growing. */
  #chunks: Buffer[] | undefined;
  #region: Region | undefined;
  #bytes = 0;

  /**
   * @param masks whether the frames are a client's, which are all masked (RFC 6455 5.3)
   * @param maxFrameBytes of the payload of a data frame
   */
  constructor(
    private readonly masks: boolean,
    private readonly maxFrameBytes = Infinity,
  ) {}

  /** Bytes that wait to be taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param first FIN, RSV1 and opcode: the first byte of the frame */
  writeText(first: number, text: string): void {
    if (!this.#canGrow() && this.#writeLatest(first, text)) return;
    // At most three bytes for each UTF-16 unit.
    const most = text.length * 3;
    if (most > this.maxFrameBytes && Buffer.byteLength(text) > this.maxFrameBytes) {
      this.#writeTextInFrames(first, text);
      return;
    }
    if (most > TEXT_LIMIT) {
      this.#writeLargeText(first, text);
      return;
    }
    // The header's length depends on the payload's; where the bounds leave it open the text is measured.
    const short = most <= 125 || (text.length <= 125 && Buffer.byteLength(text) <= 125);
    const headerSize = (short ? 2 : 4) + (this.masks ? 4 : 0);
    const region = this.#grow(headerSize + most);
    const at = region.end;
    const length = region.slab.write(text, at + headerSize);
    this.#writeHeader(region.slab, at, first, length, headerSize);
    this.#advance(region, headerSize + length);
    this.#rememberRegion(first, text, region, at);
  }

  writeBinary(first: number, payload: Uint8Array): void {
    const length = payload.byteLength;
    if (latest.bytes === payload && !this.#canGrow() && this.#writeLatestBytes(first, payload)) return;
    // Control frames are never cut (RFC 6455 5.5).
    if (length > this.maxFrameBytes && (first & CONTROL) === 0) {
      this.#push(this.#inFrames(first, payload));
      return;
    }
    const headerSize = this.#headerSize(length);
    if (length <= COPY_LIMIT) {
      const region = this.#grow(headerSize + length);
      const at = region.end;
      region.slab.set(payload, at + headerSize);
      this.#writeHeader(region.slab, at, first, length, headerSize);
      this.#advance(region, headerSize + length);
      this.#rememberRegion(first, payload, region, at);
      return;
    }
    if (this.masks || length <= OWN_COPY_LIMIT) {
      const frame = Buffer.allocUnsafeSlow(headerSize + length);
      frame.set(payload, headerSize);
      this.#writeHeader(frame, 0, first, length, headerSize);
      this.#push(frame);
      this.#remember(first, payload, frame);
      return;
    }
    const region = this.#grow(headerSize);
    this.#writeHeader(region.slab, region.end, first, length, headerSize);
    this.#advance(region, headerSize);
    this.#push(Buffer.from(payload.buffer, payload.byteOffset, length));
  }

  /**
   * All that was written since the last time, for one write of the socket.
   *
   * @param waits whether the write has to wait: then small regions are copied, because each would keep its whole slab
   */
  take(waits: boolean): readonly Buffer[] {
    this.#closeRegion();
    const chunks = this.#chunks ?? [];
    const bytes = this.#bytes;
    this.#chunks = undefined;
    this.#bytes = 0;
    if (chunks.length > 1 && bytes <= JOIN_LIMIT) return [join(chunks, bytes)];
    // Payloads that are not ours to copy are all larger.
    return waits ? chunks.map((chunk) => (chunk.length <= COPY_LIMIT ? copyAlone(chunk) : chunk)) : chunks;
  }

  /** A text that is too large for a slab gets a new buffer. */
  #writeLargeText(first: number, text: string): void {
    const length = Buffer.byteLength(text);
    const headerSize = this.#headerSize(length);
    const frame = Buffer.allocUnsafeSlow(headerSize + length);
    frame.write(text, headerSize);
    this.#writeHeader(frame, 0, first, length, headerSize);
    this.#push(frame);
    this.#remember(first, text, frame);
  }

  #writeTextInFrames(first: number, text: string): void {
    if (this.#writeLatest(first, text)) return;
    const frames = this.#inFrames(first, Buffer.from(text));
    this.#push(frames);
    this.#remember(first, text, frames);
  }

  /**
   * RFC 6455 5.4: the opcode stands on the first frame, and so does RSV1 (RFC 7692 6.1); FIN on the last. Text may be cut
   * within a character.
   */
  #inFrames(first: number, payload: Uint8Array): Buffer {
    const most = this.maxFrameBytes;
    const full = Math.ceil(payload.byteLength / most) - 1;
    const rest = payload.byteLength - full * most;
    const frames = Buffer.allocUnsafeSlow(full * (this.#headerSize(most) + most) + this.#headerSize(rest) + rest);
    let at = 0;
    for (let begin = 0; begin < payload.byteLength; begin += most) {
      const part = payload.subarray(begin, begin + most);
      const opcode = begin === 0 ? first & ~FIN : OPCODE.continuation;
      const fin = begin + most >= payload.byteLength ? first & FIN : 0;
      const headerSize = this.#headerSize(part.byteLength);
      frames.set(part, at + headerSize);
      this.#writeHeader(frames, at, opcode | fin, part.byteLength, headerSize);
      at += headerSize + part.byteLength;
    }
    return frames;
  }

  /** Refers to the frame that was made last, if it is the same. */
  #writeLatest(first: number, text: string): boolean {
    if (this.masks || latest.first !== first || latest.text !== text) return false;
    return latest.maxFrameBytes === this.maxFrameBytes && this.#pushLatest();
  }

  /** As `#writeLatest`, for the same object, unless the sender has changed its bytes since. */
  #writeLatestBytes(first: number, payload: Uint8Array): boolean {
    const { byteLength } = latest;
    if (this.masks || latest.first !== first || payload.byteLength !== byteLength) return false;
    if (latest.maxFrameBytes !== this.maxFrameBytes) return false;
    const frame = latestFrame();
    const isSame = frame?.compare(payload, 0, byteLength, frame.length - byteLength) === 0;
    return isSame && this.#pushLatest();
  }

  #pushLatest(): boolean {
    const frame = latestFrame();
    if (frame === undefined) return false;
    this.#push(frame);
    return true;
  }

  #remember(first: number, message: string | Uint8Array, frame: Buffer | undefined): void {
    // No two masked frames are alike.
    if (this.masks) return;
    latest.first = first;
    if (typeof message === 'string') {
      latest.text = message;
      latest.bytes = undefined;
    } else {
      latest.text = undefined;
      latest.bytes = message;
      latest.byteLength = message.byteLength;
    }
    latest.maxFrameBytes = this.maxFrameBytes;
    latest.slab = undefined;
    latest.frame = frame;
  }

  /** The frame that ends the region. */
  #rememberRegion(first: number, message: string | Uint8Array, region: Region, start: number): void {
    this.#remember(first, message, undefined);
    if (this.masks) return;
    latest.slab = region.slab;
    latest.start = start;
    latest.end = region.end;
  }

  #headerSize(length: number): number {
    return (length <= 125 ? 2 : length <= 0xffff ? 4 : 10) + (this.masks ? 4 : 0);
  }

  /** RFC 6455 5.2. A client's payload, which stands behind the header already, is masked in its place. */
  #writeHeader(buffer: Buffer, at: number, first: number, length: number, headerSize: number): void {
    const maskBit = this.masks ? 0x80 : 0;
    buffer[at] = first;
    if (length <= 125) {
      buffer[at + 1] = maskBit | length;
    } else if (length <= 0xffff) {
      buffer[at + 1] = maskBit | 126;
      buffer.writeUInt16BE(length, at + 2);
    } else {
      buffer[at + 1] = maskBit | 127;
      buffer.writeUInt32BE(Math.floor(length / 2 ** 32), at + 2);
      buffer.writeUInt32BE(length % 2 ** 32, at + 6);
    }
    if (!this.masks) return;
    const payload = at + headerSize;
    const key = maskingKey();
    buffer.writeInt32BE(key, payload - 4);
    applyMask(buffer, payload, payload + length, key, 0);
  }

  #canGrow(): boolean {
    const region = this.#region;
    return region !== undefined && region.slab === slab && region.end === slabEnd;
  }

  /** The region to write into; the present one if no other connection has written behind it and there is room. */
  #grow(size: number): Region {
    if (this.#region !== undefined && this.#canGrow() && slabEnd + size <= SLAB_SIZE) return this.#region;
    this.#closeRegion();
    if (slabEnd + size > SLAB_SIZE) {
      slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
      slabEnd = 0;
    }
    return (this.#region = { slab, start: slabEnd, end: slabEnd });
  }

  #advance(region: Region, size: number): void {
    region.end += size;
    slabEnd = region.end;
    this.#bytes += size;
  }

  #push(chunk: Buffer): void {
    this.#closeRegion();
    this.#add(chunk);
    this.#bytes += chunk.length;
  }

  #closeRegion(): void {
    const region = this.#region;
    if (region === undefined) return;
    this.#region = undefined;
    this.#add(region.slab.subarray(region.start, region.end));
  }

  #add(chunk: Buffer): void {
    // Most writes have one chunk; an empty array would grow to seventeen places.
    if (this.#chunks === undefined) this.#chunks = [chunk];
    else this.#chunks.push(chunk);
  }
}

function latestFrame(): Buffer | undefined {
  return (latest.frame ??= latest.slab?.subarray(latest.start, latest.end));
}

/** Outside of Buffer's pool, which is as large as a slab on Node 26. */
function copyAlone(chunk: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(chunk.length);
  chunk.copy(copy);
  return copy;
}

/** Connections that were sent the same messages in one turn have the same chunks, and write the same buffer. */
function join(chunks: readonly Buffer[], bytes: number): Buffer {
  if (joined?.chunks.length === chunks.length && chunks.every((chunk, index) => chunk === joined?.chunks[index]))
    return joined.whole;
  const whole = Buffer.concat(chunks, bytes);
  joined = { chunks, whole };
  return whole;
}

const keys = Buffer.allocUnsafeSlow(4096);
let keysLeft = 0;

/** RFC 6455 5.3: a new one for each frame, from a strong source, so that nobody can foretell it. */
function maskingKey(): number {
  if (keysLeft === 0) {
    randomFillSync(keys);
    keysLeft = keys.length;
  }
  keysLeft -= 4;
  return keys.readInt32BE(keysLeft);
}
