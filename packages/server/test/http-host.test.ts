import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { X509Certificate } from 'node:crypto';
import {
  Endpoint,
  OnMessage,
  ServerEndpoint,
  ServerEndpointConfig,
  type HandshakeRequest,
  type Session,
} from '@serval/api';
import { attach, type AttachableServer } from '../src/http-host';
import { Server } from '../src/server';
import { clientFrame, upgradeRequest, type RawResponse } from './raw-connection';
import { connectTo, listen, loggerInto, TestServer } from './test-server';
import { afterTest, Gate, Journal, turn } from '../../testing/test/toolbox';

@ServerEndpoint('/chat')
class Chat {
  @OnMessage say(text: string): string {
    return `you said ${text}`;
  }
}

@ServerEndpoint('/')
class Root {
  @OnMessage say(text: string): string {
    return `the root heard ${text}`;
  }
}

/** Opens the target and sends a text. @returns the status, or the endpoint's reply */
async function visit(server: TestServer, target: string): Promise<number | string> {
  const { status, client } = await server.request(target);
  if (status !== 101) return status;
  client.send(clientFrame(0x81, 'hi'));
  return client.text();
}

describe('several containers on one server', () => {
  test('serve the paths under their context paths with one shared listener', async () => {
    const server = await TestServer.start({ contextPath: '/a' }, Chat);
    const second = attach(server.http, { contextPath: '/b/c' });
    second.addEndpoint(Chat);
    second.addEndpoint(Root);
    expect(server.http.listenerCount('upgrade')).toBe(1);
    expect(await visit(server, '/a/chat')).toBe('you said hi');
    expect(await visit(server, '/b/c/chat')).toBe('you said hi');
    expect(await visit(server, '/b/c/')).toBe('the root heard hi');
    expect(await visit(server, '/b/c')).toBe('the root heard hi');
    for (const target of ['/chat', '/a', '/a/', '/b/chat', '/b', '/c/chat', '/a/b/c/chat', '/']) {
      expect({ target, answer: await visit(server, target) }).toEqual({ target, answer: 404 });
    }
    expect(server.container.getSessions().size).toBe(1);
    expect(second.getSessions().size).toBe(3);
    await second.stop({ grace: 1 });
  });

  test('each have their own options', async () => {
    const server = await TestServer.start({ contextPath: '/strict' }, Chat);
    attach(server.http, { contextPath: '/open', allowedOrigins: '*' }).addEndpoint(Chat);
    const Origin = 'http://evil.example';
    expect((await server.request('/strict/chat', { Origin })).status).toBe(403);
    expect((await server.request('/open/chat', { Origin })).status).toBe(101);
  });

  test('the first one with a path serves it', async () => {
    const server = await TestServer.start({}, Chat);
    const second = attach(server.http, {});
    second.addEndpoint(Chat);
    second.addEndpoint(Root);
    expect(await visit(server, '/chat')).toBe('you said hi');
    expect(await visit(server, '/')).toBe('the root heard hi');
    expect([server.container.getSessions().size, second.getSessions().size]).toEqual([1, 1]);
    await second.stop({ grace: 1 });
  });

  test('a stopped one refuses at its own paths, and the others continue', async () => {
    const server = await TestServer.start({ contextPath: '/a' }, Chat);
    const second = attach(server.http, { contextPath: '/b' });
    second.addEndpoint(Chat);
    await second.stop();
    expect(await visit(server, '/b/chat')).toBe(503);
    expect(await visit(server, '/a/chat')).toBe('you said hi');
  });
});

