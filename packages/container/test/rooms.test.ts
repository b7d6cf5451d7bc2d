import { inspect } from 'node:util';
import {
  CloseReason,
  Encoder,
  IllegalArgumentException,
  IllegalStateException,
  OnClose,
  OnMessage,
  OnOpen,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
  type RoomEvent,
} from '@serval/api';
import { TestServer, type Peer, type TestServerOptions } from '@serval/testing';
import { afterTest, Gate, Inbox, rejection, silent } from '../../testing/test/toolbox';

class Price {
  constructor(readonly value: number) {}
}

class PriceEncoder implements Encoder.Text<Price> {
  static readonly encodes = Encoder.text(Price);
  static encodings = 0;
  encode(price: Price): string {
    PriceEncoder.encodings += 1;
    return `price ${price.value}`;
  }
}

let opened: Inbox<Session>;
let closed: Inbox<string>;

/** A client may join and leave rooms: `+blue`, `-blue`. Anything else goes to the others in its rooms. */
@ServerEndpoint({ value: '/chat/{name}', encoders: [PriceEncoder] })
class Chat {
  @OnOpen open(session: Session): void {
    opened.add(session);
  }
  @OnMessage say(text: string, session: Session): void {
    if (text.startsWith('+')) session.join(text.slice(1));
    else if (text.startsWith('-')) session.leave(text.slice(1));
    else void session.to(...session.rooms).send(text);
  }
  @OnClose close(session: Session): void {
    closed.add([...session.rooms].join());
  }
}

@ServerEndpoint('/news')
class News {
  @OnOpen open(session: Session): void {
    opened.add(session);
  }
}

function serve(options: TestServerOptions = {}): TestServer {
  opened = new Inbox();
  closed = new Inbox();
  const server = new TestServer({ endpoints: [Chat, News], ...options });
  afterTest(() => server.stop());
  return server;
}

async function enter(server: TestServer, target: string, ...rooms: string[]): Promise<[Peer, Session]> {
  const peer = await server.connect(target);
  const session = await opened.next();
  session.join(...rooms);
  return [peer, session];
}

/** Sends a last message to each, and returns all that came before it. */
async function texts(server: TestServer, ...peers: Peer[]): Promise<string[][]> {
  void server.container.toAll().send('.');
  return Promise.all(
    peers.map(async (peer) => {
      const all: string[] = [];
      for (let text = await peer.receive(); text !== '.'; text = await peer.receive()) all.push(String(text));
      return all;
    }),
  );
}

