import zlib, { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { createExtension, type Extension } from '@serval/api';
import { PerMessageDeflate } from 'ws';
import { Compression } from '../src/compression';
import type { PerMessageDeflateOptions } from '../src/engine-options';
import { acceptOffers, offerDeflate, readAnswer } from '../src/deflate-negotiation';
import { formatExtensions, parseExtensions } from '../src/handshake-headers';
import type { MessageDeflate } from '../src/message-deflate';
import { zlibCodecs } from '../src/zlib-codecs';
import type { ZlibCodecs } from '../src/zlib-contract';
import { publicCodecs } from '../src/zlib-functions';
import { streamCodecs } from '../src/zlib-streams';
import { FULL, someOf } from '../../testing/test/toolbox';
import { Random } from './random';

// Every wait is for an event; the limit only ends a test that hangs, also on a busy machine.
jest.setTimeout(120_000);

const answer = (offers: string, options: PerMessageDeflateOptions = {}): string | undefined => {
  const agreement = acceptOffers(parseExtensions(offers), new Compression(options, streamCodecs).wishes);
  return agreement && formatExtensions([agreement.extension]);
};

describe('RFC 7692 7.1: a server', () => {
  const P = 'permessage-deflate';

  test.each<[offers: string, agreed: string, ...options: PerMessageDeflateOptions[]]>([
    [P, P],
    [`${P}; server_no_context_takeover`, `${P}; server_no_context_takeover`],
    [`${P}; client_no_context_takeover`, `${P}; client_no_context_takeover`],
    [`${P}; client_max_window_bits`, P],
    [`${P}; client_max_window_bits=8`, `${P}; client_max_window_bits=8`],
    [`${P}; client_max_window_bits="15"`, P],
    [`${P}; server_max_window_bits=8`, `${P}; server_max_window_bits=8`],
    [`${P}; server_max_window_bits=15`, `${P}; server_max_window_bits=15`],
    [`x-other, ${P}`, P],
    // An offer that cannot be served gives way to the next one.
    [`${P}; unknown, ${P}; server_max_window_bits=10`, `${P}; server_max_window_bits=10`],
    [`${P}, ${P}; client_max_window_bits`, `${P}; client_max_window_bits=10`, { clientMaxWindowBits: 10 }],
    // Server options for itself and for the client.
    [P, `${P}; server_no_context_takeover`, { serverNoContextTakeover: true }],
    [P, `${P}; client_no_context_takeover`, { clientNoContextTakeover: true }],
    [P, `${P}; server_max_window_bits=11`, { serverMaxWindowBits: 11 }],
    [`${P}; server_max_window_bits=9`, `${P}; server_max_window_bits=9`, { serverMaxWindowBits: 11 }],
    [`${P}; server_max_window_bits=12`, `${P}; server_max_window_bits=11`, { serverMaxWindowBits: 11 }],
    [`${P}; client_max_window_bits=12`, `${P}; client_max_window_bits=10`, { clientMaxWindowBits: 10 }],
    [`${P}; client_max_window_bits=9`, `${P}; client_max_window_bits=9`, { clientMaxWindowBits: 10 }],
  ])('accepts the offer %j with %j', (offers, agreed, ...[options]) => {
    expect(answer(offers, options)).toBe(agreed);
  });

  test.each<[offers: string, ...options: PerMessageDeflateOptions[]]>([
    ['x-other'],
    ['permessage-bzip2'],
    [`${P}; unknown`],
    [`${P}; server_no_context_takeover=1`],
    [`${P}; client_no_context_takeover=true`],
    [`${P}; server_no_context_takeover; server_no_context_takeover`],
    [`${P}; client_max_window_bits; client_max_window_bits=10`],
    [`${P}; server_max_window_bits`],
    [`${P}; server_max_window_bits=7`],
    [`${P}; server_max_window_bits=16`],
    [`${P}; server_max_window_bits=010`],
    [`${P}; server_max_window_bits=1e1`],
    [`${P}; client_max_window_bits=7`],
    [`${P}; client_max_window_bits=16`],
    [`${P}; client_max_window_bits=x`],
    // The server must not request a window limit from a client that does not offer one.
    [P, { clientMaxWindowBits: 14 }],
  ])('declines the offer %j', (offers, ...[options]) => {
    expect(answer(offers, options)).toBeUndefined();
  });

  test('requests client_no_context_takeover when the memory is used up', () => {
    const compression = new Compression({ maxMemory: 200_000 }, streamCodecs);
    const open = (): string => {
      const agreement = acceptOffers(parseExtensions(P), compression.wishesForNow('server'));
      if (agreement === undefined) throw new Error('declined');
      opened.push(compression.open(agreement, 'server'));
      return formatExtensions([agreement.extension]);
    };
    const opened: MessageDeflate[] = [];
    expect([open(), open(), open()]).toEqual([P, P, `${P}; client_no_context_takeover`]);
    opened[0]?.close();
    expect(open()).toBe(P);
    for (const deflate of opened.slice(1)) deflate.close();
  });
});

describe('RFC 7692 7.1: a client', () => {
  const wishes = (options: PerMessageDeflateOptions) => new Compression(options, streamCodecs).wishes;

  test.each<[PerMessageDeflateOptions, string]>([
    [{}, 'permessage-deflate; client_max_window_bits'],
    [
      { serverNoContextTakeover: true, clientNoContextTakeover: true, serverMaxWindowBits: 9, clientMaxWindowBits: 10 },
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=10',
    ],
  ])('with %j offers %s', (options, offer) => {
    expect(formatExtensions([offerDeflate(wishes(options))])).toBe(offer);
  });

  test.each<
    [answer: string, server: [boolean, number], client: [boolean, number], ...options: PerMessageDeflateOptions[]]
  >([
    ['permessage-deflate', [false, 15], [false, 15]],
    ['permessage-deflate; server_no_context_takeover; server_max_window_bits=9', [true, 9], [false, 15]],
    ['permessage-deflate; client_no_context_takeover; client_max_window_bits=8', [false, 15], [true, 8]],
    ['permessage-deflate', [false, 15], [true, 10], { clientNoContextTakeover: true, clientMaxWindowBits: 10 }],
    ['permessage-deflate; server_max_window_bits=9', [false, 9], [false, 15], { serverMaxWindowBits: 10 }],
  ])('accepts the answer %j', (text, server, client, ...[options = {}]) => {
    const [extension] = parseExtensions(text);
    expect(readAnswer(extension as Extension, wishes(options))).toMatchObject({
      server: { noContextTakeover: server[0], windowBits: server[1] },
      client: { noContextTakeover: client[0], windowBits: client[1] },
    });
  });

  test.each<[answer: string, ...options: PerMessageDeflateOptions[]]>([
    ['permessage-deflate; client_max_window_bits'],
    ['permessage-deflate; server_max_window_bits=16'],
    ['permessage-deflate; surprise'],
    ['permessage-deflate', { serverNoContextTakeover: true }],
    ['permessage-deflate', { serverMaxWindowBits: 12 }],
    ['permessage-deflate; server_max_window_bits=13', { serverMaxWindowBits: 12 }],
  ])('fails at the answer %j', (text, ...[options = {}]) => {
    const [extension] = parseExtensions(text);
    expect(readAnswer(extension as Extension, wishes(options))).toBeUndefined();
  });
});

test.each([
  [{ threshold: -1 }, 'perMessageDeflate.threshold is a whole number from 0 to 2147483647; found -1.'],
  [{ level: 0 }, 'perMessageDeflate.level is a whole number from 1 to 9; found 0.'],
  [{ memLevel: '8' }, 'perMessageDeflate.memLevel is a whole number from 1 to 9; found "8".'],
  [{ clientMaxWindowBits: 7 }, 'perMessageDeflate.clientMaxWindowBits is a whole number from 8 to 15; found 7.'],
  [{ serverNoContextTakeover: 1 }, 'perMessageDeflate.serverNoContextTakeover is true or false; found 1.'],
  [{ treshold: 1 }, 'treshold is not an option of perMessageDeflate; did you mean threshold?'],
])('refuses the options %j', (options, message) => {
  expect(() => new Compression(options as PerMessageDeflateOptions)).toThrow(message);
});

test('finds that this Node can run zlib synchronously', () => {
  expect(zlibCodecs()).toBe(streamCodecs);
});

const compress = (message: Buffer | string): Buffer =>
  deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
const refusal = (closeCode: number): Error => expect.objectContaining({ closeCode }) as Error;

describe.each<[string, ZlibCodecs]>([
  ['the streams', streamCodecs],
  ['the public functions', publicCodecs],
])('by %s of zlib', (_title, codecs) => {
  function accepted(offer = 'permessage-deflate', options: PerMessageDeflateOptions = {}): MessageDeflate {
    const compression = new Compression({ threshold: 0, ...options }, codecs);
    const agreement = acceptOffers(parseExtensions(offer), compression.wishesForNow('server'));
    if (agreement === undefined) throw new Error(`${offer} was declined`);
    return compression.open(agreement, 'server');
  }

  /** Inflates a message that arrives in pieces. */
  function inflate(deflate: MessageDeflate, message: Buffer, maxBytes: number, pieceSize = Infinity): Buffer {
    const { inflater } = deflate;
    const inflated: Buffer[] = [];
    let left = maxBytes;
    let start = 0;
    do {
      const end = Math.min(message.length, start + pieceSize);
      inflater.write(message.subarray(start, end), end === message.length);
      while (!inflater.isDrained) {
        const bytes = Buffer.from(inflater.read(left + 1));
        inflated.push(bytes);
        left -= bytes.length;
        if (left < 0) throw Object.assign(new Error('too large'), { closeCode: 1009 });
      }
      start = end;
    } while (start < message.length);
    deflate.endMessage();
    return Buffer.concat(inflated);
  }

  test.each(someOf(2, [8, 9, 12, 15]))(
    'RFC 7692 7.2: inflates a message that was compressed in a window of %i bits',
    (bits) => {
      for (const takeover of ['', '; server_no_context_takeover; client_no_context_takeover']) {
        const deflate = accepted(`permessage-deflate; server_max_window_bits=${bits}${takeover}`);
        const peer = new PerMessageDeflate({ isServer: false });
        const random = new Random(bits);
        for (const size of [0, 1, 1000, 40_000, ...(FULL ? [300_000] : [])]) {
          for (const message of [random.bytes(size), Buffer.alloc(size, 'abc'), Buffer.from(random.text(size))]) {
            const compressed = Buffer.from(deflate.deflate(message, true));
            expect(compressed.length).toBeGreaterThan(0);
            if (takeover === '' && codecs.keepContext) continue;
            expect(inflate(deflate, compressed, message.length).equals(message)).toBe(true);
            const whole = Buffer.concat([compressed, Buffer.from([0, 0, 0xff, 0xff])]);
            // A peer that agreed to this window needs no more than it.
            const inflated = inflateRawSync(whole, { finishFlush: constants.Z_SYNC_FLUSH, windowBits: bits });
            expect(inflated.equals(message)).toBe(true);
          }
        }
        peer.cleanup();
        deflate.close();
      }
    },
  );

  test.each([
    '',
    '; server_no_context_takeover',
    '; client_no_context_takeover',
    '; server_no_context_takeover; client_no_context_takeover',
    '; server_max_window_bits=9; client_max_window_bits=9',
  ])('RFC 7692 7.1.1: ws inflates our messages, and we inflate those of ws (%j)', async (parameters) => {
    const offer = `permessage-deflate${parameters}`;
    const ws = new PerMessageDeflate({ isServer: false, threshold: 0 });
    const deflate = accepted(offer);
    const agreed = Object.fromEntries(
      deflate.extension
        .getParameters()
        .map((one): [string, (string | true)[]] => [one.getName(), [one.getValue() || true]]),
    );
    ws.accept([agreed]);
    const random = new Random(Random.seed());
    const before: Buffer[] = [];
    for (let index = 0; index < (FULL ? 60 : 25); index += 1) {
      const size = random.pick([0, 1, 100, 3000, 70_000]);
      // Something new, or something that was sent before.
      const message = random.chance(50) && before.length > 0 ? random.pick(before) : Buffer.from(random.text(size));
      before.push(message);
      const theirs = await new Promise<Buffer>((resolve, reject) =>
        ws.compress(message, true, (error, data) => (error ? reject(error) : resolve(data))),
      );
      expect(inflate(deflate, theirs, message.length, random.pick([Infinity, 1000, 7])).equals(message)).toBe(true);
      const cut = random.below(message.length + 1);
      const ours = random.chance(70)
        ? Buffer.from(deflate.deflate(message, true))
        : Buffer.concat([
            Buffer.from(deflate.deflate(message.subarray(0, cut), false)),
            Buffer.from(deflate.deflate(message.subarray(cut), true)),
          ]);
      const back = await new Promise<Buffer>((resolve, reject) =>
        ws.decompress(ours, true, (error, data) => (error ? reject(error) : resolve(data))),
      );
      expect(back.equals(message)).toBe(true);
    }
    ws.cleanup();
    deflate.close();
  });

  test('RFC 7692 7.2.3.6: compresses an empty message to the empty block', () => {
    expect(accepted().deflate(Buffer.alloc(0), true)).toEqual(Buffer.from([0x00]));
    expect(inflate(accepted(), Buffer.from([0x00]), 0)).toEqual(Buffer.alloc(0));
  });

  test('a message of no bytes, which no compressor produces, does not affect the next one', () => {
    const deflate = accepted();
    expect(inflate(deflate, Buffer.alloc(0), 0)).toEqual(Buffer.alloc(0));
    expect(inflate(deflate, compress('next'), 100).toString()).toBe('next');
  });

  test('accepts a message of exactly the limit, and refuses one more byte', () => {
    for (const size of [1, 2, 16_384, 65_535, 65_536, 65_537, 1_000_000]) {
      const compressed = compress(Buffer.alloc(size));
      expect(inflate(accepted(), compressed, size).length).toBe(size);
      expect(() => inflate(accepted(), compressed, size - 1)).toThrow(refusal(1009));
    }
  });

  test('accepts a limit that is larger than any buffer', () => {
    expect(inflate(accepted(), compress('a'), Infinity)).toEqual(Buffer.from('a'));
    expect(inflate(accepted(), compress('a'), 2 ** 60)).toEqual(Buffer.from('a'));
  });

  test.each([
    ['a block type that is not defined', [0x06]],
    ['a stored block whose lengths disagree', [0x00, 0x01, 0x00, 0x00, 0x00, 0x61]],
    ['a distance beyond the beginning', [0x02, 0x7e]],
    ['garbage', [0xff, 0xff, 0xff, 0xff]],
    ['garbage behind a final block', [0x03, 0x00, 0xff, 0xff, 0xff]],
  ])('RFC 7692 7.2.2: answers %s with 1007', (_title, bytes) => {
    expect(() => inflate(accepted(), Buffer.from(bytes), 1000)).toThrow(refusal(1007));
  });

  describe('RFC 7692 7.2.3.4: a final block does not end the message', () => {
    const hello = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];

    test.each([
      ['with the flush byte', [...hello, 0x00], 'Hello'],
      ['without it', hello, 'Hello'],
      ['twice', [...hello, ...hello, 0x00], 'HelloHello'],
      ['then others', [...hello, ...compress(' you')], 'Hello you'],
    ])('%s', (_title, bytes, message) => {
      expect(inflate(accepted(), Buffer.from(bytes), message.length).toString()).toBe(message);
      expect(() => inflate(accepted(), Buffer.from(bytes), message.length - 1)).toThrow(refusal(1009));
    });

    test('refuses a message with too many of them', () => {
      const blocks = Buffer.concat(Array.from({ length: 100_000 }, () => Buffer.from([0x03, 0x00])));
      expect(() => inflate(accepted(), blocks, 1000)).toThrow(refusal(1007));
    });
  });

  test('RFC 7692 7.2.3.4: data may refer to bytes before a final block, in pieces of any size', () => {
    const first = new Random(1).bytes(40_000);
    const second = Buffer.concat([first.subarray(20_000), Buffer.from('and more')]);
    const message = Buffer.concat([
      deflateRawSync(first),
      deflateRawSync(second, { dictionary: first.subarray(-32_768), finishFlush: constants.Z_SYNC_FLUSH }).subarray(
        0,
        -4,
      ),
    ]);
    for (const pieceSize of [Infinity, 32_768, 10_000, 999, 7]) {
      const inflated = inflate(accepted(), message, 100_000, pieceSize);
      expect(inflated.equals(Buffer.concat([first, second]))).toBe(true);
    }
  });

  test('compresses a large message on another thread; later messages refer only to bytes that the peer has seen', async () => {
    const deflate = accepted();
    const inflated = new PerMessageDeflate({ isServer: false });
    inflated.accept([Object.fromEntries(deflate.extension.getParameters().map((one) => [one.getName(), [true]]))]);
    const decompress = (data: Buffer): Promise<string> =>
      new Promise((resolve, reject) =>
        inflated.decompress(data, true, (error, bytes) => (error ? reject(error) : resolve(bytes.toString()))),
      );
    const small = 'a small message, again and again';
    const large = new Random(5).text(200_000);
    expect(await decompress(Buffer.from(deflate.deflate(Buffer.from(small), true)))).toBe(small);
    const deflated = await new Promise<Buffer>((resolve, reject) =>
      deflate.deflateLarge(Buffer.from(large), true, (error, data) => (error ? reject(error) : resolve(data))),
    );
    expect(await decompress(deflated)).toBe(large);
    expect(await decompress(Buffer.from(deflate.deflate(Buffer.from(small), true)))).toBe(small);
    inflated.cleanup();
    deflate.close();
  });

  test('connections that share little memory still compress their messages', async () => {
    const compression = new Compression({ threshold: 0, maxMemory: 700_000 }, codecs);
    const peers = Array.from({ length: 5 }, () => {
      const agreement = acceptOffers([createExtension('permessage-deflate')], compression.wishes);
      if (agreement === undefined) throw new Error('declined');
      const ws = new PerMessageDeflate({ isServer: false });
      ws.accept([Object.fromEntries(agreement.extension.getParameters().map((one) => [one.getName(), [true]]))]);
      return { ours: compression.open(agreement, 'server'), ws };
    });
    const random = new Random(Random.seed());
    for (let index = 0; index < 100; index += 1) {
      const { ours, ws } = random.pick(peers);
      const message = Buffer.from(random.text(500));
      const deflated = Buffer.from(ours.deflate(message, true));
      const back = await new Promise<Buffer>((resolve, reject) =>
        ws.decompress(deflated, true, (error, data) => (error ? reject(error) : resolve(data))),
      );
      expect({ seed: random.seed, same: back.equals(message) }).toEqual({ seed: random.seed, same: true });
    }
    for (const { ours, ws } of peers) {
      ours.close();
      ws.cleanup();
    }
  });
});