describe('[WSC-6.4-1] the context path', () => {
  test.each(['/ws', '/ws/', '/x/../ws', '/%77s'])('%s contains the paths below /ws', async (contextPath) => {
    const server = await TestServer.start({ contextPath }, Chat, Root);
    for (const target of ['/ws/chat', '/x/../ws/chat', '/%77s/chat', '/ws/./chat']) {
      expect({ target, answer: await visit(server, target) }).toEqual({ target, answer: 'you said hi' });
    }
    for (const target of ['/ws', '/ws/']) expect(await visit(server, target)).toBe('the root heard hi');
    for (const target of ['/chat', '/wsx/chat', '/WS/chat', '/ws/../chat', '/ws//chat', '/', '/ws/chat/']) {
      expect({ target, answer: await visit(server, target) }).toEqual({ target, answer: 404 });
    }
  });

  test('/ is the default', async () => {
    const server = await TestServer.start({}, Chat, Root);
    expect(await visit(server, '/chat')).toBe('you said hi');
    expect(await visit(server, '/')).toBe('the root heard hi');
  });

  test('is not part of path parameters or templates', async () => {
    class Room extends Endpoint {
      override onOpen(session: Session): void {
        void session.getBasicRemote().sendText(JSON.stringify(Object.fromEntries(session.getPathParameters())));
      }
    }
    const server = await TestServer.start(
      { contextPath: '/ws' },
      ServerEndpointConfig.Builder.create(Room, '/{room}').build(),
    );
    expect(await (await server.open('/ws/lobby')).text()).toBe('{"room":"lobby"}');
    expect((await server.request('/ws')).status).toBe(404);
  });
});

describe('beside other listeners of the server', () => {
  /** A server with a foreign listener that keeps its events and answers nothing. */
  async function withForeign(when: 'before' | 'after') {
    const http = createServer((_request, response) => response.end('plain HTTP'));
    const received: { request: IncomingMessage; socket: Duplex; head: Buffer }[] = [];
    const came = new Gate();
    const foreign = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
      received.push({ request, socket, head });
      came.open();
    };
    if (when === 'before') http.on('upgrade', foreign);
    const container = attach(http, { logger: loggerInto(new Journal()) });
    if (when === 'after') http.on('upgrade', foreign);
    container.addEndpoint(Chat);
    afterTest(() => container.stop({ grace: 1 }));
    return { http, foreign, received, came, port: await listen(http) };
  }

  test.each(['before', 'after'] as const)(
    'one that was there %s the container gets what no endpoint has, untouched',
    async (when) => {
      const { received, came, port } = await withForeign(when);
      const client = await connectTo(port);
      client.send(upgradeRequest('/hot-reload'), clientFrame(0x81, 'early'));
      await came.promise;
      await turn();
      expect(received).toHaveLength(1);
      const { request, socket, head } = received[0]!;
      expect(request.url).toBe('/hot-reload');
      expect(head).toEqual(clientFrame(0x81, 'early'));
      expect(socket.destroyed || socket.writableEnded || socket.readableFlowing !== null).toBe(false);
      expect(socket.listenerCount('error')).toBe(0);
      expect((socket as Duplex & { bytesWritten: number }).bytesWritten).toBe(0);
      socket.end('HTTP/1.1 101 Foreign\r\n\r\n');
      expect((await client.response()).status).toBe(101);
    },
  );

  test('serves an endpoint without calling the foreign listener', async () => {
    const { port, received } = await withForeign('before');
    const client = await connectTo(port);
    client.send(upgradeRequest('/chat'), clientFrame(0x81, 'hi'));
    expect((await client.response()).status).toBe(101);
    expect(await client.text()).toBe('you said hi');
    expect(received).toEqual([]);
  });

  test('passes an upgrade to another protocol to the foreign listener', async () => {
    const { received, came, port } = await withForeign('after');
    const client = await connectTo(port);
    client.send(upgradeRequest('/chat', { Upgrade: 'h2c' }));
    await came.promise;
    await turn();
    expect(received).toHaveLength(1);
    expect((received[0]!.socket as Duplex & { bytesWritten: number }).bytesWritten).toBe(0);
    received[0]?.socket.destroy();
  });

  test('answers 404 only if there is no other listener', async () => {
    const { http, foreign, port } = await withForeign('before');
    http.off('upgrade', foreign);
    const client = await connectTo(port);
    client.send(upgradeRequest('/hot-reload'));
    expect(await client.response()).toMatchObject({
      status: 404,
      body: 'No WebSocket endpoint is deployed at this path.\n',
    });
  });
});

