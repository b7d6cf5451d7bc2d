import { clientFrame } from '@serval/testing';
import { bytes, closeCode, overBothEngines, sendChopped } from '../echo-peer';

const LONGEST = Buffer.from(Array.from({ length: 125 }, (_, index) => 0xff - index));

overBothEngines((connect) => {
  test.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('Hello, world!')],
    ['bytes that are not UTF-8', Buffer.from([0x00, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0x00, 0xff])],
    ['125 bytes', LONGEST],
  ])('RFC 6455 5.5.2: answers a ping of %s with a pong of the same data', async (_title, payload) => {
    const { client, heard } = await connect();
    const pong = bytes(0x8a, payload.length, payload);
    client.send(clientFrame(0x89, payload));
    expect(await client.read(pong.length)).toEqual(pong);
    await sendChopped(client, clientFrame(0x89, payload), 1);
    expect(await client.read(pong.length)).toEqual(pong);
    // The endpoint hears of pongs only.
    expect(heard.entries).toEqual([]);
  });

  test('RFC 6455 5.5.2: answers ten pings in one packet with ten pongs in order', async () => {
    const { client } = await connect();
    const pings = Array.from({ length: 10 }, (_, index) => clientFrame(0x89, `payload-${index}`));
    const pongs = Array.from({ length: 10 }, (_, index) => bytes(0x8a, 9, `payload-${index}`));
    client.send(...pings);
    expect(await client.read(110)).toEqual(Buffer.concat(pongs));
    await sendChopped(client, Buffer.concat(pings), 1);
    expect(await client.read(110)).toEqual(Buffer.concat(pongs));
  });

  test('RFC 6455 5.5.3: reports an unsolicited pong and does not answer it', async () => {
    const { client, heard } = await connect();
    client.send(
      clientFrame(0x8a),
      clientFrame(0x8a, 'unsolicited'),
      clientFrame(0x8a, LONGEST),
      clientFrame(0x89, 'p'),
    );
    expect(await client.read(3)).toEqual(bytes(0x8a, 1, 'p'));
    expect(heard.entries).toEqual([
      'pong ',
      `pong ${Buffer.from('unsolicited').toString('hex')}`,
      `pong ${LONGEST.toString('hex')}`,
    ]);
  });

  describe.each<[string, number]>([
    ['ping', 0x89],
    ['pong', 0x8a],
    ['close frame', 0x88],
  ])('a %s', (_name, first) => {
    test.each<[string, number[]]>([
      ['126 bytes', [0xfe, 0, 126]],
      ['65,536 bytes', [0xff, 0, 0, 0, 0, 0, 1, 0, 0]],
      ['16 bits of length, whatever they say', [0xfe, 0, 5]],
      ['64 bits of length, whatever they say', [0xff, 0, 0, 0, 0, 0, 0, 0, 5]],
    ])('RFC 6455 5.5: is rejected with %s before its payload arrives', async (_title, length) => {
      const { client } = await connect();
      client.send([first, ...length, 0, 0, 0, 0]);
      expect(await closeCode(client)).toBe(1002);
    });

    test('RFC 6455 5.5: must not be fragmented', async () => {
      for (const payload of ['', 'x', '\x03\xe8']) {
        const { client, heard } = await connect();
        client.send(clientFrame(first & 0x0f, payload), clientFrame(0x80, payload));
        expect(await closeCode(client)).toBe(1002);
        expect((await heard.closed()).filter((entry) => entry.startsWith('pong'))).toEqual([]);
      }
    });
  });

  test('RFC 6455 5.5: a ping between messages does not reorder them', async () => {
    const { client } = await connect();
    client.send(clientFrame(0x81, 'one'), clientFrame(0x89), clientFrame(0x81, 'two'));
    const answers = await client.read(12);
    const pong = answers.indexOf(bytes(0x8a, 0));
    expect(pong % 5).toBe(0);
    expect(bytes(answers.subarray(0, pong), answers.subarray(pong + 2))).toEqual(bytes(0x81, 3, 'one', 0x81, 3, 'two'));
  });
});
