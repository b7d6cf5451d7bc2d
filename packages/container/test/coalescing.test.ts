import { Encoder, OnOpen, ServerEndpoint, Session, type OutgoingMessage, type SendOptions } from '@serval/api';
import { broadcast } from '@serval/container';
import { MemoryBusEngine, TestServer, type Peer, type TestServerOptions } from '@serval/testing';
import { afterTest, Inbox, rejection, silent, turn } from '../../testing/test/toolbox';

class Price {
  constructor(
    readonly of: string,
    readonly value: number,
  ) {}
}

class PriceEncoder implements Encoder.Text<Price> {
  static readonly encodes = Encoder.text(Price);
  encode({ of, value }: Price): string {
    return `${of} ${value}`;
  }
}

class SlowPriceEncoder implements Encoder.Text<Price> {
  static readonly encodes = Encoder.text(Price);
  async encode({ of, value }: Price): Promise<string> {
    await Promise.resolve();
    return `${of} ${value}`;
  }
}

let opened: Inbox<Session>;
beforeEach(() => (opened = new Inbox()));

@ServerEndpoint({ value: '/prices', encoders: [PriceEncoder] })
class Prices {
  @OnOpen open(session: Session): void {
    session.join('prices');
    opened.add(session);
  }
}

@ServerEndpoint({ value: '/slow', encoders: [SlowPriceEncoder] })
class SlowPrices extends Prices {}

const LARGE = '#'.repeat(40_000);

/** A session whose peer takes nothing: two large messages are on the way, and others wait behind them. */
async function stalled(path: string, options: TestServerOptions = {}) {
  const server = new TestServer({ endpoints: [Prices, SlowPrices], logger: silent, ...options });
  afterTest(() => server.container.stop({ grace: 1 }));
  await server.container.ready;
  const peer = await server.connect(path);
  const session = await opened.next();
  peer.pause();
  for (let count = 0; count < 3; count += 1) session.send(LARGE);
  return { server, peer, session };
}

async function received(peer: Peer, count: number): Promise<string[]> {
  peer.resume();
  const messages: string[] = [];
  while (messages.length < count) {
    const message = String(await peer.receive());
    if (message !== LARGE) messages.push(message);
  }
  return messages;
}

type Send = (message: OutgoingMessage, options: SendOptions, session: Session, server: TestServer) => unknown;

test.each<[string, Send]>([
  ['session.send', (message, options, session) => session.send(message, options)],
  ['session.broadcast', (message, options, session) => session.broadcast(message, undefined, options)],
  ['broadcast', (message, options, session) => broadcast(message, [session], options)],
  ['a selection', (message, options, _session, { container }) => container.to('prices').send(message, options)],
])('%s with coalesce: a slow receiver gets the latest message of each key', async (_name, send) => {
  const { server, peer, session } = await stalled('/prices');
  for (let value = 1; value <= 100; value += 1) {
    void send(new Price('tea', value), { coalesce: 'tea' }, session, server);
    void send(`milk ${value}`, { coalesce: 'milk' }, session, server);
  }
  session.send('end');
  expect(await received(peer, 3)).toEqual(['tea 100', 'milk 100', 'end']);
});

test('messages of an encoder that takes time replace each other too', async () => {
  const { peer, session } = await stalled('/slow');
  const sends = Array.from({ length: 100 }, (_none, index) =>
    session.send(new Price('tea', index + 1), { coalesce: 'tea' }),
  );
  const end = session.send('end');
  await turn();
  expect(await received(peer, 2)).toEqual(['tea 100', 'end']);
  await Promise.all([...sends, end]);
});

test('a receiver that keeps up gets every message', async () => {
  const server = new TestServer({ endpoints: [Prices], logger: silent });
  afterTest(() => server.container.stop({ grace: 1 }));
  const peer = await server.connect('/prices');
  const session = await opened.next();
  for (let value = 1; value <= 3; value += 1) session.send(String(value), { coalesce: 'tea' });
  expect([await peer.receive(), await peer.receive(), await peer.receive()]).toEqual(['1', '2', '3']);
});

