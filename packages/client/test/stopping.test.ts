import {
  ClientEndpoint,
  ClientEndpointConfig,
  CloseReason,
  ContainerProvider,
  Decoder,
  Endpoint,
  HandshakeException,
  IllegalArgumentException,
  OnClose,
  OnMessage,
  OnOpen,
  ServerEndpoint,
  Session,
} from '@serval/api';
import { Server } from '@serval/server';
import { ClientContainer } from '../src';
import { LiteralServer } from './literal-server';
import { afterTest, Gate, Inbox, rejection, silent } from '../../testing/test/toolbox';

class Nothing extends Endpoint {
  override onOpen() {}
}

@ServerEndpoint('/echo')
class Echo {
  static readonly closed = new Inbox();
  @OnMessage text(text: string) {
    return text;
  }
  @OnClose close(reason: CloseReason) {
    Echo.closed.add(`${reason.getCloseCode().getCode()} ${reason.getReasonPhrase()}`);
  }
}

@ClientEndpoint
class Client {
  readonly heard: string[] = [];
  constructor(private readonly gates: { opening?: Gate; handling?: Gate; closing?: Gate } = {}) {}
  readonly begun = new Gate();
  readonly handling = new Gate();
  @OnOpen async open() {
    this.begun.open();
    await this.gates.opening?.promise;
  }
  @OnMessage async text(text: string, session: Session) {
    this.handling.open();
    await this.gates.handling?.promise;
    this.heard.push(text);
    await session.getBasicRemote().sendText('handled');
  }
  @OnClose async close(reason: CloseReason) {
    await this.gates.closing?.promise;
    this.heard.push(`closed ${reason.getCloseCode().getCode()}`);
  }
}

async function startEcho(): Promise<string> {
  const server = await new Server({ host: '127.0.0.1', endpoints: [Echo], logger: silent }).start();
  afterTest(() => server.stop({ grace: 50 }));
  return `ws://127.0.0.1:${server.port}/echo`;
}

function newContainer(): ClientContainer {
  return new ClientContainer({ logger: silent });
}

test('stop closes every session with 1001 and waits for @OnClose and the end of the connections', async () => {
  const uri = await startEcho();
  const container = newContainer();
  const closing = new Gate();
  const clients = [new Client(), new Client({ closing })];
  const sessions = await Promise.all(clients.map((client) => container.connectToServer(client, uri)));
  let isOver = false;
  const stopped = container.stop().then(() => (isOver = true));
  expect([await Echo.closed.next(), await Echo.closed.next()]).toEqual([
    '1001 The client is stopping.',
    '1001 The client is stopping.',
  ]);
  expect(isOver).toBe(false);
  closing.open();
  await stopped;
  expect(clients.map(({ heard }) => heard)).toEqual([['closed 1001'], ['closed 1001']]);
  expect(sessions.map((session) => session.isOpen())).toEqual([false, false]);
});

test('stop lets the running handler finish', async () => {
  const uri = await startEcho();
  const container = newContainer();
  const handling = new Gate();
  const client = new Client({ handling });
  const session = await container.connectToServer(client, uri);
  await session.getBasicRemote().sendText('work');
  await client.handling.promise;
  const stopped = container.stop();
  handling.open();
  await stopped;
  expect(client.heard).toEqual(['work', 'closed 1001']);
});

test('a server that does not answer the close frame is dropped after the grace', async () => {
  const server = await LiteralServer.start();
  const container = newContainer();
  const client = new Client();
  await container.connectToServer(client, server.url());
  await container.stop({ grace: 1 });
  await server.deserted();
  expect(client.heard).toEqual(['closed 1001']);
});

