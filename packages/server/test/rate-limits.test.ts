import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  DeploymentException,
  OnMessage,
  ServerEndpoint,
  ServerEndpointConfig,
  type EndpointLimits,
  type HandshakeRequest,
  type Principal,
  type RateLimit,
  type RateLimiter,
} from '@serval/api';
import type { DiagnosticEvent } from '@serval/container';
import { TestServer, type TestServerOptions } from '@serval/testing';
import { afterTest, Inbox, Journal, turn } from '../../testing/test/toolbox';
import { RateLimiterMemory, RateLimiterUnion } from 'rate-limiter-flexible';
import { endpoint } from '../src';
import { loggerInto } from './test-server';

const log = new Journal();
beforeEach(() => void log.entries.splice(0));

const echo = endpoint('/echo', { onText: (text) => text, onBinary: (bytes) => String(bytes.length) });

/** Grants so many points to each key, until the test refills it. It rejects as rate-limiter-flexible does. */
class Bucket implements RateLimiter {
  readonly asked = new Inbox<string>();
  readonly #used = new Map<string, number>();

  constructor(
    readonly points: number,
    private readonly waitMs = 1,
  ) {}

  consume(key: string, points = 1): Promise<unknown> {
    this.asked.add(`${key.replace(/^session .*/, 'session')} ${points}`);
    const used = (this.#used.get(key) ?? 0) + points;
    if (used > this.points) return Promise.reject(Object.assign(new Error('too many'), { msBeforeNext: this.waitMs }));
    this.#used.set(key, used);
    return Promise.resolve({ remainingPoints: this.points - used });
  }

  refill(): void {
    this.#used.clear();
  }
}

function recordEvents(): DiagnosticEvent[] {
  const events: DiagnosticEvent[] = [];
  const listener = (event: unknown): void => void events.push(event as DiagnosticEvent);
  subscribe('serval', listener);
  afterTest(() => unsubscribe('serval', listener));
  return events;
}

function start(rateLimits: readonly RateLimit[], options: TestServerOptions = {}): TestServer {
  const authenticate = (request: HandshakeRequest): Principal | null => {
    const name = request.getRequestURI().searchParams.get('user');
    return name === null ? null : { getName: () => name };
  };
  const server = new TestServer({ endpoints: [echo], logger: loggerInto(log), authenticate, rateLimits, ...options });
  afterTest(() => server.container.stop({ grace: 1 }));
  return server;
}

test('messages within the limit arrive in order', async () => {
  const limiter = new Bucket(100);
  const server = start([{ by: 'session', limiter }]);
  const peer = await server.connect('/echo');
  for (let count = 0; count < 100; count += 1) peer.send(String(count));
  for (let count = 0; count < 100; count += 1) expect(await peer.receive()).toBe(String(count));
  expect(limiter.asked.all).toHaveLength(100);
});

test("delay reads on once the limiter allows it: the client's messages wait and none is lost", async () => {
  const limiter = new Bucket(2);
  const server = start([{ by: 'session', limiter }]);
  const peer = await server.connect('/echo');
  for (let count = 1; count <= 500; count += 1) peer.send(String(count));
  expect([await peer.receive(), await peer.receive()]).toEqual(['1', '2']);
  for (let count = 3; count <= 500; count += 2) {
    limiter.refill();
    expect([await peer.receive(), count < 500 && (await peer.receive())]).toEqual([
      String(count),
      count < 500 && String(count + 1),
    ]);
  }
  expect(log.entries.filter((entry) => entry.startsWith('warn'))[0]).toMatch(
    /^warn Session [0-9a-f]{32} \(\/echo\): reading waits, because the rate limit of messages by session is exceeded\. See rateLimits\.$/,
  );
});

test('while a message waits, at most 64 KiB more are read', async () => {
  const server = start([{ by: 'session', limiter: new Bucket(0, 60_000) }], { binaryBufferSize: 100_000 });
  const peer = await server.connect('/echo');
  for (let count = 0; count < 20; count += 1) peer.send(Buffer.alloc(40_000));
  for (let turns = 0; turns < 20; turns += 1) await turn();
  // One is with the limiter, two exceed 64 KiB, and the transport has read another one.
  expect(peer.transport.bufferedBytes).toBeGreaterThanOrEqual(16 * 40_000);
});

test('a client whose messages wait is neither idle nor dead, though nothing is read of it', async () => {
  const limiter = new Bucket(1);
  const server = start([{ by: 'session', limiter }], {
    pingInterval: 20,
    pongTimeout: 20,
    readIdleTimeout: 60,
    maxSessionIdleTimeout: 60,
  });
  const peer = await server.connect('/echo');
  for (let count = 1; count <= 100; count += 1) peer.send(String(count));
  // Far beyond all of these limits.
  for (const began = performance.now(); performance.now() - began < 300;) await turn();
  for (let count = 1; count <= 100; count += 1) {
    limiter.refill();
    expect(await peer.receive()).toBe(String(count));
  }
  expect((await peer.closed()).code).toBe(1001);
});

test('a close frame behind messages that wait is answered after them', async () => {
  const limiter = new Bucket(1);
  const server = start([{ by: 'session', limiter }]);
  const peer = await server.connect('/echo');
  peer.send('1').send('2');
  const closed = peer.close(1000);
  expect(await peer.receive()).toBe('1');
  limiter.refill();
  expect(await peer.receive()).toBe('2');
  expect((await closed).code).toBe(1000);
});

test('messages that never get their turn end with the close timeout', async () => {
  const server = start([{ by: 'session', limiter: new Bucket(0, 60_000) }], { sessionCloseTimeout: 20 });
  const peer = await server.connect('/echo');
  peer.send('1');
  expect((await peer.close(1000)).code).toBe(1000);
});

test('close ends the session with 1008', async () => {
  const server = start([{ by: 'session', limiter: new Bucket(1), excess: 'close' }]);
  const peer = await server.connect('/echo');
  peer.send('1').send('2').send('3');
  expect(await peer.receive()).toBe('1');
  expect(await peer.closed()).toEqual({ code: 1008, reason: 'Too many messages.' });
});

test('drop leaves messages out, and counts them on the diagnostics channel', async () => {
  const events = recordEvents();
  const limiter = new Bucket(1);
  const server = start([{ by: 'session', limiter, excess: 'drop' }]);
  const peer = await server.connect('/echo');
  peer.send('1').send('2').send('3');
  expect(await peer.receive()).toBe('1');
  while (limiter.asked.all.length < 3) await turn();
  limiter.refill();
  peer.send('4');
  expect(await peer.receive()).toBe('4');
  const hits = events.filter((event) => event.kind === 'limit-hit');
  expect(hits.map(({ limit, action, template }) => [limit, action, template])).toEqual([
    ['rateLimits', 'drop', '/echo'],
    ['rateLimits', 'drop', '/echo'],
  ]);
});

test('a limiter of 0 points lets nothing pass', async () => {
  const server = start([{ by: 'session', limiter: new Bucket(0), excess: 'close' }]);
  const peer = await server.connect('/echo');
  peer.send('1');
  expect((await peer.closed()).code).toBe(1008);
});

test('bytes count by the size of the message, and a larger one as the whole limit', async () => {
  const limiter = new Bucket(10);
  const server = start([{ by: 'session', count: 'bytes', limiter }]);
  const peer = await server.connect('/echo');
  peer.send('äöü').send(Buffer.alloc(4));
  expect([await peer.receive(), await peer.receive()]).toEqual(['äöü', '4']);
  limiter.refill();
  peer.send(Buffer.alloc(1000));
  expect(await peer.receive()).toBe('1000');
  expect(limiter.asked.all.slice(0, 2)).toEqual(['session 6', 'session 4']);
  expect(limiter.asked.all.at(-1)).toBe('session 10');
});

test('sessions of one user, and of one address, count together', async () => {
  const users = new Bucket(2);
  const addresses = new Bucket(3);
  const server = start([
    { by: 'user', limiter: users, excess: 'drop' },
    { by: 'address', limiter: addresses, excess: 'drop' },
  ]);
  const ann = await server.connect('/echo?user=ann', { remoteAddress: '2001:db8::1' });
  const annToo = await server.connect('/echo?user=ann', { remoteAddress: '2001:db8::2' });
  const nobody = await server.connect('/echo', { remoteAddress: '2001:db8::3' });
  ann.send('1');
  expect(await ann.receive()).toBe('1');
  annToo.send('2');
  expect(await annToo.receive()).toBe('2');
  ann.send('3');
  while (users.asked.all.length < 3) await turn();
  nobody.send('4');
  expect(await nobody.receive()).toBe('4');
  expect(users.asked.all).toEqual(['user ann 1', 'user ann 1', 'user ann 1']);
  expect(addresses.asked.all).toEqual(Array.from({ length: 3 }, () => 'address 2001:db8:0:0::/64 1'));
});

describe('a limiter whose store is down', () => {
  const down = { consume: () => Promise.reject(new Error('connect ECONNREFUSED')) };
  const silent = { consume: () => new Promise(() => undefined) };
  const broken = {
    consume: (): Promise<unknown> => {
      throw new Error('not connected');
    },
  };

  test.each([
    ['rejects', down, 'connect ECONNREFUSED'],
    ['never answers', silent, 'The limiter has not answered within 20 ms.'],
    ['throws', broken, 'not connected'],
  ])('lets messages pass with a warning by default: it %s', async (_how, limiter, message) => {
    const server = start([{ by: 'session', limiter, timeout: 20 }]);
    const peer = await server.connect('/echo');
    peer.send('1').send('2');
    expect([await peer.receive(), await peer.receive()]).toEqual(['1', '2']);
    expect(log.entries.filter((entry) => entry.startsWith('warn'))).toEqual([
      `warn A limiter of rateLimits failed; messages pass for 5000 ms, until one message tries it again: ${message}`,
    ]);
  });

  /** Fails until the test repairs it. */
  class Broken implements RateLimiter {
    asked = 0;
    isDown = true;
    consume(): Promise<unknown> {
      this.asked += 1;
      return this.isDown ? Promise.reject(new Error('down')) : Promise.resolve();
    }
  }

  test('rests after a failure: no message waits for it, and the failure is reported once', async () => {
    const events = recordEvents();
    const limiter = new Broken();
    const server = start([{ by: 'session', limiter }]);
    const peers = [await server.connect('/echo'), await server.connect('/echo')];
    for (const peer of peers) for (let count = 0; count < 50; count += 1) peer.send(String(count));
    for (const peer of peers) for (let count = 0; count < 50; count += 1) await peer.receive();
    expect(limiter.asked).toBeLessThanOrEqual(2);
    const failures = events.filter((event) => event.kind === 'limiter-failed');
    expect(failures).toEqual([
      expect.objectContaining({ endpoint: '/echo', template: '/echo', failure: 'open', restMs: 5000 }),
    ]);
  });

  test('is tried by one message after the rest, and limits again once it works', async () => {
    const limiter = new Broken();
    const server = start([{ by: 'session', limiter, rest: 1 }]);
    const peer = await server.connect('/echo');
    let asked = 0;
    // It rests after each failure.
    for (let failures = 0; failures < 3; failures += 1) {
      while (limiter.asked === asked) {
        peer.send('1');
        await peer.receive();
        await turn();
      }
      asked = limiter.asked;
    }
    limiter.isDown = false;
    while (limiter.asked < asked + 3) {
      peer.send('1');
      await peer.receive();
    }
    const before = limiter.asked;
    for (let count = 0; count < 10; count += 1) {
      peer.send('1');
      await peer.receive();
    }
    expect(limiter.asked).toBe(before + 10);
  });

  test('with a rest of 0, each message calls it', async () => {
    const limiter = new Broken();
    const server = start([{ by: 'session', limiter, rest: 0 }]);
    const peer = await server.connect('/echo');
    for (let count = 0; count < 10; count += 1) peer.send('1');
    for (let count = 0; count < 10; count += 1) await peer.receive();
    expect(limiter.asked).toBe(10);
  });

  test("closes the session with 1013 where failure is 'close'", async () => {
    const server = start([{ by: 'session', limiter: down, failure: 'close' }]);
    const peer = await server.connect('/echo');
    peer.send('1');
    expect((await peer.closed()).code).toBe(1013);
  });
});

test('a session that closes while a message waits ends at once', async () => {
  const server = start([{ by: 'session', limiter: new Bucket(0, 60_000) }]);
  const peer = await server.connect('/echo');
  peer.send('1');
  await server.container.sessions.close({}, 4000, 'enough');
  expect((await peer.closed()).code).toBe(4000);
});

describe('points and a duration', () => {
  test('are counted by rate-limiter-flexible in memory', async () => {
    const server = start([{ by: 'session', points: 3, duration: 60, excess: 'close' }]);
    const peer = await server.connect('/echo');
    for (let count = 1; count <= 4; count += 1) peer.send(String(count));
    for (let count = 1; count <= 3; count += 1) expect(await peer.receive()).toBe(String(count));
    expect((await peer.closed()).code).toBe(1008);
    const other = await server.connect('/echo');
    other.send('mine');
    expect(await other.receive()).toBe('mine');
  });

  test('delay until the duration is over', async () => {
    const server = start([{ by: 'session', points: 1, duration: 0.02 }]);
    const peer = await server.connect('/echo');
    peer.send('1').send('2').send('3');
    expect([await peer.receive(), await peer.receive(), await peer.receive()]).toEqual(['1', '2', '3']);
  });
});

describe('limiters of rate-limiter-flexible', () => {
  test('a union refuses when one of its limiters does', async () => {
    const limiter = new RateLimiterUnion(
      new RateLimiterMemory({ keyPrefix: 'second', points: 1, duration: 60 }),
      new RateLimiterMemory({ keyPrefix: 'minute', points: 10, duration: 60 }),
    );
    const server = start([{ by: 'session', limiter, excess: 'close' }]);
    const peer = await server.connect('/echo');
    peer.send('1').send('2');
    expect(await peer.receive()).toBe('1');
    expect((await peer.closed()).code).toBe(1008);
  });

  test('one without a duration never grants more, and a waiting session still ends', async () => {
    const limiter = new RateLimiterMemory({ points: 1, duration: 0 });
    const server = start([{ by: 'session', limiter }]);
    const peer = await server.connect('/echo');
    peer.send('1').send('2');
    expect(await peer.receive()).toBe('1');
    while (!log.entries.some((entry) => entry.includes('reading waits'))) await turn();
    await server.container.sessions.close({}, 4000);
    expect((await peer.closed()).code).toBe(4000);
  });
});

describe('an endpoint', () => {
  const limits: EndpointLimits = { rateLimits: [{ by: 'session', points: 1, duration: 60, excess: 'close' }] };

  @ServerEndpoint({ value: '/own', limits })
  class Own {
    @OnMessage say(text: string): string {
      return text;
    }
  }

  test.each<[string, NonNullable<TestServerOptions['endpoints']>[number]]>([
    ['an annotation', Own],
    ['a function endpoint', endpoint('/own', { limits, onText: (text) => text })],
    ['the builder', ServerEndpointConfig.Builder.create(Own, '/own').limits(limits).build()],
  ])('has its own limits in place of those of the container: %s', async (_way, own) => {
    const others = new Bucket(0);
    const server = start([{ by: 'session', limiter: others, excess: 'close' }], { endpoints: [own, echo] });
    const peer = await server.connect('/own');
    peer.send('1').send('2');
    expect(await peer.receive()).toBe('1');
    expect((await peer.closed()).code).toBe(1008);
    expect(others.asked.all).toEqual([]);
    const other = await server.connect('/echo');
    other.send('1');
    expect((await other.closed()).code).toBe(1008);
  });

  test('has none with an empty list', async () => {
    const free = endpoint('/free', { limits: { rateLimits: [] }, onText: (text) => text });
    const server = start([{ by: 'session', limiter: new Bucket(0), excess: 'close' }], { endpoints: [free] });
    const peer = await server.connect('/free');
    peer.send('1').send('2');
    expect([await peer.receive(), await peer.receive()]).toEqual(['1', '2']);
  });

  test('rejects a wrong one at its definition', () => {
    const wrong = { rateLimits: [{ by: 'session', points: 0, duration: 1 }] } as const;
    expect(() => endpoint('/own', { limits: wrong })).toThrow(
      '/own.limits.rateLimits[0].points is a whole number of points from 1 to 2147483647; found 0.',
    );
  });
});

test('configure changes the rates of sessions that open from then on, and an endpoint keeps its own', async () => {
  const own = endpoint('/own', { limits: { rateLimits: [] }, onText: (text) => text });
  const server = start([], { endpoints: [echo, own] });
  const open = await server.connect('/echo');
  server.container.configure({ rateLimits: [{ by: 'session', points: 1, duration: 60, excess: 'close' }] });
  const [limited, free] = [await server.connect('/echo'), await server.connect('/own')];
  for (const peer of [open, limited, free]) peer.send('1').send('2');
  for (const peer of [open, free]) expect([await peer.receive(), await peer.receive()]).toEqual(['1', '2']);
  expect(await limited.receive()).toBe('1');
  expect((await limited.closed()).code).toBe(1008);
  expect(() => server.container.configure({ rateLimits: [{ by: 'session' }] })).toThrow(
    /^configure: rateLimits\[0\]\.points is .* Or pass a limiter\.$/,
  );
  server.container.configure({ rateLimits: [] });
  const again = await server.connect('/echo');
  again.send('1').send('2');
  expect([await again.receive(), await again.receive()]).toEqual(['1', '2']);
});

test.each<[unknown, RegExp]>([
  [{}, /^rateLimits is a list of objects such as/],
  [[{ limiter: new Bucket(1) }], /^rateLimits\[0\]\.by is 'session', 'user' or 'address'; found undefined/],
  [
    [{ by: 'session' }],
    /^rateLimits\[0\]\.points is a whole number of points .*; found undefined\. Or pass a limiter\./,
  ],
  [[{ by: 'session', points: 1 }], /^rateLimits\[0\]\.duration is a number of seconds .*; found undefined/],
  [[{ by: 'session', points: 1, duration: 0 }], /^rateLimits\[0\]\.duration is a number of seconds .*; found 0/],
  [[{ by: 'session', points: 1, duration: 1, limiter: new Bucket(1) }], /Pass one or the other\.$/],
  [[{ by: 'session', limiter: {} }], /^rateLimits\[0\]\.limiter is a limiter with a method consume/],
  [[{ by: 'session', limiter: new Bucket(1), exces: 'drop' }], /did you mean excess/],
])('rateLimits rejects %j', (rateLimits, message) => {
  expect(() => start(rateLimits as readonly RateLimit[])).toThrow(message);
  expect(() => start(rateLimits as readonly RateLimit[])).toThrow(DeploymentException);
});
