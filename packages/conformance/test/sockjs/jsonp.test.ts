import { expectNotCached, expectType, ProtocolServer, sessionAt } from './protocol-server';

// SockJS 0.3.3, "JsonpPolling: /*/*/jsonp, /*/*/jsonp_send".

const FORM = { headers: { 'Content-Type': 'application/x-www-form-urlencoded' } };

test('is off by default', async () => {
  const server = await ProtocolServer.start({ sockJs: true });
  const off = await ProtocolServer.start({ sockJs: { jsonp: false } });
  expect((await server.get(`${sessionAt('/echo')}/jsonp?c=x`)).status).toBe(200);
  for (const path of ['jsonp?c=x', 'jsonp_send'])
    expect((await off.get(`${sessionAt('/plain')}/${path}`)).status).toBe(404);
});

test('answers with a call of the function, and takes a form', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  const opened = await server.get(`${session}/jsonp?c=%63allback`);
  expect([opened.status, opened.body]).toEqual([200, '/**/callback("o");\r\n']);
  expectType(opened, 'application/javascript;charset=UTF-8');
  expectNotCached(opened);
  expect(opened.headers['x-content-type-options']).toBe('nosniff');
  expect(opened.headers).not.toHaveProperty('access-control-allow-origin');

  const sent = await server.post(`${session}/jsonp_send`, 'd=%5B%22x%22%5D', FORM);
  expect([sent.status, sent.body]).toEqual([200, 'ok']);
  expectType(sent, 'text/plain;charset=UTF-8');
  expectNotCached(sent);

  const polled = await server.get(`${session}/jsonp?c=%63allback`);
  expect([polled.status, polled.body]).toEqual([200, '/**/callback("a[\\"x\\"]");\r\n']);
});

test('without a callback it is 500, and with an invalid one', async () => {
  const server = await ProtocolServer.start();
  expect((await server.get('/echo/a/a/jsonp')).body).toBe('"callback" parameter required');
  for (const callback of ['%20', '*', 'abc(', 'abc%28']) {
    const reply = await server.get(`/echo/a/a/jsonp?c=${callback}`);
    expect([reply.status, reply.body]).toEqual([500, 'invalid "callback" parameter']);
  }
});

test('answers bodies without messages as the protocol says, and goes on', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  await server.get(`${session}/jsonp?c=x`);
  const broken = await server.post(`${session}/jsonp_send`, 'd=%5B%22x', FORM);
  expect([broken.status, broken.body]).toEqual([500, 'Broken JSON encoding.']);
  for (const body of ['', 'd=', 'p=p']) {
    const reply = await server.post(`${session}/jsonp_send`, body, FORM);
    expect([reply.status, reply.body]).toEqual([500, 'Payload expected.']);
  }
  expect((await server.post(`${session}/jsonp_send`, 'd=%5B%22b%22%5D', FORM)).body).toBe('ok');
  expect((await server.get(`${session}/jsonp?c=x`)).body).toBe('/**/x("a[\\"b\\"]");\r\n');
});

test('takes forms and texts', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  await server.get(`${session}/jsonp?c=x`);
  expect((await server.post(`${session}/jsonp_send`, 'd=%5B%22abc%22%5D', FORM)).body).toBe('ok');
  const text = await server.post(`${session}/jsonp_send`, '["%61bc"]', { headers: { 'Content-Type': 'text/plain' } });
  expect(text.body).toBe('ok');
  expect((await server.get(`${session}/jsonp?c=x`)).body).toBe('/**/x("a[\\"abc\\",\\"%61bc\\"]");\r\n');
});

test('a closed session answers every request with its close frame', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/close');
  expect((await server.get(`${session}/jsonp?c=x`)).body).toBe('/**/x("o");\r\n');
  for (let count = 0; count < 2; count += 1)
    expect((await server.get(`${session}/jsonp?c=x`)).body).toBe('/**/x("c[3000,\\"Go away!\\"]");\r\n');
});

test('takes empty lists', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  await server.get(`${session}/jsonp?c=x`);
  expect((await server.post(`${session}/jsonp_send`, 'd=%5B%5D', FORM)).body).toBe('ok');
  expect((await server.post(`${session}/jsonp_send`, 'd=%5B%22x%22%5D', FORM)).body).toBe('ok');
  expect((await server.get(`${session}/jsonp?c=x`)).body).toBe('/**/x("a[\\"x\\"]");\r\n');
});