describe('a selection', () => {
  test('of rooms reaches each member of any of them once', async () => {
    const server = serve();
    const [ann] = await enter(server, '/chat/ann', 'blue');
    const [bob] = await enter(server, '/chat/bob', 'blue', 'green');
    const [cas] = await enter(server, '/chat/cas', 'red');
    expect(await server.container.to('blue', 'green').send('hello')).toEqual([]);
    expect(await texts(server, ann, bob, cas)).toEqual([['hello'], ['hello'], []]);
  });

  test('leaves out the sessions and the members of the rooms in except', async () => {
    const server = serve();
    const [ann, annsSession] = await enter(server, '/chat/ann', 'blue');
    const [bob] = await enter(server, '/chat/bob', 'blue', 'muted');
    const [cas] = await enter(server, '/chat/cas', 'blue');
    void server.container.to('blue').except(annsSession).except('muted').send('once');
    void server.container.to('blue').except({ session: annsSession.getId() }).send('twice');
    expect(await texts(server, ann, bob, cas)).toEqual([[], ['twice'], ['once', 'twice']]);
  });

  test('of a session leaves that session out', async () => {
    const server = serve();
    const [ann] = await enter(server, '/chat/ann', 'blue');
    const [bob] = await enter(server, '/chat/bob', 'blue');
    ann.send('hello');
    expect(await bob.receive()).toBe('hello');
    expect(await texts(server, ann)).toEqual([[]]);
  });

  test('of an endpoint takes its path, its class or its configuration', async () => {
    const server = serve();
    const config = ServerEndpointConfig.Builder.create(News, '/late').build();
    server.container.addEndpoint(config);
    const [ann] = await enter(server, '/chat/ann');
    const [news] = await enter(server, '/news');
    const [late] = await enter(server, '/late');
    const { container } = server;
    void container.to({ endpoint: '/chat/{name}' }).send('path');
    void container.to({ endpoint: News }).send('class');
    void container.to({ endpoint: config }).send('configuration');
    expect(await texts(server, ann, news, late)).toEqual([['path'], ['class'], ['class', 'configuration']]);
    expect(() => container.to({ endpoint: '/nowhere' })).toThrow(
      /^to takes the path, the class or the configuration of a deployed endpoint; found "\/nowhere"\. Deployed are \/chat/,
    );
  });

  test('of a user takes the name of the principal', async () => {
    const authenticate: TestServerOptions['authenticate'] = (request) => {
      const name = request.getHeaders().get('x-user')?.[0];
      return name === undefined ? null : { getName: () => name };
    };
    const server = serve({ authenticate });
    const connect = async (user?: string): Promise<Peer> => {
      const peer = await server.connect('/chat/x', { headers: user === undefined ? {} : { 'X-User': user } });
      await opened.next();
      return peer;
    };
    const peers = [await connect('ann'), await connect('ann'), await connect('bob'), await connect()];
    await server.container.to({ user: 'ann' }).send('for Ann');
    expect(await texts(server, ...peers)).toEqual([['for Ann'], ['for Ann'], [], []]);
    const infos = await server.container.to({ user: 'bob' }).sessions();
    expect(infos).toEqual([
      { id: [...server.container.to({ user: 'bob' })][0]?.getId(), user: 'bob', node: infos[0]?.node },
    ]);
  });

  test('has the open sessions, and none that begins to close', async () => {
    const server = serve();
    const [, ann] = await enter(server, '/chat/ann', 'blue');
    const [, bob] = await enter(server, '/chat/bob', 'blue');
    const id = ann.getId();
    expect([...server.container.to('blue')]).toEqual([ann, bob]);
    const closing = ann.close();
    for (const selection of [server.container.to('blue'), server.container.toAll()])
      expect([...selection]).toEqual([bob]);
    expect([...server.container.to({ session: id })]).toEqual([]);
    await closing;
  });

  test('of no target, or of a room that does not exist, is empty', async () => {
    const server = serve();
    const [ann] = await enter(server, '/chat/ann');
    expect(await server.container.to().send('to nobody')).toEqual([]);
    expect(await server.container.to('empty').send('to nobody')).toEqual([]);
    await server.container.to('empty').close();
    expect(await texts(server, ann)).toEqual([[]]);
  });

  test('refuses anything but targets, with what it found', async () => {
    const { container } = serve();
    for (const wrong of [undefined, null, 5, {}, ['blue'], { room: 'blue' }, ''])
      expect(() => container.to(wrong as never)).toThrow(IllegalArgumentException);
    expect(() => container.to({ room: 'blue' } as never)).toThrow(
      'to takes names of rooms, sessions, { session: id }, { user: name } or { endpoint }; found an object.',
    );
    expect(() => container.to('blue').except(7 as never)).toThrow(/^except takes names of rooms.*; found 7\.$/);
  });

  test('prints what it selects, and nothing of the container', () => {
    const { container } = serve();
    const selection = container.to('blue', { user: 'ann' }).except({ endpoint: News });
    expect(inspect(selection)).toBe('SessionSelection [to room "blue", user "ann", except endpoint "/news"]');
    expect(inspect(container.toAll())).toBe('SessionSelection [to all sessions]');
    expect(inspect(container.rooms)).toBe('Rooms [0 rooms]');
  });

  test('closes, joins and leaves for its sessions', async () => {
    const server = serve({ maxRoomsPerSession: 2 });
    const [ann, annsSession] = await enter(server, '/chat/ann', 'blue');
    const [, bobsSession] = await enter(server, '/chat/bob', 'blue', 'full');
    const blue = server.container.to('blue');
    expect((await rejection(blue.join('green'))).message).toMatch(
      /^1 of the selected sessions could not join\. .*maxRoomsPerSession/,
    );
    expect([...annsSession.rooms]).toEqual(['blue', 'green']);
    await server.container.to('green').leave('blue', 'green', 'never joined');
    expect([[...annsSession.rooms], [...bobsSession.rooms]]).toEqual([[], ['blue', 'full']]);
    annsSession.join('ann');
    await server.container.to('ann').close(4001, 'logged out');
    expect(await ann.closed()).toMatchObject({ code: 4001, reason: 'logged out' });
    expect(bobsSession.isOpen()).toBe(true);
    expect(await rejection(blue.close(5, 'no such code'))).toBeInstanceOf(IllegalArgumentException);
    expect(await rejection(blue.join(''))).toBeInstanceOf(IllegalArgumentException);
  });
});

