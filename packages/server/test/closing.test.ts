import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloseReason, OnClose, OnError, OnMessage, OnOpen, ServerEndpoint, Session } from '@serval/api';
import { clientFrame, LiteralSocket } from '@serval/testing';
import { Server } from '../src';

/** The calls that the endpoint of the current test received. */
let told: { code: number; phrase: string; isOpen: boolean; closes: number; errors: string[] };
let session: Session;
let onClosed: () => void;
let closed: Promise<void>;

@ServerEndpoint('/close')
class Closes {
  @OnOpen open(opened: Session): void {
    session = opened;
    if (opened.getQueryString() === 'bad-open') throw new Error('cannot open');
  }
  @OnMessage({ maxMessageSize: 100 }) text(text: string): string {
    if (text === 'throw') throw new Error('cannot handle');
    return text;
  }
  @OnMessage binary(_bytes: Buffer): void {}
  @OnClose close(closing: Session, reason: CloseReason): void {
    told.closes += 1;
    told.code = reason.getCloseCode().getCode();
    told.phrase = reason.getReasonPhrase();
    told.isOpen = closing.isOpen();
    onClosed();
  }
  @OnError error(cause: Error): void {
    told.errors.push(cause.message);
  }
}

let server: Server;
beforeEach(async () => {
  told = { code: 0, phrase: '', isOpen: false, closes: 0, errors: [] };
  closed = new Promise((resolve) => (onClosed = resolve));
  server = await new Server({ host: '127.0.0.1', endpoints: [Closes], blockingSendTimeout: 60 }).start();
});
afterEach(() => server.stop({ grace: 100 }));

async function connect(query = ''): Promise<LiteralSocket> {
  const socket = await LiteralSocket.connect(server.port);
  expect((await socket.upgrade(`/close${query}`)).status).toBe(101);
  while (query === '' && server.container.getSessions().size === 0) await new Promise((next) => setImmediate(next));
  return socket;
}

/** The code of the next close frame, 1005 for an empty one, or 'none' if the connection ends without one. */
async function wireCode(socket: LiteralSocket): Promise<number | 'none'> {
  const head = await socket.read(2).catch(() => undefined);
  if (head === undefined) return 'none';
  if (head[0] === 0x89) {
    // A ping, which this peer does not answer.
    await socket.read(head[1] ?? 0);
    return wireCode(socket);
  }
  expect(head[0]).toBe(0x88);
  const body = await socket.read(head[1] ?? 0);
  return body.length === 0 ? 1005 : body.readUInt16BE();
}

const closeFrame = (code: number, reason = ''): Buffer =>
  clientFrame(0x88, [code >> 8, code & 0xff, ...Buffer.from(reason)]);

