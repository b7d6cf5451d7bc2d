import { applyMask } from '../src/mask';
import { Random } from './random';

const KEYS = [0x01020304, 0xfffefdfc | 0, 0x80000000 | 0, 0x7f0000ff, 0xff, 0];

const byteOfKey = (key: number, index: number): number => (key >>> (24 - (index & 3) * 8)) & 0xff;

test('RFC 6455 5.3: unmasks any length, at any memory alignment, from any position', () => {
  const random = new Random(1);
  for (let length = 0; length <= 200; length += 1) {
    for (let alignment = 0; alignment < 8; alignment += 1) {
      for (let position = 0; position < 4; position += 1) {
        const key = KEYS[(length + alignment + position) % KEYS.length] ?? 0;
        const memory = Buffer.from(new Uint8Array(220).map(() => random.below(256)).buffer);
        const before = Buffer.from(memory);
        applyMask(memory.subarray(alignment, alignment + length), key, position);
        const expected = before.map((byte, index) => {
          const inside = index >= alignment && index < alignment + length;
          return inside ? byte ^ byteOfKey(key, position + index - alignment) : byte;
        });
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
  applyMask(whole, key, 0);
  expect(whole).toEqual(Buffer.from(payload.map((byte, index) => byte ^ byteOfKey(key, index))));
  for (let cut = 0; cut <= payload.length; cut += 1) {
    const pieces = Buffer.from(payload);
    applyMask(pieces.subarray(0, cut), key, 0);
    applyMask(pieces.subarray(cut), key, cut);
    expect(pieces).toEqual(whole);
  }
});

test('RFC 6455 5.3: the position of a payload beyond 2^32 counts modulo four', () => {
  const bytes = Buffer.from([0, 0, 0, 0]);
  applyMask(bytes, 0x01020304, 2 ** 32 + 1);
  expect(bytes).toEqual(Buffer.from([2, 3, 4, 1]));
});
