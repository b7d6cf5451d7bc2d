import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { HandshakeRequest, Principal } from '@serval/api';
import { TestServer, type TestServerOptions } from '@serval/testing';
import { afterTest, Inbox, Journal, turn } from '../../testing/test/toolbox';
import { endpoint, type RateLimit, type RateLimiter } from '../src';
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
  const events: unknown[] = [];
  const listener = (event: unknown): void => void events.push(event);
  subscribe('serval', listener);
  afterTest(() => unsubscribe('serval', listener));
  const limiter = new Bucket(1);
  const server = start([{ by: 'session', limiter, excess: 'drop' }]);
  const peer = await server.connect('/echo');
  peer.send('1').send('2').send('3');
  expect(await peer.receive()).toBe('1');
  while (limiter.asked.all.length < 3) await turn();
  limiter.refill();
  peer.send('4');
  expect(await peer.receive()).toBe('4');
  const hits = events.filter((event) => (event as { limit?: string }).limit === 'rateLimits');
  expect(hits).toHaveLength(2);
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
      `warn A limiter of rateLimits failed; messages pass without it: ${message}`,
    ]);
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

test.each([
  [{}, /^rateLimits is a list of objects with by and limiter/],
  [[{ limiter: new Bucket(1) }], /^rateLimits\[0\]\.by is 'session', 'user' or 'address'; found undefined/],
  [[{ by: 'session' }], /^rateLimits\[0\]\.limiter is a limiter with a method consume/],
  [[{ by: 'session', limiter: new Bucket(1), exces: 'drop' }], /did you mean excess/],
])('rateLimits rejects %j', (rateLimits, message) => {
  expect(() => start(rateLimits as readonly RateLimit[])).toThrow(message);
});