test('a selection replaces messages in the sessions of other nodes too', async () => {
  const engine = new MemoryBusEngine();
  const here = await stalled('/prices', { bus: engine.connect('a') });
  const there = await stalled('/prices', { bus: engine.connect('b') });
  await engine.settled();
  for (let value = 1; value <= 100; value += 1)
    void here.server.container.to('prices').send(new Price('tea', value), { coalesce: 'tea' });
  void here.server.container.to('prices').send('end');
  await engine.settled();
  expect(await received(here.peer, 2)).toEqual(['tea 100', 'end']);
  expect(await received(there.peer, 2)).toEqual(['tea 100', 'end']);
});

describe('a newer message that is larger', () => {
  const bounds = (queueOverflow: TestServerOptions['queueOverflow']): TestServerOptions => ({
    maxQueuedBytes: 150_000,
    queueOverflow,
  });
  const outcome = (sending: PromiseLike<unknown>): Promise<string> =>
    Promise.resolve(sending).then(
      () => 'sent',
      (error: Error) => error.name,
    );
  const lengths = (messages: readonly string[]): number[] => messages.map(({ length }) => length);
  // Two are with the transport, and the third one waits: 120,000 bytes.

  test('with drop-oldest, others make room for it, the oldest first', async () => {
    const { peer, session } = await stalled('/prices', bounds('drop-oldest'));
    const first = outcome(session.send('tea', { coalesce: 'tea' }));
    const other = outcome(session.send('b'.repeat(20_000)));
    const second = outcome(session.send('t'.repeat(25_000), { coalesce: 'tea' }));
    expect(lengths(await received(peer, 2))).toEqual([25_000, 20_000]);
    expect(await Promise.all([first, other, second])).toEqual(['sent', 'sent', 'sent']);
  });

  test('with drop-oldest, the message that it replaces is not dropped for it', async () => {
    const { peer, session } = await stalled('/prices', bounds('drop-oldest'));
    const first = outcome(session.send('tea', { coalesce: 'tea' }));
    const other = outcome(session.send('milk'));
    const second = outcome(session.send('t'.repeat(75_000), { coalesce: 'tea' }));
    expect(lengths(await received(peer, 1))).toEqual([75_000]);
    expect(await Promise.all([first, other, second])).toEqual(['sent', 'SendDroppedException', 'sent']);
  });

  test.each(['drop-oldest', 'drop-newest', 'reject'] as const)(
    'with %s, one that never fits rejects, and all others stay',
    async (queueOverflow) => {
      const { peer, session } = await stalled('/prices', bounds(queueOverflow));
      const first = outcome(session.send('tea', { coalesce: 'tea' }));
      const other = outcome(session.send('milk'));
      const second = outcome(session.send('t'.repeat(150_001), { coalesce: 'tea' }));
      session.send('end');
      expect(await received(peer, 3)).toEqual(['tea', 'milk', 'end']);
      expect(await Promise.all([first, other, second])).toEqual([
        'sent',
        'sent',
        queueOverflow === 'reject' ? 'IllegalStateException' : 'SendDroppedException',
      ]);
    },
  );
});

test.each<[unknown, string]>([
  [{ coalesce: '' }, 'coalesce is a string that is not empty; found "".'],
  [{ coalesce: 5 }, 'coalesce is a string that is not empty; found 5.'],
  [{ coalese: 'tea' }, 'coalese is not an option of send; it takes coalesce.'],
  ['tea', 'send takes an object of options, such as { coalesce: key }; found a string.'],
])('send rejects the options %j', async (options, message) => {
  const { server, session } = await stalled('/prices');
  expect(await rejection(session.send('tea 1', options as SendOptions))).toMatchObject({ message });
  expect(await rejection(server.container.toAll().send('tea 1', options as SendOptions))).toMatchObject({ message });
});