/** Each cause of an end: how it happens, what the peer receives, and what `@OnClose` receives. */
const causes: readonly {
  readonly cause: string;
  readonly wire: number | 'none';
  readonly local: number;
  readonly query?: string;
  readonly act: (socket: LiteralSocket) => unknown;
  readonly errors?: readonly string[];
}[] = [
  { cause: '`session.close()`', wire: 1000, local: 1000, act: () => session.close() },
  {
    cause: '`session.close(reason)`',
    wire: 4321,
    local: 4321,
    act: () => session.close(new CloseReason(4321, 'enough')),
  },
  {
    cause: 'a reason with a code that may not be sent',
    wire: 1002,
    local: 1006,
    act: () => session.close(new CloseReason(1006)),
  },
  {
    cause: 'a reason with NO_STATUS_CODE',
    wire: 1005,
    local: 1005,
    act: () => session.close(new CloseReason(1005)),
  },
  {
    cause: 'the peer closes with a code',
    wire: 4000,
    local: 4000,
    act: (socket) => socket.send(closeFrame(4000, 'bye')),
  },
  {
    cause: 'the peer closes with an empty frame',
    wire: 1005,
    local: 1005,
    act: (socket) => socket.send(clientFrame(0x88)),
  },
  {
    cause: 'both close at once',
    wire: 4001,
    local: 4001,
    act: (socket) => {
      socket.send(closeFrame(4002));
      void session.close(new CloseReason(4001));
    },
  },
  { cause: 'the idle timeout', wire: 1001, local: 1006, act: () => session.setMaxIdleTimeout(30) },
  {
    cause: 'the peer answers no ping',
    wire: 1001,
    local: 1006,
    act: () => session.getUserProperties().set('serval.pongTimeout', 30).set('serval.pingInterval', 30),
  },
  {
    cause: 'the peer breaks the protocol',
    wire: 1002,
    local: 1002,
    act: (socket) => socket.send([0x83, 0x80, 0, 0, 0, 0]),
  },
  {
    cause: 'a text that is not UTF-8',
    wire: 1007,
    local: 1007,
    act: (socket) => socket.send(clientFrame(0x81, [0xff])),
  },
  {
    cause: 'a message over the session’s limit',
    wire: 1009,
    local: 1009,
    act: (socket) => socket.send(clientFrame(0x82, 'x'.repeat(8193))),
  },
  {
    cause: 'a message over `maxMessageSize`',
    wire: 1009,
    local: 1009,
    act: (socket) => socket.send(clientFrame(0x81, 'x'.repeat(101))),
  },
  {
    cause: '`@OnOpen` fails',
    wire: 1011,
    local: 1011,
    query: '?bad-open',
    act: () => undefined,
    errors: ['cannot open'],
  },
  { cause: 'the connection ends without a close frame', wire: 'none', local: 1006, act: (socket) => socket.end() },
  { cause: 'the connection is reset', wire: 'none', local: 1006, act: (socket) => socket.reset() },
  { cause: 'the server stops', wire: 1001, local: 1001, act: () => void server.stop({ grace: 500 }) },
];

test.each(causes.map((row) => [row.cause, row] as const))(
  '%s',
  async (_cause, { wire, local, query, act, errors = [] }) => {
    const socket = await connect(query);
    await act(socket);
    if (wire !== 'none') {
      expect(await wireCode(socket)).toBe(wire);
      socket.send(closeFrame(1000));
    }
    await closed;
    while (server.container.getSessions().size > 0) await new Promise((next) => setImmediate(next));
    expect({ ...told, phrase: '' }).toEqual({ code: local, phrase: '', isOpen: true, closes: 1, errors });
    expect(session.isOpen()).toBe(false);
    socket.destroy();
  },
);

test('a send timeout ends the connection of a peer that does not read, and @OnClose receives 1006', async () => {
  const socket = await connect();
  socket.pause();
  const big = Buffer.alloc(4 * 1024 * 1024);
  const sending = [1, 2, 3].map(() => session.getBasicRemote().sendBinary(big));
  const outcomes = await Promise.allSettled(sending);
  expect(outcomes.map(({ status }) => status)).toContain('rejected');
  await closed;
  expect([told.code, told.closes]).toEqual([1006, 1]);
  socket.destroy();
});

test('passes an error of @OnMessage to @OnError and keeps the session open', async () => {
  const socket = await connect();
  socket.send(clientFrame(0x81, 'throw'), clientFrame(0x81, 'fine'));
  expect((await socket.read(6)).subarray(2).toString()).toBe('fine');
  expect(told).toMatchObject({ closes: 0, errors: ['cannot handle'] });
  socket.destroy();
});

test('docs/guides/closing.md has a row for every cause, with the same codes', () => {
  const page = readFileSync(join(__dirname, '../../../docs/guides/closing.md'), 'utf8');
  for (const { cause, wire, local } of causes) {
    const onWire = wire === 'none' ? 'none' : wire === 1005 ? 'an empty close frame' : String(wire);
    expect(page).toContain(`| ${cause} | ${onWire} | ${local} |`);
  }
});
