import { TestClient } from '../test-client';
import { start } from './server';

let server: Awaited<ReturnType<typeof start>>;
let http: string;
let ws: string;

beforeEach(async () => {
  server = await start(0);
  http = `http://127.0.0.1:${server.port}`;
  ws = `ws://127.0.0.1:${server.port}/news`;
});
afterEach(() => server.stop());

async function login(user: string): Promise<string> {
  const response = await fetch(`${http}/login/${user}`, { method: 'POST' });
  return (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
}

const withCookie = (cookie: string): { headers: { cookie: string } } => ({ headers: { cookie } });

test('login lets only the logged-in in', async () => {
  await expect(TestClient.open(ws)).rejects.toThrow('401');
  const ann = await TestClient.open(ws, [], withCookie(await login('ann')));
  expect(await ann.next()).toBe('Welcome, ann.');
});

test('login reaches every session of a user from a route', async () => {
  const [first, second] = [await login('ann'), await login('ann')];
  const clients = [await TestClient.open(ws, [], withCookie(first)), await TestClient.open(ws, [], withCookie(second))];
  for (const client of clients) await client.next();
  const response = await fetch(`${http}/notify/ann`, { method: 'POST' });
  expect(await response.text()).toBe('2 told\n');
  for (const client of clients) expect(await client.next()).toBe('You have a message.');
});

test('login ends the WebSockets of a session at its logout', async () => {
  const cookie = await login('ann');
  const ann = await TestClient.open(ws, [], withCookie(cookie));
  await fetch(`${http}/logout`, { method: 'POST', headers: { cookie } });
  expect(await ann.closed).toBe(
    '1008 This connection was established under an authenticated HTTP session that has ended.',
  );
});