describe('a pending connect', () => {
  const never = new Promise<never>(() => undefined);
  const configOf = (configurator: object): ClientEndpointConfig =>
    ClientEndpointConfig.Builder.create()
      .configurator(Object.assign(new ClientEndpointConfig.Configurator(), configurator))
      .build();

  async function expectGivenUp(connecting: Promise<unknown>, server: LiteralServer): Promise<void> {
    const error = await rejection(connecting);
    expect(error).toBeInstanceOf(HandshakeException);
    expect([error.code, error.message]).toEqual([
      'WS_CONNECT_STOPPED',
      'The client container is stopped and connects no more. Create a new one.',
    ]);
    await server.deserted();
  }

  test('that waits for the response rejects, and its socket is closed', async () => {
    const asked = new Gate();
    const server = await LiteralServer.start(() => {
      asked.open();
      return undefined;
    });
    const container = newContainer();
    const connecting = container.connectToServer(Nothing, server.url());
    connecting.catch(() => undefined);
    await asked.promise;
    await container.stop();
    await expectGivenUp(connecting, server);
  });

  test.each(['beforeRequest', 'afterResponse'])('that waits for %s rejects', async (method) => {
    const called = new Gate();
    const server = await LiteralServer.start();
    const container = newContainer();
    const config = configOf({
      [method]: () => {
        called.open();
        return never;
      },
    });
    const connecting = container.connectToServer(Nothing, config, server.url());
    connecting.catch(() => undefined);
    await called.promise;
    await container.stop();
    await expectGivenUp(connecting, server);
  });

  test.each(['beforeRequest', 'afterResponse'])('rejects when %s stops its container', async (method) => {
    const server = await LiteralServer.start();
    const container = newContainer();
    const config = configOf({ [method]: () => void container.stop() });
    await expectGivenUp(container.connectToServer(Nothing, config, server.url()), server);
    await container.stop();
    expect(server.requests).toHaveLength(method === 'beforeRequest' ? 0 : 1);
  });

  test('that waits for a codec rejects, and destroys the codec once it is ready', async () => {
    const called = new Gate();
    const ready = new Gate();
    const destroyed = new Gate();
    class Slow {
      static readonly decodes = Decoder.text<object>();
      init() {
        called.open();
        return ready.promise;
      }
      decode() {
        return {};
      }
      destroy() {
        destroyed.open();
      }
    }
    const server = await LiteralServer.start();
    const container = newContainer();
    const config = ClientEndpointConfig.Builder.create().decoders([Slow]).build();
    const connecting = container.connectToServer(Nothing, config, server.url());
    connecting.catch(() => undefined);
    await called.promise;
    await container.stop();
    await expectGivenUp(connecting, server);
    ready.open();
    await destroyed.promise;
    expect(server.requests).toHaveLength(0);
  });

  test('whose @OnOpen is running resolves, and the container closes its session', async () => {
    const uri = await startEcho();
    const container = newContainer();
    const opening = new Gate();
    const client = new Client({ opening });
    const connecting = container.connectToServer(client, uri);
    await client.begun.promise;
    const stopped = container.stop();
    opening.open();
    const session = await connecting;
    await stopped;
    expect([session.isOpen(), client.heard]).toEqual([false, ['closed 1001']]);
  });
});

test('connects nothing after the stop', async () => {
  const container = newContainer();
  expect(container.isStopped).toBe(false);
  await container.stop();
  expect(container.isStopped).toBe(true);
  const error = await rejection(container.connectToServer(Nothing, await startEcho()));
  expect(error).toBeInstanceOf(HandshakeException);
  expect(error.code).toBe('WS_CONNECT_STOPPED');
});

test('a second stop waits for the first, and a grace out of range rejects', async () => {
  const container = newContainer();
  await expect(container.stop({ grace: -1 })).rejects.toThrow(IllegalArgumentException);
  expect(container.isStopped).toBe(false);
  const order: string[] = [];
  await Promise.all([
    container.stop().then(() => order.push('first')),
    container.stop({ grace: 20 }).then(() => order.push('second')),
  ]);
  expect(order).toEqual(['first', 'second']);
});

test('a stopped container leaves no timer behind', async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const before = timers();
  const container = newContainer();
  const server = await LiteralServer.start(() => undefined);
  const connecting = container.connectToServer(Nothing, server.url());
  connecting.catch(() => undefined);
  await container.stop({ grace: 60_000 });
  expect(timers()).toBeLessThanOrEqual(before);
});

test('ContainerProvider returns a new container instead of a stopped one', async () => {
  const first = ContainerProvider.getWebSocketContainer();
  expect(ContainerProvider.getWebSocketContainer()).toBe(first);
  if (!(first instanceof ClientContainer)) throw new Error('The default container is not ours.');
  await first.stop();
  const second = ContainerProvider.getWebSocketContainer();
  expect(second).not.toBe(first);
  const session = await second.connectToServer(new Client(), await startEcho());
  await session.close();
});
