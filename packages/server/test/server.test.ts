import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import {
  CloseReason,
  Endpoint,
  HandshakeRejection,
  OnClose,
  OnMessage,
  OnOpen,
  PathParam,
  ServerApplicationConfig,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
  type DeploymentException,
  type EndpointClass,
  type Principal,
} from '@serval/api';
import { Http1Reply } from '../src/http1-reply';
import { Server } from '../src/server';
import { ServerContainer } from '../src/server-container';
import type { ServerOptions } from '../src/server-options';
import { fromIncomingMessage } from '../src/upgrade-request';
import { clientFrame, closeFrame, upgradeRequest, type HeaderChanges, type RawConnection } from './raw-connection';
import { connectTo, listen, loggerInto, TestServer } from './test-server';
import { afterTest, Gate, Journal, turn } from '../../testing/test/toolbox';

@ServerEndpoint('/chat')
class Chat {
  @OnMessage say(text: string): string {
    return `you said ${text}`;
  }
}

@ServerEndpoint('/news')
class News {
  @OnMessage say(_text: string): void {}
}

@ServerEndpoint('no-slash')
class BadPath {
  @OnMessage say(_text: string): void {}
}

@ServerEndpoint('/chat')
class SamePath {
  @OnMessage say(_text: string): void {}
}

/** A server on 127.0.0.1 that stops after the test. */
function serverWith(options: ServerOptions): Server {
  const server = new Server({ host: '127.0.0.1', logger: loggerInto(new Journal()), ...options });
  afterTest(() => server.stop({ grace: 1 }));
  return server;
}

async function openOn(server: Server, target = '/chat', changes?: HeaderChanges): Promise<RawConnection> {
  const client = await connectTo(server.port);
  client.send(upgradeRequest(target, changes));
  const { status } = await client.response();
  if (status !== 101) throw new Error(`Expected 101; found ${status}.`);
  return client;
}

async function statusOn(server: Server | TestServer, target: string): Promise<number> {
  const client = await connectTo(server.port);
  client.send(upgradeRequest(target));
  return (await client.response()).status;
}

function thrownBy(call: () => unknown): DeploymentException {
  try {
    call();
  } catch (error) {
    return error as DeploymentException;
  }
  throw new Error('nothing was thrown');
}

/** How long a promise takes, in milliseconds. */
async function duration(promise: Promise<unknown>): Promise<number> {
  const started = performance.now();
  await promise;
  return performance.now() - started;
}

