import { once } from 'node:events';
import { constants as bufferLimits } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { clientFrame, LiteralSocket, RecordingListener, type RecordedEvent } from '@serval/testing';
import { PerMessageDeflate } from 'ws';
import type { EngineOptions } from '../src';
import { NativeServer, type Accepted, type ConnectOptions } from './native-server';
import { Random } from './random';

// Every wait is for an event; the limit only ends a test that hangs, also on a busy machine.
jest.setTimeout(120_000);

let server: NativeServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

type ServerOptions = EngineOptions & { readonly closeTimeoutMs?: number };

async function connect(options: ConnectOptions = {}, serverOptions: ServerOptions = {}): Promise<Accepted> {
  server ??= await NativeServer.start(serverOptions);
  return server.connect(options);
}

const text = (value: string, last = true): RecordedEvent => ({ kind: 'text', text: value, last });
const closed = (code: number): RecordedEvent => ({ kind: 'close', code, reason: expect.any(String) as string });

/** The code of the close frame that comes next, read from the wire; its connection is ended after it. */
async function closeCodeOnWire(client: LiteralSocket): Promise<number> {
  const bytes = await client.readToEnd();
  expect(bytes[0]).toBe(0x88);
  expect(bytes.length).toBe(2 + (bytes[1] ?? 0));
  return bytes.readUInt16BE(2);
}

/** Sends until nothing more fits into what the operating system keeps for the peer. */
async function fill(transport: Accepted['transport'], socket: Accepted['socket']): Promise<void> {
  const block = Buffer.alloc(1024 * 1024);
  while (socket.writableLength === 0) {
    transport.sendBinary(block, true);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const DEFLATE = 'permessage-deflate';

const compress = (message: string | Buffer): Buffer =>
  deflateRawSync(Buffer.from(message as string), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);

describe('a violation closes with its code, is reported once, and ends the connection', () => {
  const long = Buffer.alloc(126, 'x');
  test.each<[string, number, Buffer[], ServerOptions?]>([
    ['RFC 6455 5.1: a frame that is not masked', 1002, [Buffer.from([0x81, 0x01, 0x61])]],
    ['RFC 6455 5.2: RSV1 without an extension', 1002, [clientFrame(0xc1, 'a')]],
    ['RFC 6455 5.2: RSV2', 1002, [clientFrame(0xa1, 'a')]],
    ['RFC 6455 5.2: RSV3', 1002, [clientFrame(0x91, 'a')]],
    ['RFC 6455 5.2: an unknown data opcode', 1002, [clientFrame(0x83, 'a')]],
    ['RFC 6455 5.2: an unknown control opcode', 1002, [clientFrame(0x8b, 'a')]],
    ['RFC 6455 5.2: a length with its highest bit set', 1002, [Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0])]],
    ['RFC 6455 5.2: a length beyond 2^53', 1009, [Buffer.from([0x82, 0xff, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])]],
    ['RFC 6455 5.4: a continuation without a first frame', 1002, [clientFrame(0x80, 'a')]],
    ['RFC 6455 5.4: a message inside another', 1002, [clientFrame(0x01, 'a'), clientFrame(0x81, 'b')]],
    [
      'RFC 6455 5.4: a continuation after the last fragment',
      1002,
      [clientFrame(0x01), clientFrame(0x00), clientFrame(0x83)],
    ],
    ['RFC 6455 5.5: a fragmented ping', 1002, [clientFrame(0x09, 'a')]],
    ['RFC 6455 5.5: a ping of 126 bytes', 1002, [clientFrame(0x89, long)]],
    ['RFC 6455 5.5: a pong of 126 bytes', 1002, [clientFrame(0x8a, long)]],
    ['RFC 6455 5.5: a close frame of 126 bytes', 1002, [clientFrame(0x88, long)]],
    ['RFC 6455 5.5.1: a close frame of one byte', 1002, [clientFrame(0x88, [3])]],
    ['RFC 6455 7.4.1: close code 1004', 1002, [clientFrame(0x88, [0x03, 0xec])]],
    ['RFC 6455 7.4.1: close code 1005', 1002, [clientFrame(0x88, [0x03, 0xed])]],
    ['RFC 6455 7.4.1: close code 1006', 1002, [clientFrame(0x88, [0x03, 0xee])]],
    ['RFC 6455 7.4.2: close code 2999', 1002, [clientFrame(0x88, [0x0b, 0xb7])]],
    ['RFC 6455 7.4.2: close code 5000', 1002, [clientFrame(0x88, [0x13, 0x88])]],
    ['RFC 6455 5.5.1: a close reason that is not UTF-8', 1007, [clientFrame(0x88, [0x03, 0xe8, 0xff])]],
    ['RFC 6455 8.1: text that is not UTF-8', 1007, [clientFrame(0x81, [0xce, 0xba, 0xff])]],
    ['RFC 6455 8.1: text that ends inside a character', 1007, [clientFrame(0x81, [0xe2, 0x9c])]],
    ['RFC 6455 8.1: a bad byte in an unfinished message', 1007, [clientFrame(0x01, [0xff])]],
    // Its third and fourth byte never come.
    ['RFC 6455 8.1: f4 90 in an unfinished frame', 1007, [clientFrame(0x81, [0xf4, 0x90, 0x80, 0x80]).subarray(0, 8)]],
    [
      'RFC 7692 6.1: RSV1 on a continuation',
      1002,
      [clientFrame(0x41, 'a'), clientFrame(0xc0, 'b')],
      { perMessageDeflate: true },
    ],
    ['RFC 7692 6.1: RSV1 on a ping', 1002, [clientFrame(0xc9, 'a')], { perMessageDeflate: true }],
    ['RFC 7692 6.1: RSV1 on a close frame', 1002, [clientFrame(0xc8)], { perMessageDeflate: true }],
    [
      'RFC 7692 7.2.2: data that is not deflated',
      1007,
      [clientFrame(0xc2, [0xff, 0xff, 0xff])],
      { perMessageDeflate: true },
    ],
    [
      'RFC 6455 8.1: text that is not UTF-8 after inflation',
      1007,
      [clientFrame(0xc1, compress(Buffer.from([0x61, 0xff])))],
      { perMessageDeflate: true },
    ],
    [
      'one fragment more than maxFragments',
      1008,
      [clientFrame(0x01), clientFrame(0x00), clientFrame(0x00), clientFrame(0x00)],
      { maxFragments: 3 },
    ],
  ])('%s: %i', async (_title, code, frames, options = {}) => {
    const { client, listener } = await connect({ ...(options.perMessageDeflate && { extensions: DEFLATE }) }, options);
    // The engine ignores everything after the fault.
    client.send(...frames, clientFrame(0x81, 'behind the fault'), clientFrame(0x89, 'ping'));
    expect(await closeCodeOnWire(client)).toBe(code);
    expect(listener.events).toEqual([closed(code)]);
    expect(listener.pings).toBe(0);
    expect(listener.errors.map(({ name }) => name)).toEqual(['ProtocolViolation']);
  });
});

