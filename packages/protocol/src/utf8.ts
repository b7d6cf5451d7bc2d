import { isUtf8 } from 'node:buffer';

/** The bytes of a text message, or of the part of one, cannot be UTF-8 (RFC 6455 8.1). */
export const INVALID_UTF8 = Symbol('invalid UTF-8');

/** Whole bytes as text. */
export function decodeUtf8(bytes: Buffer): string | typeof INVALID_UTF8 {
  return isUtf8(bytes) ? bytes.toString('utf8') : INVALID_UTF8;
}

/**
 * Decodes UTF-8 that arrives in pieces: each piece gives the characters that it completes, and bytes that can never
 * become UTF-8 are refused with the piece they stand in.
 */
export class Utf8Decoder {
  /** The first bytes of a character that the last piece was cut through; at most three. */
  #rest: Buffer | undefined;

  write(piece: Buffer): string | typeof INVALID_UTF8 {
    const bytes = this.#rest === undefined ? piece : Buffer.concat([this.#rest, piece]);
    const end = bytes.length - incompleteTail(bytes);
    this.#rest = end === bytes.length ? undefined : Buffer.from(bytes.subarray(end));
    if (this.#rest !== undefined && !canBegin(this.#rest)) return INVALID_UTF8;
    return decodeUtf8(bytes.subarray(0, end));
  }

  /** Whether the text may end here: not in the middle of a character. */
  get isComplete(): boolean {
    return this.#rest === undefined;
  }
}

/** How many bytes at the end begin a character that they do not complete. */
function incompleteTail(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    // 10xxxxxx continues a character; its first byte is further back.
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? back : 0;
  }
  return 0;
}

/** Whether some character begins with these bytes: the ranges of the Unicode Standard, table 3-7. */
function canBegin(bytes: Buffer): boolean {
  const [first = 0, second] = bytes;
  if (first < 0xc2 || first > 0xf4) return false;
  if (second === undefined) return true;
  if (first === 0xe0 && second < 0xa0) return false;
  if (first === 0xed && second > 0x9f) return false;
  if (first === 0xf0 && second < 0x90) return false;
  return !(first === 0xf4 && second > 0x8f);
}