describe('plain HTTP', () => {
  test('is served as usual, one request after the other on a connection', async () => {
    const server = await TestServer.start({}, Chat);
    const client = await server.connect();
    for (let round = 0; round < 2; round += 1) {
      client.send('GET /chat HTTP/1.1\r\nHost: localhost\r\n\r\n');
      expect(await client.response()).toMatchObject({ status: 200, body: 'plain HTTP' });
    }
    client.send(upgradeRequest('/chat'));
    expect((await client.response()).status).toBe(101);
  });

  describe('RFC 9110 7.8: with an Upgrade header that the server ignores', () => {
    const H2C = { Upgrade: 'h2c', Connection: 'Upgrade, HTTP2-Settings', 'HTTP2-Settings': 'AAMAAABkAAQCAAAAAAIAAAAA' };

    async function serve(listener: (request: IncomingMessage, response: ServerResponse) => void) {
      const http = createServer(listener);
      attach(http).addEndpoint(Chat);
      const dropped = new Promise((resolve) => {
        http.once('connection', (socket: Socket) => socket.once('close', resolve));
      });
      const port = await listen(http);
      const ask = async (start: string, changes: Parameters<typeof upgradeRequest>[1] = {}, body = '') => {
        const client = await connectTo(port);
        client.send(upgradeRequest(start, { ...H2C, ...changes }), body);
        return client;
      };
      return { ask, dropped };
    }

    test.each(['/', '/chat'])('serves GET %s as a plain request and keeps the connection', async (path) => {
      const { ask } = await serve((request, response) => {
        response.setHeader('X-Seen', `${request.method} ${request.url} ${request.headers.upgrade}`);
        response.end('plain HTTP');
      });
      const client = await ask(path);
      for (let round = 0; round < 2; round += 1) {
        const { status, headers, body } = await client.response();
        expect([status, body]).toEqual([200, 'plain HTTP']);
        expect(headers.get('x-seen')).toEqual([`GET ${path} h2c`]);
        expect(headers.get('connection')).toEqual(['keep-alive']);
        client.send(upgradeRequest(path, H2C));
      }
    });

    test('includes a list of protocols without websocket, and an empty one', async () => {
      const { ask } = await serve((_request, response) => response.end('plain HTTP'));
      for (const Upgrade of ['h2c, TLS/1.0', 'websockets', 'x']) {
        expect(await (await ask('/', { Upgrade })).response()).toMatchObject({ status: 200, body: 'plain HTTP' });
      }
    });

    test('the response may be slow and in parts', async () => {
      const { ask } = await serve((_request, response) => {
        response.writeHead(200, { 'Content-Length': '8' });
        response.write('two ');
        setImmediate(() => response.end('part'));
      });
      expect((await (await ask('/')).response()).body).toBe('two part');
    });

    test('a listener that reads the body of the request reaches its end', async () => {
      const { ask } = await serve((request, response) => {
        let body = '';
        request.on('data', (chunk) => (body += chunk)).on('end', () => response.end(`[${body}]`));
      });
      expect((await (await ask('/')).response()).body).toBe('[]');
    });

    test('HEAD has no body', async () => {
      const { ask } = await serve((_request, response) => response.end('plain HTTP'));
      const client = await ask('HEAD / HTTP/1.1', { Connection: 'Upgrade, close' });
      expect(await client.end()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/);
    });

    test('a client that resets the connection before the response causes no error', async () => {
      const asked = new Gate<ServerResponse>();
      const { ask } = await serve((_request, response) => asked.open(response));
      const client = await ask('/');
      const response = await asked.promise;
      const { socket } = response;
      const closed = new Promise((resolve) => socket?.once('close', resolve));
      client.reset();
      await closed;
      response.end('too late');
      await turn();
      const next = await ask('/chat', { Upgrade: 'websocket', Connection: 'Upgrade' });
      expect((await next.response()).status).toBe(101);
    });
  });
});

