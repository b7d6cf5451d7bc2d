import { expectCors, expectNotCached, expectPreflight, expectType, ProtocolServer, sessionAt } from './protocol-server';

// SockJS 0.3.3, "XhrPolling: /*/*/xhr, /*/*/xhr_send".

test.each(['xhr', 'xhr_send'])('%s answers preflight requests', async (transport) => {
  const server = await ProtocolServer.start();
  await expectPreflight(server, `/echo/abc/abc/${transport}`, 'POST');
});

test('carries messages, with the headers of the protocol', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  const opened = await server.post(`${session}/xhr`, '', { headers: { Origin: 'test' } });
  expect([opened.status, opened.body]).toEqual([200, 'o\n']);
  expectType(opened, 'application/javascript;charset=UTF-8');
  expectCors(opened, 'test');
  expectNotCached(opened);
  expect(opened.headers).not.toHaveProperty('x-accel-buffering');

  const sent = await server.post(`${session}/xhr_send`, '["x"]', { headers: { Origin: 'test' } });
  expect([sent.status, sent.body]).toEqual([204, '']);
  expectType(sent, 'text/plain;charset=UTF-8');
  expectCors(sent, 'test');
  expectNotCached(sent);

  const polled = await server.post(`${session}/xhr`);
  expect([polled.status, polled.body]).toEqual([200, 'a["x"]\n']);
  expectCors(polled);
});

test('messages to a session that does not exist are 404', async () => {
  const server = await ProtocolServer.start();
  expect((await server.post(`${sessionAt('/echo')}/xhr_send`, '["x"]')).status).toBe(404);
});

test('answers bodies without messages as the protocol says, and goes on', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  await server.post(`${session}/xhr`);
  for (const [body, answer] of [
    ['["x', 'Broken JSON encoding.'],
    ['', 'Payload expected.'],
    ['"a"', 'Payload expected.'],
    ['{"a":1}', 'Payload expected.'],
    ['null', 'Payload expected.'],
    ['[1]', 'Payload expected.'],
  ] as const) {
    const reply = await server.post(`${session}/xhr_send`, body);
    expect([body, reply.status, reply.body]).toEqual([body, 500, answer]);
  }
  expect((await server.post(`${session}/xhr_send`, '["a"]')).status).toBe(204);
  expect((await server.post(`${session}/xhr`)).body).toBe('a["a"]\n');
});

test('takes every content type', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  await server.post(`${session}/xhr`);
  const types = ['text/plain', 'T', 'application/json', 'application/xml', '', 'application/json; charset=utf-8'];
  for (const type of types) {
    const reply = await server.post(`${session}/xhr_send`, '["a"]', { headers: { 'Content-Type': type } });
    expect([type, reply.status, reply.body]).toEqual([type, 204, '']);
  }
  expect((await server.post(`${session}/xhr`)).body).toBe(`a[${types.map(() => '"a"').join(',')}]\n`);
});

test.each([
  ['a, b, c', 'a, b, c'],
  ['', undefined],
  [undefined, undefined],
])('answers the request headers %j of a preflight request with %j', async (asked, allowed) => {
  const server = await ProtocolServer.start();
  const headers = {
    Origin: 'test',
    'Access-Control-Request-Method': 'POST',
    ...(asked === undefined ? {} : { 'Access-Control-Request-Headers': asked }),
  };
  const reply = await server.ask('OPTIONS', `${sessionAt('/echo')}/xhr`, { headers });
  expect([200, 204]).toContain(reply.status);
  expectCors(reply, 'test');
  expect(reply.headers['access-control-allow-headers']).toBe(allowed);
});

test('takes empty lists, which are the heartbeats of clients', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  await server.post(`${session}/xhr`);
  expect((await server.post(`${session}/xhr_send`, '[]')).status).toBe(204);
  expect((await server.post(`${session}/xhr_send`, '["a"]')).status).toBe(204);
  expect((await server.post(`${session}/xhr`)).body).toBe('a["a"]\n');
});

test.each(['xhr', 'xhr_send', 'xhr_streaming'])('%s by GET is 405', async (transport) => {
  const server = await ProtocolServer.start();
  const reply = await server.get(`${sessionAt('/echo')}/${transport}`);
  expect([reply.status, reply.headers.allow, reply.headers['content-type'], reply.body]).toEqual([
    405,
    'POST',
    undefined,
    '',
  ]);
});

test('a body above maxBodySize is 413', async () => {
  const server = await ProtocolServer.start({ sockJs: { maxBodySize: 100 } });
  const session = sessionAt('/echo');
  await server.post(`${session}/xhr`);
  expect((await server.post(`${session}/xhr_send`, `["${'x'.repeat(96)}"]`)).status).toBe(204);
  expect((await server.post(`${session}/xhr_send`, `["${'x'.repeat(97)}"]`)).status).toBe(413);
  const chunked = await server.ask('POST', `${session}/xhr_send`, {
    body: `["${'x'.repeat(200)}"]`,
    headers: { 'Transfer-Encoding': 'chunked', 'Content-Length': [] },
  });
  expect(chunked.status).toBe(413);
});

test('bytes that are not UTF-8 are broken JSON', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  await server.post(`${session}/xhr`);
  const reply = await server.postBytes(`${session}/xhr_send`, Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]));
  expect([reply.status, reply.body]).toEqual([500, 'Broken JSON encoding.']);
});
