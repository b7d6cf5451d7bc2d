import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import {
  HandshakeRejection,
  OnOpen,
  ServerEndpoint,
  ServerEndpointConfig,
  type HandshakeRequest,
  type Principal,
} from '@serval/api';
import { HandshakeRefused, TestServer, type Peer, type TestServerOptions } from '@serval/testing';
import { afterTest, Journal, rejection } from '../../testing/test/toolbox';
import { endpoint, Server, type ServerOptions } from '../src';
import { addressKey } from '../src/client-address';
import { upgradeRequest } from './raw-connection';
import { connectTo, loggerInto, TestServer as HttpTestServer } from './test-server';

const fixture = (part: string): string => readFileSync(join(__dirname, `fixtures/localhost.test-${part}.pem`), 'utf8');
const TLS = { key: fixture('key'), cert: fixture('cert') };

const chat = endpoint('/chat', { onText: (text) => text });
const news = endpoint('/news', { onText: (text) => text });

const log = new Journal();
beforeEach(() => void log.entries.splice(0));

function start(options: TestServerOptions): TestServer {
  const server = new TestServer({ endpoints: [chat, news], logger: loggerInto(log), ...options });
  afterTest(() => server.container.stop({ grace: 1 }));
  return server;
}

/** The status with which a client is refused. */
async function refusal(connecting: Promise<Peer>): Promise<number> {
  const error: unknown = await connecting.catch((thrown: unknown) => thrown);
  return error instanceof HandshakeRefused ? error.status : NaN;
}

/** Resolves once the server has so many sessions. */
async function left({ container }: TestServer, sessions: number): Promise<void> {
  while (container.getSessions().size > sessions) await new Promise((resolve) => setImmediate(resolve));
}

const named = (name: string): Principal => ({ getName: () => name });
const byQuery = (request: HandshakeRequest): Principal | null => {
  const name = request.getRequestURI().searchParams.get('user');
  return name === null ? null : named(name);
};

describe('maxConnections', () => {
  test('refuses a further client with 503 and Retry-After, and accepts it once another one has left', async () => {
    const server = start({ maxConnections: 2 });
    const first = await server.connect('/chat');
    await server.connect('/news');
    const error: unknown = await rejection(server.connect('/chat'));
    expect(error).toMatchObject({ status: 503, body: 'Too many connections.\n' });
    expect((error as HandshakeRefused).headers.get('retry-after')).toBe('5');
    await first.close(1000);
    await left(server, 1);
    await (await server.connect('/chat')).close(1000);
  });

  test('counts a handshake that waits for authenticate, and no longer when it is refused', async () => {
    const asked = new Journal();
    let answer: (user: Principal | HandshakeRejection) => void = () => undefined;
    const authenticate = async (): Promise<Principal> => {
      const deciding = new Promise<Principal | HandshakeRejection>((resolve) => (answer = resolve));
      asked.add('asked');
      const user = await deciding;
      if (user instanceof HandshakeRejection) throw user;
      return user;
    };
    const server = start({ maxConnections: 1, authenticate });
    const first = refusal(server.connect('/chat'));
    await asked.until('asked');
    expect(await refusal(server.connect('/chat'))).toBe(503);
    asked.entries.splice(0);
    answer(new HandshakeRejection(401));
    expect(await first).toBe(401);
    const second = server.connect('/chat');
    await asked.until('asked');
    answer(named('ann'));
    await second;
    expect(await refusal(server.connect('/chat'))).toBe(503);
  });

  test('counts a handshake no longer when its client leaves', async () => {
    const waiting = new Journal();
    const authenticate = (request: HandshakeRequest): Promise<null> => {
      if (waiting.entries.length > 0) return Promise.resolve(null);
      const { socket } = request.getNativeRequest() as IncomingMessage;
      // Behind the container's own listener.
      socket.on('close', () => waiting.add('gone'));
      waiting.add('asked');
      return new Promise(() => undefined);
    };
    const server = await HttpTestServer.start({ maxConnections: 1, authenticate }, chat);
    const client = await server.connect();
    client.send(upgradeRequest('/chat'));
    await waiting.until('asked');
    expect((await server.request('/chat')).status).toBe(503);
    client.reset();
    await waiting.until('gone');
    await server.open('/chat');
  });

  test.each<[string, ServerOptions, { ca: string } | undefined]>([
    ['ws', {}, undefined],
    ['wss', { tls: TLS }, { ca: TLS.cert }],
    ["engine: 'ws'", { engine: 'ws' }, undefined],
    ['handshakeMiddleware', { handshakeMiddleware: (_request, _response, next) => next() }, undefined],
  ])('counts a handshake no longer when its client ends its side, over %s', async (_name, options, tls) => {
    const waiting = new Journal();
    const server = await new Server({
      host: '127.0.0.1',
      logger: loggerInto(log),
      endpoints: [chat],
      maxConnections: 1,
      authenticate: () => {
        waiting.add('asked');
        return waiting.entries.length > 1 ? null : new Promise<null>(() => undefined);
      },
      ...options,
    }).start();
    afterTest(() => server.stop({ grace: 1 }));
    const client = await connectTo(server.port, tls);
    client.send(upgradeRequest('/chat'));
    await waiting.until('asked');
    client.finish();
    await client.end();
    const next = await connectTo(server.port, tls);
    next.send(upgradeRequest('/chat'));
    expect((await next.response()).status).toBe(101);
  });

  test('is 0 by default, and 0 or less means no limit', async () => {
    const server = start({ maxConnections: -1, maxConnectionsPerAddress: 0 });
    for (let count = 0; count < 20; count += 1) await server.connect('/chat');
    expect(server.container.getSessions().size).toBe(20);
  });
});

