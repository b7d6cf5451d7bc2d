import { clientFrame } from '@serval/testing';
import { bytes, closeCode, overBothEngines, sendChopped, turns } from '../echo-peer';

overBothEngines((connect) => {
  test('RFC 6455 5.7: accepts the fragmented text of the examples', async () => {
    const { client, heard } = await connect();
    // The examples' frames of a server, masked with zeros: "Hel" and "lo".
    client.send([0x01, 0x83, 0, 0, 0, 0, 0x48, 0x65, 0x6c], [0x80, 0x82, 0, 0, 0, 0, 0x6c, 0x6f]);
    expect(await client.read(7)).toEqual(bytes(0x81, 5, 'Hello'));
    expect(heard.entries).toEqual(['text Hello']);
  });

  test.each<[string, number, readonly string[]]>([
    ['two fragments', 0x01, ['frag', 'ment']],
    ['many fragments', 0x01, [...'one byte in each of them']],
    ['empty fragments around the text', 0x01, ['', 'text', '']],
    ['empty fragments only', 0x01, ['', '', '']],
    ['binary fragments', 0x02, ['\0\x01', '\x02']],
    ['an empty last fragment', 0x02, ['all', '']],
  ])('RFC 6455 5.4: joins %s, in one packet, in several, and byte by byte', async (_title, opcode, parts) => {
    const frames = parts.map((part, index) =>
      clientFrame((index === 0 ? opcode : 0) | (index === parts.length - 1 ? 0x80 : 0), part),
    );
    const echo = bytes(0x80 | opcode, parts.join('').length, parts.join(''));
    const { client, heard } = await connect();
    client.send(...frames);
    expect(await client.read(echo.length)).toEqual(echo);
    for (const frame of frames) {
      client.send(frame);
      await turns(2);
    }
    expect(await client.read(echo.length)).toEqual(echo);
    await sendChopped(client, Buffer.concat(frames), 1);
    expect(await client.read(echo.length)).toEqual(echo);
    expect(heard.entries).toHaveLength(3);
  });

  test('RFC 6455 5.4: answers control frames between fragments before the message is complete', async () => {
    const { client, heard } = await connect();
    client.send(clientFrame(0x01, 'a'), clientFrame(0x89, 'ping 1'));
    expect(await client.read(8)).toEqual(bytes(0x8a, 6, 'ping 1'));
    client.send(clientFrame(0x00, 'b'), clientFrame(0x89, 'ping 2'), clientFrame(0x8a, [7]));
    expect(await client.read(8)).toEqual(bytes(0x8a, 6, 'ping 2'));
    client.send(clientFrame(0x80, 'c'));
    expect(await client.read(5)).toEqual(bytes(0x81, 3, 'abc'));
    expect(heard.entries).toEqual(['pong 07', 'text abc']);
  });

  test('RFC 6455 5.4: a close frame between fragments ends the session, and the message is dropped', async () => {
    const { client, heard } = await connect();
    client.send(clientFrame(0x01, 'begun'), clientFrame(0x88, [0x03, 0xe8]), clientFrame(0x80, 'ended'));
    expect(await client.readToEnd()).toEqual(bytes(0x88, 2, 0x03, 0xe8));
    expect(await heard.closed()).toEqual(['close 1000']);
  });

  test('RFC 6455 5.4: the server sends parts as fragments, the first with the opcode and the last with FIN', async () => {
    const { client } = await connect();
    client.send(clientFrame(0x81, 'Hello in parts'));
    expect(await client.read(13)).toEqual(bytes(0x01, 3, 'Hel', 0x00, 0, 0x00, 1, 'l', 0x80, 1, 'o'));
  });

  test('RFC 6455 5.4: a new message may follow a fragmented one', async () => {
    const { client } = await connect();
    client.send(
      ...[clientFrame(0x01, 'a'), clientFrame(0x80, 'b'), clientFrame(0x81, 'c')],
      ...[clientFrame(0x02, 'd'), clientFrame(0x80, 'e'), clientFrame(0x82, 'f')],
    );
    const echoes = bytes(0x81, 2, 'ab', 0x81, 1, 'c', 0x82, 2, 'de', 0x82, 1, 'f');
    expect(await client.read(echoes.length)).toEqual(echoes);
  });

  describe('RFC 6455 5.4: fragments out of order are a protocol error', () => {
    const text = clientFrame(0x81, 'Hello');
    test.each<[string, Buffer[]]>([
      ['a last continuation of nothing', [clientFrame(0x80, 'x'), text]],
      ['an empty last continuation of nothing', [clientFrame(0x80), text]],
      ['a continuation of nothing', [clientFrame(0x00, 'x'), text]],
      ['a text inside a text', [clientFrame(0x01, 'a'), text]],
      ['a text inside a binary message', [clientFrame(0x02, 'a'), text]],
      ['a binary message inside a text', [clientFrame(0x01, 'a'), clientFrame(0x82, 'b')]],
      ['a first fragment inside a message', [clientFrame(0x01, 'a'), clientFrame(0x01, 'b'), clientFrame(0x80, 'c')]],
      ['the same behind a second fragment', [clientFrame(0x01, 'a'), clientFrame(0x00, 'b'), text]],
      ['the same behind a ping', [clientFrame(0x01, 'a'), clientFrame(0x8a), clientFrame(0x01, 'b')]],
    ])('%s', async (_title, frames) => {
      for (const chopped of [false, true]) {
        const { client, heard } = await connect();
        if (chopped) await sendChopped(client, Buffer.concat(frames), 1);
        else client.send(...frames);
        expect(await closeCode(client)).toBe(1002);
        expect((await heard.closed()).filter((entry) => /^(text|binary)/.test(entry))).toEqual([]);
      }
    });

    test('a continuation after the last fragment; the message before it is answered', async () => {
      const { client } = await connect();
      client.send(clientFrame(0x01, 'a'), clientFrame(0x80, 'b'), clientFrame(0x80, 'c'));
      expect(await client.read(4)).toEqual(bytes(0x81, 2, 'ab'));
      expect(await closeCode(client)).toBe(1002);
    });
  });
});
