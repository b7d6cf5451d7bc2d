import { constants, deflateRawSync } from 'node:zlib';
import { clientFrame } from '@serval/testing';
import { compressedFrames, MessageDeflater, MessageInflater, readFrame } from './deflate-peer';
import { bytes, closeCode, withEcho, type Connect } from '../echo-peer';

const HELLO = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
const FINAL_HELLO = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];

const DEFLATE = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };

withEcho({ perMessageDeflate: { threshold: 0 } }, (connectWith) => {
  const connect = (): ReturnType<Connect> => connectWith(DEFLATE);

  test.each<[string, number[], string]>([
    ['one block (7.2.3.1)', HELLO, 'Hello'],
    ['a block without compression (7.2.3.3)', [0, 5, 0, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0], 'Hello'],
    ['a final block (7.2.3.4)', FINAL_HELLO, 'Hello'],
    ['two blocks (7.2.3.5)', [0xf2, 0x48, 0x05, 0, 0, 0, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00], 'Hello'],
    ['two final blocks', [...FINAL_HELLO.slice(0, -1), ...FINAL_HELLO], 'HelloHello'],
    ['a final block, and one that is not', [...FINAL_HELLO.slice(0, -1), ...HELLO], 'HelloHello'],
    ['the empty block (7.2.3.6)', [0], ''],
    ['a final empty block', [0x03, 0x00], ''],
    ['no byte at all', [], ''],
    [
      'a block of dynamic codes',
      [...deflateRawSync('abcabcabd'.repeat(99), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)],
      'abcabcabd'.repeat(99),
    ],
  ])('RFC 7692 7.2: accepts a message of %s', async (_title, payload, message) => {
    const { client, heard } = await connect();
    client.send(clientFrame(0xc1, payload), ...compressedFrames(1, Buffer.from(payload), 1));
    expect(await heard.until(2)).toEqual([`text ${message}`, `text ${message}`]);
    const inflater = new MessageInflater({});
    expect(String(await inflater.inflate((await readFrame(client)).payload))).toBe(message);
    expect(String(await inflater.inflate((await readFrame(client)).payload))).toBe(message);
  });

  test('RFC 7692 7.2.3.4: accepts messages after a final block, in the same window', async () => {
    const { client, heard } = await connect();
    client.send(
      clientFrame(0xc1, FINAL_HELLO),
      clientFrame(0xc1, [0xf2, 0x00, 0x11, 0x00, 0x00]),
      clientFrame(0xc1, HELLO),
    );
    expect(await heard.until(3)).toEqual(['text Hello', 'text Hello', 'text Hello']);
  });

  test('RFC 7692 7.2.3.6: sends an empty message as the empty block', async () => {
    const { client } = await connect();
    client.send(clientFrame(0xc1, [0]), clientFrame(0x81), clientFrame(0xc2));
    expect(await client.read(9)).toEqual(bytes(0xc1, 1, 0, 0xc1, 1, 0, 0xc2, 1, 0));
  });

  test.each<[string, number[]]>([
    ['a block of the reserved type', [0x07]],
    ['bytes of FF', [0xff, 0xff, 0xff]],
    ['a stored block whose length is not repeated', [0x00, 0x05, 0x00, 0x00, 0x00, 0x48]],
    ['a reference before the beginning', [0xf2, 0x00, 0x11, 0x00, 0x00]],
    ['dynamic codes that are no codes', [0xec, 0xff, 0xff, 0xff, 0xff]],
    ['good bytes, then bad ones', [...HELLO.slice(0, -1), 0x00, 0x07]],
  ])('RFC 7692 7.2.2: rejects %s with 1007', async (_title, payload) => {
    for (const frames of [compressedFrames(1, Buffer.from(payload)), compressedFrames(2, Buffer.from(payload), 1)]) {
      const { client, heard } = await connect();
      client.send(...frames, clientFrame(0x89));
      expect(await closeCode(client)).toBe(1007);
      expect((await heard.closed()).filter((entry) => /^(text|binary)/.test(entry))).toEqual([]);
    }
  });

  test.each<[string, Buffer]>([
    ['a bad byte', bytes(0x61, 0xff)],
    ['a surrogate', bytes(0xed, 0xa0, 0x80)],
    ['half a character', bytes('✓').subarray(0, 2)],
  ])(
    'RFC 6455 8.1: a compressed text with %s is refused with 1007; the same bytes are a binary message',
    async (_title, text) => {
      const payload = await new MessageDeflater({}).deflate(text);
      const asText = await connect();
      asText.client.send(clientFrame(0xc1, payload));
      expect(await closeCode(asText.client)).toBe(1007);
      const asBinary = await connect();
      asBinary.client.send(clientFrame(0xc2, payload));
      expect(await asBinary.heard.until(1)).toEqual([`binary ${text.toString('hex')}`]);
    },
  );

  test('RFC 6455 8.1: finds an invalid byte in the first fragment of a compressed text', async () => {
    const { client } = await connect();
    const payload = await new MessageDeflater({}).deflate(bytes('good ', 0xff, ' more to come'.repeat(9)));
    // All of it but the last byte: the text is known to be bad, and the message is not over.
    client.send(clientFrame(0x41, payload.subarray(0, -1)));
    expect(await closeCode(client)).toBe(1007);
  });

  describe('RFC 6455 10.4: the limit applies to the inflated message', () => {
    test.each([
      [8192, undefined],
      [8193, 1009],
      [64 * 1024 * 1024, 1009],
    ])('%i bytes', async (length, code) => {
      const { client, heard } = await connect();
      const payload = await new MessageDeflater({}).deflate(Buffer.alloc(length, 'a'));
      client.send(...compressedFrames(2, payload, 1000));
      if (code === undefined) expect(await heard.until(1)).toEqual([`binary ${'61'.repeat(length)}`]);
      else expect(await closeCode(client)).toBe(code);
    });

    test('and ends a message that keeps inflating to nothing', async () => {
      const { client } = await connect();
      // 4,000 empty blocks of 5 bytes, and no end.
      client.send(clientFrame(0x42, Buffer.from('000000ffff'.repeat(4000), 'hex')));
      expect(await closeCode(client)).toBe(1009);
    });
  });
});

