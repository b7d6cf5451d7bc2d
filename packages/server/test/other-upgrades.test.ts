import { EventEmitter } from 'node:events';
import {
  createServer,
  Server as HttpServer,
  type IncomingMessage,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createSecureServer as createHttp2Server } from 'node:http2';
import { createServer as createSecureServer } from 'node:https';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { OnMessage, ServerEndpoint } from '@serval/api';
import { attach, detach } from '../src/http-host';
import { filterUpgrades } from '../src/upgrade-filter';
import { clientFrame, upgradeRequest, type HeaderChanges, type RawConnection } from './raw-connection';
import { connectTo, listen, loggerInto } from './test-server';
import { afterTest, Gate, Journal } from '../../testing/test/toolbox';

@ServerEndpoint('/chat')
class Chat {
  @OnMessage say(text: string): string {
    return `you said ${text}`;
  }
}

const fixture = (part: string): Buffer => readFileSync(join(__dirname, `fixtures/localhost.test-${part}.pem`));
const tls = { key: fixture('key'), cert: fixture('cert') };

type Page = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers with the request's method, Upgrade header and body. */
const echoPage: Page = (request, response) => {
  let body = '';
  request
    .on('data', (chunk) => (body += chunk))
    .on('end', () => response.end(`${request.method} ${request.headers.upgrade ?? '-'} [${body}]`));
};

const SERVERS: Readonly<Record<string, (page: Page, options?: ServerOptions) => HttpServer>> = {
  http: (page, options = {}) => createServer(options, page),
  https: (page, options = {}) => createSecureServer({ ...options, ...tls }, page),
  // Its HTTP/1.1 requests and responses are those of node:http.
  'http2 with allowHTTP1': (page) =>
    createHttp2Server({ ...tls, allowHTTP1: true }, page as never) as unknown as HttpServer,
};

const H2C = { Upgrade: 'h2c', Connection: 'Upgrade, HTTP2-Settings', 'HTTP2-Settings': 'AAMAAABkAAQCAAAAAAIAAAAA' };

describe.each(Object.entries(SERVERS))('%s: a request whose Upgrade nothing takes', (name, make) => {
  async function serve(page: Page = echoPage, options?: ServerOptions): Promise<RawConnection> {
    const http = make(page, options);
    attach(http, { logger: loggerInto(new Journal()) }).addEndpoint(Chat);
    return connectTo(
      await listenAny(http),
      name === 'http' ? undefined : { ca: tls.cert, ALPNProtocols: ['http/1.1'] },
    );
  }

  test.each<[string, HeaderChanges, string]>([
    ['a length', { 'Content-Length': '5' }, 'hello'],
    ['chunks', { 'Transfer-Encoding': 'chunked' }, '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n'],
  ])('reaches the page with its body of %s, and the connection stays open', async (_what, headers, body) => {
    const client = await serve();
    for (const Upgrade of ['h2c', 'foo', 'h2c, TLS/1.0']) {
      client.send(upgradeRequest('POST /api HTTP/1.1', { ...H2C, ...headers, Upgrade }), body);
      const response = await client.response();
      expect(response).toMatchObject({ status: 200, body: `POST ${Upgrade} [hello]` });
      expect(response.headers.get('connection')).toEqual(['keep-alive']);
    }
    client.send(upgradeRequest('/chat'), clientFrame(0x81, 'hi'));
    expect((await client.response()).status).toBe(101);
    expect(await client.text()).toBe('you said hi');
  });

  test('reaches the page before its body arrives', async () => {
    const began = new Gate();
    const client = await serve((request, response) => {
      began.open();
      echoPage(request, response);
    });
    client.send(upgradeRequest('POST /chat HTTP/1.1', { ...H2C, 'Content-Length': '5' }), 'hel');
    await began.promise;
    client.send('lo');
    expect((await client.response()).body).toBe('POST h2c [hello]');
  });
});

