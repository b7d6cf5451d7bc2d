import { allocateMaskable, applyMask, type MaskableMemory } from '../src/mask';
import { Random } from './random';

const KEYS = [0x01020304, 0xfffefdfc | 0, 0x80000000 | 0, 0x7f0000ff, 0xff, 0];

const byteOfKey = (key: number, index: number): number => (key >>> (24 - (index & 3) * 8)) & 0xff;

/** Copies the bytes to the memory and back, with all that lies around them. */
function inMemory({ buffer, mask }: MaskableMemory): typeof applyMask {
  return (bytes, start, end, key, position) => {
    bytes.copy(buffer);
    const isAscii = applyMask(buffer, start, end, key, position, mask);
    buffer.copy(bytes, 0, 0, bytes.length);
    return isAscii;
  };
}

declare const WebAssembly: { Module(): unknown };

function allocateWithoutWebAssembly(): MaskableMemory {
  const compile = jest.spyOn(WebAssembly, 'Module').mockImplementation(() => {
    throw new RangeError('not allowed');
  });
  try {
    return allocateMaskable(1);
  } finally {
    compile.mockRestore();
  }
}

/** As the engine masks: a part of a buffer, a whole view, and a part of a buffer whose words are known. */
const WAYS: readonly [title: string, mask: typeof applyMask][] = [
  ['the buffer', (...part) => applyMask(...part)],
  [
    'a view of it',
    (memory, start, end, key, position) => applyMask(memory.subarray(start, end), 0, end - start, key, position),
  ],
  ['a memory that masks itself', inMemory(allocateMaskable(1))],
  ['a memory without WebAssembly', inMemory(allocateWithoutWebAssembly())],
];

test.each(WAYS)('RFC 6455 5.3: unmasks any length, at any alignment, from any position, through %s', (_title, mask) => {
  const random = new Random(1);
  for (const length of [...Array.from({ length: 80 }).keys(), 255, 256, 257, 258, 259, 260]) {
    for (let alignment = 0; alignment < 8; alignment += 1) {
      for (let position = 0; position < 4; position += 1) {
        const key = KEYS[(length + alignment + position) % KEYS.length] ?? 0;
        const memory = Buffer.from(new Uint8Array(280).map(() => random.below(256)).buffer);
        const before = Buffer.from(memory);
        const isAscii = mask(memory, alignment, alignment + length, key, position);
        const expected = before.map((byte, index) => {
          const inside = index >= alignment && index < alignment + length;
          return inside ? byte ^ byteOfKey(key, position + index - alignment) : byte;
        });
        const isAsciiNow = expected.subarray(alignment, alignment + length).every((byte) => byte < 0x80);
        if (isAscii !== isAsciiNow && (key !== 0 || isAscii))
          expect({ length, alignment, position, key, isAscii }).toBe(isAsciiNow);
        // The bytes before and after do not change.
        if (!memory.equals(expected)) expect({ length, alignment, position, key, memory }).toEqual({ expected });
      }
    }
  }
  expect.assertions(0);
});

test('RFC 6455 5.3: unmasks a payload in pieces as it unmasks a whole one', () => {
  const key = 0xa1b2c3d4 | 0;
  const payload = new Random(2).bytes(150);
  const whole = Buffer.from(payload);
  applyMask(whole, 0, whole.length, key, 0);
  expect(whole).toEqual(Buffer.from(payload.map((byte, index) => byte ^ byteOfKey(key, index))));
  for (let cut = 0; cut <= payload.length; cut += 1) {
    const pieces = Buffer.from(payload);
    applyMask(pieces, 0, cut, key, 0);
    applyMask(pieces, cut, pieces.length, key, cut);
    expect(pieces).toEqual(whole);
  }
});

test('RFC 6455 5.3: the position of a payload beyond 2^32 counts modulo four', () => {
  const bytes = Buffer.from([0, 0, 0, 0]);
  applyMask(bytes, 0, 4, 0x01020304, 2 ** 32 + 1);
  expect(bytes).toEqual(Buffer.from([2, 3, 4, 1]));
});

test.each([
  ['in one word', 64],
  ['before the first word', 1],
  ['behind the last word', 299],
])('tells ASCII from other text whose only other byte is %s', (_title, at) => {
  for (const [, mask] of WAYS) {
    const key = 0xa1b2c3d4 | 0;
    const text = Buffer.alloc(300, 'a');
    mask(text, 0, 300, key, 0);
    const copy = Buffer.alloc(300);
    text.copy(copy);
    expect(mask(copy, 0, 300, key, 0)).toBe(true);
    text[at] = (text[at] ?? 0) ^ 0x80;
    expect(mask(text, 0, 300, key, 0)).toBe(false);
  }
});