describe('a place is free again, once, after', () => {
  @ServerEndpoint('/failing')
  class Failing {
    @OnOpen open(): void {
      throw new Error('not today');
    }
  }

  test.each<[string, (server: TestServer, peer: Peer) => unknown]>([
    ['a close of the client', (_server, peer) => peer.close(1000)],
    ['a lost connection', (_server, peer) => peer.drop()],
    [
      'a close of the server',
      async ({ container }, peer) => {
        for (const session of container.getSessions()) await session.close();
        await peer.closed();
      },
    ],
    [
      'a close of both sides',
      async ({ container }, peer) => {
        const closing = peer.close(1000);
        for (const session of container.getSessions()) void session.close();
        await closing;
      },
    ],
  ])('%s', async (_end, end) => {
    const server = start({ maxConnections: 2, maxConnectionsPerAddress: 2, maxConnectionsPerEndpoint: 2 });
    await end(server, await server.connect('/chat'));
    await left(server, 0);
    await server.connect('/chat');
    await server.connect('/chat');
    expect(await refusal(server.connect('/chat'))).toBe(503);
  });

  test("the close timeout, if @OnClose doesn't settle", async () => {
    const stuck = endpoint('/stuck', { onClose: () => new Promise(() => undefined) });
    const server = start({ endpoints: [stuck], maxConnections: 1, sessionCloseTimeout: 20 });
    await (await server.connect('/stuck')).close(1000);
    while ((await refusal(server.connect('/stuck'))) === 503) await new Promise((resolve) => setImmediate(resolve));
    expect(server.container.health.sessions).toBe(2);
  });

  test.each<[string, TestServerOptions]>([
    ['an exception in @OnOpen', { endpoints: [Failing] }],
    [
      'an instance factory that fails',
      {
        endpoints: [endpoint('/failing', {})],
        instanceFactory: () => Promise.reject(new Error('no instance')),
      },
    ],
    ['a foreign origin', { endpoints: [endpoint('/failing', {})], allowedOrigins: () => false }],
    ['a user whose name throws', { endpoints: [endpoint('/failing', {})], authenticate: () => nameless() }],
  ])('%s', async (_end, options) => {
    const server = start({
      maxConnections: 1,
      maxConnectionsPerUser: 1,
      logger: loggerInto(new Journal()),
      ...options,
    });
    for (let count = 0; count < 3; count += 1) {
      const headers = { Origin: 'https://other.example' };
      const outcome = await server.connect('/failing', { headers }).then(
        (peer) => peer.closed().then(({ code }) => code),
        (error: HandshakeRefused) => error.status,
      );
      expect(outcome).not.toBe(503);
      await left(server, 0);
    }
  });

  function nameless(): Principal {
    return {
      getName: () => {
        throw new Error('no name');
      },
    };
  }
});

