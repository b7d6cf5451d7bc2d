import { WebSocket } from 'ws';
import { afterTest, Inbox } from '../../../testing/test/toolbox';
import { clientFrame, upgradeRequest } from '../../../server/test/raw-connection';
import { connectTo } from '../../../server/test/test-server';
import { ProtocolServer, sessionAt } from './protocol-server';

// SockJS 0.3.3, "WebSocket protocols: /*/*/websocket".

class Client {
  readonly received = new Inbox();
  readonly closed: Promise<string>;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => this.received.add(data.toString()));
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) =>
      socket.on('close', (code, reason) => resolve(`${code} ${reason.toString()}`.trim())),
    );
    afterTest(() => socket.terminate());
  }

  static open(server: ProtocolServer, path: string, protocols: string[] = []): Client {
    return new Client(new WebSocket(`ws://127.0.0.1:${server.port}${path}`, protocols));
  }

  next(): Promise<string> {
    return this.received.next();
  }
}

describe('a request that is no upgrade', () => {
  test('is 400', async () => {
    const server = await ProtocolServer.start();
    expect((await server.get('/echo/0/0/websocket')).status).toBe(400);
    const headers = { Upgrade: 'WebSocket', Connection: 'close' };
    expect((await server.get('/echo/0/0/websocket', { headers })).status).toBe(400);
  });

  test.each([{}, { Upgrade: 'WebSocket', Connection: 'Upgrade' }])('is 405 by POST, with %j', async (headers) => {
    const server = await ProtocolServer.start();
    const reply = await server.ask('POST', '/echo/0/0/websocket', { headers });
    expect([reply.status, reply.headers.allow, reply.headers['content-type'], reply.body]).toEqual([
      405,
      'GET',
      undefined,
      '',
    ]);
  });

  test('is 404 if WebSockets are disabled, and so is an upgrade', async () => {
    const server = await ProtocolServer.start();
    expect((await server.get('/disabled_websocket_echo/0/0/websocket')).status).toBe(404);
    const client = await connectTo(server.port);
    client.send(upgradeRequest('/disabled_websocket_echo/0/0/websocket'));
    expect((await client.response()).status).toBe(404);
  });
});

test('opens, and carries messages in frames', async () => {
  const server = await ProtocolServer.start();
  const client = Client.open(server, `${sessionAt('/echo')}/websocket`);
  expect(await client.next()).toBe('o');
  client.socket.send('["a"]');
  expect(await client.next()).toBe('a["a"]');
  client.socket.send('["b","c"]');
  expect([await client.next(), await client.next()]).toEqual(['a["b"]', 'a["c"]']);
  client.socket.close();
  await client.closed;
});

test('takes one text in place of a list', async () => {
  const server = await ProtocolServer.start();
  const client = Client.open(server, `${sessionAt('/echo')}/websocket`);
  expect(await client.next()).toBe('o');
  client.socket.send('"a"');
  expect(await client.next()).toBe('a["a"]');
});

test('sends a close frame, and closes with its code', async () => {
  const server = await ProtocolServer.start();
  const client = Client.open(server, `${sessionAt('/close')}/websocket`);
  expect(await client.next()).toBe('o');
  expect(await client.next()).toBe('c[3000,"Go away!"]');
  expect(await client.closed).toBe('3000 Go away!');
});

test('answers the handshake with the right headers', async () => {
  const server = await ProtocolServer.start();
  const client = await connectTo(server.port);
  client.send(
    upgradeRequest(`${sessionAt('/echo')}/websocket`, {
      'Sec-WebSocket-Origin': 'http://asd',
      'Sec-WebSocket-Key': 'x3JJHMbDL1EzLkh9GBhXDw==',
    }),
  );
  const { status, headers } = await client.response();
  expect(status).toBe(101);
  expect(headers.get('sec-websocket-accept')).toEqual(['HSmrc0sMlYUkAGmm5OPpG2HaGWk=']);
  expect(headers.get('connection')?.[0]?.toLowerCase()).toBe('upgrade');
  expect(headers.get('upgrade')?.[0]?.toLowerCase()).toBe('websocket');
  expect(headers.has('content-length')).toBe(false);
  expect(await client.text()).toBe('o');
});

test('ignores empty messages and empty lists', async () => {
  const server = await ProtocolServer.start();
  const client = Client.open(server, `${sessionAt('/echo')}/websocket`);
  expect(await client.next()).toBe('o');
  for (const message of ['', '[]', '["a"]']) client.socket.send(message);
  expect(await client.next()).toBe('a["a"]');
});

test('two sessions with one ID are independent', async () => {
  const server = await ProtocolServer.start();
  const path = `${sessionAt('/echo')}/websocket`;
  const one = Client.open(server, path);
  expect(await one.next()).toBe('o');
  const two = Client.open(server, path);
  expect(await two.next()).toBe('o');
  one.socket.send('["a"]');
  two.socket.send('["b"]');
  expect([await one.next(), await two.next()]).toEqual(['a["a"]', 'a["b"]']);
  one.socket.close();
  await one.closed;
  const three = Client.open(server, path);
  expect(await three.next()).toBe('o');
  three.socket.send('["c"]');
  expect(await three.next()).toBe('a["c"]');
});

test.each(['["a', '{"a":1}', '[1]', 'null', 'a'])('%s ends the connection', async (message) => {
  const server = await ProtocolServer.start();
  const client = Client.open(server, `${sessionAt('/echo')}/websocket`);
  expect(await client.next()).toBe('o');
  client.socket.send('["before"]');
  client.socket.send(message);
  expect(await client.next()).toBe('a["before"]');
  expect(await client.closed).toBe('1007 Broken JSON encoding.');
});

test('a binary message ends the connection', async () => {
  const server = await ProtocolServer.start();
  for (const data of [Buffer.alloc(0), Buffer.from('["a"]')]) {
    const client = Client.open(server, `${sessionAt('/echo')}/websocket`);
    expect(await client.next()).toBe('o');
    client.socket.send(data, { binary: true });
    expect(await client.closed).toMatch(/^(?:1003|1009)/);
  }
});

test('hixie-76 is not supported', async () => {
  const server = await ProtocolServer.start();
  const client = await connectTo(server.port);
  client.send(
    upgradeRequest(`${sessionAt('/echo')}/websocket`, {
      'Sec-WebSocket-Key': null,
      'Sec-WebSocket-Version': null,
      'Sec-WebSocket-Key1': '4 @1  46546xW%0l 1 5',
      'Sec-WebSocket-Key2': '12998 5 Y3 1  .P00',
    }),
  );
  expect((await client.response()).status).toBe(426);
});

test('a frame that arrives with the request is read', async () => {
  const server = await ProtocolServer.start();
  const client = await connectTo(server.port);
  client.send(upgradeRequest(`${sessionAt('/echo')}/websocket`), clientFrame(0x81, '["early"]'));
  expect((await client.response()).status).toBe(101);
  expect(await client.text()).toBe('o');
  expect(await client.text()).toBe('a["early"]');
});
