import { once } from 'node:events';
import { clientFrame } from '@serval/testing';
import { WebSocket } from 'ws';
import { bytes, closeCode, entryOf, withEcho, type EngineName } from '../echo-peer';
import { someOf } from '../../../testing/test/toolbox';

const MIB = 1024 * 1024;
const ENGINES: readonly EngineName[] = ['native', 'ws'];

/** Repeats itself never, so that a piece in the wrong place is seen. */
function numbers(length: number): Buffer {
  const words = Uint32Array.from({ length: Math.floor(length / 4) }, (_, index) => index * 4 * 2_654_435_761);
  return Buffer.concat([new Uint8Array(words.buffer)], length);
}

/** A text of so many bytes, with characters of three bytes. */
function longText(length: number): string {
  return '✓ng'.repeat(length / 5).padEnd(length - 2 * Math.floor(length / 5), 'x');
}

/** The frames of a message, cut into fragments of so many bytes. */
function fragments(opcode: number, payload: Buffer, size: number): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < payload.length; at += size) {
    const last = at + size >= payload.length;
    frames.push(clientFrame((at === 0 ? opcode : 0) | (last ? 0x80 : 0), payload.subarray(at, at + size)));
  }
  return frames;
}

describe.each(ENGINES)('%s engine, 8,192 bytes (the default)', (engine) => {
  withEcho({ engine }, (connect) => {
    test.each([0x81, 0x82])(
      'RFC 6455 10.4: takes a message 0x%x of exactly the limit, whole and in fragments',
      async (first) => {
        const { client } = await connect();
        const payload = Buffer.alloc(8192, 'a');
        const echo = bytes(first, 126, 0x20, 0, payload);
        client.send(clientFrame(first, payload), ...fragments(first & 0x0f, payload, 1000));
        expect(await client.read(2 * echo.length)).toEqual(bytes(echo, echo));
      },
    );

    test.each<[string, Buffer[]]>([
      ['a text of one byte more', [clientFrame(0x81, Buffer.alloc(8193, 'a'))]],
      ['a binary message of one byte more', [clientFrame(0x82, Buffer.alloc(8193))]],
      ['a text of fewer characters and more bytes', [clientFrame(0x81, '✓'.repeat(2731))]],
      ['fragments that are one byte more together', fragments(0x01, Buffer.alloc(8193, 'a'), 1024)],
      ['fragments that are one byte more together, binary', fragments(0x02, Buffer.alloc(8193), 8192)],
    ])('RFC 6455 10.4: rejects %s with 1009', async (_title, frames) => {
      const { client, heard } = await connect();
      client.send(...frames);
      expect(await closeCode(client)).toBe(1009);
      expect((await heard.closed()).filter((entry) => /^(text|binary)/.test(entry))).toEqual([]);
    });

    test('RFC 6455 10.4: rejects a frame by its header if it exceeds every message limit', async () => {
      for (const length of [
        [0, 0, 0, 1, 0, 0, 0, 0],
        [0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
      ]) {
        const { client } = await connect();
        client.send([0x82, 0xff, ...length, 0, 0, 0, 0]);
        expect(await closeCode(client)).toBe(1009);
      }
    });

    test('RFC 6455 10.4: rejects more than 16,384 fragments with 1008, even empty ones', async () => {
      const { client } = await connect();
      const empty = clientFrame(0x00);
      client.send(clientFrame(0x01), ...Array.from({ length: 16_383 }, () => empty));
      client.send(clientFrame(0x89));
      expect(await client.read(2)).toEqual(bytes(0x8a, 0));
      client.send(empty);
      expect(await closeCode(client)).toBe(1008);
    });
  });
});

describe.each(ENGINES)('%s engine, 16 MiB', (engine) => {
  const options = { textBufferSize: 16 * MIB, binaryBufferSize: 16 * MIB, maxQueuedBytes: 32 * MIB };
  withEcho({ engine, ...options, maxFragments: 65_536 }, (connect, server) => {
    let webSocket: WebSocket;
    beforeEach(async () => {
      webSocket = new WebSocket(`ws://127.0.0.1:${server().port}/`, { perMessageDeflate: false });
      await once(webSocket, 'open');
    });
    afterEach(() => webSocket.terminate());

    const echo = async (): Promise<Buffer> => ((await once(webSocket, 'message')) as [Buffer])[0];

    test.each([
      [65_535, [126, 0xff, 0xff]],
      [65_536, [127, 0, 0, 0, 0, 0, 1, 0, 0]],
      [65_537, [127, 0, 0, 0, 0, 0, 1, 0, 1]],
      [131_072, [127, 0, 0, 0, 0, 0, 2, 0, 0]],
    ])('RFC 6455 5.2: writes the length of %i bytes correctly', async (length, header) => {
      const { client } = await connect();
      for (const opcode of [1, 2]) {
        client.send(clientFrame(0x80 | opcode, Buffer.alloc(length, 'l')));
        expect(await client.read(1 + header.length)).toEqual(bytes(0x80 | opcode, ...header));
        expect((await client.read(length)).equals(Buffer.alloc(length, 'l'))).toBe(true);
      }
    });

    test.each(someOf(1, [4 * MIB, 256 * 1024, MIB, 16 * MIB]))(
      'RFC 6455 10.4: echoes a text of %i bytes',
      async (length) => {
        const text = Buffer.from(longText(length));
        expect(text.length).toBe(length);
        webSocket.send(text, { binary: false });
        expect((await echo()).equals(text)).toBe(true);
      },
    );

    test.each(someOf(2, [256 * 1024, MIB, 4 * MIB, 16 * MIB]))('RFC 6455 10.4: echoes %i bytes', async (length) => {
      const data = numbers(length);
      webSocket.send(data);
      expect((await echo()).equals(data)).toBe(true);
    });

    test('RFC 6455 10.4: rejects one byte more than 16 MiB with 1009', async () => {
      const { client } = await connect();
      client.send([0x82, 0xff, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0]);
      expect(await closeCode(client)).toBe(1009);
    });

    const IN_FRAGMENTS = [
      [0x01, 65_536],
      [0x02, 4096],
      [0x01, 1024],
      [0x02, 256],
    ] as const;
    test.each(someOf(2, IN_FRAGMENTS))(
      'RFC 6455 5.4: joins 4 MiB of opcode %i in fragments of %i bytes',
      async (opcode, size) => {
        const { client, heard } = await connect();
        const payload = opcode === 1 ? Buffer.from(longText(4 * MIB)) : numbers(4 * MIB);
        client.send(...fragments(opcode, payload, size));
        await heard.until(1);
        const entry = entryOf(opcode === 1 ? payload.toString() : payload);
        expect(heard.entries[0] === entry).toBe(true);
      },
    );

    test('RFC 6455 5.4: joins a message of 65,536 fragments', async () => {
      const { client, heard } = await connect();
      const payload = numbers(4 * MIB);
      client.send(...fragments(0x02, payload, 64));
      expect((await heard.until(1))[0] === entryOf(payload)).toBe(true);
      client.send(clientFrame(0x01), ...Array.from({ length: 65_536 }, () => clientFrame(0x00, 'x')));
      const header = await client.read(10);
      expect(header).toEqual(bytes(0x82, 127, 0, 0, 0, 0, 0, 0x40, 0, 0));
      await client.read(4 * MIB);
      expect(await closeCode(client)).toBe(1008);
    });

    test('RFC 6455 5.4: echoes 65,536 bytes that arrive in fragments of 1,300', async () => {
      const { client } = await connect();
      const payload = Buffer.alloc(65_536, '*');
      client.send(...fragments(0x01, payload, 1300));
      expect(await client.read(10)).toEqual(bytes(0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0));
      expect((await client.read(65_536)).equals(payload)).toBe(true);
    });

    test.each(someOf(2, [64, 128, 256, 512, 1024, 2048]))(
      'RFC 6455 10.4: echoes 1 MiB that came in packets of %i KiB',
      async (kib) => {
        const { client } = await connect();
        const payload = numbers(MIB);
        const frame = clientFrame(0x82, payload);
        for (let at = 0; at < frame.length; at += kib * 1024) {
          client.send(frame.subarray(at, at + kib * 1024));
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect(await client.read(10)).toEqual(bytes(0x82, 127, 0, 0, 0, 0, 0, 0x10, 0, 0));
        expect((await client.read(MIB)).equals(payload)).toBe(true);
      },
    );

    test.each(someOf(3, [0, 16, 64, 256, 1024, 4096, 16_384, 65_536]))(
      'RFC 6455 10.4: 200 messages of %i bytes go to and fro',
      async (length) => {
        const payload = numbers(length);
        for (let count = 0; count < 200; count += 1) {
          const binary = count % 2 === 0;
          webSocket.send(binary ? payload : 'x'.repeat(length), { binary });
          const answer = await echo();
          expect(binary ? answer.equals(payload) : answer.toString() === 'x'.repeat(length)).toBe(true);
        }
      },
    );
  });
});
