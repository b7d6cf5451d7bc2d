import { once } from 'node:events';
import { Receiver } from 'ws';
import { FrameWriter } from '../src/frame-writer';
import { Random } from './random';

// Every wait is for an event; the limit only ends a test that hangs, also on a busy machine.
jest.setTimeout(120_000);

/** The messages in bytes that a writer made, as ws reads them, in hexadecimal. */
async function parsed(chunks: readonly Buffer[]): Promise<string[]> {
  const receiver = new Receiver({ isServer: false });
  const messages: string[] = [];
  receiver.on('message', (data: Buffer) => messages.push(data.toString('hex')));
  const finished = once(receiver, 'finish');
  receiver.end(Buffer.concat(chunks));
  await finished;
  return messages;
}

const SIZES = [0, 1, 125, 126, 127, 1000, 16_384, 16_385, 32_768, 65_535, 65_536, 65_537, 200_000];

test.each(SIZES)('RFC 6455 5.2: writes a binary message of %i bytes with the shortest header', async (size) => {
  const writer = new FrameWriter(false);
  const payload = new Random(size).bytes(size);
  writer.writeBinary(0x82, payload);
  const header = size <= 125 ? 2 : size <= 65_535 ? 4 : 10;
  expect(writer.bytes).toBe(header + size);
  const chunks = writer.take(false);
  expect(writer.bytes).toBe(0);
  expect(Buffer.concat(chunks).length).toBe(header + size);
  expect(await parsed(chunks)).toEqual([payload.toString('hex')]);
});

// Units of UTF-16 are counted; the header's length hangs on the bytes of UTF-8.
test.each(['a', 'é', '✓', '𝄞', '\ud800'])('RFC 6455 5.2: writes texts of %j with the shortest header', async (unit) => {
  for (const size of [
    0, 1, 31, 32, 41, 42, 43, 62, 63, 64, 124, 125, 126, 127, 5461, 10_922, 10_923, 16_383, 21_846, 65_535, 65_536,
  ]) {
    const text = unit.repeat(size);
    const bytes = Buffer.from(text);
    const writer = new FrameWriter(false);
    writer.writeText(0x81, text);
    const header = bytes.length <= 125 ? 2 : bytes.length <= 65_535 ? 4 : 10;
    expect(writer.bytes).toBe(header + bytes.length);
    expect(await parsed(writer.take(false))).toEqual([bytes.toString('hex')]);
  }
});

test('frames of several writers, interleaved at random, never overlap', async () => {
  const random = new Random(Random.seed());
  const writers = Array.from({ length: 4 }, () => ({
    writer: new FrameWriter(false),
    expected: [] as string[],
    taken: [] as Buffer[],
  }));
  for (let step = 0; step < 4000; step += 1) {
    const { writer, expected, taken } = random.pick(writers);
    const size = random.pick([0, 5, 100, 126, 3000, random.chance(5) ? 20_000 : 60]);
    if (random.chance(50)) {
      // No two alike: the same text in a row would be one frame for all that send it.
      const text = `${step} ${random.text(size)}`;
      writer.writeText(0x81, text);
      expected.push(Buffer.from(text).toString('hex'));
    } else {
      const payload = random.bytes(size);
      writer.writeBinary(0x82, payload);
      expected.push(payload.toString('hex'));
    }
    if (random.chance(20)) taken.push(...writer.take(random.chance(30)));
  }
  const regions: { start: number; end: number; memory: ArrayBufferLike }[] = [];
  for (const { writer, expected, taken } of writers) {
    taken.push(...writer.take(false));
    expect({ seed: random.seed, messages: await parsed(taken) }).toEqual({ seed: random.seed, messages: expected });
    for (const { buffer, byteOffset, length } of taken)
      regions.push({ memory: buffer, start: byteOffset, end: byteOffset + length });
  }
  const groups = new Map<ArrayBufferLike, typeof regions>();
  for (const region of regions) groups.set(region.memory, [...(groups.get(region.memory) ?? []), region]);
  for (const group of groups.values()) {
    const sorted = [...group].sort((left, right) => left.start - right.start);
    sorted.forEach((region, index) => expect(region.start).toBeGreaterThanOrEqual(sorted[index - 1]?.end ?? 0));
  }
});

