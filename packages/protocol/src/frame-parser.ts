import { ProtocolViolation } from './close-frame';
import { applyMask, type MaskMemory } from './mask';

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const MAX_CONTROL_PAYLOAD = 125;
/** Two bytes, eight of length, four of mask. */
const LONGEST_HEADER = 14;

/** Takes what the parser finds, in the order of the wire. May throw a ProtocolViolation. */
export interface FrameHandler {
  /** A data frame begins. */
  onDataFrame(opcode: number, final: boolean, compressed: boolean, length: number): void;
  /**
   * The next bytes of the data frame, unmasked: those of `chunk` from `start` to `end`. Runs at least once per frame.
   *
   * @param isAscii true if all of them are ASCII; false if they are not, or nobody looked
   * @param ends true at the end of the frame
   */
  onData(chunk: Buffer, start: number, end: number, isAscii: boolean, ends: boolean): void;
  /** @param payload may be a view of the chunk */
  onControlFrame(opcode: number, payload: Buffer): void;
  /** Whether to stop before the next frame, and keep what has arrived of it. */
  readonly isStopped: boolean;
}

/**
 * Cuts a byte stream into frames (RFC 6455 5.2). Payloads are handed on as their bytes arrive; only a header, or the
 * payload of a control frame, is ever kept waiting for the rest.
 */
export class FrameParser {
  /** The beginning of a header that its chunk ended in, and how much of it is there. */
  #head: Buffer | undefined;
  #headLength = 0;
  #opcode = 0;
  #mask = 0;
  /** Bytes of the present payload that are still to come, and those that have come. */
  #remaining = 0;
  #position = 0;
  #inPayload = false;
  #control: Buffer[] | undefined;

  /**
   * @param expectMask whether the peer is a client, whose frames are all masked (RFC 6455 5.1)
   * @param compression whether RSV1 is in use
   */
  constructor(
    private readonly handler: FrameHandler,
    private readonly expectMask: boolean,
    private readonly compression: boolean,
  ) {}

  /** Whether it stands between two frames, and so remembers nothing. */
  get isIdle(): boolean {
    return !this.#inPayload && this.#headLength === 0;
  }

