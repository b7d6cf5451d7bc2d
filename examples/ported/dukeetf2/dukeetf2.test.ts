import { TestClient } from '../../test-client';
import { stopIntervals } from '../../test-clock';
import { start } from './server';

let server: Awaited<ReturnType<typeof start>>;

beforeEach(async () => {
  stopIntervals();
  // Each step is then half of a half: a quarter up, and 1250 more.
  jest.spyOn(Math, 'random').mockReturnValue(0.75);
  server = await start(0);
});
afterEach(async () => {
  await server.stop();
  jest.restoreAllMocks();
  jest.useRealTimers();
});

const connect = (path = '/dukeetf2/dukeetf'): Promise<TestClient> =>
  TestClient.open(`ws://127.0.0.1:${server.port}${path}`);

const second = (): unknown => jest.advanceTimersByTime(1000);

test('dukeetf2 sends price and volume to everyone every second', async () => {
  const early = await connect();
  second();
  expect(await early.next()).toBe('100.25 / 301250');
  const late = await connect();
  second();
  for (const client of [early, late]) expect(await client.next()).toBe('100.50 / 302500');
  await early.close();
  second();
  expect(await late.next()).toBe('100.75 / 303750');
  expect(await early.closed).toBe('1000');
});

test('dukeetf2 also lets price and volume fall', async () => {
  jest.spyOn(Math, 'random').mockReturnValue(0);
  const client = await connect();
  second();
  expect(await client.next()).toBe('99.50 / 297500');
});

test('dukeetf2 ignores messages of a client', async () => {
  const client = await connect();
  client.send('hello');
  second();
  expect(await client.next()).toBe('100.25 / 301250');
});

test('dukeetf2 closes every session with 1001 when it stops, and sends no more', async () => {
  const client = await connect();
  await server.stop();
  expect(await client.closed).toMatch(/^1001/);
  expect(jest.getTimerCount()).toBe(0);
});

test('dukeetf2 serves only its context path', async () => {
  await expect(connect('/dukeetf')).rejects.toThrow('404');
});
