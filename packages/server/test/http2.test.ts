import { randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  constants,
  createSecureServer,
  createServer,
  Http2ServerRequest,
  type ClientHttp2Session,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { connect as connectTcp, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import {
  CloseReason,
  Endpoint,
  HandshakeRejection,
  OnClose,
  OnMessage,
  OnOpen,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
  type HandshakeRequest,
  type HandshakeResponse,
} from '@serval/api';
import { clientFrame } from '@serval/testing';
import { attach } from '../src/http-host';
import { Server } from '../src/server';
import type { ServerContainerOptions } from '../src/container-options';
import type { ServerContainer } from '../src/server-container';
import { connectHttp2, Http2Client } from './http2-client';
import { upgradeRequest } from './raw-connection';
import { connectTo, loggerInto } from './test-server';
import { afterTest, Gate, Journal, turn } from '../../testing/test/toolbox';

const fixture = (name: string): string => readFileSync(join(__dirname, 'fixtures', name), 'utf8');
const key = fixture('localhost.test-key.pem');
const cert = fixture('localhost.test-cert.pem');

const journal = { current: new Journal() };
beforeEach(() => (journal.current = new Journal()));

@ServerEndpoint('/echo')
class Echo {
  @OnOpen open(session: Session): void {
    session.setMaxTextMessageBufferSize(400_000);
    session.setMaxBinaryMessageBufferSize(400_000);
  }
  @OnMessage text(text: string): string {
    return text;
  }
  @OnMessage binary(bytes: Buffer): Buffer {
    return bytes;
  }
  @OnClose close(reason: CloseReason): void {
    journal.current.add(`closed ${reason.getCloseCode().getCode()} ${reason.getReasonPhrase()}`.trimEnd());
  }
}

interface Attached {
  readonly server: Http2Server | Http2SecureServer;
  readonly container: ServerContainer;
  readonly log: Journal;
  readonly port: number;
  /** The raw sockets of the server. */
  readonly sockets: ReadonlySet<Socket>;
  session(more?: object): Promise<ClientHttp2Session>;
}

type Prepare = (server: Http2Server | Http2SecureServer) => void;

/** A container in an HTTP/2 server with endpoints, until the test ends. Over TLS by default. */
async function serve(
  options: ServerContainerOptions & {
    readonly server?: Http2Server | Http2SecureServer;
    readonly before?: Prepare;
  } = {},
  ...endpoints: readonly (typeof Echo | ServerEndpointConfig)[]
): Promise<Attached> {
  const {
    server = createSecureServer({ key, cert, allowHTTP1: true }),
    before = () => undefined,
    ...containerOptions
  } = options;
  const log = new Journal();
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  before(server);
  const container = attach(server, { logger: loggerInto(log), ...containerOptions });
  for (const endpoint of endpoints.length > 0 ? endpoints : [Echo]) container.addEndpoint(endpoint);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterTest(async () => {
    await container.stop({ grace: 1 });
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  const { port } = server.address() as AddressInfo;
  const ca = 'setSecureContext' in server ? cert : undefined;
  return { server, container, log, port, sockets, session: (more) => connectHttp2(port, ca, more) };
}

const close = (code: number, reason = ''): Buffer =>
  clientFrame(0x88, Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]));

function configOf(configurator: ServerEndpointConfig.Configurator, path = '/echo'): ServerEndpointConfig {
  return ServerEndpointConfig.Builder.create(Echo, path).configurator(configurator).build();
}

describe('RFC 8441 3: SETTINGS_ENABLE_CONNECT_PROTOCOL', () => {
  test('is in the first settings of every session, together with the application’s', async () => {
    const server = createServer({ settings: { maxConcurrentStreams: 77 } });
    const { session } = await serve({ server });
    expect((await session()).remoteSettings).toMatchObject({ enableConnectProtocol: true, maxConcurrentStreams: 77 });
    server.updateSettings({ maxConcurrentStreams: 78 });
    expect((await session()).remoteSettings).toMatchObject({ enableConnectProtocol: true, maxConcurrentStreams: 78 });
  });

  test('is not changed if no engine supports it', async () => {
    const { session } = await serve({ engine: 'ws' });
    expect((await session()).remoteSettings.enableConnectProtocol).toBe(false);
  });
});

describe.each<[string, () => Http2Server | Http2SecureServer]>([
  ['over TLS', () => createSecureServer({ key, cert, allowHTTP1: true })],
  ['in the clear', () => createServer()],
  ['beside a request listener', () => createServer((_request, response) => void response.end('a page'))],
])('RFC 8441 5: a WebSocket on a stream, %s', (_how, createHttp2) => {
  test('opens with 200 and no header of HTTP/1.1', async () => {
    const { session } = await serve({ server: createHttp2() });
    const client = await Http2Client.open(await session(), '/echo');
    expect(Object.keys(client.headers ?? {})).toEqual([':status', 'date']);
  });

  test.each([0, 1, 125, 126, 65_535, 65_536, 300_000])('echoes %i bytes, as text and as binary', async (size) => {
    const { session } = await serve({ server: createHttp2() });
    const client = await Http2Client.open(await session(), '/echo');
    const bytes = randomBytes(size);
    client.send(clientFrame(0x82, bytes), clientFrame(0x81, 'ä'.repeat(size / 2)));
    const binary = await client.frame();
    expect([binary.first, binary.payload.equals(bytes)]).toEqual([0x82, true]);
    expect(await client.text()).toBe('ä'.repeat(size / 2));
  });

  test('closes with the client’s code and ends both sides of the stream', async () => {
    const { session, container } = await serve({ server: createHttp2() });
    const client = await Http2Client.open(await session(), '/echo');
    client.send(close(4001, 'good bye ✓'));
    expect(await client.close()).toBe('4001 good bye ✓');
    await journal.current.until('closed 4001 good bye ✓');
    await client.ended();
    client.finish();
    expect(await client.closed()).toBe(0);
    await turn();
    expect(container.getSessions().size).toBe(0);
  });
});

describe('the end of a stream', () => {
  test('by the client’s END_STREAM without a close frame is 1006, and ends our side', async () => {
    const { session } = await serve();
    const client = await Http2Client.open(await session(), '/echo');
    client.finish();
    await client.ended();
    await journal.current.until('closed 1006');
    expect(await client.closed()).toBe(0);
  });

  test.each(['NGHTTP2_CANCEL', 'NGHTTP2_NO_ERROR', 'NGHTTP2_INTERNAL_ERROR', 'NGHTTP2_PROTOCOL_ERROR'] as const)(
    'by RST_STREAM with %s is 1006',
    async (code) => {
      const { session, container } = await serve();
      const connection = await session();
      const client = await Http2Client.open(connection, '/echo');
      client.reset(constants[code]);
      await journal.current.until('closed 1006');
      // The other streams of the connection continue.
      const other = await Http2Client.open(connection, '/echo');
      other.send(clientFrame(0x81, 'still here'));
      expect(await other.text()).toBe('still here');
      expect(container.getSessions().size).toBe(1);
    },
  );

  test.each<[string, (session: ClientHttp2Session) => void]>([
    ['the client ends the connection', (session) => session.destroy()],
    ['the client says goodbye with an error', (session) => session.goaway(constants.NGHTTP2_INTERNAL_ERROR)],
    ['the connection is reset', (session) => session.destroy(new Error('gone'), constants.NGHTTP2_INTERNAL_ERROR)],
  ])('when %s is 1006 for each of its sessions', async (_how, end) => {
    const { session, container } = await serve();
    const connection = await session();
    for (let count = 0; count < 3; count += 1) await Http2Client.open(connection, '/echo');
    expect(container.getSessions().size).toBe(3);
    end(connection);
    await journal.current.until('closed 1006');
    while (container.getSessions().size > 0) await turn();
    expect(journal.current.entries).toEqual(['closed 1006', 'closed 1006', 'closed 1006']);
  });

  test('GOAWAY without an error lets sessions finish', async () => {
    const { session } = await serve();
    const connection = await session();
    const client = await Http2Client.open(connection, '/echo');
    connection.close();
    client.send(clientFrame(0x81, 'one more'));
    expect(await client.text()).toBe('one more');
    client.send(close(1000));
    expect(await client.close()).toBe('1000');
  });

  test('a TCP connection that breaks is 1006', async () => {
    const { session, sockets } = await serve({ server: createServer() });
    await Http2Client.open(await session(), '/echo');
    for (const socket of sockets) socket.resetAndDestroy();
    await journal.current.until('closed 1006');
  });

  test('a peer that breaks the protocol receives 1002', async () => {
    const { session } = await serve();
    const client = await Http2Client.open(await session(), '/echo');
    client.send(Buffer.from([0x83, 0x80, 0, 0, 0, 0]));
    expect(await client.close()).toMatch(/^1002 /);
    await client.ended();
  });

  test('is closed with NO_ERROR after both close frames, whether or not the client finishes it', async () => {
    const { session, container } = await serve();
    const client = await Http2Client.open(await session(), '/echo');
    client.send(close(1000));
    expect(await client.close()).toBe('1000');
    expect(await client.closed()).toBe(constants.NGHTTP2_NO_ERROR);
    await turn();
    expect(container.getSessions().size).toBe(0);
  });

  test.each<[string, Record<string, string | null>]>([
    ['a WebSocket', {}],
    ['a WebSocket where there is no endpoint', { ':path': '/nowhere' }],
    ['a tunnel', { ':protocol': null, ':path': null, ':authority': 'far.example:443', 'sec-websocket-version': null }],
    ['a page', { ':method': 'GET', ':protocol': null }],
  ])('during %s causes no error', async (_what, changes) => {
    const { session, container } = await serve({ server: createServer() });
    const connection = await session();
    for (const code of [constants.NGHTTP2_INTERNAL_ERROR, constants.NGHTTP2_CANCEL, constants.NGHTTP2_NO_ERROR]) {
      const client = Http2Client.request(connection, '/echo', changes);
      client.reset(code);
      await client.closed();
    }
    const client = await Http2Client.open(connection, '/echo');
    client.send(clientFrame(0x81, 'alive?'));
    expect(await client.text()).toBe('alive?');
    while (container.getSessions().size > 1) await turn();
  });

  test('a server that drops the connection sends RST_STREAM with CANCEL (RFC 8441 5)', async () => {
    class Dropping extends Endpoint {
      override onOpen(session: Session): void {
        session.addMessageHandler(Buffer, () => new Promise<void>(() => undefined));
      }
    }
    const { session, container } = await serve({}, ServerEndpointConfig.Builder.create(Dropping, '/drop').build());
    const client = await Http2Client.open(await session(), '/drop');
    client.send(clientFrame(0x82, 'a handler that never returns'));
    await turn();
    const stopped = container.stop({ grace: 1 });
    expect(await client.closed()).toBe(constants.NGHTTP2_CANCEL);
    await stopped;
  });
});

describe('back-pressure', () => {
  test('works per stream: a session that does not read slows down only its own client', async () => {
    const gate = new Gate();
    let taken = 0;
    class Slow extends Endpoint {
      override onOpen(session: Session): void {
        session.addMessageHandler(Buffer, async (part: Buffer, _last: boolean) => {
          taken += part.length;
          await gate.promise;
        });
      }
    }
    const { session } = await serve({}, Echo, ServerEndpointConfig.Builder.create(Slow, '/slow').build());
    const connection = await session();
    const slow = await Http2Client.open(connection, '/slow');
    const message = randomBytes(4_000_000);
    slow.send(clientFrame(0x82, message));
    const other = await Http2Client.open(connection, '/echo');
    const bytes = randomBytes(300_000);
    other.send(clientFrame(0x82, bytes));
    expect((await other.frame()).payload.equals(bytes)).toBe(true);
    // The window of a stream, plus the data of one read.
    expect(taken).toBeLessThan(500_000);
    expect(slow.stream.writableLength).toBeGreaterThan(0);
    gate.open();
    slow.send(close(1000));
    expect(await slow.close()).toBe('1000');
    expect(taken).toBe(message.length);
  });

  test('sends to a client that does not read wait until its session is closed', async () => {
    class Flood extends Endpoint {
      override onOpen(session: Session): void {
        session.addMessageHandler(String, () => {
          for (let count = 0; count < 64; count += 1) void session.getAsyncRemote().sendBinary(Buffer.alloc(65_536));
        });
      }
      override onClose(_session: Session, reason: CloseReason): void {
        journal.current.add(`closed ${reason.getCloseCode().getCode()}`);
      }
    }
    const { session } = await serve(
      { maxQueuedBytes: 1_000_000 },
      ServerEndpointConfig.Builder.create(Flood, '/flood').build(),
    );
    const client = await Http2Client.open(await session(), '/flood');
    client.stream.pause();
    client.send(clientFrame(0x81, 'go'));
    await journal.current.until('closed 1008');
  });
});

describe('many sessions', () => {
  test('run on one connection, each with its own messages', async () => {
    const { session, container, sockets } = await serve();
    const connection = await session();
    const clients = await Promise.all(Array.from({ length: 200 }, () => Http2Client.open(connection, '/echo')));
    expect(sockets.size).toBe(1);
    expect(container.getSessions().size).toBe(200);
    clients.forEach((client, index) => client.send(clientFrame(0x81, `number ${index}`)));
    expect(await Promise.all(clients.map((client) => client.text()))).toEqual(
      clients.map((_client, index) => `number ${index}`),
    );
  });

  test('close with 1001 when the server stops', async () => {
    const { session, container } = await serve();
    const connection = await session();
    const clients = await Promise.all([1, 2, 3].map(() => Http2Client.open(connection, '/echo')));
    const stopped = container.stop({ grace: 4000 });
    for (const client of clients) {
      expect(await client.close()).toBe('1001 The server is stopping.');
      client.send(close(1001));
      client.finish();
    }
    await stopped;
    expect(await Http2Client.request(connection, '/echo').status()).toBe(503);
  });
});

describe('the handshake', () => {
  test.each<[string, number, string, string, Record<string, string | null>]>([
    ['no endpoint at the path', 404, 'No WebSocket endpoint is deployed at this path.\n', '/nowhere', {}],
    ['a path that cannot be decoded', 400, 'The target of the request is not a path', '/rooms/%', {}],
    ['another version', 426, 'This server supports only version 13', '/echo', { 'sec-websocket-version': '8' }],
    ['no version', 426, 'This server supports only version 13', '/echo', { 'sec-websocket-version': null }],
    ['a foreign origin', 403, 'The origin https://evil.example may not', '/echo', { origin: 'https://evil.example' }],
    ['malformed extensions', 400, 'The Sec-WebSocket-Extensions header', '/echo', { 'sec-websocket-extensions': ';' }],
    [
      'two names of the host',
      400,
      'The request must have one Host header',
      '/echo',
      { ':authority': 'localhost', host: 'other.example' },
    ],
    [
      'an unsupported protocol',
      501,
      'This server does not support the protocol connect-udp',
      '/echo',
      { ':protocol': 'connect-udp' },
    ],
  ])('%s is %i', async (_what, status, body, path, changes) => {
    const { session, log } = await serve();
    const connection = await session();
    const client = Http2Client.request(connection, path, changes);
    expect(await client.status()).toBe(status);
    expect(await client.body()).toContain(body);
    expect(client.headers?.['content-type']).toBe('text/plain; charset=utf-8');
    expect(client.headers?.['sec-websocket-version']).toBe(status === 426 ? '13' : undefined);
    // The client learns that the server reads no more (RFC 9113 8.1), and the connection stays open.
    expect(await client.closed()).toBe(constants.NGHTTP2_NO_ERROR);
    expect(await Http2Client.request(connection, '/echo').status()).toBe(200);
    const why = status === 403 ? 'its Origin is "https://evil.example"' : `was refused with ${status}: `;
    // Only requests for a WebSocket are handshakes.
    expect(log.entries.filter((entry) => !entry.startsWith('debug'))).toEqual(
      status === 405 || status === 501 ? [] : [expect.stringContaining(why)],
    );
  });

  test('ignores empty list elements (RFC 9110 5.6.1)', async () => {
    const { session } = await serve();
    const connection = await session();
    for (const [protocols, extensions] of [
      ['', ''],
      [',', 'x-other; a = 1, ,'],
    ] as const) {
      const client = await Http2Client.open(connection, '/echo', {
        'sec-websocket-protocol': protocols,
        'sec-websocket-extensions': extensions,
      });
      expect(client.headers?.['sec-websocket-protocol']).toBeUndefined();
      client.send(clientFrame(0x81, 'hello'));
      expect(await client.text()).toBe('hello');
    }
  });

  test('a stream that the client has already ended is 400', async () => {
    const { session } = await serve();
    const stream = (await session()).request(
      { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/echo', 'sec-websocket-version': '13' },
      { endStream: true },
    );
    const client = new Http2Client(stream);
    expect(await client.status()).toBe(400);
    expect(await client.body()).toBe('The request must leave its stream open.\n');
  });

  test('an error of user code is 500, a HandshakeRejection sets its status', async () => {
    class Failing extends ServerEndpointConfig.Configurator {
      override checkOrigin(origin: string | null): boolean {
        if (origin === 'https://one.example') throw new Error('no luck');
        const headers = {
          'WWW-Authenticate': 'Basic',
          Connection: 'close',
          'Set-Cookie': ['a=1', 'b=2'],
          X: ['1', '2'],
        };
        throw new HandshakeRejection(401, { body: 'who are you?', headers });
      }
    }
    const { session, log } = await serve({}, configOf(new Failing()));
    const connection = await session();
    const failing = Http2Client.request(connection, '/echo', { origin: 'https://one.example' });
    expect([await failing.status(), await failing.body()]).toEqual([500, 'Internal Server Error\n']);
    expect(log.entries).toContain('error The handshake for /echo failed: no luck');
    const refused = Http2Client.request(connection, '/echo');
    expect([await refused.status(), await refused.body()]).toEqual([401, 'who are you?']);
    expect(refused.headers).toMatchObject({ 'www-authenticate': 'Basic', 'set-cookie': ['a=1', 'b=2'], x: '1, 2' });
  });

  test('sends a refusal with 304 without a body', async () => {
    class Unchanged extends ServerEndpointConfig.Configurator {
      override checkOrigin(): boolean {
        throw new HandshakeRejection(304, { body: 'not seen' });
      }
    }
    const { session } = await serve({}, configOf(new Unchanged()));
    const client = Http2Client.request(await session(), '/echo');
    expect([await client.status(), await client.body()]).toEqual([304, '']);
  });

  test('closeWith opens the connection and closes it with a code', async () => {
    class Closing extends ServerEndpointConfig.Configurator {
      override checkOrigin(): boolean {
        throw HandshakeRejection.closeWith(new CloseReason(4401, 'Sign in first.'));
      }
    }
    const { session } = await serve({}, configOf(new Closing()));
    const client = await Http2Client.open(await session(), '/echo', { 'sec-websocket-protocol': 'chat' });
    expect(client.headers?.['sec-websocket-protocol']).toBe('chat');
    expect(await client.close()).toBe('4401 Sign in first.');
  });

  test('a paused container answers 503, also to a waiting handshake', async () => {
    const asked = new Gate();
    const { session, container } = await serve({
      authenticate: () => {
        asked.open();
        return new Promise(() => undefined);
      },
    });
    const connection = await session();
    const waiting = Http2Client.request(connection, '/echo');
    await asked.promise;
    container.pause();
    const paused = Http2Client.request(connection, '/echo');
    expect([await paused.status(), paused.headers?.['retry-after']]).toEqual([503, '5']);
    void container.stop({ grace: 1 });
    expect(await waiting.status()).toBe(503);
  });

  test('forgets a client that leaves while user code decides', async () => {
    const asked = new Gate();
    const answer = new Gate<null>();
    const { session, container, log } = await serve({
      authenticate: () => {
        asked.open();
        return answer.promise;
      },
    });
    const client = Http2Client.request(await session(), '/echo');
    await asked.promise;
    client.reset();
    await client.closed();
    await turn();
    answer.open(null);
    await turn();
    expect(container.getSessions().size).toBe(0);
    expect(log.entries.filter((entry) => entry.startsWith('error'))).toEqual([]);
  });

  test.each<[string, string | string[] | null, string | undefined]>([
    ['a key is answered', 'dGhlIHNhbXBsZSBub25jZQ==', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='],
    ['no key is not', null, undefined],
    ['an invalid key is not', 'key', undefined],
    ['an empty key is not', '', undefined],
  ])('RFC 8441 5: %s', async (_what, key, value) => {
    const { session } = await serve();
    const client = Http2Client.request(await session(), '/echo', { 'sec-websocket-key': key });
    expect(await client.status()).toBe(200);
    expect(client.headers?.['sec-websocket-accept']).toBe(value);
    client.send(clientFrame(0x81, 'hi'));
    expect(await client.text()).toBe('hi');
  });

  test('negotiates a subprotocol, and sends the configurator’s headers without those of HTTP/1.1', async () => {
    class Adding extends ServerEndpointConfig.Configurator {
      readonly seen: string[] = [];
      override modifyHandshake(
        _c: ServerEndpointConfig,
        _request: HandshakeRequest,
        response: HandshakeResponse,
      ): void {
        this.seen.push(...response.getHeaders().keys());
        response.getHeaders().set('X-Room', ['red', 'blue']);
        response.getHeaders().set('Set-Cookie', ['a=1', 'b=2']);
        response.getHeaders().set('Keep-Alive', ['timeout=5']);
        response.getHeaders().set('Connection', ['close']);
      }
    }
    const configurator = new Adding();
    const { session } = await serve(
      {},
      ServerEndpointConfig.Builder.create(Echo, '/echo').subprotocols(['v2', 'v1']).configurator(configurator).build(),
    );
    const client = await Http2Client.open(await session(), '/echo', { 'sec-websocket-protocol': 'v0, v1' });
    expect(client.headers).toMatchObject({
      'sec-websocket-protocol': 'v1',
      'x-room': 'red, blue',
      'set-cookie': ['a=1', 'b=2'],
    });
    expect(Object.keys(client.headers ?? {}).sort()).toEqual(
      [':status', 'date', 'sec-websocket-protocol', 'set-cookie', 'x-room'].sort(),
    );
    expect(configurator.seen).toEqual(['Sec-WebSocket-Protocol']);
  });

  test('RFC 7692: negotiates permessage-deflate', async () => {
    const { session } = await serve({ perMessageDeflate: true });
    const client = await Http2Client.open(await session(), '/echo', {
      'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits',
    });
    expect(client.headers?.['sec-websocket-extensions']).toBe('permessage-deflate');
    const text = 'to be or not to be '.repeat(200);
    const tail = 4;
    const compressed = deflateRawSync(text, { finishFlush: 2 }).subarray(0, -tail);
    client.send(clientFrame(0xc1, compressed));
    const { first, payload } = await client.frame();
    expect(first).toBe(0xc1);
    const whole = Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]);
    expect(inflateRawSync(whole, { finishFlush: 2 }).toString()).toBe(text);
  });
});

describe('the request of a configurator', () => {
  class Asking extends ServerEndpointConfig.Configurator {
    readonly asked = new Gate<HandshakeRequest>();
    override modifyHandshake(_config: ServerEndpointConfig, request: HandshakeRequest): void {
      this.asked.open(request);
    }
  }

  async function ask(
    secure: boolean,
    changes: Record<string, string | string[] | null> = {},
    more: object = {},
  ): Promise<[HandshakeRequest, Attached]> {
    const asking = new Asking();
    const server = secure
      ? createSecureServer({ key, cert, ca: cert, requestCert: true, rejectUnauthorized: false, allowHTTP1: true })
      : createServer();
    const attached = await serve({ server }, configOf(asking, '/echo/{room}'));
    const client = Http2Client.request(await attached.session(more), '/echo/r%20d?name=Ann', changes);
    expect(await client.status()).toBe(200);
    return [await asking.asked.promise, attached];
  }

  test('has the URI, the parameters and the addresses', async () => {
    const [request, { port, container }] = await ask(true, { ':authority': 'chat.example:8443' });
    expect(request.getRequestURI().href).toBe('wss://chat.example:8443/echo/r%20d?name=Ann');
    expect(Object.fromEntries(request.getParameterMap())).toEqual({ name: ['Ann'], room: ['r d'] });
    expect([request.getLocalAddress(), request.getLocalPort()]).toEqual(['127.0.0.1', port]);
    expect([request.getRemoteAddress(), request.getRemotePort() > 0]).toEqual(['127.0.0.1', true]);
    expect(request.getUserX509CertificateChain()).toBeNull();
    const [session] = container.getSessions();
    expect(session?.isSecure()).toBe(true);
    expect(session?.getRequestURI().href).toBe('wss://chat.example:8443/echo/r%20d?name=Ann');
  });

  test('over plain HTTP/2 is not secure, regardless of the client’s :scheme', async () => {
    const [request, { container }] = await ask(false, { ':scheme': 'https' });
    expect(request.getRequestURI().protocol).toBe('ws:');
    expect([...container.getSessions()].map((session) => session.isSecure())).toEqual([false]);
  });

  test('has no pseudo headers, and :authority as Host', async () => {
    const [request] = await ask(false, {
      ':authority': 'chat.example',
      host: 'chat.example',
      cookie: ['a=1', 'b=2'],
      'x-many': ['1', '2'],
    });
    const headers = request.getHeaders();
    expect([...headers.keys()].filter((name) => name.startsWith(':'))).toEqual([]);
    expect(headers.get('Host')).toEqual(['chat.example']);
    // RFC 9113 8.2.3: one header, although the client sent two.
    expect(headers.get('Cookie')).toEqual(['a=1; b=2']);
    expect(headers.get('X-Many')?.join(', ')).toBe('1, 2');
    expect(headers.get('Sec-WebSocket-Key')).toBeUndefined();
    expect(() => (headers as Map<string, string[]>).set('X', ['1'])).toThrow(TypeError);
  });

  test('has the client’s certificate', async () => {
    const [request] = await ask(true, {}, { key, cert });
    expect(request.getUserX509CertificateChain()).toEqual([new X509Certificate(cert).raw]);
  });

  test('has Node’s request object as the native one, and no HTTP session', async () => {
    const [request] = await ask(false);
    const native = request.getNativeRequest();
    expect(native).toBeInstanceOf(Http2ServerRequest);
    expect(request.getNativeRequest()).toBe(native);
    expect(request.getHttpSession()).toBeNull();
    Object.assign(native as object, { session: { user: 'ann' } });
    expect(request.getHttpSession()).toEqual({ user: 'ann' });
  });
});

describe('together with other listeners on the server', () => {
  test('HTTP/1.1 opens WebSockets on the same port', async () => {
    const { port, session, container } = await serve();
    await Http2Client.open(await session(), '/echo');
    const client = await connectTo(port, { ca: cert, ALPNProtocols: ['http/1.1'] });
    client.send(upgradeRequest('/echo'), clientFrame(0x81, 'hi'));
    expect((await client.response()).status).toBe(101);
    expect(await client.text()).toBe('hi');
    expect(container.getSessions().size).toBe(2);
  });

  test('pages are served on the same connection', async () => {
    const { session } = await serve({
      server: createSecureServer({ key, cert, allowHTTP1: true }, (request, response) => {
        response.end(`the page ${request.url}`);
      }),
    });
    const connection = await session();
    await Http2Client.open(connection, '/echo');
    const page = new Http2Client(connection.request({ ':path': '/echo' }));
    expect([await page.status(), await page.body()]).toEqual([200, 'the page /echo']);
  });

  test('several containers share one pair of listeners', async () => {
    const { server, session } = await serve({ contextPath: '/a' });
    const second = attach(server, { contextPath: '/b' });
    second.addEndpoint(Echo);
    afterTest(() => second.stop({ grace: 1 }));
    expect([server.listenerCount('stream'), server.listenerCount('connect')]).toEqual([1, 1]);
    const connection = await session();
    const statuses = ['/a/echo', '/b/echo', '/echo'].map((path) => Http2Client.request(connection, path).status());
    expect(await Promise.all(statuses)).toEqual([200, 200, 404]);
  });

  describe.each(['before', 'after'] as const)('a listener added %s the container', (when) => {
    async function withForeign(
      event: 'stream' | 'connect',
      listener: Parameters<NodeJS.EventEmitter['on']>[1],
      page: boolean,
    ) {
      const add: Prepare = (server) => (server as NodeJS.EventEmitter).on(event, listener);
      const server = page ? createServer((_request, response) => void response.end('a page')) : createServer();
      const attached = await serve({ server, ...(when === 'before' && { before: add }) });
      if (when === 'after') add(server);
      return attached.session();
    }

    test.each([true, false])('for streams receives requests without an endpoint (with pages: %s)', async (page) => {
      const connection = await withForeign(
        'stream',
        (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
          if (headers[':path'] === '/echo') return;
          stream.respond({ ':status': 299 });
          stream.end(`${String(headers[':protocol'])}`);
        },
        page,
      );
      for (const protocol of ['websocket', 'connect-udp']) {
        const client = Http2Client.request(connection, '/foreign', { ':protocol': protocol });
        expect([await client.status(), await client.body()]).toEqual([299, protocol]);
      }
      expect(await Http2Client.request(connection, '/echo').status()).toBe(200);
    });

    test('for connect receives requests without an endpoint', async () => {
      const connection = await withForeign(
        'connect',
        (request: Http2ServerRequest, response: { writeHead(status: number): { end(body: string): void } }) => {
          if (request.url !== '/echo') response.writeHead(299).end(`tunnel ${String(request.url)}`);
        },
        true,
      );
      const client = Http2Client.request(connection, '/foreign');
      expect([await client.status(), await client.body()]).toEqual([299, 'tunnel /foreign']);
      const plain = new Http2Client(connection.request({ ':method': 'CONNECT', ':authority': 'far.example:443' }));
      expect([await plain.status(), await plain.body()]).toEqual([299, 'tunnel undefined']);
      expect(await Http2Client.request(connection, '/echo').status()).toBe(200);
    });
  });

  test('one that answers everything at once receives everything except endpoints', async () => {
    const { session, log } = await serve({
      server: createServer(),
      before: (server) => {
        server.on('stream', (stream) => {
          stream.respond({ ':status': 299 });
          stream.end('mine');
        });
      },
    });
    const connection = await session();
    const client = Http2Client.request(connection, '/other');
    expect([await client.status(), await client.body()]).toEqual([299, 'mine']);
    const echo = await Http2Client.open(connection, '/echo');
    echo.send(clientFrame(0x81, 'hi'));
    expect(await echo.text()).toBe('hi');
    expect(log.entries.filter((entry) => entry.startsWith('error'))).toEqual([]);
  });

  test('does not interfere with user code that answers itself', async () => {
    const decided = new Gate<null>();
    const theirs = new Gate<ServerHttp2Stream>();
    const { session, log, container } = await serve({
      server: createServer(),
      authenticate: (request) => {
        theirs.open((request.getNativeRequest() as Http2ServerRequest).stream);
        return decided.promise;
      },
    });
    const client = Http2Client.request(await session(), '/echo');
    const stream = await theirs.promise;
    stream.respond({ ':status': 299 });
    decided.open(null);
    await turn();
    stream.end('mine');
    expect([await client.status(), await client.body()]).toEqual([299, 'mine']);
    expect(container.getSessions().size).toBe(0);
    expect(log.entries.filter((entry) => entry.startsWith('error'))).toEqual([]);
  });

  test.each([true, false])('a plain CONNECT is 405 (with pages: %s)', async (page) => {
    const server = page ? createServer((_request, response) => void response.end('a page')) : createServer();
    const { session } = await serve({ server });
    const stream = (await session()).request({ ':method': 'CONNECT', ':authority': 'far.example:443' });
    const client = new Http2Client(stream);
    expect([await client.status(), await client.body()]).toEqual([405, 'This server does not open tunnels.\n']);
    expect(client.headers?.allow).toBe('GET');
  });

  test('an HTTP/1.1 CONNECT is also 405', async () => {
    const { port } = await serve();
    const client = await connectTo(port, { ca: cert, ALPNProtocols: ['http/1.1'] });
    client.send('CONNECT far.example:443 HTTP/1.1\r\nHost: far.example:443\r\n\r\n');
    expect(await client.response()).toMatchObject({ status: 405, body: 'This server does not open tunnels.\n' });
  });

  test('an endpoint with the engine ws answers 501 if another container enabled CONNECT', async () => {
    const { server, session } = await serve({ contextPath: '/native' });
    const other = attach(server, { contextPath: '/ws', engine: 'ws' });
    other.addEndpoint(Echo);
    const connection = await session();
    const client = Http2Client.request(connection, '/ws/echo');
    expect(await client.status()).toBe(501);
    expect(await client.body()).toContain('HTTP/1.1 only');
    expect(await Http2Client.request(connection, '/native/echo').status()).toBe(200);
  });

  test('upgradeHttpToWebSocket accepts the request and response of the connect event', async () => {
    const config = ServerEndpointConfig.Builder.create(Echo, '/unused').build();
    const { container, session } = await serve({
      server: createServer((_request, response) => void response.end('a page')),
      before: (server) => {
        (server as NodeJS.EventEmitter).on('connect', (request: Http2ServerRequest, response: unknown) => {
          if (request.url === '/echo') return;
          void container.upgradeHttpToWebSocket(request, response, config, { room: 'red' });
        });
      },
    });
    const connection = await session();
    const client = await Http2Client.open(connection, '/mine');
    client.send(clientFrame(0x81, 'hi'));
    expect(await client.text()).toBe('hi');
    expect([...container.getSessions()].map((open) => open.getPathParameters().get('room'))).toEqual(['red']);
    const wrong = Http2Client.request(connection, '/mine', { ':protocol': 'connect-udp' });
    expect([await wrong.status(), await wrong.body()]).toEqual([
      400,
      'Over HTTP/2 a WebSocket opens with CONNECT and the :protocol websocket.\n',
    ]);
  });

  test('attach rejects other values with a message', () => {
    expect(() => attach((() => undefined) as unknown as Http2Server)).toThrow(
      'attach takes a server of node:http, node:https or node:http2; found the function',
    );
    expect(() => attach(null as unknown as Http2Server)).toThrow('found null. For a framework, pass its server');
  });
});

describe('a Server with http2', () => {
  const start = async (): Promise<Server> => {
    const server = await new Server({
      host: '127.0.0.1',
      tls: { key, cert },
      http2: true,
      endpoints: [Echo],
      logger: loggerInto(new Journal()),
    }).start();
    afterTest(() => server.stop({ grace: 1 }));
    return server;
  };

  test('serves pages and WebSockets of both versions on one port', async () => {
    const server = await start();
    const connection = await connectHttp2(server.port, cert);
    const client = await Http2Client.open(connection, '/echo');
    client.send(clientFrame(0x81, 'hi'));
    expect(await client.text()).toBe('hi');
    const [page, nowhere] = ['/echo', '/'].map((path) => new Http2Client(connection.request({ ':path': path })));
    expect([await page?.status(), await page?.body()]).toEqual([426, 'This is a WebSocket endpoint.\n']);
    expect(await nowhere?.status()).toBe(404);
    const old = await connectTo(server.port, { ca: cert });
    old.send(upgradeRequest('/echo'), clientFrame(0x81, 'hello'));
    expect((await old.response()).status).toBe(101);
    expect(await old.text()).toBe('hello');
  });

  test('stops: closes sessions with 1001 and sends GOAWAY on connections', async () => {
    const server = await start();
    const connection = await connectHttp2(server.port, cert);
    const gone = new Promise((resolve) => connection.once('close', resolve));
    const client = await Http2Client.open(connection, '/echo');
    const stopped = server.stop();
    expect(await client.close()).toBe('1001 The server is stopping.');
    client.send(close(1001));
    client.finish();
    await stopped;
    await gone;
  });

  test('stops even if a client keeps a connection and its stream', async () => {
    const server = await start();
    const raw = await new Promise<Socket>((resolve) => {
      const socket = connectTcp({ port: server.port, host: '127.0.0.1' }, () => resolve(socket));
    });
    afterTest(() => raw.destroy());
    const connection = await connectHttp2(server.port, cert);
    const client = await Http2Client.open(connection, '/echo');
    await server.stop({ grace: 1 });
    await client.closed();
  });

  test.each<[string, object, string]>([
    ['without tls', { http2: true }, 'http2 needs tls, because browsers speak HTTP/2 over TLS only'],
    ['that is no boolean', { http2: 'yes', tls: { key, cert } }, 'http2 is true or false; found "yes".'],
  ])('%s throws a DeploymentException', (_what, options, message) => {
    expect(() => new Server(options)).toThrow(
      expect.objectContaining({ name: 'DeploymentException', message: expect.stringContaining(message) }),
    );
  });
});