describe('messages', () => {
  test('RFC 6455 5.4: accepts control frames within a fragmented message', async () => {
    const { client, listener } = await connect();
    client.send(
      clientFrame(0x01, 'a'),
      clientFrame(0x89, 'p'),
      clientFrame(0x00),
      clientFrame(0x8a),
      clientFrame(0x80, 'b'),
    );
    expect(await client.read(3)).toEqual(Buffer.from([0x8a, 0x01, 0x70]));
    expect(await listener.until(2)).toEqual([{ kind: 'pong', hex: '' }, text('ab')]);
  });

  test('RFC 6455 5.5: accepts control frames of 125 bytes, and a close reason of 123', async () => {
    const { client, listener } = await connect();
    client.send(clientFrame(0x89, Buffer.alloc(125, 'p')));
    expect(await client.read(127)).toEqual(Buffer.concat([Buffer.from([0x8a, 125]), Buffer.alloc(125, 'p')]));
    const payload = Buffer.concat([Buffer.from([0x0f, 0xa1]), Buffer.alloc(123, 'r')]);
    client.send(clientFrame(0x88, payload));
    expect(await client.readToEnd()).toEqual(Buffer.concat([Buffer.from([0x88, 125]), payload]));
    expect(await listener.closed()).toEqual({ code: 4001, reason: 'r'.repeat(123) });
  });

  test('RFC 6455 5.6: accepts frames that are cut anywhere, even after every byte', async () => {
    const { client, listener } = await connect();
    const wire = Buffer.concat([
      clientFrame(0x81, 'zwei ✓ 𝄞'),
      clientFrame(0x82, Buffer.alloc(300, 7)),
      clientFrame(0x8a, 'pong'),
      clientFrame(0x81),
    ]);
    for (const byte of wire) {
      client.send([byte]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await listener.until(4)).toEqual([
      text('zwei ✓ 𝄞'),
      { kind: 'binary', hex: '07'.repeat(300), last: true },
      { kind: 'pong', hex: Buffer.from('pong').toString('hex') },
      text(''),
    ]);
  });

  test('RFC 6455 4.2.2: delivers frames that arrived with the handshake when the transport resumes', async () => {
    const listener = new RecordingListener();
    const { transport, client } = await connect({
      listener,
      head: Buffer.concat([
        clientFrame(0x81, 'early'),
        clientFrame(0x89, 'p'),
        clientFrame(0x81, 'later').subarray(0, 8),
      ]),
      open: false,
    });
    client.send(clientFrame(0x81, 'later').subarray(8));
    await new Promise((resolve) => setImmediate(resolve));
    expect(listener.events).toEqual([]);
    transport.resume();
    expect(await client.read(3)).toEqual(Buffer.from([0x8a, 0x01, 0x70]));
    expect(await listener.until(2)).toEqual([text('early'), text('later')]);
  });

  test('refuses a frame whose header exceeds the limit before its payload arrives', async () => {
    const listener = new RecordingListener();
    listener.binaryRule = { inParts: false, maxBytes: 65_536 };
    const { client } = await connect({ listener });
    // 0x82 FIN+binary · 0xff masked, 64 bits of length · 65,537 · a mask, and not one byte of payload
    client.send([0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0]);
    expect(await closeCodeOnWire(client)).toBe(1009);
  });

  test('adds up the fragments, and refuses the one that exceeds the limit by its header', async () => {
    const listener = new RecordingListener();
    listener.textRule = { inParts: false, maxBytes: 5 };
    const { client } = await connect({ listener });
    client.send(clientFrame(0x01, 'abc'), clientFrame(0x80, 'de'), clientFrame(0x01, 'abc'), [0x80, 0x83, 0, 0, 0, 0]);
    expect(await closeCodeOnWire(client)).toBe(1009);
    expect(listener.events).toEqual([text('abcde'), closed(1009)]);
  });

  test('refuses a text that no string can hold, whatever the limit', async () => {
    const listener = new RecordingListener();
    listener.textRule = { inParts: false, maxBytes: Number.MAX_SAFE_INTEGER };
    const { client } = await connect({ listener });
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(bufferLimits.MAX_STRING_LENGTH + 1));
    client.send([0x81, 0xff], length, [0, 0, 0, 0]);
    expect(await closeCodeOnWire(client)).toBe(1009);
  });

  test('delivers a frame of 20 MB in parts no larger than a read, and splits text between characters', async () => {
    const listener = new RecordingListener();
    const character = '𝄞';
    let length = 0;
    let parts = 0;
    let largest = 0;
    const whole = new Promise<void>((resolve) => {
      listener.onText = (part, last) => {
        length += part.length;
        parts += 1;
        largest = Math.max(largest, part.length);
        // A part that began or ended inside a character would hold half of a pair, or a replacement character.
        if (part.length % 2 !== 0 || part.codePointAt(0) !== 0x1d11e || part.includes('\ufffd'))
          throw new Error('a part is cut inside a character');
        if (last) resolve();
      };
    });
    listener.textRule = { inParts: true, maxBytes: 1 };
    const { client } = await connect({ listener });
    const header = Buffer.alloc(14);
    header.writeUInt16BE(0x81ff);
    header.writeUInt32BE(20_000_000, 6);
    client.send(header);
    const piece = Buffer.from(character.repeat(25_000));
    for (let count = 0; count < 200; count += 1) client.send(piece);
    await whole;
    expect(length).toBe(10_000_000);
    expect(parts).toBeGreaterThan(100);
    expect(largest).toBeLessThan(200_000);
  });

  test('joins a message of thousands of pieces, binary, text and compressed', async () => {
    const { client, listener } = await connect({ extensions: DEFLATE }, { perMessageDeflate: true });
    const payload = new Random(1).bytes(5000);
    const fragments = (first: number, whole: Buffer): Buffer[] =>
      [...whole].map((byte, index) =>
        clientFrame((index === 0 ? first : 0) | (index === whole.length - 1 ? 0x80 : 0), [byte]),
      );
    const characters = '✓ '.repeat(1000);
    client.send(
      ...fragments(0x02, payload),
      ...fragments(0x01, Buffer.from(characters)),
      ...fragments(0x42, compress(payload)),
    );
    const binary = { kind: 'binary', hex: payload.toString('hex'), last: true };
    expect(await listener.until(3)).toEqual([binary, text(characters), binary]);
  });

  test('delivers the parts of a message before its end arrives', async () => {
    const listener = new RecordingListener();
    listener.textRule = { inParts: true, maxBytes: 1 };
    const { client } = await connect({ listener });
    const frame = clientFrame(0x81, 'häh');
    client.send(frame.subarray(0, 8));
    expect(await listener.until(1)).toEqual([text('h', false)]);
    client.send(frame.subarray(8));
    expect(await listener.until(2)).toEqual([text('h', false), text('äh')]);
  });
});

