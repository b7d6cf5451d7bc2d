import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { PerMessageDeflate } from 'ws';
import { formatExtensions, parseExtensions } from '../src/handshake-headers';
import { MessageDeflate } from '../src/message-deflate';
import { Random } from './random';

const PLAIN = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';
const answer = (offers: string): string | undefined => {
  const deflate = MessageDeflate.accept(parseExtensions(offers));
  return deflate && formatExtensions([deflate.extension]);
};

test.each([
  ['permessage-deflate', PLAIN],
  ['permessage-deflate; server_no_context_takeover', PLAIN],
  ['permessage-deflate; client_no_context_takeover', PLAIN],
  ['permessage-deflate; client_max_window_bits', PLAIN],
  ['permessage-deflate; client_max_window_bits=8', PLAIN],
  ['permessage-deflate; client_max_window_bits="15"', PLAIN],
  ['permessage-deflate; server_max_window_bits=9', `${PLAIN}; server_max_window_bits=9`],
  ['permessage-deflate; server_max_window_bits=15', `${PLAIN}; server_max_window_bits=15`],
  ['x-other, permessage-deflate', PLAIN],
  // An offer that cannot be served gives way to the next one.
  ['permessage-deflate; server_max_window_bits=8, permessage-deflate', PLAIN],
  ['permessage-deflate; unknown, permessage-deflate; server_max_window_bits=10', `${PLAIN}; server_max_window_bits=10`],
])('RFC 7692 7.1: accepts the offer %j', (offers, agreed) => {
  expect(answer(offers)).toBe(agreed);
});

test.each([
  'x-other',
  'permessage-bzip2',
  'permessage-deflate; unknown',
  'permessage-deflate; server_no_context_takeover=1',
  'permessage-deflate; client_no_context_takeover=true',
  'permessage-deflate; server_no_context_takeover; server_no_context_takeover',
  'permessage-deflate; client_max_window_bits; client_max_window_bits=10',
  'permessage-deflate; server_max_window_bits',
  'permessage-deflate; server_max_window_bits=7',
  'permessage-deflate; server_max_window_bits=8',
  'permessage-deflate; server_max_window_bits=16',
  'permessage-deflate; server_max_window_bits=010',
  'permessage-deflate; server_max_window_bits=1e1',
  'permessage-deflate; client_max_window_bits=7',
  'permessage-deflate; client_max_window_bits=16',
  'permessage-deflate; client_max_window_bits=x',
])('RFC 7692 7.1: declines the offer %j', (offers) => {
  expect(answer(offers)).toBeUndefined();
});

function accepted(offer = 'permessage-deflate'): MessageDeflate {
  const deflate = MessageDeflate.accept(parseExtensions(offer));
  if (deflate === undefined) throw new Error(`${offer} was declined`);
  return deflate;
}

const compress = (message: Buffer | string): Buffer =>
  deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
const refusal = (closeCode: number): Error => expect.objectContaining({ closeCode }) as Error;

test.each([9, 12, 15])('RFC 7692 7.2: what is compressed in a window of %i bits inflates again', (bits) => {
  const deflate = accepted(`permessage-deflate; server_max_window_bits=${bits}`);
  const random = new Random(bits);
  for (const size of [0, 1, 1000, 40_000, 300_000]) {
    for (const message of [random.bytes(size), Buffer.alloc(size, 'abc'), Buffer.from(random.text(size))]) {
      const compressed = deflate.deflate(message);
      expect(compressed.length).toBeGreaterThan(0);
      expect(deflate.inflate(compressed, message.length).equals(message)).toBe(true);
      const whole = Buffer.concat([compressed, Buffer.from([0, 0, 0xff, 0xff])]);
      // A peer that agreed to this window needs no more than it.
      const inflated = inflateRawSync(whole, { finishFlush: constants.Z_SYNC_FLUSH, windowBits: bits });
      expect(inflated.equals(message)).toBe(true);
    }
  }
});

test('RFC 7692 7.2.3.6: an empty message is the empty block', () => {
  expect(accepted().deflate(Buffer.alloc(0))).toEqual(Buffer.from([0x00]));
  expect(accepted().inflate(Buffer.from([0x00]), 0)).toEqual(Buffer.alloc(0));
  expect(accepted().inflate(Buffer.alloc(0), 0)).toEqual(Buffer.alloc(0));
});

test('takes a message of exactly the limit, and answers one byte more with 1009', () => {
  for (const size of [1, 2, 16_384, 65_536, 1_000_000]) {
    const compressed = compress(Buffer.alloc(size));
    expect(accepted().inflate(compressed, size).length).toBe(size);
    expect(() => accepted().inflate(compressed, size - 1)).toThrow(refusal(1009));
  }
});

test('takes a limit that is larger than any buffer', () => {
  expect(accepted().inflate(compress('a'), Infinity)).toEqual(Buffer.from('a'));
  expect(accepted().inflate(compress('a'), 2 ** 60)).toEqual(Buffer.from('a'));
});

test.each([
  ['a block type that is not defined', [0x06]],
  ['a stored block whose lengths disagree', [0x00, 0x01, 0x00, 0x00, 0x00, 0x61]],
  ['a distance beyond the beginning', [0x02, 0x7e]],
  ['garbage', [0xff, 0xff, 0xff, 0xff]],
  ['garbage behind a final block', [0x03, 0x00, 0xff, 0xff, 0xff]],
])('RFC 7692 7.2.2: answers %s with 1007', (_title, bytes) => {
  expect(() => accepted().inflate(Buffer.from(bytes), 1000)).toThrow(refusal(1007));
});

describe('RFC 7692 7.2.3.4: a final block does not end the message', () => {
  const hello = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];

  test.each([
    ['with the flush byte', [...hello, 0x00], 'Hello'],
    ['without it', hello, 'Hello'],
    ['twice', [...hello, ...hello, 0x00], 'HelloHello'],
    ['then others', [...hello, ...compress(' you')], 'Hello you'],
  ])('%s', (_title, bytes, message) => {
    expect(accepted().inflate(Buffer.from(bytes), message.length).toString()).toBe(message);
    expect(() => accepted().inflate(Buffer.from(bytes), message.length - 1)).toThrow(refusal(1009));
  });

  test('many of them are not worth the time that each takes', () => {
    const blocks = Buffer.concat(Array.from({ length: 100_000 }, () => Buffer.from([0x03, 0x00])));
    expect(() => accepted().inflate(blocks, 1000)).toThrow(refusal(1007));
  });
});

test('ws inflates what we compress, and we inflate what ws compresses', async () => {
  const ws = new PerMessageDeflate({ isServer: false });
  ws.accept([{ server_no_context_takeover: [true], client_no_context_takeover: [true] }]);
  const deflate = accepted();
  for (const size of [0, 1, 100, 70_000]) {
    const message = Buffer.from(new Random(size).text(size));
    const theirs = await new Promise<Buffer>((resolve, reject) =>
      ws.compress(message, true, (error, data) => (error ? reject(error) : resolve(data))),
    );
    expect(deflate.inflate(theirs, message.length).equals(message)).toBe(true);
    const back = await new Promise<Buffer>((resolve, reject) =>
      ws.decompress(deflate.deflate(message), true, (error, data) => (error ? reject(error) : resolve(data))),
    );
    expect(back.equals(message)).toBe(true);
  }
  ws.cleanup();
});
