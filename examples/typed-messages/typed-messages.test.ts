import { TestClient } from '../test-client';
import { start } from './server';

let server: Awaited<ReturnType<typeof start>>;
let client: TestClient;

beforeEach(async () => {
  jest.spyOn(console, 'log').mockImplementation(() => undefined);
  server = await start(0);
  client = await TestClient.open(`ws://127.0.0.1:${server.port}/auction`);
});
afterEach(async () => {
  await server.stop();
  jest.restoreAllMocks();
});

test('typed-messages answers a request, and tells every bidder the price', async () => {
  client.send('{"id":1,"request":{"type":"bid","euros":10}}');
  expect(await client.nextJson()).toEqual({ type: 'price', euros: 10 });
  expect(await client.nextJson()).toEqual({ replyTo: 1, reply: { accepted: 10 } });
});

test('typed-messages refuses a bid that is too low, with a reason', async () => {
  client.send('{"id":"a","request":{"type":"bid","euros":10}}');
  expect(await client.nextJson()).toEqual({ type: 'price', euros: 10 });
  expect(await client.nextJson()).toEqual({ replyTo: 'a', reply: { accepted: 10 } });
  client.send('{"id":"b","request":{"type":"bid","euros":9}}');
  expect(await client.nextJson()).toEqual({
    replyTo: 'b',
    error: { code: 'too-low', message: 'The highest bid is 10 euros.' },
  });
});

test.each([
  ['what does not match the schema', '{"type":"bid","euros":1.5}', 'invalid'],
  ['an unknown type', '{"type":"sell"}', 'invalid'],
  ['what is not JSON', 'ten', 'malformed'],
])('typed-messages answers %s with an error', async (_what, message, code) => {
  client.send(message);
  expect(await client.nextJson()).toMatchObject({ type: 'error', code });
});