describe('back-pressure', () => {
  test('reads a flood of small messages over several turns, in order', async () => {
    const { client, listener } = await connect();
    const words = Array.from({ length: 2000 }, (_, index) => `word ${index}`);
    client.send(...words.map((word) => clientFrame(0x81, word)));
    const heard: number[] = [];
    for (let count = 1; listener.events.length < words.length; count = listener.events.length + 1) {
      await listener.until(count);
      heard.push(listener.events.length);
    }
    expect(listener.events).toEqual(words.map((word) => text(word)));
    expect(Math.max(...heard.map((count, turn) => count - (heard[turn - 1] ?? 0)))).toBeLessThanOrEqual(256);
  });

  test('pause stops between two messages of one read, and resume continues', async () => {
    const listener = new RecordingListener();
    const { transport, client } = await connect({ listener });
    const record = listener.onText.bind(listener);
    listener.onText = (part, last) => {
      record(part, last);
      transport.pause();
    };
    client.send(clientFrame(0x81, 'one'), clientFrame(0x89, 'p'), clientFrame(0x81, 'two'), clientFrame(0x81, 'three'));
    expect(await listener.until(1)).toEqual([text('one')]);
    await new Promise((resolve) => setImmediate(resolve));
    // The ping behind the message that waits is answered.
    expect([listener.events.length, listener.pings]).toEqual([1, 1]);
    transport.resume();
    expect(listener.events.length).toBe(1);
    expect((await listener.until(2))[1]).toEqual(text('two'));
    transport.resume();
    expect((await listener.until(3))[2]).toEqual(text('three'));
  });

  test('loses nothing and keeps the order with random pauses', async () => {
    const seed = Random.seed();
    const random = new Random(seed);
    const listener = new RecordingListener();
    const { transport, client } = await connect({ listener });
    const record = listener.onText.bind(listener);
    listener.onText = (part, last) => {
      record(part, last);
      if (random.chance(40)) transport.pause();
      if (random.chance(30)) transport.resume();
      if (random.chance(20)) {
        transport.pause();
        setImmediate(() => transport.resume());
      }
    };
    const count = 3000;
    const expected = Array.from({ length: count }, (_, index) => `${index} ${'x'.repeat(random.below(200))}`);
    const wire = Buffer.concat(expected.map((message) => clientFrame(0x81, message)));
    for (const piece of random.cut(wire, 20_000)) {
      client.send(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    while (listener.events.length < count) {
      transport.resume();
      if (random.chance(20)) transport.pause();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect({ seed, texts: await listener.texts(count) }).toEqual({ seed, texts: expected });
  });

  test('delivers everything that a paused transport held, with the close frame, after the peer ends the connection', async () => {
    const listener = new RecordingListener();
    const { transport, client, socket } = await connect({ listener });
    const record = listener.onText.bind(listener);
    listener.onText = (part, last) => {
      record(part, last);
      transport.pause();
    };
    client.send(clientFrame(0x81, 'one'), clientFrame(0x81, 'two'), clientFrame(0x88, [0x0f, 0xa0]));
    client.end();
    await once(socket, 'end');
    expect(listener.events).toEqual([text('one')]);
    transport.resume();
    expect((await listener.until(2))[1]).toEqual(text('two'));
    transport.resume();
    expect(await listener.until(3)).toEqual([text('one'), text('two'), { kind: 'close', code: 4000, reason: '' }]);
    expect(await client.readToEnd()).toEqual(Buffer.from([0x88, 0x02, 0x0f, 0xa0]));
  });

  test('delivers nothing after terminate, not even from the same read', async () => {
    const listener = new RecordingListener();
    const { transport, client } = await connect({ listener });
    const record = listener.onText.bind(listener);
    listener.onText = (part, last) => {
      record(part, last);
      transport.terminate();
    };
    client.send(clientFrame(0x81, 'one'), clientFrame(0x89), clientFrame(0x81, 'two'));
    expect(await listener.until(2)).toEqual([text('one'), closed(1006)]);
    expect(listener.pings).toBe(0);
  });

  test('RFC 6455 5.5.3: keeps only the latest pong for a peer that pings and does not read', async () => {
    const { transport, client, listener, socket } = await connect();
    client.pause();
    await fill(transport, socket);
    const before = transport.bufferedBytes;
    const ping = clientFrame(0x89, Buffer.alloc(125));
    client.send(Buffer.concat(Array.from({ length: 10_000 }, () => ping)), clientFrame(0x89, 'latest'));
    while (listener.pings < 10_001) await new Promise((resolve) => setImmediate(resolve));
    expect(transport.bufferedBytes - before).toBeLessThan(200);
    client.resume();
    transport.close(1000, '');
    const all = await readUntilClose(client);
    const pongs = all.filter(({ opcode }) => opcode === 10);
    expect(pongs.map(({ payload }) => payload.length)).toEqual([125]);
  });

  test('RFC 6455 5.5.3: answers the latest ping when the peer reads again', async () => {
    const { transport, client, listener, socket } = await connect();
    client.pause();
    await fill(transport, socket);
    client.send(clientFrame(0x89, 'first'), clientFrame(0x89, 'second'), clientFrame(0x89, 'third'));
    while (listener.pings < 3) await new Promise((resolve) => setImmediate(resolve));
    client.resume();
    const pongs: string[] = [];
    while (pongs.length < 2) {
      const { opcode, payload } = await readFrame(client);
      if (opcode === 10) pongs.push(payload.toString());
    }
    expect(pongs).toEqual(['first', 'third']);
    transport.terminate();
  });
});

test('an unexpected error closes its connection with 1011 and does not end the process', async () => {
  const { client, listener } = await connect();
  listener.onText = () => {
    throw new TypeError('a defect');
  };
  client.send(clientFrame(0x81, 'x'));
  expect((await listener.closed()).code).toBe(1011);
  expect(listener.errors[0]?.cause).toMatchObject({ message: 'a defect' });
  expect(await closeCodeOnWire(client)).toBe(1011);
});

describe('writing', () => {
  const echo = (accepted: { transport: Accepted['transport']; listener: RecordingListener }): void => {
    accepted.listener.onText = (value, last) => accepted.transport.sendText(value, last);
  };

  test('sends the replies to one read, pongs included, in one write', async () => {
    const accepted = await connect();
    const { socket, client } = accepted;
    echo(accepted);
    const write = jest.spyOn(socket, 'write');
    const frames = Array.from({ length: 50 }, (_, index) => clientFrame(index % 5 === 0 ? 0x89 : 0x81, `n${index}`));
    client.send(...frames);
    // Unmasked frames are four bytes shorter.
    const expected = Buffer.concat(
      frames.map((frame, index) =>
        Buffer.concat([Buffer.from([index % 5 === 0 ? 0x8a : 0x81, frame.length - 6]), frame.subarray(6)]),
      ),
    );
    expect(await client.read(expected.length)).toEqual(expected);
    expect(write).toHaveBeenCalledTimes(1);
  });

  test('joins the sends of one turn’s timers into one write', async () => {
    const { transport, socket, client } = await connect();
    const write = jest.spyOn(socket, 'write');
    await new Promise<void>((resolve) => {
      for (let index = 0; index < 10; index += 1) setTimeout(() => transport.sendText(`t${index}`, true), 1);
      setTimeout(resolve, 1);
      // All of them are due when the loop comes to its timers.
      const due = performance.now() + 3;
      while (performance.now() < due);
    });
    await client.read(40);
    expect(write).toHaveBeenCalledTimes(1);
  });

  test('calls done once for each send, in order, after the send returned', async () => {
    const { transport, client } = await connect();
    const order: number[] = [];
    const sizes = [0, 10, 70_000, 5, 20_000, 200, 100_000, 1];
    await new Promise<void>((resolve) => {
      sizes.forEach((size, index) => {
        transport.sendBinary(Buffer.alloc(size, index), true, (error) => {
          expect(error ?? undefined).toBeUndefined();
          order.push(index);
          if (index === sizes.length - 1) resolve();
        });
        expect(order).toEqual([]);
      });
    });
    expect(order).toEqual(sizes.map((_, index) => index));
    const bytes = await client.read(
      sizes.reduce((sum, size) => sum + size + (size < 126 ? 2 : size < 65_536 ? 4 : 10), 0),
    );
    expect(bytes.length).toBeGreaterThan(190_000);
  });

  test('calls each done once with the error when the connection drops with sends in every state', async () => {
    const { transport, client, socket } = await connect();
    client.pause();
    const outcomes: string[] = [];
    const send = (name: string, size: number): void =>
      transport.sendBinary(Buffer.alloc(size), true, (error) =>
        outcomes.push(`${name} ${error ? 'failed' : 'written'}`),
      );
    send('stuck', 30_000_000);
    await new Promise((resolve) => setImmediate(resolve));
    send('queued', 100);
    await new Promise((resolve) => setImmediate(resolve));
    send('collected', 100);
    transport.terminate();
    send('late', 100);
    await once(socket, 'close');
    await new Promise((resolve) => setImmediate(resolve));
    expect(outcomes.sort()).toEqual(['collected failed', 'late failed', 'queued failed', 'stuck failed']);
  });

  test('does not copy a large payload, which may change after done', async () => {
    const { transport, socket, client } = await connect();
    const write = jest.spyOn(socket, 'write');
    const payload = Buffer.alloc(100_000, 'a');
    await new Promise<void>((resolve) => transport.sendBinary(payload, true, () => resolve()));
    const written = write.mock.calls.map(([chunk]) => chunk as unknown as Buffer);
    expect(written.some((chunk) => chunk.buffer === payload.buffer && chunk.length === payload.length)).toBe(true);
    payload.fill('b');
    transport.sendBinary(payload, true);
    const bytes = await client.read(2 * 100_010);
    expect(bytes.subarray(10, 100_010)).toEqual(Buffer.alloc(100_000, 'a'));
    expect(bytes.subarray(100_020)).toEqual(Buffer.alloc(100_000, 'b'));
  });

  test('copies a small payload at once, which may change after the call', async () => {
    const { transport, client } = await connect();
    const payload = Buffer.from('before');
    transport.sendBinary(payload, true);
    payload.write('behind');
    expect(await client.read(8)).toEqual(Buffer.concat([Buffer.from([0x82, 6]), Buffer.from('before')]));
  });

  test('data that waits for a full socket holds no more memory than its bytes', async () => {
    const { transport, socket, client } = await connect();
    client.pause();
    while (socket.writableLength === 0) {
      transport.sendBinary(Buffer.alloc(1024 * 1024), true);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const write = jest.spyOn(socket, 'write');
    transport.sendText('tick', true);
    await new Promise((resolve) => setImmediate(resolve));
    const [chunk] = write.mock.calls[0] as unknown as [Buffer];
    // No slab, and no pool of Buffer.
    expect(chunk.buffer.byteLength).toBe(chunk.length);
  });

  test('does not mix the frames of many connections that write in one turn', async () => {
    const sides = [await connect(), await connect(), await connect()];
    for (let round = 0; round < 400; round += 1) {
      for (const [index, { transport }] of sides.entries()) transport.sendText(`${index}`.repeat(100), true);
    }
    for (const [index, { client }] of sides.entries()) {
      const frame = Buffer.concat([Buffer.from([0x81, 100]), Buffer.from(`${index}`.repeat(100))]);
      expect(await client.read(400 * 102)).toEqual(Buffer.concat(Array.from({ length: 400 }, () => frame)));
    }
  });
});

describe('closing', () => {
  test('RFC 6455 7.1.1: the server ends the TCP connection after both close frames', async () => {
    const { transport, client, listener } = await connect();
    transport.close(1001, 'going');
    expect(await client.read(9)).toEqual(Buffer.from([0x88, 0x07, 0x03, 0xe9, ...Buffer.from('going')]));
    client.send(clientFrame(0x88, [0x03, 0xe9]));
    expect(await client.readToEnd()).toEqual(Buffer.alloc(0));
    expect(listener.events).toEqual([closed(1001)]);
  });

  test('RFC 6455 5.5.1: delivers messages that arrive after our close frame, until the peer closes', async () => {
    const { transport, client, listener } = await connect();
    transport.close(1000, '');
    await client.read(4);
    client.send(
      clientFrame(0x81, 'was under way'),
      clientFrame(0x89, 'no pong'),
      clientFrame(0x88),
      clientFrame(0x81, 'no'),
    );
    expect(await client.readToEnd()).toEqual(Buffer.alloc(0));
    expect(listener.events).toEqual([text('was under way'), closed(1005)]);
  });

  test('RFC 6455 7.1.1: does not answer a close frame that crosses our own', async () => {
    const { transport, client, listener } = await connect();
    client.send(clientFrame(0x88, [0x0f, 0xa1]));
    transport.close(4002, '');
    expect(await client.readToEnd()).toEqual(Buffer.from([0x88, 0x02, 0x0f, 0xa2]));
    expect(listener.events).toEqual([closed(4001)]);
  });

  test('writes nothing after the close frame', async () => {
    const { transport, client, socket, listener } = await connect();
    const failed: boolean[] = [];
    const errors: Error[] = [];
    socket.on('error', (error) => errors.push(error));
    transport.sendText('a', true);
    transport.close(1000, '');
    transport.sendText('b', true, (error) => failed.push(error instanceof Error));
    transport.ping(Buffer.alloc(0));
    transport.pong(Buffer.alloc(0));
    expect(await client.read(7)).toEqual(Buffer.from([0x81, 1, 0x61, 0x88, 2, 0x03, 0xe8]));
    client.send(clientFrame(0x88, [0x03, 0xe8]));
    expect(await client.readToEnd()).toEqual(Buffer.alloc(0));
    transport.sendText('c', true, (error) => failed.push(error instanceof Error));
    client.end();
    await once(socket, 'close');
    await new Promise((resolve) => setImmediate(resolve));
    expect([failed, errors, listener.errors]).toEqual([[true, true], [], []]);
  });

  test('terminate after close, within a message, does not overtake the close frame', async () => {
    const { transport, client, listener } = await connect();
    listener.onText = () => {
      transport.close(1001, '');
      transport.terminate();
    };
    client.send(clientFrame(0x81, 'x'));
    expect(await client.readToEnd()).toEqual(Buffer.from([0x88, 2, 0x03, 0xe9]));
    expect((await listener.closed()).code).toBe(1006);
  });

  test('writes messages of the turn in which the peer ends the connection before our end', async () => {
    const { transport, client, socket, listener } = await connect();
    socket.prependOnceListener('end', () => transport.sendText('just in time', true));
    client.end();
    expect(await client.readToEnd()).toEqual(Buffer.concat([Buffer.from([0x81, 12]), Buffer.from('just in time')]));
    expect((await listener.closed()).code).toBe(1006);
    expect(listener.errors).toEqual([]);
  });

  test('drops a peer that does not end its side within the close timeout', async () => {
    const { client, socket, listener } = await connect({}, { closeTimeoutMs: 30 });
    client.pause();
    client.send(clientFrame(0x88));
    expect((await listener.closed()).code).toBe(1005);
    const started = performance.now();
    await once(socket, 'close');
    expect(performance.now() - started).toBeLessThan(1000);
  });

  test('drops a peer that ends its side and does not read our data', async () => {
    const { transport, client, socket, listener } = await connect({}, { closeTimeoutMs: 30 });
    client.pause();
    transport.sendBinary(Buffer.alloc(30_000_000), true);
    client.end();
    await once(socket, 'close');
    expect(listener.events).toEqual([closed(1006)]);
  });

  test('reports 1006 for a connection that ended before a listener was set', async () => {
    server = await NativeServer.start();
    const client = await LiteralSocket.connect(server.port);
    const accepted = server.nextAccepted(() => undefined);
    await client.upgrade('/');
    const { transport, socket } = await accepted;
    transport.terminate();
    await once(socket, 'close');
    const listener = new RecordingListener();
    transport.open(listener);
    expect(listener.events).toEqual([]);
    expect((await listener.closed()).code).toBe(1006);
  });

  test('a reset during reads and writes leaves no timer and no socket', async () => {
    const seed = Random.seed();
    const random = new Random(seed);
    server = await NativeServer.start();
    const setTimer = jest.spyOn(globalThis, 'setTimeout');
    const clearTimer = jest.spyOn(globalThis, 'clearTimeout');
    for (let round = 0; round < 30; round += 1) {
      const { transport, client, listener, socket } = await connect();
      listener.onText = (value, last) => transport.sendText(value, last);
      const ended = new Promise((resolve) => socket.once('close', resolve));
      client.send(clientFrame(0x81, 'hello'), clientFrame(0x01, 'unfinished'), clientFrame(0x89));
      if (random.chance(30)) client.send(clientFrame(0x88));
      if (random.chance(20)) client.send(clientFrame(0x83));
      if (random.chance(30)) transport.close(1000, '');
      if (random.chance(30)) transport.sendBinary(Buffer.alloc(3_000_000), true);
      if (random.chance(30)) transport.pause();
      if (random.chance(50)) await new Promise((resolve) => setImmediate(resolve));
      client.reset();
      // A paused socket sees the reset when it is read again.
      transport.resume();
      await ended;
      expect({ seed, closes: listener.events.filter(({ kind }) => kind === 'close').length }).toEqual({
        seed,
        closes: 1,
      });
    }
    const cleared = new Set(clearTimer.mock.calls.map(([timer]) => timer));
    const lingering = setTimer.mock.results.filter(
      ({ value }, index) => setTimer.mock.calls[index]?.[1] === 5000 && !cleared.has(value as NodeJS.Timeout),
    );
    jest.restoreAllMocks();
    expect(lingering.length).toBe(0);
    expect(server.openSockets).toBe(0);
  });
});

describe('permessage-deflate on the wire', () => {
  const open = (listener = new RecordingListener()): Promise<Accepted> =>
    connect({ listener, extensions: DEFLATE }, { perMessageDeflate: true });

  test('RFC 7692 7.2.3.1: reads "Hello" in one frame, in two fragments, and with a ping between', async () => {
    const { client, listener } = await open();
    const hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    client.send(
      clientFrame(0xc1, hello),
      clientFrame(0x41, hello.slice(0, 3)),
      clientFrame(0x89, 'p'),
      clientFrame(0x80, hello.slice(3)),
      clientFrame(0x41, hello),
      clientFrame(0x80),
      clientFrame(0x81, 'not compressed'),
    );
    expect(await listener.until(4)).toEqual([text('Hello'), text('Hello'), text('Hello'), text('not compressed')]);
  });

  test('RFC 7692 7.2.3.4, 7.2.3.5: reads final blocks and the data after them', async () => {
    const { client, listener } = await open();
    client.send(
      clientFrame(0xc1, [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00]),
      clientFrame(0xc1, [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00]),
      clientFrame(0xc1, Buffer.concat([deflateRawSync('first,'), compress('second')])),
    );
    expect(await listener.until(3)).toEqual([text('Hello'), text('Hello'), text('first,second')]);
  });

  test('RFC 7692 7.1.1: messages refer to earlier ones in both directions, and large ones keep their order', async () => {
    const { client, transport, listener } = await open();
    const ws = new PerMessageDeflate({ isServer: false, threshold: 0 });
    ws.accept([{}]);
    const compressed = (data: string): Promise<Buffer> =>
      new Promise((resolve, reject) =>
        ws.compress(Buffer.from(data), true, (error, bytes) => (error ? reject(error) : resolve(bytes))),
      );
    const decompressed = (data: Buffer): Promise<string> =>
      new Promise((resolve, reject) =>
        ws.decompress(data, true, (error, bytes) => (error ? reject(error) : resolve(bytes.toString()))),
      );
    const news = 'the same news, once more, '.repeat(60);
    for (let index = 0; index < 3; index += 1) client.send(clientFrame(0xc1, await compressed(news)));
    expect(await listener.until(3)).toEqual([text(news), text(news), text(news)]);

    const large = randomBytes(100_000).toString('base64');
    const told: string[] = [];
    transport.sendText(news, true);
    transport.sendText(large, true, () => told.push('large'));
    expect(transport.bufferedBytes).toBeGreaterThan(100_000);
    transport.sendText(news, true, () => told.push('news'));
    transport.sendText('short', true);
    transport.ping(Buffer.from('p'));
    transport.close(1000, 'done');
    const frames = await readUntilClose(client);
    // A ping may pass messages that are still being compressed.
    expect(frames.map(({ opcode }) => opcode)).toEqual([1, 9, 1, 1, 1, 8]);
    const texts = frames.filter(({ opcode }) => opcode === 1).map(({ payload }) => payload);
    expect(await decompressed(texts[0] ?? Buffer.alloc(0))).toBe(news);
    expect(await decompressed(texts[1] ?? Buffer.alloc(0))).toBe(large);
    expect(await decompressed(texts[2] ?? Buffer.alloc(0))).toBe(news);
    expect(texts[3]?.toString()).toBe('short');
    expect(told).toEqual(['large', 'news']);
    ws.cleanup();
  });

  test('compresses a partial message part by part, with an empty last part too', async () => {
    const { client, transport } = await open();
    const part = 'a part of a message that is sent in parts, '.repeat(50);
    transport.sendText(part, false);
    transport.sendText(part, false);
    transport.sendText('', true);
    transport.close(1000, '');
    const frames = await readUntilClose(client);
    expect(frames.map(({ opcode }) => opcode)).toEqual([1, 0, 0, 8]);
    const whole = Buffer.concat([...frames.slice(0, 3).map(({ payload }) => payload), Buffer.from([0, 0, 0xff, 0xff])]);
    expect(inflateRawSync(whole, { finishFlush: constants.Z_SYNC_FLUSH }).toString()).toBe(part + part);
    expect(whole.length).toBeLessThan(part.length);
  });

  test('fails the sends that wait for a compression when the connection ends', async () => {
    const { transport, listener } = await open();
    const told: (string | undefined)[] = [];
    transport.sendText('x'.repeat(5_000_000), true, (error) => told.push(error?.message));
    transport.sendText('behind it', true, (error) => told.push(error?.message));
    transport.terminate();
    await listener.until(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual(['the connection is closed', 'the connection is closed']);
    expect(transport.bufferedBytes).toBe(0);
  });

  test('delivers a small message that inflates to a large one in parts, and may stop it', async () => {
    const listener = new RecordingListener();
    listener.binaryRule = { inParts: true, maxBytes: 0 };
    const { client, transport } = await open(listener);
    let received = 0;
    let most = 0;
    const onBinary = listener.onBinary.bind(listener);
    const stopped = new Promise<void>((resolve) => {
      listener.onBinary = (data, last) => {
        received += data.length;
        most = Math.max(most, data.length);
        if (received === 8 * 65_536) {
          transport.pause();
          resolve();
        }
        if (last) onBinary(Buffer.from(String(received)), true);
      };
    });
    client.send(clientFrame(0xc2, compress(Buffer.alloc(20_000_000))), clientFrame(0x81, 'behind it'));
    await stopped;
    for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(received).toBe(8 * 65_536);
    transport.resume();
    expect(await listener.until(2)).toEqual([
      { kind: 'binary', hex: Buffer.from('20000000').toString('hex'), last: true },
      text('behind it'),
    ]);
    expect(most).toBe(65_536);
  });

  test('applies the limit to the inflated message: accepts exactly the limit, and closes with 1009 for one more byte', async () => {
    const listener = new RecordingListener();
    listener.textRule = { inParts: false, maxBytes: 100_000 };
    const { client } = await open(listener);
    client.send(clientFrame(0xc1, compress('a'.repeat(100_000))), clientFrame(0xc1, compress('a'.repeat(100_001))));
    expect(await closeCodeOnWire(client)).toBe(1009);
    expect(listener.events).toEqual([text('a'.repeat(100_000)), closed(1009)]);
  });
});

interface ReceivedFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

async function readFrame(client: LiteralSocket): Promise<ReceivedFrame> {
  const [first = 0, short = 0] = await client.read(2);
  const length =
    short === 127
      ? Number((await client.read(8)).readBigUInt64BE())
      : short === 126
        ? (await client.read(2)).readUInt16BE()
        : short;
  return { opcode: first & 0x0f, payload: await client.read(length) };
}

async function readUntilClose(client: LiteralSocket): Promise<ReceivedFrame[]> {
  const frames: ReceivedFrame[] = [];
  do frames.push(await readFrame(client));
  while (frames.at(-1)?.opcode !== 8);
  return frames;
}
