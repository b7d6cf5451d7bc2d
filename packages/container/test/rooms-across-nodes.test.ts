import {
  Encoder,
  OnClose,
  OnMessage,
  OnOpen,
  ServerEndpoint,
  Session,
  type EncoderClass,
  type EndpointClass,
  type RoomEvent,
} from '@serval/api';
import type { DiagnosticEvent } from '@serval/container';
import { MemoryBusEngine, TestServer, type MemoryBus, type Peer, type TestServerOptions } from '@serval/testing';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterTest, Inbox, rejection, silent } from '../../testing/test/toolbox';

class Price {
  constructor(readonly value: number) {}
}

let opened: Inbox<Session>;
const encodings: string[] = [];

/** Tells the nodes' encoders apart, and counts their work. */
function priceEncoder(unit: string): EncoderClass {
  return class implements Encoder.Text<Price> {
    static readonly encodes = Encoder.text(Price);
    encode(price: Price): string {
      encodings.push(unit);
      return `${price.value} ${unit}`;
    }
  };
}

function endpoint(path: string, ...encoders: EncoderClass[]): EndpointClass {
  @ServerEndpoint({ value: path, encoders })
  class Member {
    @OnOpen open(session: Session): void {
      opened.add(session);
    }
    @OnMessage say(text: string, session: Session): void {
      void session.to(...session.rooms).send(text);
    }
    @OnClose close(): void {}
  }
  return Member;
}

const Chat = endpoint('/chat', priceEncoder('EUR'));
const News = endpoint('/news');

interface Node {
  readonly server: TestServer;
  readonly bus: MemoryBus;
  enter(path: string, ...rooms: string[]): Promise<[Peer, Session]>;
}

async function nodes(engine: MemoryBusEngine, options: TestServerOptions = {}): Promise<[Node, Node]> {
  opened = new Inbox();
  encodings.length = 0;
  const node = (name: string): Node => {
    const bus = engine.connect(name);
    const server = new TestServer({ endpoints: [Chat, News], bus, logger: silent, ...options });
    afterTest(() => server.stop());
    const enter = async (path: string, ...rooms: string[]): Promise<[Peer, Session]> => {
      const peer = await server.connect(path);
      const session = await opened.next();
      session.join(...rooms);
      return [peer, session];
    };
    return { server, bus, enter };
  };
  const both: [Node, Node] = [node('one'), node('two')];
  await engine.settled();
  return both;
}

/** All that a peer received. */
async function texts(engine: MemoryBusEngine, server: TestServer, peer: Peer): Promise<string[]> {
  await engine.settled();
  void server.container.toAll().send('.');
  const all: string[] = [];
  for (let text = await peer.receive(); text !== '.'; text = await peer.receive()) all.push(String(text));
  return all;
}

function watchDiagnostics(): DiagnosticEvent[] {
  const events: DiagnosticEvent[] = [];
  const listen = (event: unknown): void => {
    const { kind } = event as DiagnosticEvent;
    if (/^(bus|message|join)-/.test(kind)) events.push(event as DiagnosticEvent);
  };
  subscribe('serval', listen);
  afterTest(() => unsubscribe('serval', listen));
  return events;
}

