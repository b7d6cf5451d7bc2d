import { clientFrame, LiteralSocket } from '@serval/testing';
import { bytes, overBothEngines, turns } from '../echo-peer';

// packages/server/test/upgrade.test.ts has the long tables of refusals; these tests run over both engines.

const REQUEST = [
  'GET / HTTP/1.1',
  'Host: server.example.com',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
];
const wire = (lines: readonly string[]): string => `${lines.join('\r\n')}\r\n\r\n`;

overBothEngines((_connect, _engine, server) => {
  let client: LiteralSocket;
  beforeEach(async () => {
    client = await LiteralSocket.connect(server().port);
  });
  afterEach(() => client.destroy());

  test('RFC 6455 4.2.2: answers the sample key of 1.3 with its accept value and no other headers', async () => {
    client.send(wire(REQUEST), clientFrame(0x88, [0x03, 0xe8]));
    const answer = (await client.readToEnd()).toString('latin1');
    const [statusLine, ...lines] = answer.slice(0, answer.indexOf('\r\n\r\n')).split('\r\n');
    expect(statusLine).toBe('HTTP/1.1 101 Switching Protocols');
    expect(lines.sort()).toEqual([
      'Connection: Upgrade',
      'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
      'Upgrade: websocket',
    ]);
    expect(answer.slice(answer.indexOf('\r\n\r\n') + 4)).toBe('\x88\x02\x03\xe8');
  });

  test('RFC 6455 4.2.1: accepts a handshake that arrives byte by byte', async () => {
    for (const character of wire(REQUEST)) {
      client.send(character);
      await turns(1);
    }
    expect((await client.readHead()).status).toBe(101);
    client.send(clientFrame(0x81, 'Hello'));
    expect(await client.read(7)).toEqual(bytes(0x81, 0x05, 'Hello'));
  });

  test('RFC 6455 4.2.1: loses no frames in the packet of the request, even if the last one is split', async () => {
    const second = clientFrame(0x82, [1, 2, 3]);
    client.send(wire(REQUEST), clientFrame(0x81, 'Hello'), second.subarray(0, 7));
    expect((await client.readHead()).status).toBe(101);
    expect(await client.read(7)).toEqual(bytes(0x81, 0x05, 'Hello'));
    client.send(second.subarray(7));
    expect(await client.read(5)).toEqual(bytes(0x82, 0x03, 1, 2, 3));
  });

  test.each(['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='])(
    'RFC 6455 4.2.1: without %j there is no WebSocket',
    async (line) => {
      client.send(wire(REQUEST.filter((one) => one !== line)));
      // Without an Upgrade header it is a request like any other.
      expect((await client.readHead()).status).toBe(/^(Upgrade|Connection)/.test(line) ? 426 : 400);
    },
  );

  test('RFC 6455 4.2.2: answers another version with 426 and the supported version', async () => {
    client.send(wire(REQUEST.map((line) => line.replace('Version: 13', 'Version: 12'))));
    const { status, headers } = await client.readHead();
    expect([status, headers.get('sec-websocket-version')]).toEqual([426, ['13']]);
  });

  test('RFC 6455 4.2.1: ignores the case of header names and of the values of Upgrade and Connection', async () => {
    client.send(
      wire(
        REQUEST.map((line) => {
          const [name = '', value = ''] = line.split(': ');
          return `${name.toUpperCase()}: ${name === 'Upgrade' || name === 'Connection' ? value.toUpperCase() : value}`;
        }).map((line) => line.replace('GET / HTTP/1.1: ', 'GET / HTTP/1.1')),
      ),
    );
    expect((await client.readHead()).status).toBe(101);
  });
});
