import { TestClient } from '../test-client';
import { start, tokenFor } from './server';

let server: Awaited<ReturnType<typeof start>>;
let url: string;

beforeEach(async () => {
  server = await start(0);
  url = `ws://127.0.0.1:${server.port}/desk`;
});
afterEach(() => server.stop());

const offer = async (...token: Parameters<typeof tokenFor>): Promise<string[]> => [
  'desk.v1',
  `bearer.${await tokenFor(...token)}`,
];

test('jwt identifies the user by a subprotocol, and answers with the real one', async () => {
  const ann = await TestClient.open(url, await offer('ann', ['trader'], 60));
  expect(ann.socket.protocol).toBe('desk.v1');
  ann.send('hello');
  expect(await ann.next()).toBe('ann says hello');
});

test('jwt refuses clients without a token with 401, and users without the role with 403', async () => {
  await expect(TestClient.open(url, ['desk.v1'])).rejects.toThrow('401');
  await expect(TestClient.open(url, await offer('bob', ['guest'], 60))).rejects.toThrow('403');
});

test('jwt closes a session when its token expires, unless the user brings another one', async () => {
  const [ann, bob] = await Promise.all([
    TestClient.open(url, await offer('ann', ['trader'], 3)),
    TestClient.open(url, await offer('bob', ['trader'], 3)),
  ]);
  ann.send(`token ${await tokenFor('bob', ['trader'], 60)}`);
  expect(await ann.next()).toMatch(/^error: renewUser takes the same user/);
  ann.send(`token ${await tokenFor('ann', ['trader'], 60)}`);
  expect(await ann.next()).toBe('The session stays.');
  expect(await bob.closed).toBe('1008 The credentials of this connection have expired.');
  ann.send('still here');
  expect(await ann.next()).toBe('ann says still here');
});