describe('the start', () => {
  test('deploys the endpoints and listens on a free port', async () => {
    const server = serverWith({ endpoints: [Chat, ServerEndpointConfig.Builder.create(Chat, '/second').build()] });
    expect(await server.start()).toBe(server);
    expect(server.port).toBeGreaterThan(0);
    for (const target of ['/chat', '/second']) {
      const client = await openOn(server, target);
      client.send(clientFrame(0x81, 'hello'));
      expect(await client.text()).toBe('you said hello');
    }
  });

  test('listens on the given port', async () => {
    const free = createTcpServer();
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
    const { port } = free.address() as { port: number };
    await new Promise((resolve) => free.close(resolve));
    const server = await serverWith({ port, endpoints: [Chat] }).start();
    expect(server.port).toBe(port);
  });

  test('keeps endpoints that were added before it', async () => {
    const server = serverWith({ endpoints: [News] });
    server.container.addEndpoint(Chat);
    await server.start();
    expect([await statusOn(server, '/chat'), await statusOn(server, '/news')]).toEqual([101, 101]);
  });

  test('there is no port before it and after the stop', async () => {
    const server = serverWith({});
    expect(() => server.port).toThrow('The server is not listening; await start() first.');
    await server.start();
    await server.stop();
    expect(() => server.port).toThrow(expect.objectContaining({ name: 'IllegalStateException' }));
  });

  test('happens once', async () => {
    const server = serverWith({ endpoints: [Chat] });
    const first = server.start();
    await expect(server.start()).rejects.toThrow('The server is already starting. Await the first call of start().');
    await first;
    await expect(server.start()).rejects.toThrow('The server is already started. Create a new one.');
    await expect(server.start()).rejects.toMatchObject({ name: 'IllegalStateException' });
    expect(await statusOn(server, '/chat')).toBe(101);
    await server.stop({ grace: 1 });
    await expect(server.start()).rejects.toThrow('The server is already stopped. Create a new one.');
  });

  test('rejects if the port is taken, and a stop then resolves at once', async () => {
    const other = await serverWith({}).start();
    const server = serverWith({ port: other.port, endpoints: [Chat] });
    await expect(server.start()).rejects.toMatchObject({ code: 'EADDRINUSE', port: other.port });
    expect(() => server.port).toThrow('The server is not listening');
    expect(await duration(server.stop())).toBeLessThan(1000);
  });

  test('may be called again once the port is free, and keeps deployed endpoints', async () => {
    const other = await serverWith({}).start();
    const server = serverWith({ port: other.port, endpoints: [Chat] });
    await expect(server.start()).rejects.toMatchObject({ code: 'EADDRINUSE', port: other.port });
    await expect(server.start()).rejects.toMatchObject({ code: 'EADDRINUSE', port: other.port });
    server.container.addEndpoint(News);
    await other.stop();
    await server.start();
    expect([await statusOn(server, '/chat'), await statusOn(server, '/news')]).toEqual([101, 101]);
    await expect(server.start()).rejects.toThrow('The server is already started. Create a new one.');
  });

  test('may be called again once the socket’s folder exists', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'serval-start-'));
    afterTest(() => rm(directory, { recursive: true, force: true }));
    const server = new Server({ port: join(directory, 'missing', 'chat.sock'), endpoints: [Chat] });
    afterTest(() => server.stop());
    await expect(server.start()).rejects.toMatchObject({ syscall: 'listen' });
    await mkdir(join(directory, 'missing'));
    await server.start();
  });

  test('after a failed deployment fails again, with the same error', async () => {
    const server = serverWith({ endpoints: [Chat, BadPath] });
    await expect(server.start()).rejects.toMatchObject({ code: 'WS_DEPLOY_BAD_PATH' });
    await expect(server.start()).rejects.toMatchObject({ code: 'WS_DEPLOY_BAD_PATH' });
  });

  test('rejects after a stop, even without an earlier start', async () => {
    const server = serverWith({ endpoints: [Chat] });
    await server.stop();
    await expect(server.start()).rejects.toThrow('The server is already stopped. Create a new one.');
  });

  test('still works after a stop rejected because of its options', async () => {
    const server = await serverWith({ endpoints: [Chat] }).start();
    await expect(server.stop({ grace: -1 })).rejects.toMatchObject({ name: 'IllegalArgumentException' });
    expect(await statusOn(server, '/chat')).toBe(101);
  });

  test('rejects if the host is not an address of this machine', async () => {
    await expect(serverWith({ host: '192.0.2.1' }).start()).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
  });

  test('[WSC-5.2.1-4] rejects with the DeploymentException, and the server does not listen', async () => {
    const server = serverWith({ endpoints: [Chat, BadPath, News] });
    await expect(server.start()).rejects.toMatchObject({
      name: 'DeploymentException',
      code: 'WS_DEPLOY_BAD_PATH',
      message: 'BadPath cannot be deployed at "no-slash": it must begin with a slash (WSC-4.1.1).',
    });
    expect(() => server.port).toThrow('The server is not listening');
    expect(server.container.match('/chat')).toBeUndefined();
    expect(await duration(server.stop())).toBeLessThan(1000);
  });

  test('does not leave a listening server if a stop follows at once', async () => {
    const server = serverWith({ endpoints: [Chat] });
    const started = server.start().then(
      () => 'started',
      () => 'refused',
    );
    await server.stop();
    await started;
    expect(() => server.port).toThrow('The server is not listening');
  });
});

describe('plain HTTP', () => {
  const get = async (server: Server, target: string): Promise<unknown> => {
    const client = await connectTo(server.port);
    client.send(`GET ${target} HTTP/1.0\r\n\r\n`);
    const { status, headers, body } = await client.response();
    return [status, headers.get('upgrade'), body + (await client.end())];
  };

  test('gets 426 at an endpoint and 404 elsewhere', async () => {
    const server = await serverWith({ endpoints: [Chat] }).start();
    expect(await get(server, '/chat')).toEqual([426, ['websocket'], 'This is a WebSocket endpoint.\n']);
    expect(await get(server, '/chat?x')).toEqual([426, ['websocket'], 'This is a WebSocket endpoint.\n']);
    expect(await get(server, '/')).toEqual([404, undefined, 'Not found.\n']);
    expect(await get(server, '/%zz')).toEqual([404, undefined, 'Not found.\n']);
  });

  test('gets the response of the requestListener, if there is one', async () => {
    const server = await serverWith({
      endpoints: [Chat],
      requestListener: (request, response) => response.end(`page ${request.url}`),
    }).start();
    expect(await get(server, '/chat')).toEqual([200, undefined, 'page /chat']);
    expect(await statusOn(server, '/chat')).toBe(101);
  });
});