describe('a message', () => {
  test('is encoded once for each endpoint, by its encoders', async () => {
    const server = serve();
    const peers: Peer[] = [];
    for (const name of ['ann', 'bob', 'cas']) peers.push((await enter(server, `/chat/${name}`, 'blue'))[0]);
    PriceEncoder.encodings = 0;
    expect(await server.container.to('blue').send(new Price(7))).toEqual([]);
    expect(await texts(server, ...peers)).toEqual([['price 7'], ['price 7'], ['price 7']]);
    expect(PriceEncoder.encodings).toBe(1);
  });

  test('that one endpoint cannot encode rejects, and reaches the others', async () => {
    const server = serve();
    const [ann] = await enter(server, '/chat/ann', 'blue');
    const [news] = await enter(server, '/news', 'blue');
    expect((await rejection(server.container.to('blue').send(new Price(1)))).name).toBe('EncodeException');
    expect(await texts(server, ann, news)).toEqual([['price 1'], []]);
    for (const nothing of [null, undefined])
      expect(await rejection(server.container.to('blue').send(nothing as never))).toBeInstanceOf(
        IllegalArgumentException,
      );
  });

  test('may be bytes or a primitive', async () => {
    const server = serve();
    const [ann] = await enter(server, '/news', 'blue');
    await server.container.to('blue').send(Uint8Array.of(1, 2));
    await server.container.to('blue').send(42);
    expect([await ann.receive(), await ann.receive()]).toEqual([Buffer.from([1, 2]), '42']);
  });

  test('keeps its order behind one whose encoder takes its time, also from broadcast', async () => {
    const gate = new Gate<string>();
    class Slow implements Encoder.Text<Date> {
      static readonly encodes = Encoder.text(Date);
      encode(): Promise<string> {
        return gate.promise;
      }
    }
    @ServerEndpoint({ value: '/slow', encoders: [Slow] })
    class Clock {
      @OnOpen open(session: Session): void {
        opened.add(session);
      }
    }
    const server = serve({ endpoints: [Clock, News] });
    const [peer, session] = await enter(server, '/slow', 'blue');
    const [news] = await enter(server, '/news', 'blue');
    const sendings = [
      server.container
        .to('blue')
        .except(...server.container.to({ endpoint: News }))
        .send(new Date(0)),
    ];
    sendings.push(server.container.to('blue').send('second'), session.broadcast('third'));
    // An endpoint without that encoder does not wait.
    expect(await news.receive()).toBe('second');
    gate.open('first');
    expect((await Promise.all(sendings)).flat()).toEqual([]);
    expect([await peer.receive(), await peer.receive(), await peer.receive()]).toEqual(['first', 'second', 'third']);
  });

  test('that a slow receiver does not take is its failure alone', async () => {
    const server = serve({ queueOverflow: 'drop-newest', maxQueuedBytes: 1 });
    const [slow, slowSession] = await enter(server, '/news', 'blue');
    const [quick] = await enter(server, '/news', 'blue');
    slow.pause();
    const large = 'x'.repeat(70_000);
    const first = server.container.to('blue').send(large);
    expect(await quick.receive()).toBe(large);
    const failures = await server.container.to('blue').send('y');
    expect(failures.map((failure) => [failure.getSession(), failure.getException()?.name])).toEqual([
      [slowSession, 'SendDroppedException'],
    ]);
    expect(await quick.receive()).toBe('y');
    slow.resume();
    expect(await first).toEqual([]);
  });
});

