import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer, type ClientOptions, type ServerOptions } from 'ws';
import { clientFrame, LiteralSocket } from '@serval/testing';
import {
  CloseReason,
  Endpoint,
  HandshakeRejection,
  OnClose,
  OnMessage,
  OnOpen,
  PathParam,
  Reader,
  Server,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
  ServerContainer,
  type EndpointClass,
  type HandshakeRequest,
  type ServerContainerOptions,
} from 'serval';

const closed: string[] = [];
const log: string[] = [];
beforeEach(() => {
  closed.length = 0;
  log.length = 0;
});

const logger = {
  error: (message: string, error?: unknown): void =>
    void log.push(`error ${message} ${error instanceof Error ? error.message : ''}`),
  warn: (message: string): void => void log.push(`warn ${message}`),
  debug: (): void => undefined,
};

@ServerEndpoint('/chat/{room}')
class Chat {
  @OnOpen open(session: Session): Promise<void> {
    return session.getBasicRemote().sendText('welcome');
  }
  @OnMessage say(text: string, @PathParam('room') room: string): string {
    return `${room}: ${text}`;
  }
  @OnClose close(reason: CloseReason): void {
    closed.push(`${reason.getCloseCode().getCode()} ${reason.getReasonPhrase()}`.trim());
  }
}

type Adopt = (webSocket: WebSocket, request: IncomingMessage) => void;

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function containerOf(options: ServerContainerOptions = {}): ServerContainer {
  const container = new ServerContainer({ logger, ...options });
  cleanUps.push(() => container.stop({ grace: 1 }));
  return container;
}

/** A server of ws, which hands each socket to a function. @returns its URL */
async function ownServer(adopt: Adopt, options: ServerOptions = {}): Promise<string> {
  const http: HttpServer = createServer();
  const server = new WebSocketServer({ server: http, ...options });
  server.on('connection', adopt);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  cleanUps.push(async () => {
    for (const client of server.clients) client.terminate();
    await new Promise((resolve) => http.close(resolve));
  });
  return `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

interface Client {
  readonly socket: WebSocket;
  next(): Promise<string>;
  /** Code and reason. */
  readonly ended: Promise<string>;
}

async function connect(url: string, protocols: string[] = [], options: ClientOptions = {}): Promise<Client> {
  const socket = new WebSocket(url, protocols, options);
  cleanUps.push(() => socket.terminate());
  const heard: string[] = [];
  let wake = (): void => undefined;
  socket.on('message', (data: Buffer) => {
    heard.push(data.toString());
    wake();
  });
  const ended = once(socket, 'close').then(([code, reason]) => `${String(code)} ${String(reason)}`.trim());
  await once(socket, 'open');
  return {
    socket,
    ended,
    async next() {
      while (heard.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return heard.shift() ?? '';
    },
  };
}

test('closes a socket with 1013 beyond a limit of connections, until a place is free', async () => {
  const { url } = await chatOn(containerOf({ maxConnectionsPerAddress: 1 }));
  const first = await connect(`${url}/`);
  await first.next();
  const refused = await connect(`${url}/`);
  expect(await refused.ended).toBe('1013 Too many connections from this address.');
  first.socket.close(1000);
  await first.ended;
  while (closed.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const last = await connect(`${url}/`);
  expect(await last.next()).toBe('welcome');
});

async function chatOn(container: ServerContainer): Promise<{ readonly url: string }> {
  const pathParameters = { room: 'blue' };
  return {
    url: await ownServer((webSocket, request) => {
      void container.adoptWebSocket(webSocket, request, Chat, { pathParameters });
    }),
  };
}

test('reads address, scheme and host from the headers of a trusted proxy (trustProxy)', async () => {
  class Telling extends Endpoint {
    override onOpen(session: Session): void {
      const facts = [session.getRequestURI().href, session.isSecure(), session.getRemoteAddress()];
      void session.getBasicRemote().sendText(facts.join(' '));
    }
  }
  const endpoint = ServerEndpointConfig.Builder.create(Telling, '/who').build();
  const headers = {
    'X-Forwarded-For': '203.0.113.9, 192.0.2.1',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Host': 'chat.example',
  };
  const trusting = containerOf({ trustProxy: 'loopback' });
  const url = await ownServer((webSocket, request) => void trusting.adoptWebSocket(webSocket, request, endpoint));
  expect(await (await connect(`${url}/who`, [], { headers })).next()).toBe('wss://chat.example/who true 192.0.2.1');
  const other = containerOf();
  const { host, href } = new URL(
    await ownServer((webSocket, request) => void other.adoptWebSocket(webSocket, request, endpoint)),
  );
  expect(await (await connect(`${href}who`, [], { headers })).next()).toBe(`ws://${host}/who false 127.0.0.1`);
});

