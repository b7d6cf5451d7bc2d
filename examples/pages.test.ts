import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { servePages } from './pages';

let server: Server;

beforeAll(() =>
  once((server = createServer(servePages('ported/dukeetf2', '/dukeetf2/'))).listen(0, '127.0.0.1'), 'listening'),
);
afterAll(() => once(server.close(), 'close'));

const get = (path: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, { redirect: 'manual' });

test.each(['/', '/dukeetf2', '/dukeetf2?from=here'])('%s redirects to the page if that is below it', async (path) => {
  const response = await get(path);
  expect([response.status, response.headers.get('location')]).toEqual([302, '/dukeetf2/']);
});

test.each(['', 'index.html', 'ticker.js', 'page.css', 'icon.svg'])(
  "%s is served from below the page's path, be it the example's own or shared",
  async (name) => {
    const response = await get(`/dukeetf2/${name}`);
    expect(response.status).toBe(200);
    expect((await response.text()).length).toBeGreaterThan(100);
  },
);

test.each(['/page.css', '/index.html', '/dukeetf3/page.css', '/xdukeetf2/page.css', '/dukeetf2/server.ts'])(
  '%s is not found',
  async (path) => {
    expect((await get(path)).status).toBe(404);
  },
);
