import { TestClient } from '../test-client';
import { start } from './server';

let server: Awaited<ReturnType<typeof start>>;

beforeEach(async () => (server = await start(0)));
afterEach(() => server.stop());

const open = (path: string): Promise<TestClient> => TestClient.open(`ws://127.0.0.1:${server.port}${path}`);

test('adopt-websocket opens sessions on the sockets of its ws server, with path parameters and users', async () => {
  const ann = await open('/lots/7?bidder=Ann');
  const bob = await open('/lots/7?bidder=Bob');
  const eve = await open('/lots/8?bidder=Eve');
  expect(await ann.next()).toBe('Ann enters the auction of lot 7');
  expect(await bob.next()).toBe('Bob enters the auction of lot 7');
  expect(await eve.next()).toBe('Eve enters the auction of lot 8');
  ann.send('120');
  expect([await ann.next(), await bob.next()]).toEqual(['Ann bids 120', 'Ann bids 120']);
  eve.send('5');
  expect(await eve.next()).toBe('Eve bids 5');
});

test('adopt-websocket loses nothing that a client sends at once', async () => {
  const client = await open('/lots/7?bidder=Ann');
  client.send('1');
  client.send('2');
  const heard = [await client.next(), await client.next(), await client.next()];
  expect(heard).toEqual(['Ann enters the auction of lot 7', 'Ann bids 1', 'Ann bids 2']);
});

test('adopt-websocket leaves the other paths to the ws server', async () => {
  const client = await open('/other');
  expect(await client.next()).toBe('This path is still served by ws.');
  expect(await client.closed).toBe('1000');
});

test('adopt-websocket closes every session with 1001 when it stops', async () => {
  const client = await open('/lots/7');
  await client.next();
  await server.stop();
  expect(await client.closed).toBe('1001 The server is stopping.');
});
