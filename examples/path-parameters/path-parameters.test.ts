import { TestClient } from '../test-client';
import { start } from './server';

let server: Awaited<ReturnType<typeof start>>;

beforeEach(async () => (server = await start(0)));
afterEach(() => server.stop());

const open = (path: string): Promise<TestClient> => TestClient.open(`ws://127.0.0.1:${server.port}${path}`);

test('path-parameters passes a string and a number to the methods that declare them', async () => {
  const client = await open('/quote/ACME/2');
  client.send('3');
  expect(await client.next()).toBe('3 ACME = 124.50');
});

test('path-parameters explains and closes a session whose path is not a number', async () => {
  const client = await open('/quote/ACME/two');
  expect(await client.next()).toBe('error: Path parameter "decimals" cannot be a Number: it is not a number.');
  expect(await client.closed).toBe('4400 bad path');
});

test.each(['/quote/GOLD/2', '/quote/ACME/7', '/quote/ACME/NaN', `/quote/${'%F0%9F%98%80'.repeat(200)}/2`])(
  'path-parameters closes a session with a path of no use: %.20s',
  async (path) => {
    const client = await open(path);
    expect(await client.next()).toMatch(/^error: /);
    expect(await client.closed).toBe('4400 bad path');
  },
);

test('path-parameters answers a message that is not a number, and keeps the session open', async () => {
  const client = await open('/quote/ACME/1');
  client.send('many');
  client.send('2');
  expect(await client.next()).toBe('error: The message cannot be a Number: it is not a number.');
  expect(await client.next()).toBe('2 ACME = 83.0');
});
