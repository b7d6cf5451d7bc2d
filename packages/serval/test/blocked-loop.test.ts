import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { CloseReason, connect, HandshakeException, OnMessage, Server, ServerEndpoint } from 'serval';
import { WebSocket } from 'ws';
import { silent } from '../../testing/test/toolbox';

@ServerEndpoint('/echo')
class Echo {
  @OnMessage text(text: string): string {
    return text;
  }
}

/** Holds up everything: nothing is read and no timer fires meanwhile. */
function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

test('handshakeTimeout does not refuse a client if the event loop was blocked during its authentication', async () => {
  let isFirst = true;
  const authenticate = async () => {
    const reading = readFile(__filename);
    if (isFirst) setImmediate(() => block(400));
    isFirst = false;
    await reading;
    return null;
  };
  const server = new Server({ host: '127.0.0.1', endpoints: [Echo], authenticate, handshakeTimeout: 200 });
  await server.start();
  cleanups.push(() => server.stop());
  const client = new WebSocket(`ws://127.0.0.1:${server.port}/echo`);
  cleanups.push(() => client.terminate());
  await once(client, 'open');
});

describe('a client', () => {
  /** A server that holds up the process behind its answer. */
  async function blocking(): Promise<string> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      socket.once('data', (request) => {
        const key = /sec-websocket-key: (\S+)/i.exec(request.toString())?.[1] ?? '';
        const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
        );
        block(500);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  test.each([{ handshakeTimeout: 300 }, { ioTimeout: 300 }])(
    'connects despite a blocked event loop with %j',
    async (options) => {
      const connection = await connect(await blocking(), { ...options, logger: silent, sessionCloseTimeout: 50 });
      expect(connection.state).toBe('open');
      void connection.close();
      await connection.closed;
    },
  );
});

test('handshakeTimeout limits a URI function that never settles, also when reconnecting', async () => {
  const never = (): Promise<string> => new Promise(() => undefined);
  const options = { logger: silent, handshakeTimeout: 50, sessionCloseTimeout: 50 };
  const error = await connect(never, options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(HandshakeException);
  expect(error).toMatchObject({ code: 'WS_CONNECT_TIMEOUT', message: expect.stringMatching(/URI .* 50 ms/) });

  const server = new Server({ host: '127.0.0.1', endpoints: [Echo], logger: silent });
  await server.start();
  cleanups.push(() => server.stop());
  let asked = 0;
  const uri = (): string | Promise<string> => {
    asked += 1;
    return asked === 2 ? never() : `ws://127.0.0.1:${server.port}/echo`;
  };
  const connection = await connect(uri, { ...options, reconnect: { minDelay: 0, initialDelay: 1, maxDelay: 1 } });
  cleanups.push(() => connection.close());
  for (const session of server.container.getSessions()) void session.close(new CloseReason(1012));
  while (asked < 3 || connection.state !== 'open') await new Promise((resolve) => setImmediate(resolve));
});
