import { createHash } from 'node:crypto';
import { TestClient } from '../test-client';
import { start } from './server';

let server: Awaited<ReturnType<typeof start>>;

beforeEach(async () => (server = await start(0)));
afterEach(() => server.stop());

const open = (): Promise<TestClient> => TestClient.open(`ws://127.0.0.1:${server.port}/ws/count`, ['count.v1']);

test('programmatic negotiates the subprotocol and handles text', async () => {
  const client = await open();
  expect(client.socket.protocol).toBe('count.v1');
  client.send('the quick brown fox');
  expect(await client.next()).toBe('4 words');
});

test('programmatic handles binary messages in parts, above the limit for whole messages', async () => {
  const client = await open();
  for (const message of [Buffer.alloc(100_000, 7), Buffer.from('abc')]) {
    client.send(message);
    expect(await client.next()).toBe(`sha256 ${createHash('sha256').update(message).digest('hex')}`);
  }
});

test('programmatic leaves plain HTTP and other paths to the existing server', async () => {
  const health = await fetch(`http://127.0.0.1:${server.port}/health`);
  expect([health.status, await health.text()]).toEqual([200, 'up\n']);
  await expect(TestClient.open(`ws://127.0.0.1:${server.port}/count`)).rejects.toThrow('404');
});

test('programmatic closes every session with 1001 when it stops', async () => {
  const client = await open();
  await server.stop();
  expect(await client.closed).toMatch(/^1001/);
});