describe('HTTPS', () => {
  const fixture = (name: string): string => readFileSync(join(__dirname, 'fixtures', name), 'utf8');
  const key = fixture('localhost.test-key.pem');
  const cert = fixture('localhost.test-cert.pem');

  class Asking extends ServerEndpointConfig.Configurator {
    readonly seen: unknown[] = [];
    override modifyHandshake(_config: ServerEndpointConfig, request: HandshakeRequest): void {
      this.seen.push(request.getRequestURI().href, request.getUserX509CertificateChain());
    }
  }
  class Secure extends Endpoint {
    override onOpen(session: Session): void {
      void session.getBasicRemote().sendText(`${session.getRequestURI().protocol} ${session.isSecure()}`);
    }
  }
  const secureConfig = (configurator: Asking): ServerEndpointConfig =>
    ServerEndpointConfig.Builder.create(Secure, '/secure').configurator(configurator).build();

  async function request(port: number, headers: Record<string, string>, tls: object = {}) {
    const client = await connectTo(port, { ca: cert, ...tls });
    client.send(upgradeRequest('/secure', headers));
    const response: RawResponse = await client.response();
    return { ...response, client };
  }

  test('an attached server speaks wss', async () => {
    const http = createSecureServer({ key, cert });
    const configurator = new Asking();
    const container = attach(http, { logger: loggerInto(new Journal()) });
    container.addEndpoint(secureConfig(configurator));
    const port = await listen(http);
    const { status, client } = await request(port, { Host: 'localhost:8443', Origin: 'https://localhost:8443' });
    expect(status).toBe(101);
    expect(await client.text()).toBe('wss: true');
    expect(configurator.seen).toEqual(['wss://localhost:8443/secure', null]);
    expect((await request(port, { Host: 'localhost:8443', Origin: 'https://evil.example' })).status).toBe(403);
    expect((await request(port, { 'Sec-WebSocket-Version': '8' })).status).toBe(426);
    await container.stop({ grace: 1 });
  });

  test('(WS 2.3) returns a self-signed client certificate once', async () => {
    const http = createSecureServer({ key, cert, ca: cert, requestCert: true });
    const configurator = new Asking();
    const container = attach(http, { logger: loggerInto(new Journal()) });
    container.addEndpoint(secureConfig(configurator));
    const { status } = await request(await listen(http), {}, { key, cert });
    expect(status).toBe(101);
    expect(configurator.seen[1]).toEqual([new X509Certificate(cert).raw]);
    await container.stop({ grace: 1 });
  });

  test('does not return an unverified certificate', async () => {
    // Without an authority, and any certificate may connect.
    const http = createSecureServer({ key, cert, requestCert: true, rejectUnauthorized: false });
    const configurator = new Asking();
    const container = attach(http, { logger: loggerInto(new Journal()) });
    container.addEndpoint(secureConfig(configurator));
    expect((await request(await listen(http), {}, { key, cert })).status).toBe(101);
    expect(configurator.seen[1]).toBeNull();
    await container.stop({ grace: 1 });
  });

  test('a Server with tls speaks wss, and stops', async () => {
    const configurator = new Asking();
    const server = new Server({
      host: '127.0.0.1',
      tls: { key, cert },
      logger: loggerInto(new Journal()),
      endpoints: [secureConfig(configurator)],
    });
    await server.start();
    afterTest(() => server.stop({ grace: 1 }));
    const { status, client } = await request(server.port, {});
    expect(status).toBe(101);
    expect(await client.text()).toBe('wss: true');
    const stopped = server.stop({ grace: 50 });
    expect(await client.close()).toBe('1001 The server is stopping.');
    await stopped;
  });
});

describe('attach recognises a server by its methods', () => {
  test('and serves one that is not a net.Server, such as Bun’s', async () => {
    const http = createServer();
    const foreign = Object.assign(new EventEmitter(), {
      listen: () => http.listen(),
      address: () => http.address(),
      close: () => http.close(),
      setTimeout: () => http.setTimeout(),
    });
    http.on('upgrade', (...args) => foreign.emit('upgrade', ...args));
    attach(foreign as unknown as AttachableServer).addEndpoint(Chat);
    const client = await connectTo(await listen(http));
    client.send(upgradeRequest('GET /chat HTTP/1.1'));
    expect((await client.response()).status).toBe(101);
    client.send(clientFrame(0x81, 'hi'));
    expect(await client.text()).toBe('you said hi');
  });

  test.each<[string, unknown, string]>([
    ['a listener', function handle(): void {}, 'the function handle'],
    ['undefined', undefined, 'undefined'],
    ['a number', 8080, '8080'],
    ['options', { port: 8080 }, 'an object'],
    ['a server of node:net, which has no upgrades', createTcpServer(), 'an object of Server'],
    [
      'an application that emits events and listens',
      Object.assign(new EventEmitter(), { listen: () => undefined, close: () => undefined }),
      'an object of EventEmitter',
    ],
  ])('and rejects %s', (_title, value, found) => {
    expect(() => attach(value as AttachableServer)).toThrow(
      `attach takes a server of node:http, node:https or node:http2; found ${found}. ` +
        'For a framework, pass its server, such as createServer(app) or app.server.',
    );
  });
});