describe('maxConnectionsPerEndpoint', () => {
  test('counts the connections of each path', async () => {
    const server = start({ maxConnectionsPerEndpoint: 1 });
    await server.connect('/chat');
    await server.connect('/news');
    expect([await refusal(server.connect('/chat')), await refusal(server.connect('/news'))]).toEqual([503, 503]);
  });

  @ServerEndpoint({ value: '/annotated', limits: { maxConnections: 1 } })
  class Annotated {}

  test.each<[string, NonNullable<TestServerOptions['endpoints']>[number]]>([
    ['an annotation', Annotated],
    ['a function endpoint', endpoint('/annotated', { limits: { maxConnections: 1 } })],
    ['the builder', ServerEndpointConfig.Builder.create(Annotated, '/annotated').limits({ maxConnections: 1 }).build()],
  ])('is overridden by limits.maxConnections of %s', async (_way, limited) => {
    const server = start({ endpoints: [limited, chat] });
    await server.connect('/annotated');
    expect(await refusal(server.connect('/annotated'))).toBe(503);
    await server.connect('/chat');
    await server.connect('/chat');
  });

  test('an endpoint may lift the limit of the container', async () => {
    const free = endpoint('/free', { limits: { maxConnections: 0 } });
    const server = start({ endpoints: [free], maxConnectionsPerEndpoint: 1 });
    await server.connect('/free');
    await server.connect('/free');
  });

  test.each([
    [{ maxConections: 1 }, 'maxConections is not an option of /x.limits; did you mean maxConnections?'],
    [
      { maxConnections: 1.5 },
      '/x.limits.maxConnections is a whole number of connections from -2147483647 to 2147483647; found 1.5.',
    ],
    [3, '/x.limits is an object of limits, such as { maxConnections: 1000 }; found 3.'],
  ])('limits: %j is a DeploymentException', (limits, message) => {
    expect(() => endpoint('/x', { limits } as object)).toThrow(message);
  });
});