/** Calls for one connection, and gives what was returned or thrown. */
function firstResult(call: Adopt extends (...args: infer A) => void ? (...args: A) => unknown : never) {
  let settle!: (outcome: unknown) => void;
  const outcome = new Promise<unknown>((resolve) => (settle = resolve));
  const adopt: Adopt = (webSocket, request) => {
    try {
      settle(call(webSocket, request));
    } catch (error) {
      settle(error);
    }
  };
  return { adopt, outcome };
}

describe('adopt takes over a socket of a ws server', () => {
  test('for an annotated class that is not deployed', async () => {
    const container = containerOf();
    const { adopt, outcome } = firstResult((webSocket, request) =>
      container.adoptWebSocket(webSocket, request, Chat, {
        pathParameters: { room: 'red' },
        userPrincipal: { getName: () => 'ann' },
      }),
    );
    const client = await connect(`${await ownServer(adopt)}/any?x=1`);
    expect(await client.next()).toBe('welcome');
    client.socket.send('hi');
    expect(await client.next()).toBe('red: hi');
    const session = (await outcome) as Session;
    expect(session).toBeInstanceOf(Session);
    expect([...container.getSessions()]).toEqual([session]);
    expect(session.getRequestURI().pathname).toBe('/any');
    expect(session.getQueryString()).toBe('x=1');
    expect(session.getUserPrincipal()?.getName()).toBe('ann');
    expect(session.isSecure()).toBe(false);
    client.socket.close(4000, 'enough');
    expect(await client.ended).toBe('4000 enough');
    await container.stop();
    expect(closed).toEqual(['4000 enough']);
  });

  test('for a configuration, whose adopted and routed sessions belong to one endpoint', async () => {
    const container = containerOf();
    const config = ServerEndpointConfig.Builder.create(Chat, '/room/{room}').build();
    const sessions: Promise<Session | undefined>[] = [];
    const url = await ownServer((webSocket, request) => {
      if (sessions.length === 1) container.addEndpoint(config);
      sessions.push(container.adoptWebSocket(webSocket, request, config));
    });
    for (let count = 0; count < 2; count += 1) expect(await (await connect(url)).next()).toBe('welcome');
    const [first, second] = await Promise.all(sessions);
    expect(first?.getOpenSessions()).toEqual(new Set([first, second]));
  });

  test('with the subprotocol and the extensions that its owner negotiated', async () => {
    const container = containerOf();
    const { adopt, outcome } = firstResult((webSocket, request) => container.adoptWebSocket(webSocket, request, Chat));
    const url = await ownServer(adopt, { perMessageDeflate: true });
    const client = await connect(url, ['v2', 'v1'], { perMessageDeflate: true });
    const session = (await outcome) as Session;
    expect(session.getNegotiatedSubprotocol()).toBe('v2');
    expect(session.getNegotiatedExtensions().map((extension) => extension.getName())).toEqual(['permessage-deflate']);
    expect(await client.next()).toBe('welcome');
    client.socket.send('x'.repeat(5000));
    expect(await client.next()).toBe(`null: ${'x'.repeat(5000)}`);
  });

  test('without losing a message that arrives with the handshake, even if the instance takes time', async () => {
    let makeInstance!: () => void;
    const wanted = new Promise<void>((resolve) => (makeInstance = resolve));
    const container = containerOf({
      instanceFactory: async (endpointClass) => {
        await wanted;
        return new (endpointClass as unknown as new () => never)();
      },
    });
    let adopted = (): void => undefined;
    const began = new Promise<void>((resolve) => (adopted = resolve));
    const url = await ownServer((webSocket, request) => {
      void container.adoptWebSocket(webSocket, request, Chat);
      adopted();
    });
    const client = await LiteralSocket.connect(Number(new URL(url).port));
    cleanUps.push(() => client.destroy());
    client.send(
      'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      clientFrame(0x81, 'early'),
    );
    expect((await client.readHead()).status).toBe(101);
    await began;
    client.send(clientFrame(0x81, 'later'));
    // Anything readable would have been read by now.
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    makeInstance();
    const expected = ['welcome', 'null: early', 'null: later'].map((text) =>
      Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]),
    );
    expect(await client.read(Buffer.concat(expected).length)).toEqual(Buffer.concat(expected));
  });

  test('and its configurator receives the request but does not affect the handshake', async () => {
    const called: string[] = [];
    class Watching extends ServerEndpointConfig.Configurator {
      override checkOrigin(): boolean {
        called.push('checkOrigin');
        return false;
      }
      override modifyHandshake(): void {
        called.push('modifyHandshake');
      }
      override getEndpointInstance<T extends object>(endpointClass: EndpointClass<T>, request?: HandshakeRequest): T {
        called.push(`getEndpointInstance ${request?.getRequestURI().pathname}`);
        return new (endpointClass as unknown as new () => T)();
      }
    }
    const container = containerOf({ authenticate: () => void called.push('authenticate') as never });
    const config = ServerEndpointConfig.Builder.create(Chat, '/x').configurator(new Watching()).build();
    const url = await ownServer((webSocket, request) => void container.adoptWebSocket(webSocket, request, config));
    const client = await connect(`${url}/seen`, [], { origin: 'https://evil.example' });
    expect(await client.next()).toBe('welcome');
    expect(called).toEqual(['getEndpointInstance /seen']);
  });

  test('and applies the session’s limits', async () => {
    const container = containerOf({ textBufferSize: 10 });
    const url = await ownServer((webSocket, request) => void container.adoptWebSocket(webSocket, request, Chat));
    const client = await connect(url);
    client.socket.send('0123456789a');
    expect(await client.ended).toMatch(/^1009 /);
  });
});

