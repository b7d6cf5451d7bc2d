import type { CloseReason, Session } from '@serval/api';
import { connect, ClientContainer } from '../src';
import { accepting, LiteralServer, status } from './literal-server';
import { PeerServer } from './peer-server';
import { close, inTurn, open, soon, text, turns } from './reconnecting';
import { Gate, Inbox, rejection, silent } from '../../testing/test/toolbox';

describe('a stop leaves nothing behind', () => {
  const timeouts = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  /** Others, such as the test runner, have timers that pass; one that was left behind would not in time. */
  const settled = async (before: number): Promise<void> => {
    while (timeouts() > before) await turns(1);
  };

  test('during a delay', async () => {
    const server = await LiteralServer.start();
    const before = timeouts();
    const waiting = new Gate();
    const connection = await open(server.url(), { reconnect: { delay: () => (waiting.open(), 600_000) } });
    server.last.connection.reset();
    await waiting.promise;
    await turns();
    await connection.close(4000, 'enough');
    expect((await connection.closed).toString()).toBe('CloseReason[4000,enough]');
    await settled(before);
    await server.deserted();
    expect(server.requests).toHaveLength(1);
  });

  test('during a delay function that never settles', async () => {
    const server = await LiteralServer.start();
    const asked = new Gate();
    const connection = await open(server.url(), {
      reconnect: {
        delay() {
          asked.open();
          return new Promise(() => undefined);
        },
      },
    });
    server.last.connection.reset();
    await asked.promise;
    await connection.close();
    await connection.closed;
  });

  test('during a handshake', async () => {
    const asked = new Gate();
    const server = await LiteralServer.start(inTurn(accepting(), () => void asked.open()));
    const before = timeouts();
    const connection = await open(server.url());
    server.last.connection.reset();
    await asked.promise;
    await connection.close();
    await connection.closed;
    await server.deserted();
    await turns();
    await settled(before);
    expect(connection.error).toBeUndefined();
  });

  test('by the signal, during a delay', async () => {
    const server = await LiteralServer.start();
    const controller = new AbortController();
    const connection = await open(server.url(), {
      signal: controller.signal,
      reconnect: {
        delay() {
          setImmediate(() => controller.abort());
          return 600_000;
        },
      },
    });
    server.last.connection.reset();
    await connection.closed;
    await server.deserted();
  });

  test('by the signal, while the first connection is tried again', async () => {
    const server = await LiteralServer.start(status('503 Busy'));
    const controller = new AbortController();
    const connecting = open(server.url(), {
      signal: controller.signal,
      reconnect: {
        retryInitial: true,
        delay() {
          setImmediate(() => controller.abort());
          return 600_000;
        },
      },
    });
    expect((await rejection(connecting)).name).toBe('AbortError');
    await server.deserted();
  });

  test('during the onOpen of another session, whose onClose runs', async () => {
    const server = await PeerServer.start();
    const opening = new Gate();
    const go = new Gate();
    const heard = new Inbox();
    const connection = await open(server.url, {
      async onOpen(_session: Session, { attempt }: { attempt: number }) {
        if (attempt === 0) return;
        opening.open();
        await go.promise;
      },
      onClose: (reason: CloseReason) => heard.add(String(reason.getCloseCode().getCode())),
    });
    (await server.clients.next()).socket.terminate();
    await opening.promise;
    await connection.close(4005);
    expect(await (await server.clients.next()).closed).toBe(4005);
    go.open();
    expect((await connection.closed).getCloseCode().getCode()).toBe(4005);
    expect(heard.all).toEqual(['1006', '4005']);
  });

  test('by the signal, while Retry-After delays the first connection', async () => {
    const answers = [status('503 Busy', 'Retry-After: 0'), status('503 Busy', 'Retry-After: 200')] as const;
    const server = await LiteralServer.start(inTurn(...answers));
    const controller = new AbortController();
    const connecting = open(server.url(), { signal: controller.signal, retryAfter: true });
    while (server.requests.length < 2) await turns(1);
    controller.abort();
    expect((await rejection(connecting)).name).toBe('AbortError');
    await server.deserted();
  });

  test('of the container: open sessions do not reconnect, and delays end', async () => {
    const server = await PeerServer.start();
    const container = new ClientContainer({ logger: silent, sessionCloseTimeout: 200 });
    const shared = { container, onText: () => undefined };
    const staying = await connect(server.url, { ...shared, reconnect: soon });
    const delaying = new Gate();
    const delay = (): number => {
      delaying.open();
      return 600_000;
    };
    const away = await connect(server.url, { ...shared, reconnect: { delay } });
    server.clients.all[1]?.socket.terminate();
    await delaying.promise;
    await container.stop();
    expect((await staying.closed).getCloseCode().getCode()).toBe(1001);
    expect((await away.closed).getCloseCode().getCode()).toBe(1006);
    expect([staying.state, away.state, server.clients.all.length]).toEqual(['closed', 'closed', 2]);
    expect(container.stopListeners.size).toBe(0);
    expect((await rejection(connect(server.url, shared))).code).toBe('WS_CONNECT_STOPPED');
  });

  test('of the container, while the first connection is tried again', async () => {
    const server = await LiteralServer.start(status('503 Busy'));
    const container = new ClientContainer({ logger: silent });
    const delay = (): number => {
      setImmediate(() => void container.stop());
      return 600_000;
    };
    const error = await rejection(connect(server.url(), { container, reconnect: { retryInitial: true, delay } }));
    expect(error.code).toBe('WS_CONNECT_STOPPED');
  });

  test('before the first connection: the delay function does not run', async () => {
    const delay = jest.fn(() => 0);
    const reconnect = { retryInitial: true, delay };
    const container = new ClientContainer({ logger: silent });
    await container.stop();
    const error = await rejection(connect('ws://127.0.0.1/', { container, reconnect }));
    expect(error.code).toBe('WS_CONNECT_STOPPED');

    const asked = new Gate();
    const server = await LiteralServer.start(() => void asked.open());
    const controller = new AbortController();
    const connecting = connect(server.url(), { logger: silent, signal: controller.signal, reconnect });
    await asked.promise;
    controller.abort();
    expect((await rejection(connecting)).name).toBe('AbortError');
    await server.deserted();
    await turns();
    expect(delay).not.toHaveBeenCalled();
  });

  test('leaves no additional timers after many reconnections', async () => {
    const server = await LiteralServer.start((request) =>
      Buffer.concat([Buffer.from(String(accepting()(request)), 'latin1'), text('x'), close(1012)]),
    );
    const before = timeouts();
    const opened = new Inbox<number>();
    const connection = await open(server.url(), {
      onOpen: () => opened.add(1),
      onText: () => undefined,
      reconnect: { delay: () => (opened.all.length < 50 ? 0 : false) },
    });
    await connection.closed;
    expect(opened.all).toHaveLength(50);
    await server.deserted();
    await turns();
    await settled(before);
  });
});
