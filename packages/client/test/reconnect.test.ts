import {
  ClientEndpoint,
  CloseReason,
  HandshakeException,
  OnClose,
  OnMessage,
  OnOpen,
  ServerEndpoint,
  Session,
} from '@serval/api';
import { Server } from '@serval/server';
import { ATTEMPT_PROPERTY, connect, type WebSocketClient, type ReconnectAttempt } from '../src';
import { accepting, LiteralServer, status, type Answer } from './literal-server';
import { PeerServer } from './peer-server';
import { close, diagnostics, inTurn, open, soon, turns } from './reconnecting';
import { afterTest, Inbox, rejection, silent } from '../../testing/test/toolbox';

@ServerEndpoint('/echo')
class Echo {
  @OnMessage text(message: string) {
    return message;
  }
}

@ClientEndpoint({ subprotocols: [] })
class Listener {
  static instances = 0;
  readonly heard = new Inbox();
  constructor() {
    Listener.instances += 1;
  }
  @OnOpen open(session: Session) {
    this.heard.add(`open ${String(session.getUserProperties().get(ATTEMPT_PROPERTY))}`);
    return session.getBasicRemote().sendText('here');
  }
  @OnMessage text(message: string) {
    this.heard.add(message);
  }
  @OnClose close(reason: CloseReason) {
    this.heard.add(`closed ${reason.getCloseCode().getCode()}`);
  }
}

describe('a server that restarts on its port', () => {
  const startOn = (port: number): Promise<Server> =>
    new Server({ host: '127.0.0.1', port, endpoints: [Echo], logger: silent }).start();

  test.each(['class', 'instance'] as const)('reconnects with the same endpoint of a %s', async (kind) => {
    Listener.instances = 0;
    let server = await startOn(0);
    afterTest(() => server.stop({ grace: 50 }));
    const { port } = server;
    const endpoint = kind === 'class' ? Listener : new Listener();
    const connection = await open(`ws://127.0.0.1:${port}/echo`, { endpoint });
    // A class has one instance, which its session identifies.
    const listener = (endpoint === Listener ? instanceOf(connection) : endpoint) as Listener;
    expect(await listener.heard.next()).toBe('open 0');
    expect(await listener.heard.next()).toBe('here');
    const first = connection.session;
    await server.stop({ grace: 50 });
    expect(await listener.heard.next()).toBe('closed 1001');
    server = await startOn(port);
    expect(await listener.heard.next()).toMatch(/^open [1-9]/);
    expect(await listener.heard.next()).toBe('here');
    expect(connection.session).not.toBe(first);
    expect(Listener.instances).toBe(1);
  });
});

/** The endpoint of a session, for a test that did not create it. */
function instanceOf(connection: WebSocketClient): unknown {
  return (connection.session as unknown as { endpoint: unknown }).endpoint;
}

describe('reconnects', () => {
  test.each([1001, 1005, 1011, 1012, 1013, 1014])('after the server’s %d', async (code) => {
    const server = await PeerServer.start();
    const heard = new Inbox();
    const connection = await open(server.url, {
      onOpen: (_session: Session, { attempt }: { attempt: number }) => heard.add(`open ${attempt}`),
      onText: (message: string) => heard.add(message),
      onClose: (reason: CloseReason) => heard.add(`closed ${reason.getCloseCode().getCode()}`),
    });
    const { socket } = await server.clients.next();
    if (code === 1005) socket.close();
    else socket.close(code);
    (await server.clients.next()).socket.send('again');
    expect([await heard.next(), await heard.next(), await heard.next(), await heard.next()]).toEqual([
      'open 0',
      `closed ${code}`,
      'open 1',
      'again',
    ]);
    expect(connection.state).toBe('open');
  });

  test('after an end without a close frame', async () => {
    const server = await PeerServer.start();
    await open(server.url);
    (await server.clients.next()).socket.terminate();
    await server.clients.next();
  });

  test('after an idle timeout', async () => {
    const server = await PeerServer.start();
    await open(server.url, { readIdleTimeout: 30 });
    await server.clients.next();
    await server.clients.next();
  });

  test.each([1000, 1002, 1003, 1007, 1008, 1009, 1010, 3000, 4000])('not after the server’s %d', async (code) => {
    const server = await LiteralServer.start((request) =>
      Buffer.concat([Buffer.from(String(accepting()(request)), 'latin1'), close(code)]),
    );
    const connection = await open(server.url());
    expect((await connection.closed).getCloseCode().getCode()).toBe(code);
    expect([connection.state, connection.error, server.requests.length]).toEqual(['closed', undefined, 1]);
  });

  test('not after session.close, which does not call the delay function', async () => {
    const server = await PeerServer.start();
    const delay = jest.fn(() => 0);
    const connection = await open(server.url, { reconnect: { delay } });
    await connection.session?.close(new CloseReason(1012));
    expect((await connection.closed).getCloseCode().getCode()).toBe(1012);
    expect(delay).not.toHaveBeenCalled();
  });

  test('not without the option', async () => {
    const server = await PeerServer.start();
    const connection = await open(server.url, { reconnect: false });
    (await server.clients.next()).socket.terminate();
    expect((await connection.closed).getCloseCode().getCode()).toBe(1006);
    expect(server.clients.all).toHaveLength(1);
  });

  test('after any other end if the delay function says so', async () => {
    const server = await PeerServer.start();
    const asked: ReconnectAttempt[] = [];
    const connection = await open(server.url, {
      reconnect: { delay: (attempt: ReconnectAttempt) => (asked.push(attempt) === 1 ? 0 : Promise.resolve(false)) },
    });
    (await server.clients.next()).socket.close(4000);
    (await server.clients.next()).socket.close(4001);
    expect((await connection.closed).getCloseCode().getCode()).toBe(4001);
    expect(asked.map(({ attempt, cause, defaultDelay }) => [attempt, String(cause), defaultDelay])).toEqual([
      [1, 'CloseReason[4000]', false],
      [2, 'CloseReason[4001]', false],
    ]);
  });
});

