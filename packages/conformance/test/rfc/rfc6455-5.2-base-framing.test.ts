import { clientFrame } from '@serval/testing';
import { bytes, closeCode, overBothEngines, sendChopped } from '../echo-peer';

overBothEngines((connect, engine) => {
  describe('RFC 6455 5.2: writes the length in 7, 16 or 64 bits, using the shortest form', () => {
    test.each<[number, number[]]>([
      [0, [0]],
      [1, [1]],
      [125, [125]],
      [126, [126, 0, 126]],
      [127, [126, 0, 127]],
      [128, [126, 0, 128]],
      [255, [126, 0, 255]],
      [256, [126, 1, 0]],
      [4096, [126, 0x10, 0]],
      [8191, [126, 0x1f, 0xff]],
      [8192, [126, 0x20, 0]],
    ])('a message of %i bytes', async (length, echoed) => {
      const { client, heard } = await connect();
      client.send(clientFrame(0x81, Buffer.alloc(length, '*')), clientFrame(0x82, Buffer.alloc(length, 0xfe)));
      expect(await client.read(1 + echoed.length + length)).toEqual(bytes(0x81, ...echoed, '*'.repeat(length)));
      expect(await client.read(1 + echoed.length + length)).toEqual(bytes(0x82, ...echoed, Buffer.alloc(length, 0xfe)));
      expect(heard.entries).toEqual([`text ${'*'.repeat(length)}`, `binary ${'fe'.repeat(length)}`]);
    });
  });

  test.each([1, 2, 3, 7, 13])(
    'RFC 6455 5.2: frames of every header length arrive in packets of %i bytes',
    async (size) => {
      const { client } = await connect();
      const [short, medium] = [Buffer.alloc(9, 'a'), Buffer.alloc(130, 'b')];
      // The length of the last is written in 64 bits, and the mask is not zero: 0x10 turns "c" into "s".
      const long = bytes(0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 5, 0x10, 0x10, 0x10, 0x10, 'sssss');
      await sendChopped(client, bytes(clientFrame(0x81, short), clientFrame(0x82, medium), long), size);
      const echoes = bytes(0x81, 9, short, 0x82, 126, 0, 130, medium, 0x82, 5, 'ccccc');
      expect(await client.read(echoes.length)).toEqual(echoes);
    },
  );

  test.each<[string, number[]]>([
    ['16 bits for 5 bytes', [0x81, 0xfe, 0, 5, 0, 0, 0, 0]],
    ['64 bits for 5 bytes', [0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0]],
  ])(
    'RFC 6455 5.2: accepts a length of %s, because the shortest form only binds the sender',
    async (_title, header) => {
      const { client } = await connect();
      client.send(header, 'Hello');
      expect(await client.read(7)).toEqual(bytes(0x81, 5, 'Hello'));
    },
  );

  test('RFC 6455 5.2: a length of 64 bits must not have its highest bit set', async () => {
    const { client } = await connect();
    client.send([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    // Differs: ws does not look at the bit; for it this is a length beyond its limit.
    expect(await closeCode(client)).toBe(engine === 'native' ? 1002 : 1009);
  });

  describe('RFC 6455 5.2: a reserved bit without an extension is a protocol error', () => {
    test.each<[string, number]>([
      ['RSV1', 0x40],
      ['RSV2', 0x20],
      ['RSV3', 0x10],
      ['RSV1 and RSV2', 0x60],
      ['RSV1 and RSV3', 0x50],
      ['RSV2 and RSV3', 0x30],
      ['all three', 0x70],
    ])('%s', async (_title, bits) => {
      // text, binary, ping, pong, close, the second fragment
      for (const first of [0x81, 0x82, 0x89, 0x8a, 0x88, 0x80]) {
        const { client, heard } = await connect();
        if (first === 0x80) client.send(clientFrame(0x01, 'begin'));
        client.send(clientFrame(first | bits, first === 0x88 ? [0x03, 0xe8] : 'x'));
        expect(await closeCode(client)).toBe(1002);
        expect((await heard.closed()).filter((entry) => /^(text|binary|pong)/.test(entry))).toEqual([]);
      }
    });

    test.each([1, Infinity])(
      'the message before it is answered, the ping behind it is not; packets of %d',
      async (size) => {
        const { client } = await connect();
        const wire = bytes(clientFrame(0x81, 'good'), clientFrame(0xa1, 'bad'), clientFrame(0x89));
        if (size === 1) await sendChopped(client, wire, size);
        else client.send(wire);
        expect(await client.read(6)).toEqual(bytes(0x81, 4, 'good'));
        expect(await closeCode(client)).toBe(1002);
      },
    );
  });

  describe('RFC 6455 5.2: an undefined opcode is a protocol error', () => {
    test.each([3, 4, 5, 6, 7, 11, 12, 13, 14, 15])('%i', async (opcode) => {
      for (const [before, payload] of [
        [undefined, ''],
        [undefined, 'payload'],
        // As the next frame of a message that has begun.
        [clientFrame(0x01, 'begin'), 'x'],
      ] as const) {
        const { client, heard } = await connect();
        if (before) client.send(before);
        client.send(clientFrame(0x80 | opcode, payload), clientFrame(0x89));
        expect(await closeCode(client)).toBe(1002);
        expect((await heard.closed()).filter((entry) => entry.startsWith('text'))).toEqual([]);
      }
    });

    test('answers the message before it', async () => {
      const { client } = await connect();
      client.send(clientFrame(0x81, 'good'), clientFrame(0x83, 'bad'), clientFrame(0x89));
      expect(await client.read(6)).toEqual(bytes(0x81, 4, 'good'));
      expect(await closeCode(client)).toBe(1002);
    });
  });
});
