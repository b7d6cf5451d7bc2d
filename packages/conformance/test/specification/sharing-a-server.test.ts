import { createServer, type IncomingMessage, type Server as HttpServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Duplex } from 'node:stream';
import * as serval from 'serval';
import { attach, detach, OnMessage, ServerEndpoint, type ServerContainerOptions, type ServerContainer } from 'serval';
import { WebSocketServer } from 'ws';
import { clientFrame, upgradeRequest, type HeaderChanges } from '../../../server/test/raw-connection';
import { connectTo, listen, loggerInto } from '../../../server/test/test-server';
import { LOCALHOST } from '../localhost';
import { afterTest, Journal, turn } from '../../../testing/test/toolbox';

@ServerEndpoint('/echo')
class Echo {
  @OnMessage say(text: string): string {
    return `serval heard ${text}`;
  }
}

/** A handshake takes its time, so that every other listener of the server has had its own. */
const SLOW: ServerContainerOptions = {
  authenticate: () =>
    turn()
      .then(turn)
      .then(() => null),
};

function container(http: HttpServer, options: ServerContainerOptions = {}): ServerContainer {
  const attached = attach(http, { logger: loggerInto(new Journal()), ...SLOW, ...options });
  attached.addEndpoint(Echo);
  afterTest(() => attached.stop({ grace: 1 }));
  return attached;
}

function oldServer(http: HttpServer, path?: string): WebSocketServer {
  const old = new WebSocketServer({ server: http, path });
  old.on('connection', (socket) => {
    socket.on('message', (data) => socket.send(`ws heard ${String(data)}`));
  });
  afterTest(() => {
    for (const client of old.clients) client.terminate();
    old.close();
  });
  return old;
}

/** The status of a handshake, or what answers a message on its connection. */
async function visit(
  port: number,
  target: string,
  headers: HeaderChanges = {},
  tls?: object,
): Promise<number | string> {
  const client = await connectTo(port, tls);
  client.send(upgradeRequest(target, headers));
  const { status } = await client.response();
  if (status !== 101) return status;
  client.send(clientFrame(0x81, 'hi'));
  return client.text();
}

describe.each([false, true])('a WebSocketServer of ws on the same server (TLS: %s)', (isSecure) => {
  const tls = isSecure ? { ca: LOCALHOST.cert } : undefined;
  const plain = (): HttpServer => {
    const page = (_request: IncomingMessage, response: { end(text: string): unknown }): void =>
      void response.end('page');
    return isSecure ? createSecureServer({ key: LOCALHOST.key, cert: LOCALHOST.cert }, page) : createServer(page);
  };

  test.each<[string, (http: HttpServer) => void]>([
    ['before the container', (http) => (oldServer(http, '/old'), container(http))],
    ['after the container', (http) => (container(http), oldServer(http, '/old'))],
    ['before and after it', (http) => (oldServer(http, '/old'), container(http), oldServer(http, '/older'))],
  ])('%s keeps its own path, and the container serves those of its endpoints', async (_order, setUp) => {
    const http = plain();
    setUp(http);
    const port = await listen(http);
    for (let round = 0; round < 2; round += 1) expect(await visit(port, '/echo', {}, tls)).toBe('serval heard hi');
    expect(await visit(port, '/echo?x=1', {}, tls)).toBe('serval heard hi');
    expect(await visit(port, '/echo', { 'Sec-WebSocket-Version': '8' }, tls)).toBe(426);
    expect(await visit(port, '/echo', { Origin: 'http://other.example' }, tls)).toBe(403);
  });

  test.each(['before', 'after'])('created %s the container, it answers requests without an endpoint', async (order) => {
    const http = plain();
    if (order === 'before') oldServer(http, '/old');
    container(http);
    if (order === 'after') oldServer(http, '/old');
    const port = await listen(http);
    expect(await visit(port, '/old', {}, tls)).toBe('ws heard hi');
    expect(await visit(port, '/nowhere', {}, tls)).toBe(400);
    expect(await visit(port, '/echo', {}, tls)).toBe('serval heard hi');
  });

  test('without a path, it serves all paths except those of the endpoints', async () => {
    const http = plain();
    oldServer(http);
    container(http);
    const port = await listen(http);
    expect(await visit(port, '/', {}, tls)).toBe('ws heard hi');
    expect(await visit(port, '/echo', {}, tls)).toBe('serval heard hi');
  });

  test('has its server unchanged after detach', async () => {
    const http = plain();
    const old = oldServer(http, '/old');
    const before = {
      emit: http.emit,
      upgrade: http.listeners('upgrade'),
      connection: http.listenerCount('connection'),
    };
    const slot = Object.getOwnPropertyDescriptor(http, 'shouldUpgradeCallback');
    const attached = container(http);
    const port = await listen(http);
    expect(await visit(port, '/echo', {}, tls)).toBe('serval heard hi');
    expect(detach(http, attached)).toBe(true);
    expect(detach(http, attached)).toBe(false);
    expect({
      emit: http.emit,
      upgrade: http.listeners('upgrade'),
      connection: http.listenerCount('connection'),
    }).toEqual(before);
    expect(Object.hasOwn(http, 'emit')).toBe(false);
    expect(Object.getOwnPropertyDescriptor(http, 'shouldUpgradeCallback')).toEqual(slot);
    expect(await visit(port, '/echo', {}, tls)).toBe(400);
    expect(await visit(port, '/old', {}, tls)).toBe('ws heard hi');
    expect(old.clients.size).toBe(1);
  });
});

