import { TestClient } from '../../test-client';
import { stopIntervals } from '../../test-clock';
import { start } from './server';

// The auctions belong to the process, so each test has its own: 0 the lamp, 1 the globe, 2 the clock.
let server: Awaited<ReturnType<typeof start>>;
let logged: jest.SpyInstance;

beforeEach(async () => {
  stopIntervals();
  logged = jest.spyOn(console, 'error').mockImplementation();
  server = await start(0);
});
afterEach(async () => {
  await server.stop();
  jest.restoreAllMocks();
  jest.useRealTimers();
});

const connect = (): Promise<TestClient> => TestClient.open(`ws://127.0.0.1:${server.port}/sample-auction/auction`);

const seconds = (count: number): unknown => jest.advanceTimersByTime(count * 1000);

async function read(client: TestClient, count: number): Promise<unknown[]> {
  const messages: unknown[] = [];
  while (messages.length < count) messages.push(await client.next());
  return messages;
}

/** Answers once the server has handled all earlier messages of the client. */
async function settled(client: TestClient): Promise<void> {
  client.send('xreq:0:selectList');
  expect(await client.next()).toBe('xres:0:-0-Lamp-1-Globe-2-Clock-');
}

test('auction runs from the first login to the result, letter by letter', async () => {
  const [ann, ben] = [await connect(), await connect()];
  ann.send('xreq:0:selectList');
  expect(await ann.next()).toBe('xres:0:-0-Lamp-1-Globe-2-Clock-');

  ann.send('lreq:0:Ann');
  expect(await read(ann, 2)).toEqual([
    'lres:0:Lamp:A desk lamp of brass, with a green shade:100.0:0:20 seconds',
    'ares:0:20',
  ]);
  seconds(2);
  expect(await read(ann, 2)).toEqual(['ares:0:19', 'ares:0:18']);

  // The second one finds the auction running, and gets the time with the next second.
  ben.send('lreq:0:Ben');
  expect(await ben.next()).toMatch(/^lres:0:Lamp:.*:100\.0:0:20 seconds$/);
  ben.send('breq:0:120.5');
  for (const client of [ann, ben]) expect(await read(client, 2)).toEqual(['pres:0:120.5', 'ares:0:20']);
  ann.send('breq:0:150');
  for (const client of [ann, ben]) expect(await read(client, 2)).toEqual(['pres:0:150.0', 'ares:0:20']);

  const countdown = Array.from({ length: 20 }, (_, index) => `ares:0:${19 - index}`);
  seconds(21);
  expect(await read(ann, 21)).toEqual([...countdown, 'rres:0:You have won, and pay 150.']);
  expect(await read(ben, 21)).toEqual([...countdown, 'rres:0:You have not won. It was sold for 150.']);
  expect(jest.getTimerCount()).toBe(0);

  // It is over: no bid counts, and newcomers get the result at once.
  ben.send('breq:0:999');
  await settled(ben);
  const late = await connect();
  late.send('lreq:0:Ann');
  expect(await read(late, 2)).toEqual([
    expect.stringMatching(/^lres:0:Lamp:.*:150\.0:0:20 seconds$/),
    'rres:0:You have won, and pay 150.',
  ]);
});

test('auction rejects a bid that is not a number, not the highest, from outside, or for an unknown auction', async () => {
  const [ann, stranger] = [await connect(), await connect()];
  ann.send('lreq:1:Ann');
  expect(await read(ann, 2)).toEqual([expect.stringMatching(/^lres:1:Globe:/), 'ares:1:20']);
  for (const bid of ['200', '199.99', '-1', '', 'much', 'NaN', 'Infinity']) ann.send(`breq:1:${bid}`);
  for (const request of ['breq:7:500', 'lreq:7:Ann', 'breq:0:500']) ann.send(request);
  stranger.send('breq:1:500');
  await settled(stranger);
  await settled(ann);
  seconds(21);
  expect((await read(ann, 21)).at(-1)).toBe('rres:1:Nobody has bid.');
});

test('auction sends nothing more to participants who logged out or left, and continues', async () => {
  const [ann, ben, cleo] = [await connect(), await connect(), await connect()];
  for (const [client, name] of [
    [ann, 'Ann'],
    [ben, 'Ben'],
    [cleo, 'Cleo'],
  ] as const) {
    client.send(`lreq:2:${name}`);
    expect(await client.next()).toMatch(/^lres:2:Clock:/);
  }
  expect(await ann.next()).toBe('ares:2:20');
  ann.send('breq:2:400');
  for (const client of [ann, ben, cleo]) expect(await read(client, 2)).toEqual(['pres:2:400.0', 'ares:2:20']);
  ann.send('dreq:2:Ann');
  await settled(ann);
  await cleo.close();
  seconds(21);
  expect((await read(ben, 21)).at(-1)).toBe('rres:2:You have not won. It was sold for 400.');
  await settled(ann);
  // The winner gets the result when she comes back.
  ann.send('lreq:2:Ann');
  expect((await read(ann, 2)).at(-1)).toBe('rres:2:You have won, and pay 400.');
});

test.each(['hello', '', 'breq', 'breq:0', 'pres:0:1', 'xreqs:0:selectList'])(
  'auction logs "%s", answers nothing, and the session stays open',
  async (text) => {
    const ann = await connect();
    ann.send(text);
    await settled(ann);
    expect(logged).toHaveBeenCalledTimes(1);
  },
);

test('auction ends with 1001 for everyone when it stops', async () => {
  const ann = await connect();
  await server.stop();
  expect(await ann.closed).toMatch(/^1001/);
});
