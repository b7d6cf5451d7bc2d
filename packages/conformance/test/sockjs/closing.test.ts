import { ProtocolServer, sessionAt, type StreamedReply } from './protocol-server';

// SockJS 0.3.3, "Handling close".

async function streaming(server: ProtocolServer, session: string): Promise<StreamedReply> {
  const stream = await server.stream('POST', `${session}/xhr_streaming`, { body: '' });
  expect(await stream.read()).toHaveLength(2049);
  return stream;
}

test('the close frame ends the response, and the next one gets it again', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/close');
  const first = await streaming(server, session);
  expect(await first.read()).toBe('o\n');
  expect(await first.read()).toBe('c[3000,"Go away!"]\n');
  const second = await streaming(server, session);
  expect(await second.read()).toBe('c[3000,"Go away!"]\n');
  expect(await first.read()).toBeUndefined();
  expect(await second.read()).toBeUndefined();
});

test('a second response gets 2010 and ends, and the first one goes on', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  const first = await streaming(server, session);
  expect(await first.read()).toBe('o\n');
  const second = await streaming(server, session);
  expect(await second.read()).toBe('c[2010,"Another connection still open"]\n');
  expect(await second.read()).toBeUndefined();
  await server.post(`${session}/xhr_send`, '["a"]');
  expect(await first.read()).toBe('a["a"]\n');
});

test('after a lost streaming response the session is over, and further requests get 1002', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  const first = await streaming(server, session);
  expect(await first.read()).toBe('o\n');
  first.abort();
  expect(await lastFrame(server, session)).toBe('c[1002,"Connection interrupted"]\n');
});

test('after a lost poll the session is over, and further requests get 1002', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  expect((await server.post(`${session}/xhr`)).body).toBe('o\n');
  const controllers = [new AbortController(), new AbortController()] as const;
  const polls = controllers.map(async ({ signal }, index) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${session}/xhr`, { method: 'POST', signal });
    return { body: await response.text(), index };
  });
  for (const poll of polls) poll.catch(() => undefined);
  const refused = await Promise.race(polls);
  expect(refused.body).toContain('c[2010');
  controllers[refused.index === 0 ? 1 : 0].abort();
  for (;;) {
    const { body } = await server.post(`${session}/xhr`);
    if (body.startsWith('c[2010')) continue;
    expect(body).toBe('c[1002,"Connection interrupted"]\n');
    return;
  }
});

/** The frame of a new response, once the server has noticed the loss of the earlier one. */
async function lastFrame(server: ProtocolServer, session: string): Promise<string | undefined> {
  for (;;) {
    const frame = await (await streaming(server, session)).read();
    if (frame?.startsWith('c[2010') !== true) return frame;
  }
}