describe('two containers on one bus', () => {
  test('share rooms: text, bytes, and a session that leaves itself out', async () => {
    const engine = new MemoryBusEngine();
    const [one, two] = await nodes(engine);
    const [ann] = await one.enter('/chat', 'blue');
    const [bob] = await two.enter('/chat', 'blue');
    const [cas] = await two.enter('/news', 'red');
    ann.send('hello');
    expect(await bob.receive()).toBe('hello');
    await two.server.container.to('blue', 'red').send(Uint8Array.of(1, 2, 10));
    for (const peer of [ann, bob, cas]) expect(await peer.receive()).toEqual(Buffer.from([1, 2, 10]));
    expect(await texts(engine, one.server, ann)).toEqual([]);
  });

  test('except the sessions of other nodes, and the rooms of all', async () => {
    const engine = new MemoryBusEngine();
    const [one, two] = await nodes(engine);
    const [ann, annsSession] = await one.enter('/chat', 'blue');
    const [bob] = await two.enter('/chat', 'blue', 'muted');
    await two.server.container.to('blue').except({ session: annsSession.getId() }).send('not Ann');
    await two.server.container.to('blue').except(annsSession).send('nor here');
    await one.server.container.to('blue').except('muted').send('not Bob');
    expect(await texts(engine, two.server, bob)).toEqual(['not Ann', 'nor here']);
    expect(await ann.receive()).toBe('not Bob');
  });

  test('encode a message once per endpoint on the node that sends it, also without a session there', async () => {
    const engine = new MemoryBusEngine();
    const [one, two] = await nodes(engine);
    const peers = [(await two.enter('/chat', 'blue'))[0], (await two.enter('/chat', 'blue'))[0]];
    await one.server.container.to('blue').send(new Price(7));
    for (const peer of peers) expect(await peer.receive()).toBe('7 EUR');
    const [ann] = await one.enter('/chat', 'blue');
    await one.server.container.to('blue').send(new Price(8));
    for (const peer of [ann, ...peers]) expect(await peer.receive()).toBe('8 EUR');
    expect(encodings).toEqual(['EUR', 'EUR']);
    expect((await rejection(one.server.container.to('blue').send({ no: 'encoder' }))).name).toBe('EncodeException');
  });

  test('give a session the form of its endpoint, and log where an endpoint has none', async () => {
    const engine = new MemoryBusEngine();
    const events = watchDiagnostics();
    const [one, two] = await nodes(engine);
    two.server.container.addEndpoint(endpoint('/late', priceEncoder('CHF')));
    one.server.container.addEndpoint(endpoint('/dollar', priceEncoder('USD')));
    two.server.container.addEndpoint(endpoint('/dollar', priceEncoder('USD')));
    const [late] = await two.enter('/late', 'blue');
    const [dollar] = await two.enter('/dollar', 'blue');
    await one.server.container.to('blue').send(new Price(7));
    expect(await dollar.receive()).toBe('7 USD');
    expect(await texts(engine, two.server, late)).toEqual([]);
    expect(events).toEqual([{ kind: 'message-undeliverable', endpoint: 'Member' }]);
  });

  test('select users, endpoints, single sessions and all', async () => {
    const engine = new MemoryBusEngine();
    const authenticate = (): { getName(): string } => ({ getName: () => 'ann' });
    const [one, two] = await nodes(engine, { authenticate });
    const [ann, session] = await two.enter('/news');
    const { container } = one.server;
    await container.to({ user: 'ann' }).send('user');
    await container.to({ user: 'bob' }).send('another user');
    await container.to({ endpoint: News }).send('endpoint');
    await container.to({ endpoint: '/chat' }).send('another endpoint');
    await container.to({ session: session.getId() }).send('session');
    await container.toAll().send('all');
    expect(await texts(engine, two.server, ann)).toEqual(['user', 'endpoint', 'session', 'all']);
  });

  test('close, join and leave everywhere, in the order of the calls', async () => {
    const engine = new MemoryBusEngine();
    const [one, two] = await nodes(engine);
    const changes: string[] = [];
    const add = ({ kind, room }: RoomEvent): void => void changes.push(`${kind} ${room}`);
    two.server.container.rooms.on('joined', add).on('left', add);
    const [bob] = await two.enter('/chat', 'blue');
    const { container } = one.server;
    void container.to('blue').join('green', 'red');
    void container.to('red').leave('blue', 'red');
    void container.to('green').send('bye');
    void container.to('green').close(4001, 'logged out');
    expect(await bob.receive()).toBe('bye');
    expect(await bob.closed()).toMatchObject({ code: 4001, reason: 'logged out' });
    expect(changes.join(', ')).toBe('joined blue, joined green, joined red, left blue, left red, left green');
  });

  test('describe the sessions of all nodes that answer in time', async () => {
    const engine = new MemoryBusEngine();
    const events = watchDiagnostics();
    const [one, two] = await nodes(engine, { nodeTimeout: 50 });
    const [, ann] = await one.enter('/chat', 'blue');
    const [, bob] = await two.enter('/chat', 'blue');
    const infos = [ann, bob].map((session, index) => ({
      id: session.getId(),
      user: null,
      node: ['one', 'two'][index],
    }));
    expect(await one.server.container.to('blue').sessions()).toEqual(infos);
    expect(await two.server.container.to(bob).sessions()).toEqual([infos[1]]);
    engine.setFaults({ loss: 1 });
    expect(await one.server.container.to('blue').sessions()).toEqual([infos[0]]);
    expect(events).toEqual([{ kind: 'bus-unanswered', nodes: ['two'] }]);
  });

  test('deliver in order and at most once, and log what the bus lost', async () => {
    const engine = new MemoryBusEngine(3);
    const events = watchDiagnostics();
    const [one, two] = await nodes(engine);
    const [bob] = await two.enter('/news', 'blue');
    const send = (number: number): void => void one.server.container.to('blue').send(number);
    send(0);
    await engine.settled();
    engine.setFaults({ loss: 0.1, repetition: 0.2, reordering: 0.2 });
    for (let number = 1; number <= 200; number += 1) send(number);
    await engine.settled();
    engine.setFaults({});
    send(201);
    const numbers = (await texts(engine, two.server, bob)).map(Number);
    expect(numbers).toEqual([...new Set(numbers)].sort((first, second) => first - second));
    const lost = events.reduce((sum, event) => sum + (event.kind === 'bus-lost' ? event.messages : 0), 0);
    expect(numbers.length + lost).toBe(202);
    expect(lost).toBeGreaterThan(10);
  });

  test('still reach their own sessions when the bus is away, reject with an IOException, and log it', async () => {
    const engine = new MemoryBusEngine();
    const events = watchDiagnostics();
    const [one, two] = await nodes(engine);
    const [ann] = await one.enter('/news', 'blue');
    const [bob] = await two.enter('/news', 'blue');
    await one.server.container.to('blue').send('before');
    await engine.settled();
    engine.cut('one');
    const blue = one.server.container.to('blue');
    for (const call of [blue.send('here'), blue.join('green'), blue.send('and here')])
      expect(await rejection(call)).toMatchObject({
        name: 'IOException',
        message: 'The call did not reach the sessions of other nodes: Node one is cut off from the engine of the bus.',
      });
    void blue.send('not awaited');
    expect(one.server.container.rooms.count('green')).toBe(1);
    engine.reconnect('one');
    await blue.send('everywhere');
    expect(await texts(engine, one.server, ann)).toEqual(['before', 'here', 'and here', 'not awaited', 'everywhere']);
    // The message with which the peers' texts end went to all nodes.
    expect([await bob.receive(), await bob.receive(), await bob.receive()]).toEqual(['before', 'everywhere', '.']);
    expect(events.map(({ kind }) => kind)).toEqual([
      'bus-failed',
      'bus-failed',
      'bus-failed',
      'bus-failed',
      'bus-lost',
    ]);
  });

  test('leave the bus when they stop, and accept no session before it is ready', async () => {
    const engine = new MemoryBusEngine();
    const [one, two] = await nodes(engine);
    await two.server.stop();
    const { missing } = await one.bus.request('serval.sessions', Buffer.from('{}\n'), { timeoutMs: 10_000 });
    expect(missing).toEqual(['two']);
    let ready = (): void => undefined;
    const bus = engine.connect('three');
    const unready = Object.assign(Object.create(bus) as MemoryBus, {
      subscribe: () => ({ ready: new Promise<void>((resolve) => (ready = resolve)), close() {} }),
    });
    const server = new TestServer({ endpoints: [News], bus: unready });
    afterTest(() => server.stop());
    expect(await rejection(server.connect('/news'))).toMatchObject({ status: 503 });
    ready();
    await engine.settled();
    await server.connect('/news');
  });
});
