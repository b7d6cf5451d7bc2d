import { expectType, ProtocolServer } from './protocol-server';

// SockJS 0.3.3, "Greeting url: /".

test.each(['/echo', '/echo/'])('GET %s answers with the greeting, without a cookie', async (path) => {
  const server = await ProtocolServer.start();
  const reply = await server.get(path);
  expect(reply.status).toBe(200);
  expectType(reply, 'text/plain;charset=UTF-8');
  expect(reply.body).toBe('Welcome to SockJS!\n');
  expect(reply.headers).not.toHaveProperty('set-cookie');
});

test('a query string makes no difference', async () => {
  const server = await ProtocolServer.start();
  expect((await server.get('/echo/?x=1')).body).toBe('Welcome to SockJS!\n');
});

test.each(['/a', '/a.html', '//', '///', '/a/a', '/a/a/', '/a/'])('GET /echo%s is 404', async (suffix) => {
  const server = await ProtocolServer.start();
  expect((await server.get(`/echo${suffix}`)).status).toBe(404);
});

test('a POST to the path itself belongs to the application', async () => {
  const server = await ProtocolServer.start();
  expect((await server.post('/echo')).status).toBe(404);
});