describe('maxConnectionsPerUser', () => {
  test('counts the connections of each user, and none without a user', async () => {
    const server = start({ maxConnectionsPerUser: 1, authenticate: byQuery });
    const ann = await server.connect('/chat?user=ann');
    await server.connect('/chat?user=bob');
    await server.connect('/chat');
    await server.connect('/chat');
    const error: unknown = await rejection(server.connect('/news?user=ann'));
    expect(error).toMatchObject({ status: 503, body: 'Too many connections of this user.\n' });
    await ann.close(1000);
    await left(server, 3);
    await server.connect('/news?user=ann');
  });

  test('lets in one of two handshakes at once', async () => {
    const server = start({
      maxConnectionsPerUser: 1,
      authenticate: byQuery,
      instanceFactory: async (endpointClass) => {
        await new Promise((resolve) => setImmediate(resolve));
        return new endpointClass();
      },
      endpoints: [Slow],
    });
    const outcomes = await Promise.allSettled([server.connect('/slow?user=ann'), server.connect('/slow?user=ann')]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  @ServerEndpoint('/slow')
  class Slow {}
});

describe('maxConnectionsPerAddress', () => {
  test('counts the connections of each address behind trusted proxies', async () => {
    const server = start({ maxConnectionsPerAddress: 1, trustProxy: 1 });
    const from = (address: string) => ({ headers: { 'X-Forwarded-For': address } });
    await server.connect('/chat', from('192.0.2.1'));
    await server.connect('/chat', from('192.0.2.2'));
    expect(await refusal(server.connect('/chat', from('192.0.2.1')))).toBe(503);
  });

  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:c000:0201', '192.0.2.1'],
    ['64:ff9b::192.0.2.1', '192.0.2.1'],
    ['64:ff9b::c000:0201', '192.0.2.1'],
    ['64:ff9b:1::c000:0201', '64:ff9b:1:0::/64'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4::/64'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:DB8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['1::', '1:0:0:0::/64'],
    ['unknown', 'unknown'],
    [undefined, undefined],
    ['', undefined],
  ])('counts %s as %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });

  test('counts a /64 network of IPv6 as one address', async () => {
    const server = start({ maxConnectionsPerAddress: 1 });
    await server.connect('/chat', { remoteAddress: '2001:db8::1' });
    expect(await refusal(server.connect('/chat', { remoteAddress: '2001:db8::2' }))).toBe(503);
    await server.connect('/chat', { remoteAddress: '2001:db8:0:1::1' });
  });
});

describe('a refusal by a limit', () => {
  test("is a close with 1013 where connectionLimitAction is 'close'", async () => {
    const server = start({ maxConnectionsPerAddress: 1, connectionLimitAction: 'close' });
    await server.connect('/chat');
    const refused = await server.connect('/chat');
    expect(await refused.closed()).toEqual({ code: 1013, reason: 'Too many connections from this address.' });
    expect(log.entries.filter((entry) => entry.startsWith('warn'))).toEqual([
      expect.stringMatching(
        /^warn The handshake for \/chat was accepted and closed with 1013: The address 127\.0\.0\.1 has/,
      ),
    ]);
    expect(server.container.getSessions().size).toBe(1);
  });

  test('is 503 again while 1000 refused connections are closing', async () => {
    const server = start({ maxConnections: 1, connectionLimitAction: 'close' });
    await server.connect('/chat');
    const refused: Peer[] = [];
    for (let count = 0; count < 1000; count += 1) {
      const peer = await server.connect('/chat');
      peer.pause();
      refused.push(peer);
    }
    const error: unknown = await rejection(server.connect('/chat'));
    expect(error).toMatchObject({ status: 503, body: 'Too many connections.\n' });
    for (const peer of refused) peer.resume();
    for (const peer of refused) expect((await peer.closed()).code).toBe(1013);
    expect((await (await server.connect('/chat')).closed()).code).toBe(1013);
  });

  test('is a warning with the limit, the client and the option to raise; the tenth counts them', async () => {
    const server = start({ maxConnectionsPerAddress: 1 });
    await server.connect('/chat', { remoteAddress: '192.0.2.7' });
    for (let count = 0; count < 10; count += 1) await refusal(server.connect('/chat', { remoteAddress: '192.0.2.7' }));
    const warning =
      'warn The handshake for /chat was refused with 503: The address 192.0.2.7 has as many connections as maxConnectionsPerAddress allows: 1. Raise maxConnectionsPerAddress to accept more. If it is the address of a proxy, set trustProxy.';
    expect(log.entries.filter((entry) => entry.startsWith('warn'))).toEqual([warning, `${warning} (10 times so far)`]);
  });

  test('is an event with the name of the option as its rule', async () => {
    const events: unknown[] = [];
    const listener = (event: unknown): void => void events.push(event);
    subscribe('serval', listener);
    afterTest(() => unsubscribe('serval', listener));
    const server = start({ maxConnections: 1, connectionLimitAction: 'close' });
    await server.connect('/chat');
    await (await server.connect('/chat')).closed();
    expect(events).toContainEqual(
      expect.objectContaining({
        kind: 'handshake-refused',
        template: '/chat',
        status: 503,
        closeCode: 1013,
        rule: 'maxConnections',
        reason: 'The server has as many connections as maxConnections allows: 1.',
      }),
    );
  });
});