  /** How many bytes of the present frame are still to come; undefined in the middle of a header. */
  get leftOfFrame(): number | undefined {
    if (this.#inPayload) return this.#remaining;
    return this.#headLength === 0 ? 0 : undefined;
  }

  /**
   * Takes the first `end` bytes of a chunk. They are unmasked in place.
   *
   * @param maskMemory masks the chunk faster, if its memory can
   * @returns how many bytes were taken: fewer than `end` if the handler has stopped
   * @throws ProtocolViolation when the peer broke a rule
   */
  parse(chunk: Buffer, end = chunk.length, maskMemory?: MaskMemory): number {
    let offset = 0;
    while (offset < end || (this.#inPayload && this.#remaining === 0)) {
      if (this.#inPayload) {
        offset = this.#takePayload(chunk, offset, end, maskMemory);
      } else {
        if (this.handler.isStopped) return offset;
        offset = this.#takeHeader(chunk, offset, end);
      }
    }
    return end;
  }

  #takeHeader(chunk: Buffer, start: number, end: number): number {
    let offset = start;
    // The usual case: the whole header is in this chunk, and is read where it stands.
    if (this.#headLength === 0) {
      const length = headerLength(chunk, offset, end);
      if (length !== undefined && offset + length <= end) {
        this.#readHeader(chunk, offset);
        return offset + length;
      }
    }
    const head = (this.#head ??= Buffer.alloc(LONGEST_HEADER));
    while (offset < end) {
      head[this.#headLength] = chunk[offset] ?? 0;
      this.#headLength += 1;
      offset += 1;
      // Each byte is judged before more is waited for.
      if (this.#headLength === 2) this.#checkFirstBytes(head, 0);
      if (this.#headLength === 3) checkLengthBit(head, 0);
      const length = headerLength(head, 0, this.#headLength);
      if (length === this.#headLength) {
        this.#headLength = 0;
        this.#readHeader(head, 0);
        break;
      }
    }
    return offset;
  }

  #checkFirstBytes(bytes: Buffer, at: number): void {
    const first = bytes[at] ?? 0;
    const second = bytes[at + 1] ?? 0;
    const opcode = first & 0x0f;
    const isControl = opcode >= 8;
    if ((first & 0x30) !== 0) throw new ProtocolViolation(1002, 'a reserved bit is set (RSV2 or RSV3)');
    if ((first & 0x40) !== 0 && (!this.compression || isControl || opcode === OPCODE.continuation)) {
      throw new ProtocolViolation(1002, 'a reserved bit is set (RSV1)');
    }
    if ((opcode > OPCODE.binary && opcode < OPCODE.close) || opcode > OPCODE.pong) {
      throw new ProtocolViolation(1002, `opcode ${opcode} is not defined`);
    }
    if (((second & 0x80) !== 0) !== this.expectMask) {
      throw new ProtocolViolation(
        1002,
        this.expectMask ? 'a frame of a client is not masked' : 'a frame of a server is masked',
      );
    }
    if (!isControl) return;
    if ((first & 0x80) === 0) throw new ProtocolViolation(1002, 'a control frame is fragmented');
    if ((second & 0x7f) > MAX_CONTROL_PAYLOAD)
      throw new ProtocolViolation(1002, 'a control frame is longer than 125 bytes');
    if (opcode === OPCODE.close && (second & 0x7f) === 1)
      throw new ProtocolViolation(1002, 'a close frame has a body of one byte');
  }

  #readHeader(bytes: Buffer, start: number): void {
    this.#checkFirstBytes(bytes, start);
    const first = bytes[start] ?? 0;
    const short = (bytes[start + 1] ?? 0) & 0x7f;
    let at = start + 2;
    let length = short;
    if (short === 126) {
      length = bytes.readUInt16BE(at);
      at += 2;
    } else if (short === 127) {
      checkLengthBit(bytes, start);
      const high = bytes.readUInt32BE(at);
      // Beyond 2^53 a number is no length that could ever arrive.
      if (high > 0x1fffff) throw new ProtocolViolation(1009, 'a frame is longer than 2^53 bytes');
      length = high * 2 ** 32 + bytes.readUInt32BE(at + 4);
      at += 8;
    }
    this.#mask = this.expectMask ? bytes.readInt32BE(at) : 0;
    this.#opcode = first & 0x0f;
    this.#remaining = length;
    this.#position = 0;
    this.#inPayload = true;
    if (this.#opcode < OPCODE.close) {
      this.handler.onDataFrame(this.#opcode, (first & 0x80) !== 0, (first & 0x40) !== 0, length);
    }
  }

  #takePayload(chunk: Buffer, start: number, endOfChunk: number, maskMemory: MaskMemory | undefined): number {
    const end = Math.min(endOfChunk, start + this.#remaining);
    const isAscii = applyMask(chunk, start, end, this.#mask, this.#position, maskMemory);
    this.#position += end - start;
    this.#remaining -= end - start;
    const ends = this.#remaining === 0;
    if (ends) this.#inPayload = false;
    if (this.#opcode < OPCODE.close) this.handler.onData(chunk, start, end, isAscii, ends);
    else this.#takeControl(chunk.subarray(start, end), ends);
    return end;
  }

  #takeControl(bytes: Buffer, ends: boolean): void {
    if (ends && this.#control === undefined) {
      this.handler.onControlFrame(this.#opcode, bytes);
      return;
    }
    (this.#control ??= []).push(Buffer.from(bytes));
    if (!ends) return;
    const payload = Buffer.concat(this.#control);
    this.#control = undefined;
    this.handler.onControlFrame(this.#opcode, payload);
  }
}

/** The most significant bit of a 64-bit length must be 0. */
function checkLengthBit(bytes: Buffer, start: number): void {
  const isLong = ((bytes[start + 1] ?? 0) & 0x7f) === 127;
  if (isLong && (bytes[start + 2] ?? 0) >= 0x80)
    throw new ProtocolViolation(1002, 'a frame length has its highest bit set');
}

/** How long the header is that begins there, or undefined while its second byte is missing before `end`. */
function headerLength(bytes: Buffer, offset: number, end: number): number | undefined {
  if (offset + 2 > end) return undefined;
  const second = bytes[offset + 1] ?? 0;
  const short = second & 0x7f;
  return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + ((second & 0x80) === 0 ? 0 : 4);
}