test('joins adjacent small frames into one chunk', () => {
  const writer = new FrameWriter(false);
  writer.writeText(0x81, 'a');
  writer.writeBinary(0x82, Buffer.from('b'));
  writer.writeText(0x89, '');
  const chunks = writer.take(false);
  expect(Buffer.concat(chunks)).toEqual(Buffer.from([0x81, 1, 0x61, 0x82, 1, 0x62, 0x89, 0]));
  expect(chunks.length).toBeLessThanOrEqual(2);
});

test('does not copy a large payload, and keeps it in order', async () => {
  const writer = new FrameWriter(false);
  const payload = new Uint8Array(100_000).fill(7);
  writer.writeText(0x81, 'before');
  writer.writeBinary(0x82, payload);
  writer.writeText(0x81, 'behind');
  const chunks = writer.take(true);
  expect(chunks.some(({ buffer, length }) => buffer === payload.buffer && length === payload.length)).toBe(true);
  expect(await parsed(chunks)).toEqual([
    Buffer.from('before').toString('hex'),
    '07'.repeat(100_000),
    Buffer.from('behind').toString('hex'),
  ]);
});

test('chunks that wait do not keep their slab in memory', () => {
  const writer = new FrameWriter(false);
  writer.writeText(0x81, 'tick');
  const [chunk] = writer.take(true);
  // Node 26 aligns the pool to 64 bytes.
  expect(chunk?.buffer.byteLength).toBeLessThanOrEqual(Buffer.poolSize + 64);
});

test('frames one text for many connections once, and joins several once', async () => {
  const writers = Array.from({ length: 3 }, () => new FrameWriter(false));
  for (const text of ['first', 'second', '✓'.repeat(20_000)]) {
    for (const writer of writers) writer.writeText(0x81, text);
  }
  const taken = writers.map((writer) => writer.take(false));
  for (const chunks of taken) {
    expect(await parsed(chunks)).toEqual(
      ['first', 'second', '✓'.repeat(20_000)].map((text) => Buffer.from(text).toString('hex')),
    );
  }
  expect(taken[1]).toHaveLength(1);
  expect(taken[2]?.[0]).toBe(taken[1]?.[0]);
});

test.each([0, 5, 126, 16_384, 16_385, 65_536])(
  'frames one binary message of %i bytes for many connections once',
  (size) => {
    const payload = new Random(size).bytes(size);
    const writers = Array.from({ length: 3 }, () => new FrameWriter(false));
    const [own, ...taken] = writers.map((writer) => {
      writer.writeBinary(0x82, payload);
      return Buffer.concat(writer.take(false));
    });
    expect(taken).toEqual([own, own]);
    const [first, second] = writers.map((writer) => {
      writer.writeBinary(0x82, payload);
      return writer.take(false);
    });
    expect(first?.[0]).toBe(second?.[0]);
  },
);

test('frames a binary message again when the sender has changed its bytes, or the writer masks', () => {
  const [one, other] = [new FrameWriter(false), new FrameWriter(false)];
  const taken = (writer: FrameWriter, first: number, payload: Uint8Array): string => {
    writer.writeBinary(first, payload);
    return Buffer.concat(writer.take(false)).toString('hex');
  };
  const payload = Uint8Array.of(1, 2, 3);
  // 0x82 FIN+binary · 0x03 length · payload
  expect(taken(one, 0x82, payload)).toBe('8203010203');
  payload[2] = 4;
  expect(taken(other, 0x82, payload)).toBe('8203010204');
  expect(taken(one, 0x02, payload)).toBe('0203010204');
  const masked = new FrameWriter(true);
  masked.writeBinary(0x02, payload);
  expect(masked.take(false)[0]?.subarray(0, 2)).toEqual(Buffer.of(0x02, 0x83));
  expect(taken(one, 0x82, payload)).toBe('8203010204');
  // The bytes move to another owner, and none are left here.
  structuredClone(payload.buffer, { transfer: [payload.buffer] });
  expect(() => taken(other, 0x82, payload)).toThrow('detached');
});

test('does not reuse the frame of the previous text for another opcode or another FIN', async () => {
  const [one, other] = [new FrameWriter(false), new FrameWriter(false)];
  one.writeText(0x81, 'tick');
  other.writeText(0x01, 'tick');
  other.writeText(0x80, 'tock');
  one.writeText(0x81, 'tick');
  expect(await parsed(one.take(false))).toEqual(['7469636b', '7469636b']);
  expect(await parsed(other.take(false))).toEqual(['7469636b746f636b']);
});

