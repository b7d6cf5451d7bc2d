import {
  expectCors,
  expectNotCached,
  expectPreflight,
  expectType,
  expectUnbuffered,
  ProtocolServer,
  sessionAt,
} from './protocol-server';

// SockJS 0.3.3, "XhrStreaming: /*/*/xhr_streaming".

const PRELUDE = `${'h'.repeat(2048)}\n`;

test('answers preflight requests', async () => {
  const server = await ProtocolServer.start();
  await expectPreflight(server, '/echo/abc/abc/xhr_streaming', 'POST');
});

test('begins with 2 KiB of h, and sends each frame in a chunk', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  const stream = await server.stream('POST', `${session}/xhr_streaming`, { body: '', headers: { Origin: 'test' } });
  expect(stream.status).toBe(200);
  expectType(stream, 'application/javascript;charset=UTF-8');
  expectCors(stream, 'test');
  expectNotCached(stream);
  expectUnbuffered(stream);
  expect(await stream.read()).toBe(PRELUDE);
  expect(await stream.read()).toBe('o\n');
  const sent = await server.post(`${session}/xhr_send`, '["x"]');
  expect([sent.status, sent.body]).toEqual([204, '']);
  expect(await stream.read()).toBe('a["x"]\n');
});

test('ends when it has streamBytesLimit bytes of frames, and the next response goes on', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  const stream = await server.stream('POST', `${session}/xhr_streaming`, { body: '' });
  expect(await stream.read()).toBe(PRELUDE);
  expect(await stream.read()).toBe('o\n');
  const message = `"${'x'.repeat(128)}"`;
  for (let count = 0; count < 31; count += 1) {
    expect((await server.post(`${session}/xhr_send`, `[${message}]`)).status).toBe(204);
    expect(await stream.read()).toBe(`a[${message}]\n`);
  }
  expect(await stream.read()).toBeUndefined();
  expect((await server.post(`${session}/xhr_send`, '["between"]')).status).toBe(204);
  const next = await server.stream('POST', `${session}/xhr_streaming`, { body: '' });
  expect(await next.read()).toBe(PRELUDE);
  expect(await next.read()).toBe('a["between"]\n');
});