describe('[WSC-5.2.1-3] a failed deployment', () => {
  test.each<[string, EndpointClass | ServerEndpointConfig, string]>([
    ['a bad path', BadPath, 'WS_DEPLOY_BAD_PATH'],
    ['a path that is taken', SamePath, 'WS_DEPLOY_DUPLICATE_PATH'],
    ['a class without annotation', class Plain {}, 'WS_DEPLOY_NOT_AN_ENDPOINT'],
    ['no class at all', 'Chat' as unknown as EndpointClass, 'WS_DEPLOY_NOT_AN_ENDPOINT'],
    ['null', null as unknown as EndpointClass, 'WS_DEPLOY_NOT_AN_ENDPOINT'],
    [
      'a config of a class that is not an endpoint',
      ServerEndpointConfig.Builder.create(class {}, '/x').build(),
      'WS_DEPLOY_NOT_AN_ENDPOINT',
    ],
  ])('for %s before the first session undoes the whole deployment', async (_what, bad, code) => {
    const server = await TestServer.start({}, Chat, News);
    const first = thrownBy(() => server.container.addEndpoint(bad));
    expect(first).toMatchObject({ name: 'DeploymentException', code });
    expect([await statusOn(server, '/chat'), await statusOn(server, '/news')]).toEqual([404, 404]);

    const later = thrownBy(() =>
      server.container.addEndpoint(ServerEndpointConfig.Builder.create(Chat, '/fine').build()),
    );
    expect(later).toMatchObject({ name: 'DeploymentException', code: 'WS_DEPLOY_HALTED' });
    expect(later.cause).toBe(first);
    expect(await statusOn(server, '/fine')).toBe(404);
  });

  test('for a ServerApplicationConfig explains that a scan uses it, and what to write instead', async () => {
    class Application extends ServerApplicationConfig {
      override getEndpointConfigs(): [] {
        return [];
      }
      override getAnnotatedEndpointClasses(): [] {
        return [];
      }
    }
    const server = new Server({ endpoints: [Application] });
    await expect(server.start()).rejects.toMatchObject({
      code: 'WS_DEPLOY_NOT_AN_ENDPOINT',
      message:
        'Application is a ServerApplicationConfig, which only a scan uses. Export it from a scanned module, or deploy ' +
        'the endpoints that it returns: endpoints: [...new Application().getEndpointConfigs(new Set([…]))] (WSC-6.2).',
    });
  });

  test('after the first session affects no other endpoint', async () => {
    const server = await TestServer.start({}, Chat);
    const client = await server.open('/chat');
    expect(thrownBy(() => server.container.addEndpoint(BadPath))).toMatchObject({ code: 'WS_DEPLOY_BAD_PATH' });
    expect(thrownBy(() => server.container.addEndpoint(SamePath))).toMatchObject({ code: 'WS_DEPLOY_DUPLICATE_PATH' });
    client.send(clientFrame(0x81, 'still there?'));
    expect(await client.text()).toBe('you said still there?');
    server.container.addEndpoint(News);
    expect([await statusOn(server, '/chat'), await statusOn(server, '/news')]).toEqual([101, 101]);
  });

  test('after a session of upgradeHttpToWebSocket affects no other endpoint either', async () => {
    const { container, upgrade } = await ownListener(ServerEndpointConfig.Builder.create(Chat, '/unused').build());
    container.addEndpoint(News);
    expect((await upgrade('/anything')).status).toBe(101);
    thrownBy(() => container.addEndpoint(BadPath));
    expect(container.match('/news')).toBeDefined();
  });

  test('whose cause is an error of user code names it', async () => {
    const broken = new Error('the registry is down');
    class Broken extends ServerEndpointConfig {
      override getPath(): string {
        throw broken;
      }
      override getEndpointClass = (): EndpointClass => Chat;
      override getSubprotocols = (): readonly string[] => [];
      override getExtensions = (): readonly never[] => [];
      override getEncoders = (): readonly never[] => [];
      override getDecoders = (): readonly never[] => [];
      override getUserProperties = (): Map<string, unknown> => new Map();
      override getConfigurator = (): ServerEndpointConfig.Configurator => new ServerEndpointConfig.Configurator();
    }
    const error = thrownBy(() => new ServerContainer().addEndpoint(new Broken()));
    expect(error).toMatchObject({
      code: 'WS_DEPLOY_FAILED',
      message: expect.stringMatching(/^The endpoint could not be deployed: ./),
    });
    expect(error.cause).toBe(broken);
  });
});

