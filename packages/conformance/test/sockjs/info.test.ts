import { expectCors, expectNotCached, expectPreflight, expectType, ProtocolServer } from './protocol-server';

// SockJS 0.3.3, "Info test: /info".

function infoOf(body: string): Record<string, unknown> {
  return JSON.parse(body) as Record<string, unknown>;
}

test('answers with the facts that clients choose a transport by', async () => {
  const server = await ProtocolServer.start();
  const reply = await server.get('/echo/info', { headers: { Origin: 'test' } });
  expect(reply.status).toBe(200);
  expectType(reply, 'application/json;charset=UTF-8');
  expect(reply.headers).not.toHaveProperty('set-cookie');
  expectNotCached(reply);
  expectCors(reply, 'test');
  expect(infoOf(reply.body)).toEqual({
    websocket: true,
    cookie_needed: false,
    origins: ['*:*'],
    entropy: expect.any(Number) as unknown,
  });
});

test('entropy is a whole number of 32 bits that changes', async () => {
  const server = await ProtocolServer.start();
  const entropy: number[] = [];
  for (let count = 0; count < 3; count += 1)
    entropy.push(Number(infoOf((await server.get('/echo/info')).body).entropy));
  for (const one of entropy) expect(Number.isInteger(one) && one >= 0 && one < 2 ** 32).toBe(true);
  expect(new Set(entropy).size).toBe(3);
});

test('answers preflight requests', async () => {
  const server = await ProtocolServer.start();
  await expectPreflight(server, '/echo/info', 'GET');
});

test('without an Origin every page may read it, without credentials', async () => {
  const server = await ProtocolServer.start();
  expectCors(await server.get('/echo/info'));
});

test('tells clients that WebSockets are disabled', async () => {
  const server = await ProtocolServer.start();
  expect(infoOf((await server.get('/disabled_websocket_echo/info')).body).websocket).toBe(false);
});

test('takes a query string', async () => {
  const server = await ProtocolServer.start();
  expect((await server.get('/echo/info?t=123')).status).toBe(200);
});

test('refuses another method with 405 and no body', async () => {
  const server = await ProtocolServer.start();
  const reply = await server.post('/echo/info');
  expect([reply.status, reply.headers.allow, reply.headers['content-type'], reply.body]).toEqual([
    405,
    'GET',
    undefined,
    '',
  ]);
});

test('a page of a foreign origin reads nothing', async () => {
  const server = await ProtocolServer.start({ allowedOrigins: [] });
  for (const method of ['GET', 'OPTIONS']) {
    const reply = await server.ask(method, '/echo/info', { headers: { Origin: 'http://evil.example' } });
    expect(reply.status).toBe(403);
    expect(reply.headers).not.toHaveProperty('access-control-allow-origin');
  }
});

test('suppressCors leaves the headers of CORS to a proxy', async () => {
  const server = await ProtocolServer.start({ sockJs: { suppressCors: true } });
  for (const method of ['GET', 'OPTIONS']) {
    const { headers } = await server.ask(method, '/echo/info', { headers: { Origin: 'test' } });
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  }
});
