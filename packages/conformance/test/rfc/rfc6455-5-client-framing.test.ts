import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { createClientEngine } from '@serval/protocol';
import type { LiteralSocket } from '@serval/testing';
import { bytes, turns } from '../echo-peer';
import { accepting, LiteralServer } from './literal-server';

let peer: LiteralServer;
beforeAll(async () => {
  peer = await LiteralServer.start();
});
afterAll(() => peer.stop());

/** A frame of the client: its first byte, its key, and its payload, unmasked. */
async function maskedFrame(server: LiteralSocket): Promise<{ first: number; key: string; payload: Buffer }> {
  const [first = 0, second = 0] = await server.read(2);
  expect(second & 0x80).toBe(0x80);
  const short = second & 0x7f;
  const length =
    short === 126
      ? (await server.read(2)).readUInt16BE()
      : short === 127
        ? Number((await server.read(8)).readBigUInt64BE())
        : short;
  const key = await server.read(4);
  const payload = (await server.read(length)).map((byte, index) => byte ^ (key[index % 4] ?? 0));
  return { first, key: key.toString('hex'), payload: Buffer.from(payload) };
}

/** The code of the client's close frame, which is the last of its frames. */
async function closeCode(server: LiteralSocket): Promise<number> {
  const { first, payload } = await maskedFrame(server);
  expect(first).toBe(0x88);
  server.end();
  expect(await server.readToEnd()).toEqual(Buffer.alloc(0));
  return payload.readUInt16BE();
}

test('RFC 6455 5.1, 5.2: the client masks everything that it sends, with every header length', async () => {
  const { transport, server } = await peer.open();
  for (const length of [0, 1, 125, 126, 127, 128, 65_535, 65_536, 100_000]) {
    transport.sendText('t'.repeat(length), true);
    expect(await maskedFrame(server)).toMatchObject({ first: 0x81, payload: Buffer.alloc(length, 't') });
    transport.sendBinary(Buffer.alloc(length, 0xb1), true);
    const frame = await maskedFrame(server);
    expect([frame.first, frame.payload.equals(Buffer.alloc(length, 0xb1))]).toEqual([0x82, true]);
  }
  transport.sendText('par', false);
  transport.sendText('ts', true);
  transport.ping(Buffer.from('ping'));
  transport.pong(Buffer.from('pong'));
  transport.close(1001, 'bye');
  const frames = [];
  for (let count = 0; count < 5; count += 1) frames.push(await maskedFrame(server));
  expect(frames.map(({ first, payload }) => [first, payload.toString('latin1')])).toEqual([
    [0x01, 'par'],
    [0x80, 'ts'],
    [0x89, 'ping'],
    [0x8a, 'pong'],
    [0x88, '\x03\xe9bye'],
  ]);
});

test('RFC 6455 5.3: each frame has an unpredictable key', async () => {
  const { transport, server } = await peer.open();
  for (let count = 0; count < 1000; count += 1) transport.sendText('the same', true);
  const keys = new Set<string>();
  for (let count = 0; count < 1000; count += 1) keys.add((await maskedFrame(server)).key);
  // Two of a thousand keys of 32 bits are equal once in 8,000 runs; ten are not.
  expect(keys.size).toBeGreaterThan(990);
});

test('RFC 6455 10.3: does not mask the sent buffer in place', async () => {
  const { transport, server } = await peer.open();
  for (const length of [10, 1000, 200_000]) {
    const data = Buffer.alloc(length, 0x5a);
    transport.sendBinary(data, true);
    await maskedFrame(server);
    expect(data.equals(Buffer.alloc(length, 0x5a))).toBe(true);
  }
});

test('RFC 6455 5.4, 5.5: accepts messages and fragments of a server, and answers its pings with masked pongs', async () => {
  const { listener, server } = await peer.open();
  server.send(
    ...[bytes(0x81, 5, 'Hello'), bytes(0x01, 3, 'Hel'), bytes(0x89, 1, 'p'), bytes(0x80, 2, 'lo')],
    ...[bytes(0x82, 126, 0, 200, Buffer.alloc(200, 7)), bytes(0x8a, 1, 'u')],
  );
  expect(await maskedFrame(server)).toMatchObject({ first: 0x8a, payload: Buffer.from('p') });
  expect(await listener.until(4)).toEqual([
    { kind: 'text', text: 'Hello', last: true },
    { kind: 'text', text: 'Hello', last: true },
    { kind: 'binary', hex: '07'.repeat(200), last: true },
    { kind: 'pong', hex: '75' },
  ]);
});

test('RFC 6455 4.1: loses no frames in the packet of the response', async () => {
  const { listener } = await peer.open((request) => accepting()(request) + '\x81\x05early');
  expect(await listener.until(1)).toEqual([{ kind: 'text', text: 'early', last: true }]);
});