test('the server’s timeout applies to a body that does not arrive', async () => {
  const http = createServer({ requestTimeout: 60, headersTimeout: 50, connectionsCheckingInterval: 10 }, echoPage);
  attach(http, { logger: loggerInto(new Journal()) }).addEndpoint(Chat);
  const client = await connectTo(await listen(http));
  client.send(upgradeRequest('POST / HTTP/1.1', { ...H2C, 'Content-Length': '5' }), 'hel');
  expect((await client.response()).status).toBe(408);
});

describe('an upgrade left to another listener that does not answer', () => {
  async function beside(foreign: (request: IncomingMessage, socket: Duplex) => void) {
    const http = createServer(echoPage);
    http.on('upgrade', foreign);
    const container = attach(http, { logger: loggerInto(new Journal()), handshakeTimeout: 20 });
    container.addEndpoint(Chat);
    const port = await listen(http);
    return async (start: string, headers: HeaderChanges, body = '') => {
      const client = await connectTo(port);
      client.send(upgradeRequest(start, headers), body);
      return client;
    };
  }
  const silent = (): void => undefined;

  test('to a WebSocket gets 404', async () => {
    const ask = await beside(silent);
    expect((await (await ask('/nowhere', {})).response()).status).toBe(404);
  });

  test('to a WebSocket at a path that cannot be decoded gets 400', async () => {
    const ask = await beside(silent);
    expect((await (await ask('/nowhere/%', {})).response()).status).toBe(400);
  });

  test.each(['h2c', 'foo'])('to %s is served as a plain request', async (Upgrade) => {
    const ask = await beside(silent);
    expect(await (await ask('/', { Upgrade })).response()).toMatchObject({ status: 200, body: `GET ${Upgrade} []` });
  });

  test('with a body, which Node has passed to the listeners, gets 400', async () => {
    const ask = await beside(silent);
    const client = await ask('POST / HTTP/1.1', { Upgrade: 'h2c', 'Content-Length': '5' }, 'hello');
    expect((await client.response()).status).toBe(400);
  });

  test.each<[string, (socket: Duplex) => void]>([
    ['has answered', (socket) => void socket.write('HTTP/1.1 101 Foreign\r\n\r\n')],
    ['reads it', (socket) => void socket.on('data', () => undefined)],
    ['has ended it', (socket) => void socket.end()],
  ])('stays untouched if the other listener %s', async (_what, take) => {
    let taken: Duplex | undefined;
    const ask = await beside((_request, socket) => {
      if (taken !== undefined) return;
      taken = socket;
      afterTest(() => socket.destroy());
      take(socket);
    });
    const client = await ask('/nowhere', {});
    // The second has the same timeout but starts later.
    expect((await (await ask('/nowhere', {})).response()).status).toBe(404);
    const { bytesWritten } = taken as Duplex & { bytesWritten?: number };
    expect(bytesWritten).toBe(_what === 'has answered' ? 24 : 0);
    client.destroy();
  });
});

