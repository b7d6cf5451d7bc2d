import { ProtocolServer } from './protocol-server';

// SockJS 0.3.3, "Top session URL: /<server>/<session>".

test.each([
  '/a/a',
  '/_/_',
  '/1/1',
  '/abcdefgh_i-j%20/abcdefg_i-j%20',
  '/%2F/%2F',
  '/__proto__/__proto__',
  '/a/constructor',
  '/a/toString',
])('takes %s for server and session', async (segments) => {
  const server = await ProtocolServer.start();
  const first = await server.post(`/echo${segments}/xhr`);
  expect([first.status, first.body]).toEqual([200, 'o\n']);
  expect((await server.post(`/echo${segments}/xhr_send`, '["x"]')).status).toBe(204);
  expect((await server.post(`/echo${segments}/xhr`)).body).toBe('a["x"]\n');
});

test.each(['//', '/a./a', '/a/a.', '/./.', '/', '///', '/a', '/a/b/c'])('%s is 404', async (segments) => {
  const server = await ProtocolServer.start();
  expect((await server.get(`/echo${segments}/xhr`)).status).toBe(404);
  expect((await server.post(`/echo${segments}/xhr`)).status).toBe(404);
});

test('an ID longer than 256 characters is 404', async () => {
  const server = await ProtocolServer.start();
  expect((await server.post(`/echo/000/${'x'.repeat(256)}/xhr`)).status).toBe(200);
  expect((await server.post(`/echo/000/${'x'.repeat(257)}/xhr`)).status).toBe(404);
});

test('ignores the segment of the server', async () => {
  const server = await ProtocolServer.start();
  expect((await server.post('/echo/000/one/xhr')).body).toBe('o\n');
  expect((await server.post('/echo/000/one/xhr_send', '["a"]')).status).toBe(204);
  expect((await server.post('/echo/999/one/xhr')).body).toBe('a["a"]\n');
});

test('takes a query string', async () => {
  const server = await ProtocolServer.start();
  expect((await server.post('/echo/000/one/xhr?t=1')).body).toBe('o\n');
  expect((await server.post('/echo/000/one/xhr_send?t=2', '["a"]')).status).toBe(204);
});

test('equal IDs at two endpoints are two sessions', async () => {
  const server = await ProtocolServer.start();
  expect((await server.post('/echo/000/one/xhr')).body).toBe('o\n');
  expect((await server.post('/disabled_websocket_echo/000/one/xhr')).body).toBe('o\n');
  expect((await server.post('/echo/000/one/xhr_send', '["a"]')).status).toBe(204);
  expect((await server.post('/disabled_websocket_echo/000/one/xhr_send', '["b"]')).status).toBe(204);
  expect((await server.post('/disabled_websocket_echo/000/one/xhr')).body).toBe('a["b"]\n');
  expect((await server.post('/echo/000/one/xhr')).body).toBe('a["a"]\n');
});
