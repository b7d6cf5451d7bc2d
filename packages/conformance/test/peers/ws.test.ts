import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Server } from 'serval';
import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws';
import { startEchoServer } from '../../src/echo-server';
import { EchoCaller, WsEchoCaller } from '../echo-caller';
import { changedByEcho } from '../echo-table';

// Both directions between ws and Serval. Other tests cover the peculiarities of ws; this is the table.

describe('a client of ws', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startEchoServer(0, '127.0.0.1');
  });
  afterAll(() => server.stop({ grace: 0 }));

  test.each([
    ['without compression', false, ''],
    ['with compression', { threshold: 0 }, 'permessage-deflate'],
    ['with small windows', { threshold: 0, clientMaxWindowBits: 9, serverMaxWindowBits: 9 }, 'permessage-deflate'],
    [
      'with compression that keeps no context',
      { threshold: 0, clientNoContextTakeover: true, serverNoContextTakeover: true },
      'permessage-deflate',
    ],
  ])('receives every message back from our server: %s', async (_how, perMessageDeflate, extensions) => {
    const caller = await WsEchoCaller.open(`ws://127.0.0.1:${server.port}/`, { perMessageDeflate });
    expect(caller.socket.extensions).toBe(extensions);
    expect(await changedByEcho(caller.exchange)).toEqual([]);
    caller.socket.ping('are you there');
    expect(String((await once(caller.socket, 'pong'))[0])).toBe('are you there');
    caller.socket.close(4001, 'enough');
    const [code, reason] = (await once(caller.socket, 'close')) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([4001, 'enough']);
  });
});

describe('a server of ws', () => {
  const servers: WebSocketServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  async function start(perMessageDeflate: ServerOptions['perMessageDeflate']): Promise<string> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate });
    servers.push(server);
    server.on('connection', (client: WebSocket) => {
      client.on('message', (data: Buffer, isBinary) => {
        if (!isBinary && data.toString() === 'close') client.close(4002, 'as you wish');
        else client.send(data, { binary: isBinary });
      });
    });
    await once(server, 'listening');
    // It listens on a port.
    return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  test.each<[string, ServerOptions['perMessageDeflate'], boolean, readonly string[]]>([
    ['neither side compresses', false, false, []],
    ['only the client would compress', false, true, []],
    ['only the server would compress', { threshold: 0 }, false, []],
    ['both compress', { threshold: 0 }, true, ['permessage-deflate']],
    [
      'both compress with small windows',
      { threshold: 0, clientMaxWindowBits: 9, serverMaxWindowBits: 9 },
      true,
      ['permessage-deflate; client_max_window_bits=9; server_max_window_bits=9'],
    ],
    [
      'both compress and keep no context',
      { threshold: 0, clientNoContextTakeover: true, serverNoContextTakeover: true },
      true,
      ['permessage-deflate; server_no_context_takeover=; client_no_context_takeover='],
    ],
  ])('echoes every message to our client: %s', async (_how, deflate, perMessageDeflate, extensions) => {
    const caller = await EchoCaller.open(await start(deflate), { perMessageDeflate });
    expect(caller.extensions).toEqual(extensions);
    expect(await changedByEcho(caller.exchange)).toEqual([]);
    await caller.session.getBasicRemote().sendPing(Buffer.from('are you there'));
    expect(await caller.told.until(1)).toEqual(['pong are you there']);
    await caller.session.getBasicRemote().sendText('close');
    expect((await caller.told.closed()).at(-1)).toBe('close 4002 as you wish');
  });
});