describe('an engine that ends unanswered upgrades after a timeout, like Socket.IO’s', () => {
  test.each(['before', 'after'])(
    'created %s the container, it does not interrupt slow handshakes of endpoints',
    async (order) => {
      const http = createServer();
      const ended = new Journal();
      const engine = (request: IncomingMessage, socket: Duplex & { bytesWritten?: number }): void => {
        if (request.url?.startsWith('/socket.io/') === true) {
          socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
          return;
        }
        setTimeout(() => {
          ended.add(request.url ?? '');
          if (socket.writable && socket.bytesWritten === 0) socket.end();
        }, 1);
      };
      if (order === 'before') http.on('upgrade', engine);
      // Until the engine has ended another socket, which came after ours.
      container(http, { authenticate: () => ended.until('/other').then(() => null) });
      if (order === 'after') http.on('upgrade', engine);
      const port = await listen(http);
      const ours = visit(port, '/echo');
      expect(await visit(port, '/socket.io/?EIO=4')).toBe(400);
      const other = await connectTo(port);
      other.send(upgradeRequest('/other'));
      expect(await other.end()).toBe('');
      expect(await ours).toBe('serval heard hi');
      expect(ended.entries).toEqual(['/other']);
    },
  );
});

describe('a development server that listens for its own subprotocol, as Vite does', () => {
  test.each(['before', 'after'])(
    'created %s the container, it reloads its pages and leaves the rest',
    async (order) => {
      const http = createServer((_request, response) => response.end('page'));
      const hmr = new WebSocketServer({ noServer: true });
      const vite = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
        if (request.headers['sec-websocket-protocol'] !== 'vite-hmr' || request.url !== '/') return;
        hmr.handleUpgrade(request, socket, head, (client) => {
          client.on('message', () => client.send('reload'));
          afterTest(() => client.terminate());
        });
      };
      if (order === 'before') http.on('upgrade', vite);
      container(http, { handshakeTimeout: 50 });
      if (order === 'after') http.on('upgrade', vite);
      const port = await listen(http);
      expect(await visit(port, '/', { 'Sec-WebSocket-Protocol': 'vite-hmr' })).toBe('reload');
      expect(await visit(port, '/echo')).toBe('serval heard hi');
      // Nobody answers it, so that the container does when the time is over.
      expect(await visit(port, '/nowhere')).toBe(404);
      expect(await visit(port, '/', { Upgrade: 'h2c' })).toBe(200);
    },
  );
});

describe('two containers', () => {
  test('of one copy of the package share a server, and detach independently', async () => {
    const http = createServer();
    const first = container(http, { contextPath: '/a' });
    const second = container(http, { contextPath: '/b' });
    const port = await listen(http);
    for (const path of ['/a/echo', '/b/echo']) expect(await visit(port, path)).toBe('serval heard hi');
    detach(http, first);
    expect(await visit(port, '/a/echo')).toBe(404);
    expect(await visit(port, '/b/echo')).toBe('serval heard hi');
    detach(http, second);
    expect(http.listenerCount('upgrade')).toBe(0);
    expect(Object.hasOwn(http, 'emit')).toBe(false);
  });

  test('of two copies of the package share a server', async () => {
    let copy = serval;
    jest.isolateModules(() => (copy = jest.requireActual<typeof serval>('serval')));
    expect(copy.attach).not.toBe(attach);
    const http = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += chunk)).on('end', () => response.end(`page ${body}`));
    });
    const second = copy.attach(http, { contextPath: '/b', logger: loggerInto(new Journal()), ...SLOW });
    afterTest(() => second.stop({ grace: 1 }));
    @copy.ServerEndpoint('/echo')
    class Copied {
      @copy.OnMessage say(text: string): string {
        return `the copy heard ${text}`;
      }
    }
    second.addEndpoint(Copied);
    const first = container(http, { contextPath: '/a' });
    const port = await listen(http);
    expect(await visit(port, '/a/echo')).toBe('serval heard hi');
    expect(await visit(port, '/b/echo')).toBe('the copy heard hi');
    expect(await visit(port, '/c/echo')).toBe(404);
    const client = await connectTo(port);
    client.send(upgradeRequest('POST /page HTTP/1.1', { Upgrade: 'h2c', 'Content-Length': '5' }), 'hello');
    expect((await client.response()).body).toBe('page hello');
    // Not in the order in which they were attached.
    copy.detach(http, second);
    expect(await visit(port, '/b/echo')).toBe(404);
    expect(await visit(port, '/a/echo')).toBe('serval heard hi');
    detach(http, first);
    expect(http.listenerCount('upgrade')).toBe(0);
  });
});
