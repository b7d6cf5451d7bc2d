import { expectNotCached, expectType, expectUnbuffered, ProtocolServer, sessionAt } from './protocol-server';

// SockJS 0.3.3, "EventSource: /*/*/eventsource".

test('sends each frame as an event', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  const stream = await server.stream('GET', `${session}/eventsource`);
  expect(stream.status).toBe(200);
  expectType(stream, 'text/event-stream');
  expectNotCached(stream);
  expectUnbuffered(stream);
  expect(await stream.read()).toBe('\r\n');
  expect(await stream.read()).toBe('data: o\r\n\r\n');
  expect((await server.post(`${session}/xhr_send`, '["x"]')).status).toBe(204);
  expect(await stream.read()).toBe('data: a["x"]\r\n\r\n');
});

test('line ends and other characters of the format arrive as data', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  const stream = await server.stream('GET', `${session}/eventsource`);
  expect([await stream.read(), await stream.read()]).toEqual(['\r\n', 'data: o\r\n\r\n']);
  await server.post(`${session}/xhr_send`, String.raw`["  \u0000\n\r "]`);
  expect(await stream.read()).toBe('data: a["  \\u0000\\n\\r "]\r\n\r\n');
  await server.post(`${session}/xhr_send`, String.raw`["\r\n\r\ndata: c[3000,\"x\"]\r\n\r\nid: 1\n\u2028\u0085"]`);
  expect(await stream.read()).toBe(
    'data: a["\\r\\n\\r\\ndata: c[3000,\\"x\\"]\\r\\n\\r\\nid: 1\\n\\u2028\u0085"]\r\n\r\n',
  );
});

test('ends when it has streamBytesLimit bytes', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  const stream = await server.stream('GET', `${session}/eventsource`);
  expect([await stream.read(), await stream.read()]).toEqual(['\r\n', 'data: o\r\n\r\n']);
  const message = `"${'x'.repeat(4096)}"`;
  expect((await server.post(`${session}/xhr_send`, `[${message}]`)).status).toBe(204);
  expect(await stream.read()).toBe(`data: a[${message}]\r\n\r\n`);
  expect(await stream.read()).toBeUndefined();
});
