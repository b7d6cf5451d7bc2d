import { clientFrame } from '@serval/testing';
import { compressedFrames, MessageDeflater, MessageInflater, readFrame } from './deflate-peer';
import { bytes, closeCode, sendChopped, withEcho, type Connect } from '../echo-peer';

// "Hello", compressed (RFC 7692 7.2.3.1), and its echo.
const HELLO = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
const ECHO = bytes(0xc1, 7, ...HELLO);

withEcho({ perMessageDeflate: { threshold: 0 }, textBufferSize: 200_000 }, (connectWith) => {
  const connect = (): ReturnType<Connect> =>
    connectWith({ 'Sec-WebSocket-Extensions': 'permessage-deflate; server_no_context_takeover' });

  test.each(Array.from({ length: HELLO.length + 1 }, (_, cut) => cut))(
    'RFC 7692 6.1: a compressed message may be cut behind byte %i; RSV1 stands on its first frame only',
    async (cut) => {
      const { client, heard } = await connect();
      client.send(clientFrame(0x41, HELLO.slice(0, cut)), clientFrame(0x80, HELLO.slice(cut)));
      expect(await client.read(ECHO.length)).toEqual(ECHO);
      expect(heard.entries).toEqual(['text Hello']);
    },
  );

  test('RFC 7692 6.1: accepts empty fragments, and uncompressed control frames between them', async () => {
    const { client } = await connect();
    client.send(clientFrame(0x41), clientFrame(0x89, 'p'), clientFrame(0x00, HELLO.slice(0, 3)), clientFrame(0x00));
    expect(await client.read(3)).toEqual(bytes(0x8a, 1, 'p'));
    client.send(clientFrame(0x00, HELLO.slice(3)), clientFrame(0x89, 'q'), clientFrame(0x80));
    const answers = await client.read(3 + ECHO.length);
    expect([bytes(0x8a, 1, 'q', ECHO), bytes(ECHO, 0x8a, 1, 'q')]).toContainEqual(answers);
  });

  test('RFC 7692 6.2: accepts compressed and uncompressed messages in turn', async () => {
    const { client, heard } = await connect();
    client.send(
      clientFrame(0xc1, HELLO),
      clientFrame(0x81, 'plain'),
      clientFrame(0x01, 'pl'),
      clientFrame(0x80, 'ain'),
    );
    client.send(clientFrame(0xc2, HELLO));
    expect(await heard.until(4)).toEqual([
      'text Hello',
      'text plain',
      'text plain',
      `binary ${Buffer.from('Hello').toString('hex')}`,
    ]);
  });

  test('RFC 7692 6.1: a message sent in parts has RSV1 on the first frame and is compressed as a whole', async () => {
    const { client } = await connect();
    client.send(clientFrame(0x81, 'Hello in parts'));
    const frames = [];
    do frames.push(await readFrame(client));
    while ((frames.at(-1)?.first ?? 0) < 0x80);
    expect(frames.map(({ first }) => first)).toEqual([0x41, 0x00, 0x00, 0x80]);
    const whole = Buffer.concat(frames.map(({ payload }) => payload));
    expect(String(await new MessageInflater({ noContextTakeover: true }).inflate(whole))).toBe('Hello');
  });

  test('RFC 7692 6: accepts compressed frames byte by byte', async () => {
    const { client } = await connect();
    await sendChopped(client, clientFrame(0xc1, HELLO), 1);
    expect(await client.read(ECHO.length)).toEqual(ECHO);
  });

  test.each<[string, Buffer[]]>([
    ['a continuation', [clientFrame(0x41, HELLO.slice(0, 3)), clientFrame(0xc0, HELLO.slice(3))]],
    ['a continuation of an uncompressed message', [clientFrame(0x01, 'a'), clientFrame(0xc0, HELLO)]],
    ['a ping', [clientFrame(0xc9)]],
    ['a pong', [clientFrame(0xca)]],
    ['a close frame', [clientFrame(0xc8, [0x03, 0xe8])]],
  ])('RFC 7692 6.1: RSV1 on %s is a protocol error', async (_title, frames) => {
    const { client, heard } = await connect();
    client.send(...frames);
    expect(await closeCode(client)).toBe(1002);
    expect((await heard.closed()).filter((entry) => /^(text|pong)/.test(entry))).toEqual([]);
  });

  test.each([0xa1, 0x91, 0xe1, 0xd1, 0xf1])(
    'RFC 6455 5.2: the other reserved bits stay reserved: 0x%x',
    async (first) => {
      const { client } = await connect();
      client.send(clientFrame(first, HELLO));
      expect(await closeCode(client)).toBe(1002);
    },
  );

  test.each([256, 1024, 4096, 32_768])('RFC 7692 6: 128 KiB in fragments of %i bytes', async (size) => {
    const { client, heard } = await connect();
    const text = Array.from({ length: 32_768 }, (_, index) =>
      ((index * 2_654_435_761) >>> 16).toString(36).padStart(4, '0').slice(-4),
    ).join('');
    const payload = await new MessageDeflater({}).deflate(text);
    expect(payload.length).toBeGreaterThan(32_768);
    client.send(...compressedFrames(1, payload, size));
    const { first, payload: echo } = await readFrame(client);
    expect(first).toBe(0xc1);
    expect((await new MessageInflater({ noContextTakeover: true }).inflate(echo)).toString() === text).toBe(true);
    expect(heard.entries[0] === `text ${text}`).toBe(true);
  });
});
