/**
 * Checks the declared counts of arrays and maps before a library reads the message. Libraries allocate an array for the
 * count that its header declares: five bytes could cost 128 MB. An element takes at least one byte.
 *
 * @throws RangeError when an array or a map declares more elements than the message has bytes left
 */
export function requireFittingCounts(bytes: Uint8Array, format: 'msgpack' | 'cbor'): void {
  // Only headers with 32 or 64 bits can cost anything. Most messages have no byte that looks like one.
  const [skip, large] = format === 'msgpack' ? [skipMsgpack, LARGE_MSGPACK] : [skipCbor, LARGE_CBOR];
  if (!large.some((header) => bytes.includes(header))) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // An incomplete message ends the walk, and the library reports it.
  for (let at = 0; at < bytes.length;) at = skip(view, at);
}

const LARGE_MSGPACK = [0xdd, 0xdf];
const LARGE_CBOR = [0x9a, 0x9b, 0xba, 0xbb];

/** The length of the header and of its data, by the first byte from 0xc4 on; a function reads the length of the data. */
const MSGPACK: Readonly<Record<number, number | ((view: DataView, at: number) => number)>> = {
  0xc4: (view, at) => 2 + uint(view, at, 1), // bin 8
  0xc5: (view, at) => 3 + uint(view, at, 2), // bin 16
  0xc6: (view, at) => 5 + uint(view, at, 4), // bin 32
  0xc7: (view, at) => 3 + uint(view, at, 1), // ext 8
  0xc8: (view, at) => 4 + uint(view, at, 2), // ext 16
  0xc9: (view, at) => 6 + uint(view, at, 4), // ext 32
  0xca: 5, // float 32
  0xcb: 9, // float 64
  0xcc: 2, // uint 8
  0xcd: 3, // uint 16
  0xce: 5, // uint 32
  0xcf: 9, // uint 64
  0xd0: 2, // int 8
  0xd1: 3, // int 16
  0xd2: 5, // int 32
  0xd3: 9, // int 64
  0xd4: 3, // fixext 1
  0xd5: 4, // fixext 2
  0xd6: 6, // fixext 4
  0xd7: 10, // fixext 8
  0xd8: 18, // fixext 16
  0xd9: (view, at) => 2 + uint(view, at, 1), // str 8
  0xda: (view, at) => 3 + uint(view, at, 2), // str 16
  0xdb: (view, at) => 5 + uint(view, at, 4), // str 32
  0xdc: 3, // array 16
  0xdd: (view, at) => requireRoom(view, at + 5, uint(view, at, 4)), // array 32
  0xde: 3, // map 16
  0xdf: (view, at) => requireRoom(view, at + 5, uint(view, at, 4)), // map 32
};

/** @returns the position after the item at a position, of an array or a map after its header */
function skipMsgpack(view: DataView, at: number): number {
  const first = view.getUint8(at);
  // 0xa0 to 0xbf: fixstr, with its length in the lower bits
  if (first >= 0xa0 && first <= 0xbf) return at + 1 + (first & 0x1f);
  const length = MSGPACK[first] ?? 1;
  return at + (typeof length === 'number' ? length : length(view, at));
}

/** RFC 8949 3: three bits of the first byte are the major type, five its argument or the length of it. */
function skipCbor(view: DataView, at: number): number {
  const first = view.getUint8(at);
  const major = first >> 5;
  const short = first & 0x1f;
  const extra = short >= 24 && short <= 27 ? 2 ** (short - 24) : 0;
  const argument = extra === 0 ? short : uint(view, at, extra);
  const next = at + 1 + extra;
  // 31 is an indefinite length, which declares nothing.
  if (short === 31) return next;
  if (major === 2 || major === 3) return next + argument;
  if (major === 4 || major === 5) requireRoom(view, next, argument);
  return next;
}

/** @returns the length of a header with 32 bits */
function requireRoom(view: DataView, from: number, count: number): number {
  if (count > view.byteLength - from)
    throw new RangeError(
      `An array or a map declares ${count} elements; ${Math.max(0, view.byteLength - from)} bytes follow.`,
    );
  return 5;
}

/** The number behind the first byte; 0 where the message ends before. */
function uint(view: DataView, at: number, length: number): number {
  if (at + 1 + length > view.byteLength) return 0;
  switch (length) {
    case 1:
      return view.getUint8(at + 1);
    case 2:
      return view.getUint16(at + 1);
    case 4:
      return view.getUint32(at + 1);
    default:
      return Number(view.getBigUint64(at + 1));
  }
}
