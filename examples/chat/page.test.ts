import { once } from 'node:events';
import { connect } from 'node:net';
import { start } from './server';

let server: Awaited<ReturnType<typeof start>>;

beforeAll(async () => (server = await start(0)));
afterAll(() => server.stop());

const get = (path: string, init?: RequestInit): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.port}${path}`, init);

test.each([
  ['/', 'text/html; charset=utf-8', '<!doctype html>'],
  ['/?room=kitchen', 'text/html; charset=utf-8', '<!doctype html>'],
  ['/index.html', 'text/html; charset=utf-8', '<!doctype html>'],
  ['/page.css', 'text/css; charset=utf-8', '/\\* What the pages'],
  ['/chat.css', 'text/css; charset=utf-8', ':root'],
  ['/chat.js', 'text/javascript; charset=utf-8', '// The page'],
  ['/serval.mjs', 'text/javascript; charset=utf-8', 'var '],
  ['/icon.svg', 'image/svg+xml', '<svg'],
])('chat serves %s as %s', async (path, type, beginning) => {
  const response = await get(path);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, type]);
  expect(await response.text()).toMatch(new RegExp(`^${beginning}`));
  expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self';/);
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
});

test('chat answers HEAD without a body, and other methods with 405', async () => {
  const head = await get('/', { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  const post = await get('/', { method: 'POST', body: 'x' });
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
});

test.each([
  '/nothing',
  '/../server.ts',
  '/..%2fserver.ts',
  '/%2e%2e/%2e%2e/package.json',
  '//etc/passwd',
  '/public/chat.js',
])('chat answers %s with 404', async (target) => {
  // Over a raw socket, because fetch would normalise the path.
  const socket = connect(server.port, '127.0.0.1');
  socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
  await once(socket, 'close');
  expect(answer).toMatch(/^HTTP\/1\.1 404 /);
  expect(answer).toContain('Not found.');
});