describe('failed attempts', () => {
  test('are repeated after the server’s Retry-After if another one may succeed', async () => {
    const dropped: Answer = ({ connection }) => void connection.reset();
    const server = await LiteralServer.start(
      inTurn(accepting(), status('503 Busy', 'Retry-After: 7'), status('429 Slow'), dropped, accepting()),
    );
    const asked: ReconnectAttempt[] = [];
    const opened = new Inbox<number>();
    await open(server.url(), {
      onOpen: (_session: Session, { attempt }: { attempt: number }) => opened.add(attempt),
      reconnect: { delay: (attempt: ReconnectAttempt) => asked.push(attempt) && 0 },
    });
    server.last.connection.reset();
    expect([await opened.next(), await opened.next()]).toEqual([0, 4]);
    expect(asked.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
    const [lost, busy, slow, reset] = asked;
    expect(String(lost?.cause)).toMatch(/^CloseReason\[1006/);
    expect(lost?.elapsed).toBe(0);
    expect(busy?.elapsed).toBeGreaterThan(0);
    expect(busy?.cause).toMatchObject({ status: 503, retryAfter: 7000 });
    expect(busy?.defaultDelay).toBeGreaterThanOrEqual(7100);
    expect(slow?.cause).toMatchObject({ status: 429 });
    expect(reset?.cause).toMatchObject({ code: 'WS_CONNECT_IO' });
  });

  test('end the connection with the error if no other attempt may succeed', async () => {
    const events = diagnostics();
    const server = await LiteralServer.start(inTurn(accepting(), status('503 Busy'), status('401 Who')));
    const connection = await open(server.url());
    server.last.connection.reset();
    // From the last session.
    expect((await connection.closed).getCloseCode().getCode()).toBe(1006);
    expect(connection.error).toBeInstanceOf(HandshakeException);
    expect(connection.error).toMatchObject({ status: 401 });
    await server.deserted();
    expect(events.filter(({ kind }) => kind.startsWith('reconnect'))).toMatchObject([
      { kind: 'reconnecting', endpoint: 'connect', attempt: 1, delay: 0 },
      { kind: 'reconnecting', attempt: 2, cause: { status: 503 } },
      { kind: 'reconnect-given-up', attempt: 3, cause: { status: 401 } },
    ]);
  });

  test('end the connection after maxAttempts', async () => {
    const server = await LiteralServer.start(inTurn(accepting(), status('503 Busy')));
    const connection = await open(server.url(), { reconnect: { maxAttempts: 3, minDelay: 0, maxDelay: 1 } });
    server.last.connection.reset();
    await connection.closed;
    expect(server.requests).toHaveLength(4);
    expect(connection.error).toMatchObject({ status: 503 });
  });

  test.each([
    ['long enough', 0, [1, 1, 1]],
    ['too short a time', 60_000, [1, 2, 3]],
  ])('are counted from 1 again once a session was open for %s', async (_for, minUptime, expected) => {
    const server = await PeerServer.start();
    const attempts: number[] = [];
    await open(server.url, {
      reconnect: { minUptime, delay: ({ attempt }: ReconnectAttempt) => attempts.push(attempt) && 0 },
    });
    for (let round = 0; round < 3; round++) (await server.clients.next()).socket.terminate();
    await server.clients.next();
    expect(attempts).toEqual(expected);
  });

  test('are repeated if the server disconnected during onOpen, but not if onOpen failed', async () => {
    const server = await PeerServer.start();
    let fails = false;
    const heard = new Inbox();
    const connection = await open(server.url, {
      async onOpen(session: Session, { attempt }: { attempt: number }) {
        if (fails) throw new Error('my own fault');
        if (attempt === 0) return;
        // The second time the server answers with an end, and later sends fail.
        while (session.isOpen() && attempt === 1) {
          await session.getBasicRemote().sendText('?');
          await turns(1);
        }
        heard.add(`open ${attempt}`);
      },
      onClose: (reason: CloseReason) => heard.add(`closed ${reason.getCloseCode().getCode()}`),
      onError: ({ message }: Error) => heard.add(message),
    });
    (await server.clients.next()).socket.terminate();
    expect(await heard.next()).toBe('closed 1006');
    (await server.clients.next()).socket.terminate();
    expect(await heard.next()).toMatch(/not sent: the session is closed/);
    expect(await heard.next()).toBe('closed 1006');
    expect(await heard.next()).toBe('open 2');
    fails = true;
    server.clients.all.at(-1)?.socket.terminate();
    await connection.closed;
    expect(heard.all.slice(-3)).toEqual(['closed 1006', 'my own fault', 'closed 1011']);
    expect(connection.error).toMatchObject({ code: 'WS_CONNECT_ENDPOINT' });
  });

  test.each([
    ['rejects', () => Promise.reject(new Error('no idea'))],
    [
      'throws',
      () => {
        throw new Error('no idea');
      },
    ],
    ['is undecided', () => 'no idea'],
  ])('end the connection when the delay function %s', async (_how, delay) => {
    const events = diagnostics();
    const server = await PeerServer.start();
    const connection = await open(server.url, { reconnect: { delay } });
    (await server.clients.next()).socket.terminate();
    await connection.closed;
    expect(connection.error?.message).toMatch(/no idea/);
    expect(events.filter(({ kind }) => kind.startsWith('reconnect'))).toMatchObject([
      { kind: 'reconnect-given-up', cause: { message: expect.stringMatching(/no idea/) } },
    ]);
  });

  test('of the first connection reject at once, or are repeated with retryInitial', async () => {
    const server = await LiteralServer.start(inTurn(status('503 Busy'), status('503 Busy'), accepting()));
    expect(await rejection(open(server.url()))).toMatchObject({ status: 503 });
    const opened: number[] = [];
    await open(server.url(), {
      onOpen: (_session: Session, { attempt }: { attempt: number }) => opened.push(attempt),
      reconnect: { ...soon, retryInitial: true },
    });
    expect(opened).toEqual([1]);
    const refused = await LiteralServer.start(status('404 Nothing'));
    expect(await rejection(open(refused.url(), { reconnect: { ...soon, retryInitial: true } }))).toMatchObject({
      status: 404,
    });
    expect(refused.requests).toHaveLength(1);
  });

  test('call the functions for the URI and the headers again', async () => {
    const server = await LiteralServer.start(inTurn(accepting(), status('503 Busy'), accepting()));
    let token = 0;
    const opened = new Inbox<number>();
    await connect(() => Promise.resolve(server.url(`/${token}`)), {
      logger: silent,
      headers: () => ({ Authorization: `Bearer ${++token}` }),
      onOpen: (_session, { attempt }) => opened.add(attempt),
      reconnect: soon,
    }).then((connection) => afterTest(() => connection.close()));
    server.last.connection.reset();
    expect([await opened.next(), await opened.next()]).toEqual([0, 2]);
    const seen = server.requests.map(({ requestLine, headers }) => [
      requestLine.split(' ')[1],
      headers.get('authorization'),
    ]);
    expect(seen).toEqual([
      ['/0', 'Bearer 1'],
      ['/1', 'Bearer 2'],
      ['/2', 'Bearer 3'],
    ]);
  });

  test('end the connection when the URI function fails', async () => {
    const server = await PeerServer.start();
    let isLost = false;
    const uri = (): string => {
      if (isLost) throw new Error('no server left');
      return server.url;
    };
    const connection = await connect(uri, { logger: silent, reconnect: soon });
    isLost = true;
    (await server.clients.next()).socket.terminate();
    await connection.closed;
    expect(connection.error).toMatchObject({
      code: 'WS_CONNECT_ENDPOINT',
      message: expect.stringMatching(/URI threw: no server left/),
    });
  });
});

describe('for await', () => {
  test('continues with a new session and loses no message of the old one', async () => {
    const server = await PeerServer.start();
    const connection = await open(server.url);
    const first = await server.clients.next();
    for (const message of ['1', '2', '3']) first.socket.send(message);
    first.socket.close(1012);
    const got: unknown[] = [];
    for await (const message of connection) {
      got.push(message);
      await turns();
      if (message === '3') {
        const { socket } = await server.clients.next();
        socket.send('4');
        socket.close(1000);
      }
    }
    expect(got).toEqual(['1', '2', '3', '4']);
  });
});
