/** Above this, words are unmasked through an Int32Array; below, setting one up costs more than it saves. */
const LEAST_FOR_WORDS = 48;

/**
 * Masks or unmasks in place (RFC 6455 5.3).
 *
 * @param key four bytes as a big-endian number
 * @param position how many bytes of the payload came before these
 */
export function applyMask(bytes: Buffer, key: number, position: number): void {
  if (key === 0) return;
  const length = bytes.length;
  // The key as it falls on the first of these bytes.
  const shift = (position & 3) * 8;
  const rotated = shift === 0 ? key : (key << shift) | (key >>> (32 - shift));
  let index = 0;
  if (length >= LEAST_FOR_WORDS) {
    // Bytes up to a word boundary of the memory, then words, then the rest.
    const lead = (4 - (bytes.byteOffset & 3)) & 3;
    for (; index < lead; index += 1) xorByte(bytes, index, rotated);
    const words = (length - index) >> 2;
    const wordKey = littleEndianKey(rotated, index);
    const view = new Int32Array(bytes.buffer, bytes.byteOffset + index, words);
    for (let word = 0; word < words; word += 1) view[word] = (view[word] as number) ^ wordKey;
    index += words << 2;
  }
  for (; index < length; index += 1) xorByte(bytes, index, rotated);
}

function xorByte(bytes: Buffer, index: number, key: number): void {
  bytes[index] = (bytes[index] as number) ^ ((key >>> (24 - (index & 3) * 8)) & 0xff);
}

/** The four key bytes from `index` on, in the order in which a little-endian machine reads a word. */
function littleEndianKey(key: number, index: number): number {
  const shift = (index & 3) * 8;
  const rotated = shift === 0 ? key : (key << shift) | (key >>> (32 - shift));
  return LITTLE_ENDIAN ? swap(rotated) : rotated;
}

function swap(word: number): number {
  return ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
