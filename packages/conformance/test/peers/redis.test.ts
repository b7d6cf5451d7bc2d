import { once } from 'node:events';
import { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { connect, endpoint, Server, type RateLimit, type ServerOptions } from 'serval';
import { silent } from '../../../testing/test/toolbox';
import { describeWithPeer, RedisServer } from '.';

// A busy machine.
jest.setTimeout(60_000);

// Two servers share their rate limits in a real Redis.

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).reverse()) await end();
});

async function startRedis(): Promise<RedisServer> {
  const redis = await RedisServer.start();
  cleanup.push(() => redis.stop());
  return redis;
}

/** Each server has its own connection to Redis. */
async function startServer(
  redis: RedisServer,
  limit: Partial<RateLimit>,
  options: ServerOptions = {},
): Promise<Server> {
  const storeClient = new Redis({
    port: redis.port,
    host: '127.0.0.1',
    enableOfflineQueue: false,
    retryStrategy: () => 20,
  });
  // Without a listener the loss of the connection is an uncaught error.
  storeClient.on('error', () => undefined);
  cleanup.push(async () => {
    const ended = once(storeClient, 'end');
    storeClient.disconnect();
    await ended;
  });
  if (storeClient.status !== 'ready') await once(storeClient, 'ready');
  const limiter = new RateLimiterRedis({ storeClient, points: 3, duration: 600 });
  const server = new Server({
    host: '127.0.0.1',
    endpoints: [endpoint('/echo', { onText: (text) => text })],
    logger: silent,
    authenticate: () => ({ getName: () => 'ann' }),
    rateLimits: [{ by: 'user', limiter, excess: 'close', ...limit }],
    ...options,
  });
  await server.start();
  cleanup.push(() => server.stop({ grace: 1 }));
  return server;
}

/** Sends texts, and reads until each has its answer or the session ends. @returns the answers, and the close code */
async function exchange(server: Server, ...texts: readonly string[]): Promise<readonly (string | number)[]> {
  const client = await connect(`ws://127.0.0.1:${server.port}/echo`);
  const found: (string | number)[] = [];
  for (const text of texts) client.send(text);
  for await (const answer of client) {
    found.push(String(answer));
    if (found.length === texts.length) await client.close();
  }
  const { code } = await client.closed;
  return code === 1000 ? found : [...found, code];
}

describeWithPeer(RedisServer, 'rate limits in Redis', () => {
  test('two servers count the messages of a user together', async () => {
    const redis = await startRedis();
    const [one, other] = [await startServer(redis, {}), await startServer(redis, {})];
    expect(await exchange(one, '1', '2')).toEqual(['1', '2']);
    expect(await exchange(other, '3', '4')).toEqual(['3', 1008]);
    expect(await exchange(one, '5')).toEqual([1008]);
  });

  test('while Redis is down messages pass, with one warning, and once it is back the limit counts again', async () => {
    const redis = await startRedis();
    const warnings: string[] = [];
    const logger = { ...silent, warn: (text: string) => void warnings.push(text) };
    const server = await startServer(redis, { rest: 200 }, { logger });
    expect(await exchange(server, '1', '2', '3')).toEqual(['1', '2', '3']);
    await redis.stop();
    expect(await exchange(server, '4', '5', '6', '7', '8')).toEqual(['4', '5', '6', '7', '8']);
    expect(warnings).toEqual([expect.stringMatching(/^A limiter of rateLimits failed; messages pass for 200 ms/)]);
    await redis.restart();
    let found: readonly (string | number)[] = [];
    while (!found.includes(1008)) found = await exchange(server, '9', '10', '11', '12');
    expect(found.at(-1)).toBe(1008);
  });
});
