import { CloseReason, OnClose, OnMessage, ServerEndpoint } from '@serval/api';
import { clientFrame, LiteralSocket } from '@serval/testing';
import { Server } from '../src';

let log: string[] = [];
let release: () => void = () => undefined;

@ServerEndpoint('/work')
class Work {
  @OnMessage async work(text: string): Promise<string> {
    log.push(`begin ${text}`);
    await new Promise<void>((resolve) => (release = resolve));
    log.push(`end ${text}`);
    return `done ${text}`;
  }
  @OnClose async close(reason: CloseReason): Promise<void> {
    log.push(`close ${reason.getCloseCode().getCode()}`);
    await new Promise((resolve) => setImmediate(resolve));
    log.push('closed');
  }
}

let server: Server;
beforeEach(async () => {
  log = [];
  server = await new Server({ host: '127.0.0.1', endpoints: [Work] }).start();
});
afterEach(() => server.stop({ grace: 0 }));

async function connect(): Promise<LiteralSocket> {
  const socket = await LiteralSocket.connect(server.port);
  expect((await socket.upgrade('/work')).status).toBe(101);
  return socket;
}

/** Waits until the endpoint has written `count` lines. */
async function logged(count: number): Promise<void> {
  while (log.length < count) await new Promise((resolve) => setImmediate(resolve));
}

async function closeFrame(socket: LiteralSocket): Promise<number> {
  const [first, length] = await socket.read(2);
  expect(first).toBe(0x88);
  return (await socket.read(length ?? 0)).readUInt16BE();
}

test('stop lets the running handler finish and sends its answer, closes with 1001, and awaits @OnClose', async () => {
  const { port } = server;
  const busy = await connect();
  busy.send(clientFrame(0x81, '1'));
  await logged(1);
  const stopping = server.stop({ grace: 5000 });
  const refused = await LiteralSocket.connect(server.port);
  const head = await refused.upgrade('/work');
  expect([head.status, head.headers.get('retry-after')]).toEqual([503, ['5']]);
  release();
  expect((await busy.read(8)).subarray(2).toString()).toBe('done 1');
  expect(await closeFrame(busy)).toBe(1001);
  busy.send(clientFrame(0x88, [0x03, 0xe9]));
  await stopping;
  expect(log).toEqual(['begin 1', 'end 1', 'close 1001', 'closed']);
  await expect(LiteralSocket.connect(port)).rejects.toThrow();
});

test('stop ends idle sessions at once', async () => {
  const sockets = await Promise.all(Array.from({ length: 20 }, connect));
  const stopping = server.stop({ grace: 5000 });
  for (const socket of sockets) {
    expect(await closeFrame(socket)).toBe(1001);
    socket.send(clientFrame(0x88, [0x03, 0xe9]));
  }
  await stopping;
  expect(log.filter((line) => line === 'closed')).toHaveLength(20);
  expect(server.container.getSessions().size).toBe(0);
});

test('stop ends sessions after the grace if a handler never settles or a peer never answers', async () => {
  const busy = await connect();
  const silent = await connect();
  busy.send(clientFrame(0x81, '1'));
  await logged(1);
  await server.stop({ grace: 100 });
  expect(await closeFrame(silent)).toBe(1001);
  await silent.readToEnd();
  await busy.readToEnd().then(
    () => undefined,
    () => undefined,
  );
  expect(log).toEqual(['begin 1', 'close 1001', 'closed']);
});

test('pause refuses new sessions with 503 and keeps open ones; resume accepts new ones again', async () => {
  const open = await connect();
  server.container.pause();
  const refused = await LiteralSocket.connect(server.port);
  const head = await refused.upgrade('/work');
  expect([head.status, head.headers.get('retry-after')]).toEqual([503, ['5']]);
  open.send(clientFrame(0x81, 'still'));
  await logged(1);
  release();
  expect((await open.read(12)).subarray(2).toString()).toBe('done still');
  server.container.resume();
  (await connect()).destroy();
});

test('stop refuses an upgrade that waits for user code', async () => {
  let ask: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => (ask = resolve));
  const waiting = await new Server({
    host: '127.0.0.1',
    endpoints: [Work],
    authenticate: async () => {
      ask();
      return new Promise<null>(() => undefined);
    },
  }).start();
  const socket = await LiteralSocket.connect(waiting.port);
  const head = socket.upgrade('/work');
  await asked;
  await waiting.stop({ grace: 1000 });
  expect((await head).status).toBe(503);
});
