import { ProtocolViolation } from './close-frame';

/** RFC 7692 7.2.1: a sender leaves these bytes out at the end of a message. */
export const DEFLATE_TAIL: Buffer = Buffer.from([0x00, 0x00, 0xff, 0xff]);
/** A back-reference reaches this far. */
export const LARGEST_WINDOW = 32_768;
/** Deflate streams that one message may consist of: each costs the time of a new inflater. */
export const MAX_FINAL_BLOCKS = 32;
/** The most bytes that are inflated at a time. */
export const OUTPUT_SIZE = 65_536;

/** How to compress; see zlib's deflateInit2. */
export interface DeflateSettings {
  readonly windowBits: number;
  readonly level: number;
  readonly memLevel: number;
}

/** Compresses messages, or parts of them, one after the other. */
export interface Deflater {
  /** The result ends on a byte boundary, with the tail; it is valid until the next call to any deflater or inflater. */
  deflate(bytes: Buffer): Buffer;
  /** Drops the bytes that the next ones could refer back to. */
  reset(): void;
  close(): void;
}

/** Inflates messages as their bytes arrive. */
export interface Inflater {
  /**
   * Takes the next bytes of a message; the earlier ones must have been read.
   *
   * @param last whether the message ends with them
   */
  write(bytes: Buffer, last: boolean): void;
  /**
   * The next bytes of the message, at most 64 KiB; valid until the next call to any deflater or inflater.
   *
   * @param most how many bytes may still come, at least 1
   * @throws ProtocolViolation 1007 for bytes that are not deflated data; 1009 for more than `most`, if all is inflated at once
   */
  read(most: number): Buffer;
  /** Whether all that was written has been read. */
  readonly isDrained: boolean;
  /** Copies the rest of the bytes that were written, which may change from now on. */
  keepInput(): void;
  /** Drops the bytes that the next message could refer back to. */
  reset(): void;
  close(): void;
}

/** A way to use zlib. */
export interface ZlibCodecs {
  /** Whether deflaters and inflaters remember one message for the next, and inflate as bytes arrive. */
  readonly keepContext: boolean;
  createDeflater(settings: DeflateSettings): Deflater;
  createInflater(windowBits: number): Inflater;
}

export function notDeflated(cause: unknown): ProtocolViolation {
  return new ProtocolViolation(1007, 'a compressed message is not deflated data', cause);
}

export function tooManyFinalBlocks(): ProtocolViolation {
  return new ProtocolViolation(1007, 'a compressed message has too many final blocks');
}