describe('a @PathParam that the template does not have', () => {
  test('causes one warning at deployment, and is null at run time', async () => {
    @ServerEndpoint('/rooms/{room}')
    class Room {
      @OnOpen open(session: Session, @PathParam('rom') room: string): void {
        void session.getBasicRemote().sendText(String(room));
      }
      @OnClose close(@PathParam('rom') _room: string): void {}
    }
    const server = await TestServer.start({}, Room);
    expect(server.log.entries.filter((entry) => entry.includes('@PathParam'))).toEqual([
      'warn Room: @PathParam("rom") is not a variable of /rooms/{room}; its value will be null (false for a boolean, an error for a number).',
    ]);
    expect(await (await server.open('/rooms/a')).text()).toBe('null');
  });
});

describe('the stop', () => {
  /** An endpoint that logs its calls, and waits in @OnClose. */
  function waiting() {
    const life = new Journal();
    const gate = new Gate();
    @ServerEndpoint('/chat')
    class Waiting {
      @OnOpen open(): void {
        life.add('open');
      }
      @OnClose async close(reason: CloseReason): Promise<void> {
        life.add(`close ${reason.toString()}`);
        await gate.promise;
        life.add('closed');
      }
    }
    return { Waiting, life, gate };
  }

  test('closes every session with 1001 on the wire and awaits every @OnClose', async () => {
    const { Waiting, life, gate } = waiting();
    const server = await serverWith({ endpoints: [Waiting] }).start();
    const { port } = server;
    const clients = [await openOn(server), await openOn(server)];
    const stopped = server.stop().then(() => life.add('stopped'));
    for (const client of clients) {
      expect(await client.close()).toBe('1001 The server is stopping.');
      client.send(closeFrame(1001));
      client.finish();
      await client.end();
    }
    await turn();
    expect(life.entries).toEqual([
      'open',
      'open',
      'close CloseReason[1001,The server is stopping.]',
      'close CloseReason[1001,The server is stopping.]',
    ]);
    gate.open();
    await stopped;
    expect(life.entries.slice(4)).toEqual(['closed', 'closed', 'stopped']);
    expect(server.container.getSessions().size).toBe(0);
    await expect(connectTo(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('ends after the grace if a peer never answers', async () => {
    const server = await serverWith({ endpoints: [Chat] }).start();
    const client = await openOn(server);
    const took = await duration(server.stop({ grace: 50 }));
    expect(took).toBeGreaterThanOrEqual(45);
    expect(took).toBeLessThan(1500);
    expect(await client.close()).toBe('1001 The server is stopping.');
    expect(await client.end()).toBe('');
  });

  test('waits for its peers with a grace of Infinity', async () => {
    const server = await serverWith({ endpoints: [Chat] }).start();
    const client = await openOn(server);
    const timers = jest.spyOn(globalThis, 'setTimeout');
    const stopped = server.stop({ grace: Infinity });
    expect(await client.close()).toBe('1001 The server is stopping.');
    const delays = timers.mock.calls.map(([, delay]) => delay ?? 0);
    timers.mockRestore();
    expect(Math.max(...delays)).toBeLessThan(2 ** 31);
    client.send(closeFrame(1001));
    client.finish();
    await stopped;
  });

  test('ends after the grace if a handler never settles', async () => {
    const entered = new Gate();
    @ServerEndpoint('/chat')
    class Stuck {
      @OnMessage say(_text: string): Promise<void> {
        entered.open();
        return new Promise(() => undefined);
      }
    }
    const server = await serverWith({ endpoints: [Stuck] }).start();
    const client = await openOn(server);
    client.send(clientFrame(0x81, 'x'));
    await entered.promise;
    expect(await duration(server.stop({ grace: 50 }))).toBeLessThan(3000);
    expect(await client.close()).toBe('1001 The server is stopping.');
    await client.end();
  });

  test('ends after the grace if @OnOpen or @OnClose never settles', async () => {
    class NeverOpen extends Endpoint {
      override onOpen(): Promise<void> {
        return new Promise(() => undefined);
      }
    }
    class NeverClosed extends Endpoint {
      override onOpen(): void {}
      override onClose(): Promise<void> {
        return new Promise(() => undefined);
      }
    }
    const server = await serverWith({
      endpoints: [
        ServerEndpointConfig.Builder.create(NeverOpen, '/open').build(),
        ServerEndpointConfig.Builder.create(NeverClosed, '/close').build(),
      ],
    }).start();
    const clients = [await openOn(server, '/open'), await openOn(server, '/close')];
    expect(await duration(server.stop({ grace: 50 }))).toBeLessThan(3000);
    for (const client of clients) await client.close();
  });

  test('refuses handshakes that wait for user code with 503, at once', async () => {
    const asked = new Gate();
    const user = new Gate<Principal | null>();
    const made: string[] = [];
    @ServerEndpoint('/chat')
    class Made {
      constructor() {
        made.push('constructor');
      }
      @OnMessage say(_text: string): void {}
    }
    const authenticate = (): Promise<Principal | null> => {
      asked.open();
      return user.promise;
    };
    const server = await serverWith({ endpoints: [Made], authenticate }).start();
    const client = await connectTo(server.port);
    client.send(upgradeRequest('/chat'));
    await asked.promise;
    const stopped = server.stop();
    expect(await client.response()).toMatchObject({
      status: 503,
      body: 'The server accepts no new sessions at the moment.\n',
    });
    client.finish();
    expect(await duration(stopped)).toBeLessThan(1500);
    user.open(null);
    await turn();
    expect(made).toEqual([]);
    expect(server.container.getSessions().size).toBe(0);
  });

  test('refuses new upgrades with 503 and a Retry-After while it waits', async () => {
    const { Waiting, life, gate } = waiting();
    const server = await TestServer.start({}, Waiting);
    const client = await server.open('/chat');
    const stopped = server.container.stop();
    const { status, headers, body } = await server.request('/chat');
    expect([status, body]).toEqual([503, 'The server accepts no new sessions at the moment.\n']);
    expect(headers.get('retry-after')).toEqual(['5']);
    expect((await server.request('/chat', { 'Sec-WebSocket-Key': null })).status).toBe(503);
    client.send(closeFrame(1001));
    client.finish();
    gate.open();
    await stopped;
    expect(life.entries.at(-1)).toBe('closed');
    expect((await server.request('/chat')).status).toBe(503);
  });

  test('may be called twice, and before the start', async () => {
    const { Waiting, gate } = waiting();
    const server = await serverWith({ endpoints: [Waiting] }).start();
    const client = await openOn(server);
    const both = [server.stop(), server.stop({ grace: 1 })];
    client.send(closeFrame(1001));
    client.finish();
    gate.open();
    await Promise.all(both);
    await server.stop();
    await serverWith({}).stop();
  });

  test('drops the connections of unanswered plain requests', async () => {
    const asked = new Gate();
    const server = await serverWith({ requestListener: () => asked.open() }).start();
    const client = await connectTo(server.port);
    client.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await asked.promise;
    expect(await duration(server.stop())).toBeLessThan(1000);
    expect(await client.end()).toBe('');
  });

  test('drops a refused client, or one with another Upgrade header, that stays connected', async () => {
    const server = await serverWith({ endpoints: [Chat] }).start();
    const refused = await connectTo(server.port);
    refused.send(upgradeRequest('/none'));
    expect((await refused.response()).status).toBe(404);
    const other = await connectTo(server.port);
    other.send(upgradeRequest('/none', { Upgrade: 'h2c' }), 'and more');
    expect((await other.response()).status).toBe(404);
    // A refused client has two seconds.
    expect(await duration(server.stop())).toBeLessThan(3500);
  });

  test('drops a client that does not answer after closeWith', async () => {
    const authenticate = (): never => {
      throw HandshakeRejection.closeWith(new CloseReason(4401, 'no'));
    };
    const server = await serverWith({ endpoints: [Chat], authenticate }).start();
    const client = await openOn(server);
    expect(await client.close()).toBe('4401 no');
    expect(await duration(server.stop())).toBeLessThan(3500);
  });

  test('drops a client that never begins its TLS handshake', async () => {
    const fixture = (part: string): Buffer => readFileSync(join(__dirname, `fixtures/localhost.test-${part}.pem`));
    const tls = { key: fixture('key'), cert: fixture('cert') };
    const server = await serverWith({ endpoints: [Chat], tls }).start();
    const client = await connectTo(server.port);
    expect(await duration(server.stop())).toBeLessThan(3500);
    await client.end();
  });
});

describe('an invalid option', () => {
  test.each<[keyof ServerOptions, readonly unknown[], RegExp]>([
    [
      'port',
      [-1, 65_536, 1.5, Number.NaN, '8080', 'chat.sock', '', '/a\0b', null, [], {}],
      /^port is a whole number from 0 to 65535, or the path of a Unix domain socket with a slash in it; found /,
    ],
    [
      'contextPath',
      ['', 'ws', '/ws?x', '/ws#x', '/{ws}', '/<ws>', '/%zz', '//', '/a//b', 42],
      /^contextPath is a path with a leading slash, such as "\/ws"; found /,
    ],
    [
      'handshakeTimeout',
      [0, -1, 1.5, 2 ** 31, Number.NaN, Infinity, '5'],
      /^handshakeTimeout is a whole number of milliseconds from 1 to 2147483647; found /,
    ],
    [
      'textBufferSize',
      [-1, 1.5, 2 ** 31, '8k'],
      /^textBufferSize is a whole number of bytes from 0 to 2147483647; found /,
    ],
    ['binaryBufferSize', [-1, Number.NaN], /^binaryBufferSize is a whole number of bytes from 0 to 2147483647; found /],
    ['maxQueuedBytes', [0, -1], /^maxQueuedBytes is a whole number of bytes from 1 to 2147483647; found /],
    [
      'sessionCloseTimeout',
      [0, -1],
      /^sessionCloseTimeout is a whole number of milliseconds from 1 to 2147483647; found /,
    ],
    [
      'maxSessionIdleTimeout',
      [1.5, 2 ** 31],
      /^maxSessionIdleTimeout is a whole number of milliseconds from -2147483647 to 2147483647; found /,
    ],
    [
      'asyncSendTimeout',
      ['never'],
      /^asyncSendTimeout is a whole number of milliseconds from -2147483647 to 2147483647; found /,
    ],
    [
      'blockingSendTimeout',
      [Infinity],
      /^blockingSendTimeout is a whole number of milliseconds from -2147483647 to 2147483647; found /,
    ],
    ['allowedOrigins', ['https://a.example', ['a.example'], 42], /^allowedOrigins /],
    ['authenticate', ['ada', {}, true], /^authenticate is a function; found ("ada"|an object|true|false)\.$/],
    ['isUserInRole', ['admin', true], /^isUserInRole is a function; found /],
    ['instanceFactory', [Chat.name, {}], /^instanceFactory is a function, or an object with a method create; found /],
  ])('%s throws a DeploymentException that names it, its range and its unit', (name, values, message) => {
    for (const value of values) {
      const error = thrownBy(() => new Server({ [name]: value }));
      expect({ value, name: error.name, code: error.code }).toEqual({
        value,
        name: 'DeploymentException',
        code: 'WS_DEPLOY_BAD_OPTION',
      });
      expect(error.message).toMatch(message);
    }
  });

  test.each<[keyof ServerOptions, readonly unknown[]]>([
    ['port', [0, 65_535]],
    ['contextPath', ['/', '/ws', '/ws/', '/a/b', '/caf%C3%A9', '/café']],
    ['handshakeTimeout', [1, 2 ** 31 - 1]],
    ['textBufferSize', [0, 2 ** 31 - 1]],
    ['maxSessionIdleTimeout', [-1, 0, 1]],
    ['allowedOrigins', ['*', [], ['null'], () => true]],
  ])('%s accepts the limits of its range', (name, values) => {
    for (const value of values) expect(new Server({ [name]: value })).toBeInstanceOf(Server);
  });
});

describe('an invalid attribute of @ServerEndpoint', () => {
  test.each([
    ['subprotocols', 'v1', 'WS_DEPLOY_BAD_OPTION', 'Bad: subprotocols is a list; found "v1".'],
    ['encoders', class {}, 'WS_DEPLOY_BAD_OPTION', /^Bad: encoders is a list; found /],
    ['decoders', 42, 'WS_DEPLOY_BAD_OPTION', 'Bad: decoders is a list; found 42.'],
    ['inbound', 'parallel', 'WS_DEPLOY_BAD_OPTION', "Bad: inbound is 'serial' or 'concurrent'; found \"parallel\"."],
    ['configurator', 'Mine', 'WS_DEPLOY_BAD_CONFIGURATOR', /^Bad: its configurator could not be created/],
  ])('%s %p throws a DeploymentException', (attribute, value, code, message) => {
    @ServerEndpoint('/bad', { [attribute]: value })
    class Bad {
      @OnMessage say(_text: string): void {}
    }
    const error = thrownBy(() => new ServerContainer().addEndpoint(Bad));
    expect(error).toMatchObject({ name: 'DeploymentException', code });
    expect([error.message]).toEqual([typeof message === 'string' ? message : expect.stringMatching(message)]);
  });
});

/** The user's own server, which passes every upgrade to a container with upgradeHttpToWebSocket. */
async function ownListener(
  config: ServerEndpointConfig,
  handOver: (socket: Duplex, head: Buffer) => unknown = (socket, head) => ({ socket, head }),
  parameters: (request: IncomingMessage) => ReadonlyMap<string, string> | Record<string, string> = () => ({}),
) {
  const container = new ServerContainer({ logger: loggerInto(new Journal()) });
  const results: Promise<unknown>[] = [];
  const http = createServer();
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    results.push(container.upgradeHttpToWebSocket(request, handOver(socket, head), config, parameters(request)));
  });
  const port = await listen(http);
  afterTest(() => container.stop({ grace: 1 }));
  const upgrade = async (target: string, changes?: HeaderChanges, ...early: Buffer[]) => {
    const client = await connectTo(port);
    client.send(upgradeRequest(target, changes), ...early);
    return { ...(await client.response()), client };
  };
  return { container, http, port, results, upgrade };
}

describe('upgradeHttpToWebSocket', () => {
  @ServerEndpoint('/not/{deployed}')
  class Room {
    @OnMessage say(text: string, @PathParam('room') room: string, session: Session): string {
      return `${room} ${text} ${JSON.stringify(Object.fromEntries(session.getPathParameters()))}`;
    }
  }
  const config = ServerEndpointConfig.Builder.create(Room, '/not/{deployed}').build();

  test.each([
    ['an object', { room: 'lobby' }],
    ['a Map', new Map([['room', 'lobby']])],
  ])(
    'opens a session for a request that the application has routed, with %s of path parameters',
    async (_what, values) => {
      const { container, results, upgrade } = await ownListener(config, undefined, () => values);
      const { status, client } = await upgrade('/where/ever?x=1', {}, clientFrame(0x81, 'early'));
      expect(status).toBe(101);
      expect(await Promise.all(results)).toEqual([undefined]);
      expect(await client.text()).toBe('lobby early {"room":"lobby"}');
      const [session] = container.getSessions();
      expect(session?.getRequestURI().href).toBe('ws://localhost/where/ever?x=1');
      expect(session?.getRequestParameterMap()).toEqual(
        new Map([
          ['x', ['1']],
          ['room', ['lobby']],
        ]),
      );
      expect(container.match('/not/x')).toBeUndefined();
    },
  );

  test('accepts the socket alone if no bytes followed the request', async () => {
    const { upgrade } = await ownListener(config, (socket) => socket);
    const { status, client } = await upgrade('/x');
    expect(status).toBe(101);
    client.send(clientFrame(0x81, 'hi'));
    expect(await client.text()).toBe('null hi {}');
  });

  test('does not match the path: sessions of one configuration are sessions of one endpoint', async () => {
    const { container, upgrade } = await ownListener(config);
    await upgrade('/a');
    await upgrade('/b');
    const [first] = container.getSessions();
    expect(first?.getOpenSessions().size).toBe(2);
  });

  test('of a deployed configuration shares its sessions', async () => {
    const { container, http, upgrade } = await ownListener(config);
    container.addEndpoint(config);
    await upgrade('/a');
    http.removeAllListeners('upgrade');
    http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      container.handleUpgrade(fromIncomingMessage(request), new Http1Reply(socket, head));
    });
    await upgrade('/not/b');
    for (const session of container.getSessions()) expect(session.getOpenSessions().size).toBe(2);
    expect(container.getSessions().size).toBe(2);
  });

  test('refuses by the same rules, and resolves', async () => {
    const { results, upgrade } = await ownListener(config);
    expect((await upgrade('/x', { 'Sec-WebSocket-Version': '8' })).status).toBe(426);
    expect((await upgrade('/x', { Origin: 'http://evil.example' })).status).toBe(403);
    expect((await upgrade('/%zz')).status).toBe(400);
    expect((await upgrade('POST /x HTTP/1.1')).status).toBe(405);
    expect(await Promise.all(results)).toEqual([undefined, undefined, undefined, undefined]);
  });

  test('rejects for an endpoint that cannot be deployed, and leaves the socket to the caller', async () => {
    const bad = ServerEndpointConfig.Builder.create(class Plain {}, '/x').build();
    const { http, results, port } = await ownListener(bad);
    const socket = new Promise<Duplex>((resolve) => http.once('upgrade', (_request, own: Duplex) => resolve(own)));
    const client = await connectTo(port);
    client.send(upgradeRequest('/x'));
    const own = await socket;
    await expect(results[0]).rejects.toMatchObject({ name: 'DeploymentException', code: 'WS_DEPLOY_NOT_AN_ENDPOINT' });
    own.end('HTTP/1.1 500 Mine\r\n\r\n');
    expect((await client.response()).status).toBe(500);
  });

  test('rejects for arguments of the wrong type', async () => {
    const container = new ServerContainer();
    const request = { rawHeaders: [], socket: {} };
    const socket = { write: () => true, pipe: () => undefined, destroy: () => undefined };
    await expect(container.upgradeHttpToWebSocket({}, socket, config)).rejects.toThrow(
      /^upgradeHttpToWebSocket takes Node's IncomingMessage; found /,
    );
    await expect(container.upgradeHttpToWebSocket(null, socket, config)).rejects.toThrow(/found null/);
    await expect(container.upgradeHttpToWebSocket(request, {}, config)).rejects.toThrow(
      /^upgradeHttpToWebSocket takes the response of the request, the socket of the 'upgrade' event, or \{ socket, head \}; found /,
    );
    await expect(
      container.upgradeHttpToWebSocket(request, socket, {} as unknown as ServerEndpointConfig),
    ).rejects.toMatchObject({ name: 'IllegalArgumentException', code: 'WS_ILLEGAL_ARGUMENT' });
  });
});

