import { passTime, stopClock } from '../../../testing/test/toolbox';
import { ProtocolServer, sessionAt, type Reply } from './protocol-server';

// SockJS 0.3.3, "Protocol and framing", by xhr-polling.

test('a session opens, takes messages and answers the next request with them', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  const opened = await server.post(`${session}/xhr`);
  expect([opened.status, opened.body]).toEqual([200, 'o\n']);
  const sent = await server.post(`${session}/xhr_send`, '["a"]');
  expect([sent.status, sent.body]).toEqual([204, '']);
  const polled = await server.post(`${session}/xhr`);
  expect([polled.status, polled.body]).toEqual([200, 'a["a"]\n']);
});

test('messages to a session that does not exist are 404', async () => {
  const server = await ProtocolServer.start();
  expect((await server.post('/echo/000/bad_session/xhr_send', '["a"]')).status).toBe(404);
});

test('a second request that waits for frames gets 2010, and the first one goes on', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  await server.post(`${session}/xhr`);
  const { refused, waiting } = await twoPolls(server, session);
  expect([refused.status, refused.body]).toEqual([200, 'c[2010,"Another connection still open"]\n']);
  await server.post(`${session}/xhr_send`, '["a"]');
  expect((await waiting).body).toBe('a["a"]\n');
});

test('a closed session answers every request with its close frame', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/close');
  expect((await server.post(`${session}/xhr`)).body).toBe('o\n');
  for (let count = 0; count < 3; count += 1) {
    const reply = await server.post(`${session}/xhr`);
    expect([reply.status, reply.body]).toEqual([200, 'c[3000,"Go away!"]\n']);
  }
  expect((await server.post(`${session}/xhr_send`, '["a"]')).status).toBe(404);
});

test('messages of one turn leave in one frame', async () => {
  const server = await ProtocolServer.start();
  const session = sessionAt('/echo');
  await server.post(`${session}/xhr`);
  await server.post(`${session}/xhr_send`, '["one"]');
  await server.post(`${session}/xhr_send`, '["two","three"]');
  expect((await server.post(`${session}/xhr`)).body).toBe('a["one","two","three"]\n');
});

test('sends a heartbeat after 25 s of silence', async () => {
  const server = await ProtocolServer.start();
  // Behind the start, so that the server stops with real time.
  stopClock();
  const stream = await server.stream('POST', `${sessionAt('/echo')}/xhr_streaming`, { body: '' });
  expect((await stream.read())?.length).toBe(2049);
  expect(await stream.read()).toBe('o\n');
  await passTime(25_000);
  expect(await stream.read()).toBe('h\n');
  await passTime(25_000);
  expect(await stream.read()).toBe('h\n');
});

test('a heartbeat ends a poll', async () => {
  const server = await ProtocolServer.start({ sockJs: { heartbeatTime: 1000 } });
  stopClock();
  const session = sessionAt('/echo');
  await server.post(`${session}/xhr`);
  const { waiting } = await twoPolls(server, session);
  await passTime(1000);
  expect((await waiting).body).toBe('h\n');
});

test('a session ends 5 s after its last response, and a request after that opens a new one', async () => {
  const server = await ProtocolServer.start();
  // Behind the start, so that the server stops with real time.
  stopClock();
  const session = sessionAt('/echo');
  await server.post(`${session}/xhr`);
  await passTime(4900);
  expect((await server.post(`${session}/xhr_send`, '["late"]')).status).toBe(204);
  expect((await server.post(`${session}/xhr`)).body).toBe('a["late"]\n');
  await passTime(5000);
  expect((await server.post(`${session}/xhr_send`, '["a"]')).status).toBe(404);
  expect((await server.post(`${session}/xhr`)).body).toBe('o\n');
});

/** Two requests that want to wait for frames: the one that arrives later is refused. */
async function twoPolls(
  server: ProtocolServer,
  session: string,
): Promise<{ readonly refused: Reply; readonly waiting: Promise<Reply> }> {
  const polls = [server.post(`${session}/xhr`), server.post(`${session}/xhr`)] as const;
  const first = await Promise.race(polls.map((poll, index) => poll.then((refused) => ({ refused, index }))));
  return { refused: first.refused, waiting: polls[first.index === 0 ? 1 : 0] };
}
