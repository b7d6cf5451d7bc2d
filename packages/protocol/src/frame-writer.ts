/** A slab is filled with frames one after the other, whichever connection they belong to, and never used again. */
const SLAB_SIZE = 65_536;
/** Payloads up to this size are copied behind their header, into the slab. */
const COPY_LIMIT = 16_384;
/**
 * Payloads up to this size are copied as well, to a buffer of their own: a sender may be told at once that such a message
 * is accepted, and may use its buffer again before the write. Only larger ones are written as they are.
 */
const OWN_COPY_LIMIT = 65_536;
/** A text whose UTF-8 may take up to this much is written into the slab without being measured first. */
const TEXT_LIMIT = SLAB_SIZE / 2;

let slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
let slabEnd = 0;

/**
 * The bytes of frames that one connection will write next.
 *
 * Small frames stand side by side in a slab that all connections share, so that what one loop turn sends is one buffer
 * and one system call. Regions are never used twice: a write that is still under way may refer to them.
 */
export class FrameWriter {
  /** What is complete, and the region of the slab that is growing. */
  #chunks: Buffer[] = [];
  #region: { readonly slab: Buffer; readonly start: number; end: number } | undefined;
  #bytes = 0;

  /** Bytes that wait to be taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param first FIN, RSV1 and opcode: the first byte of the frame */
  writeText(first: number, text: string): void {
    // At most three bytes for each UTF-16 unit.
    const most = text.length * 3;
    if (most > TEXT_LIMIT) {
      this.writeBinary(first, Buffer.from(text));
      return;
    }
    // The header's length depends on the payload's; where the bounds leave it open the text is measured.
    const headerSize = most <= 125 ? 2 : text.length > 125 ? 4 : Buffer.byteLength(text) <= 125 ? 2 : 4;
    const region = this.#grow(headerSize + most);
    const at = region.end;
    const length = region.slab.write(text, at + headerSize);
    writeHeader(region.slab, at, first, length);
    this.#advance(region, headerSize + length);
  }

  writeBinary(first: number, payload: Uint8Array): void {
    const length = payload.byteLength;
    const headerSize = length <= 125 ? 2 : length <= 0xffff ? 4 : 10;
    const copies = length <= COPY_LIMIT;
    const region = this.#grow(headerSize + (copies ? length : 0));
    writeHeader(region.slab, region.end, first, length);
    if (copies) {
      region.slab.set(payload, region.end + headerSize);
      this.#advance(region, headerSize + length);
      return;
    }
    this.#advance(region, headerSize);
    this.#closeRegion();
    const asIs = Buffer.from(payload.buffer, payload.byteOffset, length);
    this.#chunks.push(length <= OWN_COPY_LIMIT ? Buffer.from(asIs) : asIs);
    this.#bytes += length;
  }

  /**
   * All that was written since the last time, for one write of the socket.
   *
   * @param waits whether the write has to wait: then small regions are copied, because each would keep its whole slab
   */
  take(waits: boolean): Buffer[] {
    this.#closeRegion();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#bytes = 0;
    // Payloads that are not ours to copy are all larger.
    return waits ? chunks.map((chunk) => (chunk.length <= COPY_LIMIT ? Buffer.from(chunk) : chunk)) : chunks;
  }

  /** The region to write into; the present one if no other connection has written behind it and there is room. */
  #grow(size: number): { readonly slab: Buffer; readonly start: number; end: number } {
    const present = this.#region;
    if (present !== undefined && present.slab === slab && present.end === slabEnd && slabEnd + size <= SLAB_SIZE)
      return present;
    this.#closeRegion();
    if (slabEnd + size > SLAB_SIZE) {
      slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
      slabEnd = 0;
    }
    return (this.#region = { slab, start: slabEnd, end: slabEnd });
  }

  #advance(region: { end: number }, size: number): void {
    region.end += size;
    slabEnd = region.end;
    this.#bytes += size;
  }

  #closeRegion(): void {
    const region = this.#region;
    if (region === undefined) return;
    this.#region = undefined;
    this.#chunks.push(region.slab.subarray(region.start, region.end));
  }
}

/** The header of an unmasked frame (RFC 6455 5.2). */
function writeHeader(buffer: Buffer, at: number, first: number, length: number): void {
  buffer[at] = first;
  if (length <= 125) {
    buffer[at + 1] = length;
  } else if (length <= 0xffff) {
    buffer[at + 1] = 126;
    buffer.writeUInt16BE(length, at + 2);
  } else {
    buffer[at + 1] = 127;
    buffer.writeUInt32BE(Math.floor(length / 2 ** 32), at + 2);
    buffer.writeUInt32BE(length % 2 ** 32, at + 6);
  }
}