describe('server.shouldUpgradeCallback', () => {
  type Callback = (this: unknown, request: IncomingMessage) => unknown;
  const request = (url: string, upgrade = 'websocket'): IncomingMessage =>
    ({ url, headers: { upgrade } }) as unknown as IncomingMessage;

  /** A server with the callback property, on any version of Node; `ours` is Serval's result. */
  function withSlot(callback: Callback) {
    const server = Object.assign(new EventEmitter(), { shouldUpgradeCallback: callback });
    const asked: [string | undefined, boolean][] = [];
    const restore = filterUpgrades(server, (asking, isWanted) => {
      asked.push([asking.url, isWanted]);
      return isWanted && asking.url === '/ours';
    });
    return { server, asked, restore };
  }

  test('of the host runs first, with the server as this', () => {
    const seen: unknown[] = [];
    const { server, asked } = withSlot(function (asking) {
      seen.push(this, asking.url);
      return asking.url === '/ours';
    });
    expect([server.shouldUpgradeCallback(request('/ours')), server.shouldUpgradeCallback(request('/no'))]).toEqual([
      true,
      false,
    ]);
    expect(seen).toEqual([server, '/ours', server, '/no']);
    expect(asked).toEqual([
      ['/ours', true],
      ['/no', false],
    ]);
  });

  test('that the host sets later also runs, and remains after detach', () => {
    const { server, asked, restore } = withSlot(() => true);
    const later: Callback = () => false;
    server.shouldUpgradeCallback = later;
    expect(server.shouldUpgradeCallback(request('/ours'))).toBe(false);
    expect(asked).toEqual([['/ours', false]]);
    restore();
    expect(server.shouldUpgradeCallback).toBe(later);
    expect(Object.getOwnPropertyDescriptor(server, 'shouldUpgradeCallback')).toMatchObject({ writable: true });
  });

  test('of a library that calls the previous callback does not call itself', () => {
    const { server, restore } = withSlot((asking) => asking.url === '/ours');
    const before = server.shouldUpgradeCallback;
    server.shouldUpgradeCallback = (asking) => asking.url === '/theirs' || before.call(server, asking);
    expect(server.shouldUpgradeCallback(request('/ours'))).toBe(true);
    expect(server.shouldUpgradeCallback(request('/neither'))).toBe(false);
    restore();
    expect(server.shouldUpgradeCallback(request('/theirs'))).toBe(true);
    expect(server.shouldUpgradeCallback(request('/ours'))).toBe(true);
    expect(server.shouldUpgradeCallback(request('/neither'))).toBe(false);
  });

  test('that a library removes again leaves ours, however often', () => {
    const original: Callback = () => true;
    const { server, restore } = withSlot(original);
    const ours = server.shouldUpgradeCallback;
    for (let round = 0; round < 100; round += 1) {
      server.shouldUpgradeCallback = () => false;
      server.shouldUpgradeCallback = ours;
    }
    expect(server.shouldUpgradeCallback).toBe(ours);
    Reflect.set(server, 'shouldUpgradeCallback', undefined);
    expect(server.shouldUpgradeCallback(request('/ours'))).toBe(true);
    restore();
    expect(server.shouldUpgradeCallback).toBe(original);
  });

  const hasSlot = 'shouldUpgradeCallback' in new HttpServer();
  // A skipped test with a reason if this Node has no such callback.
  const withNode = hasSlot ? test : test.skip;

  withNode('that says no to an endpoint has its way, and the log says so once', async () => {
    const log = new Journal();
    const http = createServer((_request, response) => response.end('page'));
    const container = attach(http, { logger: loggerInto(log) });
    container.addEndpoint(Chat);
    Reflect.set(http, 'shouldUpgradeCallback', ({ url }: IncomingMessage) => url === '/other');
    const port = await listen(http);
    for (let round = 0; round < 2; round += 1) {
      const client = await connectTo(port);
      client.send(upgradeRequest('/chat'));
      expect(await client.response()).toMatchObject({ status: 200, body: 'page' });
    }
    expect(log.entries.filter((entry) => entry.startsWith('warn'))).toEqual([
      'warn The handshake for /chat: server.shouldUpgradeCallback returned false, so the server handles the request as a plain ' +
        'one. Return true if container.match(request.url) finds an endpoint.',
    ]);
    detach(http, container);
    expect((http as { shouldUpgradeCallback?: Callback }).shouldUpgradeCallback?.(request('/other'))).toBe(true);
  });
});

/** Listens, also with an HTTP/2 server, which has no closeAllConnections. */
async function listenAny(http: HttpServer): Promise<number> {
  if (typeof http.closeAllConnections === 'function') return listen(http);
  const sockets = new Set<Socket>();
  http.on('connection', (socket: Socket) => sockets.add(socket));
  Reflect.set(http, 'closeAllConnections', () => {
    for (const socket of sockets) socket.destroy();
  });
  return listen(http);
}
