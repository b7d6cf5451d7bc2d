import { clientFrame } from '@serval/testing';
import { bytes, overBothEngines, sendChopped } from '../echo-peer';

overBothEngines((connect) => {
  test('RFC 6455 5.6: a binary message may contain every byte', async () => {
    const { client, heard } = await connect();
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    client.send(clientFrame(0x82, all));
    expect(await client.read(260)).toEqual(bytes(0x82, 126, 1, 0, all));
    expect(heard.entries).toEqual([`binary ${all.toString('hex')}`]);
  });

  test('RFC 6455 5.6: only the opcode decides whether bytes are text', async () => {
    const { client, heard } = await connect();
    client.send(clientFrame(0x81, '✓'), clientFrame(0x82, '✓'));
    expect(await client.read(10)).toEqual(bytes(0x81, 3, '✓', 0x82, 3, '✓'));
    expect(heard.entries).toEqual(['text ✓', 'binary e29c93']);
  });

  test('RFC 6455 5.6: a byte order mark is text and is kept', async () => {
    const { client, heard } = await connect();
    const marked = [0xef, 0xbb, 0xbf, 0x61, 0xef, 0xbb, 0xbf];
    client.send(clientFrame(0x81, marked), clientFrame(0x01, marked.slice(0, 3)), clientFrame(0x80, marked.slice(3)));
    expect(await client.read(18)).toEqual(bytes(0x81, 7, ...marked, 0x81, 7, ...marked));
    expect(heard.entries).toEqual(['text \ufeffa\ufeff', 'text \ufeffa\ufeff']);
  });

  test('RFC 6455 5.6: keeps the order of text and binary messages, however the packets are split', async () => {
    const messages = Array.from({ length: 40 }, (_, index) => ({
      first: index % 3 === 0 ? 0x82 : 0x81,
      payload: `${index}`.repeat(index % 7),
    }));
    const wire = Buffer.concat(messages.map(({ first, payload }) => clientFrame(first, payload)));
    const echoes = bytes(...messages.flatMap(({ first, payload }) => [first, payload.length, payload]));
    for (const size of [1, 5, 64, wire.length]) {
      const { client } = await connect();
      await sendChopped(client, wire, size);
      expect(await client.read(echoes.length)).toEqual(echoes);
    }
  });
});
