import { TestClient } from '../test-client';
import { start } from './server';

let server: Awaited<ReturnType<typeof start>>;
let client: TestClient;

beforeEach(async () => {
  server = await start(0);
  client = await TestClient.open(`ws://127.0.0.1:${server.port}/orders`);
});
afterEach(() => server.stop());

test('json-codec turns a JSON text into an Order, and a Receipt into a JSON text', async () => {
  client.send('{"article":"tea","quantity":2}');
  expect(await client.nextJson()).toEqual({ article: 'tea', quantity: 2, total: '5.00' });
});

test('json-codec keeps the total of a session in the instance that serves it', async () => {
  client.send('{"article":"tea","quantity":2}');
  client.send('{"article":"cake","quantity":1}');
  await client.next();
  expect(await client.nextJson()).toMatchObject({ total: '9.20' });
  const other = await TestClient.open(`ws://127.0.0.1:${server.port}/orders`);
  other.send('{"article":"tea","quantity":1}');
  expect(await other.nextJson()).toMatchObject({ total: '2.50' });
});

test.each([
  ['a text that no decoder takes', 'hello', { error: 'not an order' }],
  ['broken JSON', '{"article"', { error: 'not an order', why: 'An order is a JSON object.' }],
  ['an object of another shape', '{"article":"tea"}', { error: 'not an order' }],
  ['what the method throws', '{"article":"gold","quantity":1}', { error: 'not sold', why: 'There is no gold.' }],
])('json-codec answers %s and keeps the session open', async (_title, message, answer) => {
  client.send(message);
  client.send('{"article":"tea","quantity":1}');
  expect(await client.nextJson()).toMatchObject(answer);
  expect(await client.nextJson()).toMatchObject({ total: '2.50' });
});
