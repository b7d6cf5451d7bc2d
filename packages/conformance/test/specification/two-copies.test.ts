import type * as Serval from 'serval';
import type * as Testing from '@serval/testing';

interface Copy {
  readonly serval: typeof Serval;
  readonly testing: typeof Testing;
}

/** A copy of every package, as two versions in one process are. */
function load(): Copy {
  let copy: Copy | undefined;
  jest.isolateModules(() => {
    copy = {
      serval: jest.requireActual<typeof Serval>('serval'),
      testing: jest.requireActual<typeof Testing>('@serval/testing'),
    };
  });
  if (copy === undefined) throw new Error('nothing was loaded');
  return copy;
}

const logger = { error() {}, warn() {}, debug() {} };
const mine = load();
const other = load();

test('loads two copies', () => {
  expect(mine.serval.Session).not.toBe(other.serval.Session);
});

test.each(Object.keys(mine.serval).filter((name) => name.endsWith('Exception')))(
  'an error of the other copy is an instance of %s',
  (name) => {
    const classOf = ({ serval }: Copy) =>
      (serval as unknown as Record<string, new (...args: unknown[]) => Error>)[name];
    const [Mine, Other] = [classOf(mine), classOf(other)];
    if (Mine === undefined || Other === undefined) throw new Error('no such class');
    const error = new Other('x', 'x', 'x');
    expect(error instanceof Mine).toBe(true);
    expect(error instanceof mine.serval.SessionException).toBe(name === 'SessionException');
    class Sub extends Mine {}
    expect([new Sub('x') instanceof Other, error instanceof Sub, Mine.prototype instanceof Mine]).toEqual([
      true,
      false,
      false,
    ]);
  },
);

test('one copy serves an annotated class of the other, with its Session, CloseReason and parameters', async () => {
  const { ServerEndpoint, OnOpen, OnMessage, OnClose, Session, CloseReason, PathParam, Char } = other.serval;
  const seen: unknown[] = [];
  class Chat {
    open(session: Serval.Session): void {
      seen.push(session instanceof Session);
    }
    say(text: string, session: Serval.Session, room: string): string {
      return `${text} ${room} ${session.isOpen()}`;
    }
    close(reason: Serval.CloseReason): void {
      seen.push(reason instanceof CloseReason);
    }
  }
  const descriptor = (name: 'open' | 'say' | 'close') =>
    Object.getOwnPropertyDescriptor(Chat.prototype, name) as TypedPropertyDescriptor<never>;
  OnOpen(Chat.prototype, 'open', descriptor('open'));
  Reflect.defineMetadata('design:paramtypes', [Session], Chat.prototype, 'open');
  OnMessage({ params: [String, Session, PathParam('room', Char)] })(Chat.prototype, 'say', descriptor('say'));
  OnClose(Chat.prototype, 'close', descriptor('close'));
  Reflect.defineMetadata('design:paramtypes', [CloseReason], Chat.prototype, 'close');
  ServerEndpoint('/chat/{room}')(Chat);
  const server = new mine.testing.TestServer({ endpoints: [Chat], logger });
  const peer = await server.connect('/chat/red');
  peer.send('hi');
  expect(await peer.receive()).toBe('hi r true');
  await peer.close();
  await server.stop();
  expect(seen).toEqual([true, true]);
});

test('a programmatic endpoint, its configuration and its handlers may come from either copy', async () => {
  const errors: string[] = [];
  const log = { ...logger, error: (message: string) => errors.push(message) };
  class Echo extends other.serval.Endpoint {
    override onOpen(session: Serval.Session): void {
      session.addMessageHandler(String, (text) => session.getBasicRemote().sendText(text));
      session.addMessageHandler(other.serval.PongMessage, () => {
        throw new Error('of the handler');
      });
    }
  }
  const config = other.serval.ServerEndpointConfig.Builder.create(Echo, '/echo').build();
  const server = new mine.testing.TestServer({ endpoints: [config], logger: log });
  const peer = await server.connect('/echo');
  peer.send('hi');
  expect(await peer.receive()).toBe('hi');
  peer.pong(Buffer.from('x')).send('again');
  expect(await peer.receive()).toBe('again');
  // The onError that it inherits does nothing, and so the error is logged.
  expect(errors).toEqual([expect.stringMatching(/^Echo handles no errors/)]);
});

test('a HandshakeRejection of the other copy refuses with its status or closes with its CloseReason', async () => {
  const { HandshakeRejection, ServerEndpointConfig, CloseReason } = other.serval;
  class Gate extends ServerEndpointConfig.Configurator {
    override modifyHandshake(_config: unknown, request: Serval.HandshakeRequest): void {
      if (request.getQueryString() === 'close') throw HandshakeRejection.closeWith(new CloseReason(4401, 'expired'));
      throw new HandshakeRejection(401);
    }
  }
  class Echo extends mine.serval.Endpoint {
    override onOpen(): void {}
  }
  const config = mine.serval.ServerEndpointConfig.Builder.create(Echo, '/echo').configurator(new Gate()).build();
  const server = new mine.testing.TestServer({ endpoints: [config], logger });
  await expect(server.connect('/echo')).rejects.toMatchObject({ status: 401 });
  const peer = await server.connect('/echo?close');
  expect(await peer.closed()).toEqual({ code: 4401, reason: 'expired' });
});

test('a session accepts a CloseReason and a broadcast of the other copy', async () => {
  const sessions: Serval.Session[] = [];
  class Listener extends mine.serval.Endpoint {
    override onOpen(session: Serval.Session): void {
      sessions.push(session);
    }
  }
  const config = mine.serval.ServerEndpointConfig.Builder.create(Listener, '/x').build();
  const server = new mine.testing.TestServer({ endpoints: [config], logger });
  const peer = await server.connect('/x');
  await other.serval.broadcast('news', sessions);
  expect(await peer.receive()).toBe('news');
  await sessions[0]?.close(new other.serval.CloseReason(4001, 'kicked'));
  expect(await peer.closed()).toEqual({ code: 4001, reason: 'kicked' });
});

test('connect rejects a container of the other copy with a clear message', async () => {
  const container = new other.serval.ClientContainer({ logger }) as never;
  await expect(mine.serval.connect('ws://127.0.0.1:1/', { container })).rejects.toThrow(
    'container is a ClientContainer of this copy of serval; found an object of class ClientContainer.',
  );
});
