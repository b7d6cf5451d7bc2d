import { TestClient } from '../test-client';
import { start } from './server';

let server: Awaited<ReturnType<typeof start>>;
let url: string;

beforeEach(async () => {
  server = await start(0);
  url = `ws://127.0.0.1:${server.port}/account`;
});
afterEach(() => server.stop());

const fromPage = (origin: string): { origin: string } => ({ origin });

test('configurator-auth identifies the user by a token in the query', async () => {
  const client = await TestClient.open(`${url}?token=ada-secret`);
  expect(await client.next()).toBe('Welcome, Ada.');
  client.send('who am I?');
  expect(await client.next()).toBe('Ada asks: who am I?');
});

test('configurator-auth identifies the user by a token among the subprotocols, and does not send it back', async () => {
  const client = await TestClient.open(url, ['account.v1', 'token.grace-secret']);
  expect(client.socket.protocol).toBe('account.v1');
  expect(await client.next()).toBe('Welcome, Grace.');
});

test('configurator-auth keeps the users of two sessions apart', async () => {
  const ada = await TestClient.open(`${url}?token=ada-secret`);
  const grace = await TestClient.open(`${url}?token=grace-secret`);
  expect([await ada.next(), await grace.next()]).toEqual(['Welcome, Ada.', 'Welcome, Grace.']);
});

test('configurator-auth refuses a client without a known token with 401', async () => {
  await expect(TestClient.open(url)).rejects.toThrow('401');
  await expect(TestClient.open(`${url}?token=guess`)).rejects.toThrow('401');
});

test('configurator-auth closes with 4401 if the client is a page', async () => {
  const own = `http://127.0.0.1:${server.port}`;
  for (const subprotocols of [[], ['account.v1', 'token.guess']]) {
    const page = await TestClient.open(url, subprotocols, fromPage(own));
    expect(await page.closed).toBe('4401 Sign in first.');
  }
});

test('configurator-auth accepts pages only from its own origin and from the list', async () => {
  for (const origin of [`http://127.0.0.1:${server.port}`, 'https://app.example.com']) {
    const page = await TestClient.open(`${url}?token=ada-secret`, [], fromPage(origin));
    expect(await page.next()).toBe('Welcome, Ada.');
  }
  const foreign = TestClient.open(`${url}?token=ada-secret`, [], fromPage('https://evil.example'));
  await expect(foreign).rejects.toThrow('403');
});