describe('the WebSocketContainer of a server', () => {
  test('has the defaults of new sessions, and accepts other values in their range', async () => {
    const { container } = await TestServer.start();
    expect([
      container.getDefaultAsyncSendTimeout(),
      container.getDefaultMaxSessionIdleTimeout(),
      container.getDefaultMaxBinaryMessageBufferSize(),
      container.getDefaultMaxTextMessageBufferSize(),
    ]).toEqual([-1, 0, 8192, 8192]);
    container.setAsyncSendTimeout(1);
    container.setDefaultMaxSessionIdleTimeout(2);
    container.setDefaultMaxBinaryMessageBufferSize(3);
    container.setDefaultMaxTextMessageBufferSize(4);
    expect([
      container.getDefaultAsyncSendTimeout(),
      container.getDefaultMaxSessionIdleTimeout(),
      container.getDefaultMaxBinaryMessageBufferSize(),
      container.getDefaultMaxTextMessageBufferSize(),
    ]).toEqual([1, 2, 3, 4]);
    expect(() => container.setDefaultMaxTextMessageBufferSize(-1)).toThrow(
      /^textBufferSize is a whole number of bytes/,
    );
    expect(container.getDefaultMaxTextMessageBufferSize()).toBe(4);
  });

  test('a changed default applies to sessions that open later', async () => {
    const server = await TestServer.start({}, Chat);
    const before = await server.open('/chat');
    server.container.setDefaultMaxTextMessageBufferSize(3);
    const after = await server.open('/chat');
    for (const client of [before, after]) client.send(clientFrame(0x81, 'four'));
    expect(await before.text()).toBe('you said four');
    expect(await after.close()).toMatch(/^1009/);
  });

  test('a changed default send timeout does not affect open sessions, used or not', async () => {
    const server = await TestServer.start({}, Chat);
    await server.open('/chat');
    server.container.setAsyncSendTimeout(3);
    await server.open('/chat');
    const timeouts = [...server.container.getSessions()].map((session) => session.getAsyncRemote().getSendTimeout());
    expect(timeouts).toEqual([-1, 3]);
  });

  test('is the result of getContainer', async () => {
    const server = await TestServer.start({}, Chat);
    await server.open('/chat');
    const [session] = server.container.getSessions();
    expect(session?.getContainer()).toBe(server.container);
  });

  test('returns the installed extensions', () => {
    const names = (container: ServerContainer): string[] =>
      [...container.getInstalledExtensions()].map((one) => one.getName());
    expect(names(new ServerContainer())).toEqual([]);
    expect(names(new ServerContainer({ perMessageDeflate: true }))).toEqual(['permessage-deflate']);
  });
});