describe('the rooms of a session', () => {
  test('are a view that follows join and leave, and that callers cannot change', async () => {
    const server = serve();
    const [, ann] = await enter(server, '/chat/ann');
    const { rooms } = ann;
    ann.join('blue', 'green', 'blue');
    ann.leave('green', 'red');
    expect([...rooms]).toEqual(['blue']);
    const mutable = rooms as Set<string>;
    for (const change of [() => mutable.add('x'), () => mutable.delete('blue'), () => mutable.clear()])
      expect(change).toThrow('session.rooms is read-only. Call session.join or session.leave.');
    expect([...ann.rooms]).toEqual(['blue']);
  });

  test('are names of 1 to 1024 characters; a call with an invalid one changes nothing', async () => {
    const server = serve();
    const [, ann] = await enter(server, '/chat/ann');
    expect(() => ann.join('blue', 5 as never)).toThrow('join takes names of rooms, such as "blue"; found 5.');
    expect(() => ann.join('blue', 'x'.repeat(1025))).toThrow(
      'join takes names of rooms with at most 1024 characters; found one with 1025.',
    );
    expect(() => ann.leave('')).toThrow(IllegalArgumentException);
    expect([...ann.rooms]).toEqual([]);
    ann.join('x'.repeat(1024), '__proto__', 'constructor');
    expect(ann.rooms.size).toBe(3);
  });

  test('are at most maxRoomsPerSession', async () => {
    const server = serve({ maxRoomsPerSession: 3 });
    const [, ann] = await enter(server, '/chat/ann', 'a', 'b');
    expect(() => ann.join('c', 'd')).toThrow(IllegalStateException);
    expect([...ann.rooms]).toEqual(['a', 'b']);
    ann.join('a', 'c');
    expect(() => ann.join('d')).toThrow(
      `Session ${ann.getId()} cannot join: it may be in 3 rooms (maxRoomsPerSession). Leave rooms first, or raise the setting.`,
    );
    ann.leave('a');
    ann.join('d');
    expect([...ann.rooms]).toEqual(['b', 'c', 'd']);
  });

  test('are still readable in @OnClose, when no message reaches the session any more', async () => {
    const server = serve();
    const [ann, annsSession] = await enter(server, '/chat/ann', 'blue', 'green');
    await ann.close();
    expect(await closed.next()).toBe('blue,green');
    expect([...server.container.to('blue')]).toEqual([]);
    expect(server.container.rooms.names()).toEqual([]);
    while (annsSession.isOpen()) await new Promise((resolve) => setImmediate(resolve));
    expect([...annsSession.rooms]).toEqual(['blue', 'green']);
    for (const use of [() => annsSession.join('x'), () => annsSession.leave('x'), () => annsSession.to('x')])
      expect(use).toThrow(IllegalStateException);
  });
});

describe('joined and left', () => {
  function watch(server: TestServer): string[] {
    const events: string[] = [];
    const add = ({ kind, room, members, closeReason }: RoomEvent): void =>
      void events.push(
        [kind, room, members, closeReason?.getCloseCode().getCode()].filter((part) => part !== undefined).join(' '),
      );
    server.container.rooms.on('joined', add).on('left', add);
    return events;
  }

  test('tell of each change, with the members that remain and why a session closes', async () => {
    const server = serve();
    const events = watch(server);
    const [, ann] = await enter(server, '/chat/ann', 'blue', 'blue');
    const [bob] = await enter(server, '/chat/bob', 'blue', 'green');
    ann.join('blue');
    ann.leave('blue', 'blue');
    await bob.close(4000);
    await closed.next();
    expect(events).toEqual([
      'joined blue 1',
      'joined blue 2',
      'joined green 1',
      'left blue 1',
      'left blue 0 4000',
      'left green 0 4000',
    ]);
  });

  test('of a session that closes come once, before @OnClose, and a late join does nothing', async () => {
    const server = serve();
    const events = watch(server);
    const [, ann] = await enter(server, '/chat/ann', 'blue');
    void ann.close(new CloseReason(4001, 'bye'));
    ann.join('late');
    ann.leave('blue');
    expect(events).toEqual(['joined blue 1', 'left blue 0 4001']);
    expect(await closed.next()).toBe('blue');
    expect(events).toHaveLength(2);
  });

  test('go to every listener, also if one throws or rejects, and the log tells of the error', async () => {
    const errors: unknown[][] = [];
    const server = serve({ logger: { ...silent, error: (...line: unknown[]) => void errors.push(line) } });
    const events: string[] = [];
    const { rooms } = server.container;
    rooms.once('joined', () => {
      throw new Error('thrown');
    });
    rooms.once('joined', () => Promise.reject(new Error('rejected')));
    const listen = ({ room }: RoomEvent): void => void events.push(room);
    rooms.on('joined', listen);
    const [, ann] = await enter(server, '/chat/ann', 'blue');
    rooms.off('joined', listen);
    ann.join('green');
    await new Promise((resolve) => setImmediate(resolve));
    expect(events).toEqual(['blue']);
    expect(errors.map(([message, error]) => `${message} ${(error as Error).message}`)).toEqual([
      "A listener for 'joined' of container.rooms failed: thrown",
      "A listener for 'joined' of container.rooms failed: rejected",
    ]);
  });

  test('come with counts of a room that the container gives as well', async () => {
    const server = serve();
    const { rooms } = server.container;
    const [, ann] = await enter(server, '/chat/ann', 'blue');
    await enter(server, '/chat/bob', 'blue', 'green');
    expect([rooms.size, rooms.names(), rooms.count('blue'), rooms.count('red')]).toEqual([2, ['blue', 'green'], 2, 0]);
    ann.leave('blue');
    expect(rooms.count('blue')).toBe(1);
  });
});