describe('a container that accepts no sessions closes the socket', () => {
  test.each<[string, string, (container: ServerContainer) => unknown]>([
    ['with 1001 while it is paused', '1001 The server accepts no new sessions at the moment.', (one) => one.pause()],
    ['with 1001 once it was stopped', '1001 The server is stopping.', (one) => one.stop()],
  ])('%s', async (_when, expected, prepare) => {
    const container = containerOf();
    await prepare(container);
    const { adopt, outcome } = firstResult((webSocket, request) => container.adoptWebSocket(webSocket, request, Chat));
    const client = await connect(await ownServer(adopt));
    expect(await client.ended).toBe(expected);
    expect(await outcome).toBeUndefined();
    expect(container.getSessions().size).toBe(0);
  });

  test('with 1001 when it stops while user code creates the instance', async () => {
    let asked = (): void => undefined;
    const waits = new Promise<void>((resolve) => (asked = resolve));
    const container = containerOf({
      instanceFactory: () => {
        asked();
        return new Promise(() => undefined);
      },
    });
    const client = await connect(await ownServer((ws, request) => void container.adoptWebSocket(ws, request, Chat)));
    await waits;
    await container.stop({ grace: 1 });
    expect(await client.ended).toBe('1001 The server is stopping.');
  });

  test('with 1011 when creating the instance fails, and reports why', async () => {
    const container = containerOf({
      instanceFactory: () => {
        throw new Error('no database');
      },
    });
    const { adopt, outcome } = firstResult((webSocket, request) => container.adoptWebSocket(webSocket, request, Chat));
    const client = await connect(`${await ownServer(adopt)}/any`);
    expect(await client.ended).toBe('1011 The session could not be opened.');
    expect(await outcome).toBeUndefined();
    expect(log).toEqual(['error The handshake for /any failed: no database']);
  });

  test.each<[string, HandshakeRejection, string]>([
    ['with 1008 when the instance is refused', new HandshakeRejection(403, { body: 'not you\n' }), '1008 not you'],
    [
      'with the code that a refusal names',
      HandshakeRejection.closeWith(new CloseReason(4401, 'Sign in.')),
      '4401 Sign in.',
    ],
  ])('%s', async (_when, rejection, expected) => {
    const container = containerOf({
      instanceFactory: () => {
        throw rejection;
      },
    });
    const client = await connect(await ownServer((ws, request) => void container.adoptWebSocket(ws, request, Chat)));
    expect(await client.ended).toBe(expected);
  });

  test('not at all when its owner drops it before the instance exists', async () => {
    let makeInstance!: (instance: object) => void;
    let asked = (): void => undefined;
    const waits = new Promise<void>((resolve) => (asked = resolve));
    const container = containerOf({
      instanceFactory: () => {
        asked();
        return new Promise<never>((resolve) => (makeInstance = resolve as typeof makeInstance));
      },
    });
    let owned!: WebSocket;
    const { adopt, outcome } = firstResult((webSocket, request) => {
      owned = webSocket;
      return container.adoptWebSocket(webSocket, request, Chat);
    });
    await connect(await ownServer(adopt));
    await waits;
    owned.terminate();
    await once(owned, 'close');
    makeInstance(new Chat());
    expect(await outcome).toBeUndefined();
    expect(container.getSessions().size).toBe(0);
  });

  test('only after its session begins if the client has left, and that session ends with 1006', async () => {
    let makeInstance!: (instance: object) => void;
    let asked = (): void => undefined;
    const waits = new Promise<void>((resolve) => (asked = resolve));
    const container = containerOf({
      instanceFactory: () => {
        asked();
        return new Promise<never>((resolve) => (makeInstance = resolve as typeof makeInstance));
      },
    });
    const { adopt, outcome } = firstResult((webSocket, request) => container.adoptWebSocket(webSocket, request, Chat));
    const client = await connect(await ownServer(adopt));
    await waits;
    client.socket.terminate();
    await client.ended;
    makeInstance(new Chat());
    await outcome;
    while (container.getSessions().size > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(closed.filter((entry) => !entry.startsWith('1006'))).toEqual([]);
  });
});

describe('adopt rejects with a clear error', () => {
  const request = { rawHeaders: ['Host', 'localhost'], socket: {}, url: '/', headers: {} };

  test.each<[string, unknown, unknown, unknown, string, string]>([
    [
      'no socket of ws',
      {},
      request,
      Chat,
      'IllegalArgumentException',
      'adoptWebSocket takes a WebSocket of the ws library; found an object of class Object. Frameworks that wrap it',
    ],
    ['null', null, request, Chat, 'IllegalArgumentException', 'library; found null.'],
    ['no request', {}, {}, Chat, 'IllegalArgumentException', "adoptWebSocket takes Node's IncomingMessage; found"],
    [
      'a request without a path',
      {},
      { ...request, url: '*' },
      Chat,
      'IllegalArgumentException',
      'adoptWebSocket takes a request for a path; found the target "*".',
    ],
    [
      'no endpoint',
      {},
      request,
      'Chat',
      'DeploymentException',
      'adoptWebSocket takes an endpoint class or a ServerEndpointConfig; found string.',
    ],
    ['a class without annotation', {}, request, class Plain {}, 'DeploymentException', 'Plain has no @ServerEndpoint'],
  ])('%s, without an unhandled rejection', async (_what, webSocket, httpRequest, endpoint, name, message) => {
    const container = containerOf();
    const adopted = container.adoptWebSocket(webSocket as object, httpRequest as object, endpoint as EndpointClass);
    // A rejection that is not handled by now would end the process.
    await new Promise((resolve) => setImmediate(resolve));
    await expect(adopted).rejects.toMatchObject({ name, message: expect.stringContaining(message) });
  });

  test('a socket that is no longer open', async () => {
    const container = containerOf();
    const { adopt, outcome } = firstResult(async (webSocket, httpRequest) => {
      await once(webSocket, 'close');
      return container.adoptWebSocket(webSocket, httpRequest, Chat);
    });
    const client = await connect(await ownServer(adopt));
    client.socket.close();
    await expect(outcome).rejects.toMatchObject({
      name: 'IllegalStateException',
      message:
        'adoptWebSocket takes an open socket; found CLOSED. Adopt it when it is handed to you, before anything is awaited.',
    });
  });

  test('a socket that is already adopted', async () => {
    const container = containerOf();
    const { adopt, outcome } = firstResult((webSocket, httpRequest) => {
      void container.adoptWebSocket(webSocket, httpRequest, Chat);
      return container.adoptWebSocket(webSocket, httpRequest, Chat);
    });
    const refused = expect(outcome).rejects.toMatchObject({
      name: 'IllegalStateException',
      message: 'adoptWebSocket: the socket was adopted before; it has one session for its life.',
    });
    const client = await connect(await ownServer(adopt));
    await refused;
    expect(await client.next()).toBe('welcome');
  });
});

describe('warns once per endpoint about handlers that ws cannot stream to', () => {
  @ServerEndpoint('/reader')
  class Reading {
    @OnMessage async read(reader: Reader): Promise<string> {
      let text = '';
      for await (const part of reader) text += part;
      return text;
    }
  }
  class Parts extends Endpoint {
    override onOpen(session: Session): void {
      session.addMessageHandler(String, (part: string, last: boolean) => {
        if (last) void session.getBasicRemote().sendText(part);
      });
    }
  }
  const parts = ServerEndpointConfig.Builder.create(Parts, '/parts').build();

  test.each<[string, EndpointClass | ServerEndpointConfig, string]>([
    ['a stream', Reading, 'Reading'],
    ['a handler for parts', parts, 'Parts'],
  ])('%s', async (_what, endpoint, name) => {
    const container = containerOf();
    const url = await ownServer((webSocket, request) => void container.adoptWebSocket(webSocket, request, endpoint));
    for (let count = 0; count < 2; count += 1) {
      const client = await connect(url);
      for (const text of ['one', 'two']) {
        client.socket.send(text);
        expect(await client.next()).toBe(text);
      }
    }
    expect(log).toEqual([
      expect.stringMatching(`^warn ${name} wants messages in parts or as a stream, but over the ws`),
    ]);
  });

  test("with engine: 'ws' too, once per container", async () => {
    for (let count = 0; count < 2; count += 1) {
      const server = await new Server({ host: '127.0.0.1', engine: 'ws', endpoints: [Reading, parts], logger }).start();
      cleanUps.push(() => server.stop({ grace: 1 }));
      for (const path of ['/reader', '/parts', '/reader']) {
        const client = await connect(`ws://127.0.0.1:${server.port}${path}`);
        client.socket.send('hi');
        expect(await client.next()).toBe('hi');
      }
    }
    expect(log.map((line) => line.split(' wants')[0])).toEqual([
      'warn Reading',
      'warn Parts',
      'warn Reading',
      'warn Parts',
    ]);
  });

  test('but not about handlers for whole messages', async () => {
    const container = containerOf();
    const url = await ownServer((webSocket, request) => void container.adoptWebSocket(webSocket, request, Chat));
    const client = await connect(url);
    client.socket.send('hi');
    await client.next();
    await client.next();
    expect(log).toEqual([]);
  });
});