describe('RFC 6455 5.4: a writer with a maximum frame size', () => {
  const hex = (writer: FrameWriter): string => Buffer.concat(writer.take(false)).toString('hex');

  test('splits a text into frames, with the opcode on the first and FIN on the last', () => {
    const writer = new FrameWriter(false, 3);
    // 0x01 text · 0x03 length · "hel" · 0x80 FIN+continuation · 0x02 length · "lo"
    writer.writeText(0x81, 'hello');
    expect(hex(writer)).toBe('010368656c80026c6f');
    writer.writeText(0x81, 'hel');
    expect(hex(writer)).toBe('810368656c');
  });

  test('splits within a character', () => {
    const writer = new FrameWriter(false, 4);
    writer.writeText(0x81, '✓✓');
    expect(hex(writer)).toBe('0104e29c93e280029c93');
  });

  test('splits binary messages and the parts of a message, and sets RSV1 only on the first frame', () => {
    const writer = new FrameWriter(false, 2);
    writer.writeBinary(0xc2, Uint8Array.of(1, 2, 3));
    expect(hex(writer)).toBe('42020102800103');
    writer.writeBinary(0x02, Uint8Array.of(1, 2, 3));
    writer.writeBinary(0x80, Uint8Array.of(4, 5));
    expect(hex(writer)).toBe('020201020001038002' + '0405');
  });

  test('does not split control frames', () => {
    const writer = new FrameWriter(false, 1);
    writer.writeBinary(0x89, Uint8Array.of(1, 2, 3));
    expect(hex(writer)).toBe('8903010203');
  });

  test.each([1, 125, 126, 1000, 65_535, 65_536, 8192])('loses nothing with frames of %d', async (most) => {
    for (const masks of [false, true]) {
      const writer = new FrameWriter(masks, most);
      const texts = ['é'.repeat(Math.min(most * 3 + 1, 100_000)), 'short', '✓'.repeat(most)];
      const payload = new Random(most).bytes(Math.min(most * 3, 200_000));
      for (const text of texts) writer.writeText(0x81, text);
      writer.writeBinary(0x82, payload);
      const receiver = new Receiver({ isServer: masks });
      const messages: string[] = [];
      receiver.on('message', (data: Buffer) => messages.push(data.toString('hex')));
      const finished = once(receiver, 'finish');
      receiver.end(Buffer.concat(writer.take(false)));
      await finished;
      expect(messages).toEqual([...texts.map((text) => Buffer.from(text).toString('hex')), payload.toString('hex')]);
    }
  });

  test('shares frames only with writers of the same maximum', () => {
    const [one, other, unlimited] = [new FrameWriter(false, 3), new FrameWriter(false, 3), new FrameWriter(false)];
    for (const writer of [one, other, unlimited]) writer.writeText(0x81, 'hello');
    const [first] = one.take(false);
    expect(other.take(false)[0]).toBe(first);
    expect(hex(unlimited)).toBe('810568656c6c6f');
  });
});

describe('RFC 6455 5.3: a client', () => {
  async function received(chunks: readonly Buffer[]): Promise<string[]> {
    const receiver = new Receiver({ isServer: true });
    const messages: string[] = [];
    receiver.on('message', (data: Buffer) => messages.push(data.toString('hex')));
    const finished = once(receiver, 'finish');
    receiver.end(Buffer.concat(chunks));
    await finished;
    return messages;
  }

  test.each([...SIZES, 10_922, 10_923])('masks messages of %i', async (size) => {
    const writer = new FrameWriter(true);
    const payload = new Random(size + 1).bytes(size);
    const before = Buffer.from(payload);
    writer.writeBinary(0x82, payload);
    writer.writeText(0x81, 'é'.repeat(size));
    const chunks = writer.take(false);
    expect(payload.equals(before)).toBe(true);
    expect(await received(chunks)).toEqual([payload.toString('hex'), Buffer.from('é'.repeat(size)).toString('hex')]);
  });

  test('uses a new key for each frame', () => {
    const keys = new Set<string>();
    for (let index = 0; index < 3000; index += 1) {
      const writer = new FrameWriter(true);
      writer.writeText(0x81, 'tick');
      keys.add(Buffer.concat(writer.take(false)).toString('hex', 2, 6));
    }
    expect(keys.size).toBeGreaterThan(2990);
  });
});
