import { createMaskFunction } from './mask-module';

/** From this length on, a new Int32Array over the memory masks words; below, making one costs more than it saves. */
const LEAST_FOR_WORDS = 256;

/**
 * Masks a part of a certain memory in place.
 *
 * @param key four bytes as a big-endian number; the highest falls on the first of these bytes
 * @returns whether the masked bytes are ASCII
 */
export type MaskMemory = (start: number, end: number, key: number) => boolean;

/** Memory with a fast way to mask it. */
export interface MaskableMemory {
  readonly buffer: Buffer;
  readonly mask: MaskMemory;
}

/** @param pages its size in units of 64 KiB */
export function allocateMaskable(pages: number): MaskableMemory {
  const fast = createMaskFunction(pages);
  if (fast === undefined) {
    const buffer = Buffer.allocUnsafeSlow(pages * 65_536);
    const words = new Int32Array(buffer.buffer);
    return { buffer, mask: (start, end, key) => maskWords(words, buffer, start, end, key, 0) };
  }
  const { memory, mask } = fast;
  return { buffer: Buffer.from(memory), mask: (start, end, key) => mask(start, end, swap(key)) === 0 };
}

/**
 * Masks or unmasks a part of a buffer in place (RFC 6455 5.3).
 *
 * @param key four bytes as a big-endian number
 * @param position how many bytes of the payload came before these
 * @param maskMemory masks the buffer faster, if its memory can
 * @returns true if the masked bytes are ASCII; false if they are not, or nobody looked
 */
export function applyMask(
  bytes: Buffer,
  start: number,
  end: number,
  key: number,
  position: number,
  maskMemory?: MaskMemory,
): boolean {
  const rotated = rotate(key, position & 3);
  if (maskMemory !== undefined) return maskMemory(start, end, rotated);
  if (key === 0) return false;
  if (end - start < LEAST_FOR_WORDS) return maskBytes(bytes, start, end, rotated) < 0x80;
  // Words begin at a boundary of the memory, not of the buffer.
  const offset = (4 - (bytes.byteOffset & 3)) & 3;
  const view = new Int32Array(bytes.buffer, bytes.byteOffset + offset, (bytes.length - offset) >> 2);
  return maskWords(view, bytes, start, end, rotated, offset);
}

/**
 * Bytes up to a word, then words, then the rest.
 *
 * @param offset of the first word in `bytes`
 */
function maskWords(words: Int32Array, bytes: Buffer, start: number, end: number, key: number, offset: number): boolean {
  const firstWord = Math.min((start - offset + 3) >> 2, (end - offset) >> 2);
  const endOfLead = Math.max(start, Math.min(end, offset + (firstWord << 2)));
  let highBits = maskBytes(bytes, start, endOfLead, key);
  const wordKey = wordOf(rotate(key, endOfLead - start));
  const endOfWords = (end - offset) >> 2;
  let allWords = 0;
  let index = firstWord;
  for (; index < endOfWords; index += 1) {
    const word = (words[index] as number) ^ wordKey;
    words[index] = word;
    allWords |= word;
  }
  const rest = Math.max(endOfLead, offset + (index << 2));
  highBits |= maskBytes(bytes, rest, end, rotate(key, rest - start));
  return ((allWords & 0x80808080) | (highBits & 0x80)) === 0;
}

/** @returns all bytes, combined by OR */
function maskBytes(bytes: Buffer, start: number, end: number, key: number): number {
  const first = key >>> 24;
  const second = (key >>> 16) & 0xff;
  const third = (key >>> 8) & 0xff;
  const fourth = key & 0xff;
  let all = 0;
  let index = start;
  for (; index + 4 <= end; index += 4) {
    const a = (bytes[index] as number) ^ first;
    const b = (bytes[index + 1] as number) ^ second;
    const c = (bytes[index + 2] as number) ^ third;
    const d = (bytes[index + 3] as number) ^ fourth;
    bytes[index] = a;
    bytes[index + 1] = b;
    bytes[index + 2] = c;
    bytes[index + 3] = d;
    all |= a | b | c | d;
  }
  for (let shift = 24; index < end; index += 1, shift -= 8) {
    const byte = (bytes[index] as number) ^ ((key >>> shift) & 0xff);
    bytes[index] = byte;
    all |= byte;
  }
  return all;
}

/** The key as it falls on the byte that many bytes further. */
function rotate(key: number, bytes: number): number {
  const shift = (bytes & 3) * 8;
  return shift === 0 ? key : (key << shift) | (key >>> (32 - shift));
}

/** The key's bytes in the order in which this machine reads a word. */
function wordOf(key: number): number {
  return LITTLE_ENDIAN ? swap(key) : key;
}

function swap(word: number): number {
  return ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