test.each<[string, number, Buffer]>([
  ['5.1: a masked text', 1002, bytes(0x81, 0x81, 1, 2, 3, 4, 0x60)],
  ['5.1: a masked ping', 1002, bytes(0x89, 0x80, 1, 2, 3, 4)],
  ['5.1: a masked close frame', 1002, bytes(0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8)],
  ['5.1: a masked frame, by its first two bytes', 1002, bytes(0x82, 0xff)],
  ['5.1: a masked continuation', 1002, bytes(0x01, 1, 'a', 0x80, 0x81, 0, 0, 0, 0, 'b')],
  ['5.2: RSV1 where nothing was agreed', 1002, bytes(0xc1, 1, 'a')],
  ['5.2: RSV2', 1002, bytes(0xa1, 1, 'a')],
  ['5.2: RSV3', 1002, bytes(0x91, 1, 'a')],
  ['5.2: opcode 3', 1002, bytes(0x83, 0)],
  ['5.2: opcode 15', 1002, bytes(0x8f, 0)],
  ['5.2: a length with its highest bit set', 1002, bytes(0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0)],
  ['5.4: a continuation of nothing', 1002, bytes(0x80, 0)],
  ['5.4: a message inside another', 1002, bytes(0x01, 1, 'a', 0x81, 1, 'b')],
  ['5.5: a fragmented ping', 1002, bytes(0x09, 0)],
  ['5.5: a ping of 126 bytes', 1002, bytes(0x89, 126, 0, 126)],
  ['5.5.1: a close frame of one byte', 1002, bytes(0x88, 1, 3)],
  ['7.4: close code 1005', 1002, bytes(0x88, 2, 0x03, 0xed)],
  ['7.4: close code 2999', 1002, bytes(0x88, 2, 0x0b, 0xb7)],
  ['5.5.1: a close reason that is not UTF-8', 1007, bytes(0x88, 3, 0x03, 0xe8, 0xff)],
  ['8.1: text that is not UTF-8', 1007, bytes(0x81, 1, 0xff)],
  ['8.1: the same in an unfinished frame', 1007, bytes(0x81, 9, 'ab', 0xff)],
])('RFC 6455 %s fails the connection with %i', async (_title, code, wire) => {
  const { listener, server } = await peer.open();
  server.send(wire, bytes(0x81, 6, 'behind'), bytes(0x89, 0));
  expect(await closeCode(server)).toBe(code);
  expect(await listener.closed()).toMatchObject({ code });
  expect(listener.events.filter(({ kind }) => kind !== 'close')).toEqual([]);
});

test.each([1000, 1001, 1011, 1012, 1014, 3000, 4999])(
  'RFC 6455 5.5.1: answers close code %i with the same',
  async (code) => {
    const { listener, server } = await peer.open();
    server.send(bytes(0x88, 5, code >> 8, code & 0xff, 'bye'));
    expect(await closeCode(server)).toBe(code);
    expect(await listener.closed()).toEqual({ code, reason: 'bye' });
  },
);

test('RFC 6455 5.5.1: answers an empty close frame with an empty one, and lets the server end the connection', async () => {
  const { listener, server } = await peer.open();
  server.send(bytes(0x88, 0));
  expect(await maskedFrame(server)).toMatchObject({ first: 0x88, payload: Buffer.alloc(0) });
  expect(await listener.closed()).toEqual({ code: 1005, reason: '' });
  await turns();
  expect(server.hasEnded).toBe(false);
});

describe('permessage-deflate', () => {
  const HELLO = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
  const AGAIN = [0xf2, 0x00, 0x11, 0x00, 0x00];

  test.each<[string, number[]]>([
    ['', AGAIN],
    ['; client_no_context_takeover', HELLO],
  ])('RFC 7692 7.1.1: follows the negotiated permessage-deflate%s', async (parameters, second) => {
    const { transport, server } = await peer.open(
      accepting(`Sec-WebSocket-Extensions: permessage-deflate${parameters}`),
    );
    transport.sendText('Hello', true);
    transport.sendText('Hello', true);
    expect(await maskedFrame(server)).toMatchObject({ first: 0xc1, payload: Buffer.from(HELLO) });
    expect(await maskedFrame(server)).toMatchObject({ first: 0xc1, payload: Buffer.from(second) });
  });

  test.each([9, 10, 15])('RFC 7692 7.1.2.2: keeps to a window of %i bits', async (bits) => {
    const { transport, server } = await peer.open(
      accepting(`Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=${bits}`),
    );
    const piece = Array.from({ length: 3000 }, (_, index) =>
      String.fromCharCode(0x21 + (((index * 40_503) >>> 7) % 90)),
    );
    const text = piece.join('').repeat(4);
    transport.sendText(text, true);
    const { first, payload } = await maskedFrame(server);
    expect(first).toBe(0xc1);
    const whole = bytes(payload, 0, 0, 0xff, 0xff);
    // In small chunks zlib sees a distance beyond its window.
    const options = { windowBits: bits, chunkSize: 256, finishFlush: constants.Z_SYNC_FLUSH };
    expect(inflateRawSync(whole, options).toString()).toBe(text);
  });

  test('RFC 7692 7.1.1.1: rejects a back reference of a server with no_context_takeover', async () => {
    const engine = createClientEngine({ perMessageDeflate: true });
    const { listener, server } = await peer.open(
      accepting('Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover'),
      engine,
    );
    server.send(bytes(0xc1, 7, ...HELLO), bytes(0xc1, 5, ...AGAIN));
    expect(await closeCode(server)).toBe(1007);
    expect(listener.events[0]).toEqual({ kind: 'text', text: 'Hello', last: true });
  });

  test('RFC 7692 7.2: accepts a server’s compressed messages, in fragments and with a final block', async () => {
    const { listener, server } = await peer.open(accepting('Sec-WebSocket-Extensions: permessage-deflate'));
    const final = deflateRawSync('a final block');
    server.send(bytes(0x41, 3, ...HELLO.slice(0, 3)), bytes(0x80, 4, ...HELLO.slice(3)), bytes(0xc1, 5, ...AGAIN));
    server.send(bytes(0xc1, final.length + 1, final, 0));
    expect(await listener.texts(3)).toEqual(['Hello', 'Hello', 'a final block']);
  });
});