describe('message sizes', () => {
  const SIZES: readonly [bytes: number, count: number][] = [
    [16, 1000],
    [64, 300],
    [256, 300],
    [1024, 200],
    [4096, 100],
    [8192, 50],
    [16_384, 30],
    [32_768, 20],
    [65_536, 10],
    [131_072, 10],
  ];
  const options = { textBufferSize: 131_072, binaryBufferSize: 131_072 };

  withEcho({ perMessageDeflate: { threshold: 0 }, ...options }, (connect) => {
    test.each(SIZES)('RFC 7692 7.2: messages of %i bytes, %i of them in a row', async (length, count) => {
      const { client } = await connect(DEFLATE);
      const [deflater, inflater] = [new MessageDeflater({}), new MessageInflater({})];
      const messages = Array.from({ length: count }, (_, index) => jsonLike(length, index));
      const frames: Buffer[] = [];
      for (const [index, message] of messages.entries())
        frames.push(...compressedFrames(1, await deflater.deflate(message), index % 3 === 0 ? 500 : Infinity));
      // All at once: the server has many to inflate, to compress and to keep in order.
      client.send(...frames);
      for (const [index, message] of messages.entries()) {
        const { first, payload } = await readFrame(client);
        expect(first).toBe(0xc1);
        if ((await inflater.inflate(payload)).toString() !== message) throw new Error(`message ${index} is another`);
      }
    });
  });

  withEcho({ perMessageDeflate: true, ...options }, (connect) => {
    test('RFC 7692 6: sends a message below the threshold of 1,024 bytes uncompressed', async () => {
      const { client } = await connect(DEFLATE);
      client.send(clientFrame(0xc1, HELLO), clientFrame(0x81, 'x'.repeat(1023)), clientFrame(0x81, 'x'.repeat(1024)));
      expect(await client.read(7)).toEqual(bytes(0x81, 5, 'Hello'));
      expect(await client.read(4 + 1023)).toEqual(bytes(0x81, 126, 3, 255, 'x'.repeat(1023)));
      const { first, payload } = await readFrame(client);
      expect([first, String(await new MessageInflater({}).inflate(payload))]).toEqual([0xc1, 'x'.repeat(1024)]);
    });
  });
});

/** Text that compresses about as well as what applications send. */
function jsonLike(length: number, seed: number): string {
  let text = '';
  for (let index = seed; text.length < length; index += 1)
    text += `{"id":${(index * 40_503) % 65_537},"name":"n${(index * 7919) % 1009}"},`;
  return text.slice(0, length);
}
