import { allocateMaskable } from '../src/mask';
import { FrameParser, type FrameHandler } from '../src/frame-parser';

/** Writes down what a parser tells. */
class Told implements FrameHandler {
  readonly events: string[] = [];
  stopAfter = Infinity;
  #data = '';

  get isStopped(): boolean {
    return this.events.length >= this.stopAfter;
  }

  onDataFrame(opcode: number, final: boolean, compressed: boolean, length: number): void {
    this.#data = `${opcode}${final ? ' final' : ''}${compressed ? ' compressed' : ''} ${length}:`;
  }

  onData(chunk: Buffer, start: number, end: number, _isAscii: boolean, ends: boolean): void {
    this.#data += chunk.toString('latin1', start, end);
    if (ends) this.events.push(this.#data);
  }

  onControlFrame(opcode: number, payload: Buffer): void {
    this.events.push(`control ${opcode} ${payload.toString('latin1')}`);
  }
}

const MASK = [0x37, 0xfa, 0x21, 0x3d];
const masked = (text: string): number[] =>
  [...Buffer.from(text, 'latin1')].map((byte, index) => byte ^ (MASK[index & 3] ?? 0));

const FRAMES: readonly [title: string, bytes: readonly number[], told: string][] = [
  // RFC 6455 5.7: the masked "Hello"
  ['7 bits of length', [0x81, 0x85, ...MASK, 0x7f, 0x9f, 0x4d, 0x51, 0x58], '1 final 5:Hello'],
  ['no payload', [0x82, 0x80, ...MASK], '2 final 0:'],
  ['no FIN', [0x01, 0x81, ...MASK, ...masked('a')], '1 1:a'],
  ['a continuation', [0x00, 0x81, ...MASK, ...masked('a')], '0 1:a'],
  ['RSV1', [0xc1, 0x81, ...MASK, ...masked('a')], '1 final compressed 1:a'],
  ['16 bits of length', [0x81, 0xfe, 0, 126, ...MASK, ...masked('x'.repeat(126))], `1 final 126:${'x'.repeat(126)}`],
  ['64 bits of length', [0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 3, ...MASK, ...masked('abc')], '1 final 3:abc'],
  ['16 bits of length where 7 would do', [0x81, 0xfe, 0, 3, ...MASK, ...masked('abc')], '1 final 3:abc'],
  ['a ping', [0x89, 0x81, ...MASK, ...masked('p')], 'control 9 p'],
  ['an empty pong', [0x8a, 0x80, ...MASK], 'control 10 '],
  ['a close frame', [0x88, 0x83, ...MASK, ...masked('\x03\xe8!')], 'control 8 \x03\xe8!'],
];

test.each(FRAMES)('RFC 6455 5.2: reads a frame with %s, cut at every byte', (_title, bytes, told) => {
  const wire = [...bytes, ...bytes];
  for (let cut = 0; cut <= wire.length; cut += 1) {
    const handler = new Told();
    const parser = new FrameParser(handler, true, true);
    expect(parser.parse(Buffer.from(wire.slice(0, cut)))).toBe(cut);
    expect(parser.parse(Buffer.from(wire.slice(cut)))).toBe(wire.length - cut);
    expect(handler.events).toEqual([told, told]);
  }
  const handler = new Told();
  const parser = new FrameParser(handler, true, true);
  for (const byte of wire) parser.parse(Buffer.from([byte]));
  expect(handler.events).toEqual([told, told]);
});

const MEMORY = allocateMaskable(1);

test('reads only the bytes up to the end that is given, in a memory that masks itself', () => {
  for (const [, bytes, told] of FRAMES) {
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const handler = new Told();
      const parser = new FrameParser(handler, true, true);
      const { buffer: shared, mask } = MEMORY;
      shared.fill(0xff, 0, 1024);
      for (const piece of [bytes.slice(0, cut), bytes.slice(cut)]) {
        shared.set(piece);
        expect(parser.parse(shared, piece.length, mask)).toBe(piece.length);
        expect(shared.subarray(piece.length, 1024).every((byte) => byte === 0xff)).toBe(true);
        shared.fill(0xff, 0, 1024);
      }
      expect(handler.events).toEqual([told]);
    }
  }
});

test('RFC 6455 5.1: a client reads unmasked frames and refuses masked ones', () => {
  const handler = new Told();
  const parser = new FrameParser(handler, false, false);
  // RFC 6455 5.7: the unmasked "Hello"
  parser.parse(Buffer.from([0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]));
  expect(handler.events).toEqual(['1 final 5:Hello']);
  expect(() => parser.parse(Buffer.from([0x81, 0x80, 0, 0, 0, 0]))).toThrow('masked');
});

const stopping = FRAMES.flatMap(([, bytes]) => bytes);

test('stops before the next frame and continues with the remaining bytes, wherever they are cut', () => {
  for (let cut = 0; cut <= stopping.length; cut += 1) {
    const handler = new Told();
    const parser = new FrameParser(handler, true, true);
    for (const piece of [stopping.slice(0, cut), stopping.slice(cut)]) {
      let rest = Buffer.from(piece);
      while (rest.length > 0) {
        handler.stopAfter = handler.events.length + 1;
        rest = rest.subarray(parser.parse(rest));
      }
    }
    expect(handler.events).toEqual(FRAMES.map(([, , told]) => told));
  }
});

// Each is refused with its last byte, before anything more is there.
test.each([
  ['RSV2', [0xa1, 0x80], 1002],
  ['RSV3', [0x91, 0x80], 1002],
  ['opcode 3', [0x83, 0x80], 1002],
  ['opcode 7', [0x87, 0x80], 1002],
  ['opcode 11', [0x8b, 0x80], 1002],
  ['opcode 15', [0x8f, 0x80], 1002],
  ['no mask', [0x81, 0x00], 1002],
  ['a fragmented ping', [0x09, 0x80], 1002],
  ['a control frame of 126 bytes', [0x89, 0xfe], 1002],
  ['a control frame with 64 bits of length', [0x8a, 0xff], 1002],
  ['a close frame of one byte', [0x88, 0x81], 1002],
  ['RSV1 on a continuation', [0xc0, 0x80], 1002],
  ['RSV1 on a ping', [0xc9, 0x80], 1002],
  ['the highest bit of a length', [0x82, 0xff, 0x80], 1002],
  ['a length of 2^53', [0x82, 0xff, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1009],
])('RFC 6455 5.2: refuses %s', (_title, bytes, closeCode) => {
  const whole = new FrameParser(new Told(), true, true);
  const refusal = expect.objectContaining({ closeCode }) as Error;
  expect(() => whole.parse(Buffer.from([...bytes, ...Array.from({ length: 14 }, () => 0)]))).toThrow(refusal);
  const parser = new FrameParser(new Told(), true, true);
  for (const byte of bytes.slice(0, -1)) parser.parse(Buffer.from([byte]));
  expect(() => parser.parse(Buffer.from(bytes.slice(-1)))).toThrow(refusal);
});

test('RFC 6455 5.2: refuses RSV1 without an extension', () => {
  const parser = new FrameParser(new Told(), true, false);
  expect(() => parser.parse(Buffer.from([0xc1, 0x80]))).toThrow('RSV1');
});
