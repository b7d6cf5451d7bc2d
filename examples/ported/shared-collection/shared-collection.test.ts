import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { TestClient } from '../../test-client';
import { SharedCollection, sharedCollection } from './shared-collection';
import { start } from './server';

const PATH = '/sample-shared-collection';

let server: Awaited<ReturnType<typeof start>>;
let logged: jest.SpyInstance;

beforeEach(async () => {
  logged = jest.spyOn(console, 'error').mockImplementation();
  sharedCollection.apply({ event: 'clear' });
  sharedCollection.apply({ event: 'put', key: 'Monday', value: 'Soup' });
  server = await start(0);
});
afterEach(async () => {
  await server.stop();
  jest.restoreAllMocks();
});

const connect = (): Promise<TestClient> => TestClient.open(`ws://127.0.0.1:${server.port}${PATH}/ws/collection`);

async function join(): Promise<TestClient> {
  const client = await connect();
  expect(await client.nextJson()).toMatchObject({ event: 'init' });
  return client;
}

const put = (key: unknown, value: unknown): string => JSON.stringify({ event: 'put', key, value });

const post = (body: string, headers = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.port}${PATH}/rest/collection`, { method: 'POST', body, headers });

test('shared-collection sends a newcomer all entries, and everyone each change, letter by letter', async () => {
  const ann = await connect();
  expect(await ann.next()).toBe('{"event":"init","map":{"Monday":"Soup"}}');
  const ben = await join();
  ann.send('{"event":"put","key":"Tuesday","value":"Pasta"}');
  ben.send('{"event":"put","key":"Monday","value":"Rice"}');
  for (const client of [ann, ben]) {
    const events = [await client.next(), await client.next()].sort();
    expect(events).toEqual([
      '{"event":"put","key":"Monday","value":"Rice"}',
      '{"event":"put","key":"Tuesday","value":"Pasta"}',
    ]);
  }
  const late = await connect();
  expect(await late.next()).toBe('{"event":"init","map":{"Monday":"Rice","Tuesday":"Pasta"}}');
  late.send('{"event":"remove","key":"Monday"}');
  for (const client of [ann, ben, late]) expect(await client.next()).toBe('{"event":"remove","key":"Monday"}');
  ann.send('{"event":"clear"}');
  for (const client of [ann, ben, late]) expect(await client.next()).toBe('{"event":"clear"}');
  expect(await (await connect()).next()).toBe('{"event":"init","map":{}}');
});

test('shared-collection accepts any key', async () => {
  const ann = await join();
  ann.send(put('__proto__', 'polluted'));
  expect(await ann.next()).toBe('{"event":"put","key":"__proto__","value":"polluted"}');
  expect(await (await connect()).next()).toBe('{"event":"init","map":{"Monday":"Soup","__proto__":"polluted"}}');
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

test.each([
  ['no JSON', '{"event":', 'SyntaxError'],
  ['no object', 'null', 'TypeError'],
  ['no event', '{}', 'TypeError'],
  ['an event of the server', '{"event":"init","map":{}}', 'TypeError'],
  ['a value that is no string', '{"event":"put","key":"a","value":1}', 'TypeError'],
  ['a put without a value', '{"event":"put","key":"a"}', 'TypeError'],
  ['a remove without a key', '{"event":"remove"}', 'TypeError'],
])('shared-collection logs %s, changes nothing, and the session stays open', async (_, text, name) => {
  const ann = await join();
  ann.send(text);
  ann.send(put('Friday', 'Fish'));
  expect(await ann.nextJson()).toMatchObject({ key: 'Friday' });
  expect(logged.mock.calls).toEqual([['Not a change.', expect.objectContaining({ name })]]);
  const refused = await post(text);
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringMatching(/\S\n$/)]);
});

test('shared-collection forgets a session that left, and closes the others with 1001', async () => {
  const [ann, ben] = [await join(), await join()];
  await ann.close();
  ben.send(put('Friday', 'Fish'));
  expect(await ben.nextJson()).toMatchObject({ key: 'Friday' });
  await server.stop();
  expect(await ben.closed).toMatch(/^1001/);
  expect(logged).not.toHaveBeenCalled();
});

test('shared-collection removes its listener when a session or event stream ends', async () => {
  const ends = [jest.fn(), jest.fn()];
  const listen = jest.spyOn(sharedCollection, 'listen');
  for (const end of ends) listen.mockReturnValueOnce(end);
  await connect();
  void fetch(`http://127.0.0.1:${server.port}${PATH}/rest/collection`).catch(() => undefined);
  while (listen.mock.calls.length < ends.length) await new Promise(setImmediate);
  for (const end of ends) expect(end).not.toHaveBeenCalled();
  await server.stop();
  for (const end of ends) expect(end).toHaveBeenCalledTimes(1);
});

test('shared-collection works the same over HTTP: events in one response, and a request for each change', async () => {
  const ann = await join();
  const lines = await openEvents();
  const event = async (): Promise<string[]> => [await lines(), await lines(), await lines()];
  expect(await event()).toEqual(['event: update', 'data: {"event":"init","map":{"Monday":"Soup"}}', '']);
  ann.send(put('Friday', 'Fish'));
  expect(await event()).toEqual(['event: update', 'data: {"event":"put","key":"Friday","value":"Fish"}', '']);
  expect((await post('{"event":"remove","key":"Friday"}')).status).toBe(204);
  expect(await event()).toEqual(['event: update', 'data: {"event":"remove","key":"Friday"}', '']);
  expect([await ann.nextJson(), await ann.nextJson()]).toMatchObject([{ event: 'put' }, { event: 'remove' }]);
});

test('shared-collection answers 403 to a foreign page, 413 to a long request, and 405 to other methods', async () => {
  expect((await post('{"event":"clear"}', { Origin: 'http://elsewhere.example' })).status).toBe(403);
  expect((await post('{"event":"clear"}', { Origin: `http://127.0.0.1:${server.port}` })).status).toBe(204);
  expect((await post('x'.repeat(8193))).status).toBe(413);
  const other = await fetch(`http://127.0.0.1:${server.port}${PATH}/rest/collection`, { method: 'PUT', body: 'x' });
  expect([other.status, other.headers.get('allow')]).toEqual([405, 'GET, POST']);
});

test('a shared collection has at most 1000 entries', () => {
  const collection = new SharedCollection({});
  for (let number = 0; number < 1000; number++) collection.apply({ event: 'put', key: `${number}`, value: '' });
  expect(() => collection.apply({ event: 'put', key: 'more', value: '' })).toThrow('remove one first');
  collection.apply({ event: 'put', key: '0', value: 'changed' });
  collection.apply({ event: 'remove', key: '1' });
  collection.apply({ event: 'put', key: 'more', value: '' });
});

/** @returns a function that reads the next line of the event stream */
async function openEvents(): Promise<() => Promise<string>> {
  const response = await new Promise<NodeJS.ReadableStream>((resolve, reject) =>
    request({ port: server.port, host: '127.0.0.1', path: `${PATH}/rest/collection` }, resolve)
      .on('error', reject)
      .end(),
  );
  // It ends with the server.
  response.on('error', () => undefined);
  const lines = createInterface(response)[Symbol.asyncIterator]();
  return async () => String((await lines.next()).value);
}
