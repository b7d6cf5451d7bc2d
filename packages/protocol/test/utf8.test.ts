import { decodeUtf8, INVALID_UTF8, Utf8Decoder } from '../src/utf8';
import { Random } from './random';

// Every wait is for an event; the limit only ends a test that hangs, also on a busy machine.
jest.setTimeout(120_000);

/** Decodes pieces one after the other. @returns the text, or the number of the piece that was refused */
function decode(pieces: readonly Buffer[]): string | number {
  const decoder = new Utf8Decoder();
  let text = '';
  for (const [index, piece] of pieces.entries()) {
    const part = decoder.write(piece);
    if (part === INVALID_UTF8) return index;
    text += part;
  }
  return decoder.isComplete ? text : pieces.length;
}

const each = (bytes: Buffer): Buffer[] => [...bytes].map((byte) => Buffer.from([byte]));

test.each([
  'a',
  'é',
  '✓',
  '𝄞',
  '\u0000',
  '\u007f',
  '\u0080',
  '\u07ff',
  '\u0800',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\u{10000}',
  '\u{10ffff}',
])('RFC 6455 8.1: accepts U+%s cut at every position', (character) => {
  const bytes = Buffer.from(`<${character}>`);
  for (let first = 0; first <= bytes.length; first += 1) {
    for (let second = first; second <= bytes.length; second += 1) {
      const pieces = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
      expect(decode(pieces)).toBe(`<${character}>`);
    }
  }
  expect(decode(each(bytes))).toBe(`<${character}>`);
});

test('returns with each piece the characters that it completes', () => {
  const decoder = new Utf8Decoder();
  expect(decoder.write(Buffer.from([0x61, 0xe2, 0x9c]))).toBe('a');
  expect(decoder.isComplete).toBe(false);
  expect(decoder.write(Buffer.alloc(0))).toBe('');
  expect(decoder.write(Buffer.from([0x93, 0x62]))).toBe('✓b');
  expect(decoder.isComplete).toBe(true);
});

// The last byte is the one that makes the text impossible: the Unicode Standard, table 3-7.
test.each([
  ['a continuation byte that continues nothing', [0x80]],
  ['a continuation byte that continues nothing', [0xbf]],
  ['a fifth continuation', [0xf0, 0x9d, 0x84, 0x9e, 0x80]],
  ['an overlong slash', [0xc0]],
  ['an overlong DEL', [0xc1]],
  ['an overlong form of three bytes', [0xe0, 0x80]],
  ['an overlong form of three bytes', [0xe0, 0x9f]],
  ['an overlong form of four bytes', [0xf0, 0x80]],
  ['an overlong form of four bytes', [0xf0, 0x8f]],
  ['the first surrogate', [0xed, 0xa0]],
  ['the last surrogate', [0xed, 0xbf]],
  ['U+110000', [0xf4, 0x90]],
  ['a first byte of U+140000', [0xf5]],
  ['a first byte of five', [0xf8]],
  ['a first byte of six', [0xfc]],
  ['FE', [0xfe]],
  ['FF', [0xff]],
  ['a character that a letter interrupts', [0xc3, 0x28]],
  ['a character that a letter interrupts', [0xe2, 0x9c, 0x28]],
  ['a character that a letter interrupts', [0xf0, 0x9d, 0x84, 0x28]],
  ['a character that another interrupts', [0xe2, 0xe2]],
])('RFC 6455 8.1: refuses %s, %j, at the first invalid byte', (_title, values) => {
  const bad = Buffer.from(values);
  expect(decode(each(Buffer.concat([Buffer.from('κ'), bad])))).toBe(1 + bad.length);
  expect(decode([Buffer.concat([Buffer.from('κόσμε'), bad]), Buffer.from('abc')])).toBe(0);
  expect(decodeUtf8(Buffer.concat([bad, Buffer.from('abc')]))).toBe(INVALID_UTF8);
});

test.each([[[0xc3]], [[0xe2, 0x9c]], [[0xf0, 0x9d, 0x84]]])('RFC 6455 8.1: a text may not end in %j', (values) => {
  const decoder = new Utf8Decoder();
  expect(decoder.write(Buffer.from(values))).toBe('');
  expect(decoder.isComplete).toBe(false);
});

test('gives the same result as TextDecoder for random bytes, cut at random', () => {
  const random = new Random(Random.seed());
  const lead = [0x41, 0x7f, 0x80, 0xbf, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0x90, 0x9f, 0xa0];
  let wellFormed = 0;
  for (let index = 0; index < 5000; index += 1) {
    const bytes = random.chance(50)
      ? Buffer.from(random.text(random.below(20)))
      : Buffer.from(Array.from({ length: random.below(6) }, () => random.pick(lead)));
    const pieces = random.cut(bytes, 4);
    const reference = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    let expected: string | number = '';
    for (const [at, piece] of pieces.entries()) {
      try {
        expected += reference.decode(piece, { stream: true });
      } catch {
        expected = at;
        break;
      }
    }
    if (typeof expected === 'string') {
      try {
        expected += reference.decode();
        wellFormed += 1;
      } catch {
        expected = pieces.length;
      }
    }
    expect({ seed: random.seed, hex: pieces.map((piece) => piece.toString('hex')), text: decode(pieces) }).toEqual({
      seed: random.seed,
      hex: pieces.map((piece) => piece.toString('hex')),
      text: expected,
    });
  }
  expect(wellFormed).toBeGreaterThan(1000);
});