test('drops a large message that waits for a thread when its connection ends', async () => {
  const compression = new Compression({ concurrency: 1 }, streamCodecs);
  const [first, gone, third] = [1, 2, 3].map(() => {
    const agreement = acceptOffers([createExtension('permessage-deflate')], compression.wishes);
    if (agreement === undefined) throw new Error('declined');
    return compression.open(agreement, 'server');
  });
  const started = jest.spyOn(zlib, 'deflateRaw');
  const done: string[] = [];
  const deflate = (name: string, connection: MessageDeflate | undefined): Promise<void> =>
    new Promise((resolve) =>
      connection?.deflateLarge(Buffer.alloc(100_000), true, () => {
        done.push(name);
        resolve();
      }),
    );
  const one = deflate('first', first);
  void deflate('gone', gone);
  const other = deflate('third', third);
  gone?.close();
  await Promise.all([one, other]);
  expect(done).toEqual(['first', 'third']);
  expect(started).toHaveBeenCalledTimes(2);
  started.mockRestore();
  first?.close();
  third?.close();
});

test('compresses a message for many connections once if their messages are independent', () => {
  const compression = new Compression({ threshold: 0 }, streamCodecs);
  const open = (parameters: [string, string][]): MessageDeflate => {
    const agreement = acceptOffers([createExtension('permessage-deflate', parameters)], compression.wishes);
    if (agreement === undefined) throw new Error('declined');
    return compression.open(agreement, 'server');
  };
  const alone: [string, string] = ['server_no_context_takeover', ''];
  const [one, other, narrow, kept] = [[alone], [alone], [alone, ['server_max_window_bits', '9']], []].map(
    (parameters) => open(parameters as [string, string][]),
  );
  const text = 'to all of you, '.repeat(100);
  const deflated = one?.deflateWhole(text);
  expect(other?.deflateWhole(text)).toBe(deflated);
  expect(narrow?.deflateWhole(text)).not.toBe(deflated);
  expect(kept?.deflateWhole(text)).not.toBe(deflated);
  expect(one?.deflateWhole(`${text}.`)).not.toEqual(deflated);
  const bytes = Buffer.from(text);
  const deflatedBytes = one?.deflateWhole(bytes);
  expect(deflatedBytes).toEqual(deflated);
  expect(other?.deflateWhole(bytes)).toBe(deflatedBytes);
  expect(narrow?.deflateWhole(bytes)).not.toBe(deflatedBytes);
  // The sender may use its buffer again.
  bytes[0] = 0;
  const changed = one?.deflateWhole(bytes) ?? Buffer.alloc(0);
  expect(inflateRawSync(changed, { finishFlush: constants.Z_SYNC_FLUSH })).toEqual(bytes);
  for (const deflate of [one, other, narrow, kept]) deflate?.close();
});

test('a kept context makes a repeated message smaller', () => {
  const compression = new Compression({ threshold: 0 }, streamCodecs);
  const agreement = acceptOffers([createExtension('permessage-deflate')], compression.wishes);
  if (agreement === undefined) throw new Error('declined');
  const deflate = compression.open(agreement, 'server');
  // Within the window of 4 KiB that is the default.
  const message = new Random(3).bytes(1000);
  const [first, second] = [1, 2].map(() => deflate.deflate(message, true).length);
  expect(first).toBeGreaterThan(900);
  expect(second).toBeLessThan(50);
  deflate.close();
});
