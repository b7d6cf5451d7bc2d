import {
  EncodeException,
  Encoder,
  IllegalArgumentException,
  IllegalStateException,
  OnMessage,
  OnOpen,
  ServerEndpoint,
  Session,
  SocketTimeoutException,
  type EncoderClass,
  type SendResult,
  type Writer,
} from '@serval/api';
import { broadcast } from '@serval/container';
import { TestServer, type Peer } from '@serval/testing';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

class Price {
  constructor(readonly value: number) {}
}

/** So many clients of one endpoint, and the sessions that it has for them. */
async function open(
  count: number,
  ...encoders: EncoderClass[]
): Promise<{ peers: Peer[]; sessions: Session[]; first: Session }> {
  const sessions: Session[] = [];

  @ServerEndpoint({ value: '/prices', encoders })
  class Prices {
    @OnOpen open(session: Session): void {
      sessions.push(session);
    }
    @OnMessage ignore(_text: string): void {}
  }

  const server = new TestServer({ endpoints: [Prices] });
  cleanups.push(() => server.stop());
  const peers: Peer[] = [];
  for (let index = 0; index < count; index += 1) peers.push(await server.connect('/prices'));
  const [first] = sessions;
  if (first === undefined) throw new Error('no session');
  return { peers, sessions, first };
}

const received = (peers: readonly Peer[]): Promise<(string | Buffer)[]> =>
  Promise.all(peers.map((peer) => peer.receive()));

test('broadcast reaches every open session of the endpoint, including the sender: text, bytes and primitives', async () => {
  const { peers, first } = await open(3);
  expect(await first.broadcast('up')).toEqual([]);
  expect(await first.broadcast(Uint8Array.of(1, 2))).toEqual([]);
  expect(await first.broadcast(42)).toEqual([]);
  expect(await received(peers)).toEqual(['up', 'up', 'up']);
  expect(await received(peers)).toEqual([1, 2, 3].map(() => Buffer.from([1, 2])));
  expect(await received(peers)).toEqual(['42', '42', '42']);
});

test('broadcast reaches only the listed sessions', async () => {
  const { peers, sessions, first } = await open(3);
  const [, second, third] = sessions;
  await first.broadcast(
    'for two',
    [second, third].flatMap((session) => session ?? []),
  );
  await first.broadcast('for all');
  expect(await received(peers)).toEqual(['for all', 'for two', 'for two']);
  expect(await received(peers.slice(1))).toEqual(['for all', 'for all']);
});

test('broadcast encodes an object once, with text, binary and stream encoders', async () => {
  let encodings = 0;
  class PriceEncoder implements Encoder.Text<Price> {
    static readonly encodes = Encoder.text(Price);
    encode(price: Price): string {
      encodings += 1;
      return `price ${price.value}`;
    }
  }
  class DateEncoder implements Encoder.TextStream<Date> {
    static readonly encodes = Encoder.textStream(Date);
    async encode(date: Date, writer: Writer): Promise<void> {
      encodings += 1;
      await writer.write('year ');
      await writer.flush();
      await writer.write(String(date.getUTCFullYear()));
    }
  }
  class Silence implements Encoder.TextStream<RegExp> {
    static readonly encodes = Encoder.textStream(RegExp);
    encode(): void {}
  }
  const { peers, first } = await open(2, PriceEncoder, DateEncoder, Silence);
  await first.broadcast(new Price(7));
  await first.broadcast(/nothing/);
  await first.broadcast(new Date(0));
  expect(await received(peers)).toEqual(['price 7', 'price 7']);
  expect(await received(peers)).toEqual(['year 1970', 'year 1970']);
  expect(encodings).toBe(2);
});

test('broadcast keeps the order of the calls, however long an encoder takes', async () => {
  const release: (() => void)[] = [];
  class SlowEncoder implements Encoder.Text<Price> {
    static readonly encodes = Encoder.text(Price);
    async encode(price: Price): Promise<string> {
      if (price.value === 1) await new Promise<void>((resolve) => release.push(resolve));
      return `price ${price.value}`;
    }
  }
  const { peers, first } = await open(2, SlowEncoder);
  void first.broadcast('before');
  const sending = [first.broadcast(new Price(1)), first.broadcast(new Price(2)), first.broadcast('behind')];
  release[0]?.();
  expect(await Promise.all(sending)).toEqual([[], [], []]);
  void first.broadcast('at once');
  void first.getBasicRemote().sendText('and this');
  for (const text of ['before', 'price 1', 'price 2', 'behind', 'at once'])
    expect(await received(peers)).toEqual([text, text]);
  expect(await peers[0]?.receive()).toBe('and this');
});

test('broadcast counts a closed session as one failure, and the others receive the message', async () => {
  const { peers, sessions, first } = await open(3);
  const [, second, third] = sessions;
  await second?.close();
  const failures = await first.broadcast(
    'up',
    [first, second, third].flatMap((session) => session ?? []),
  );
  expect(failures?.map((failure: SendResult) => [failure.getSession(), failure.isOK()])).toEqual([[second, false]]);
  expect(failures?.[0]?.getException()?.message).toMatch(/closed/);
  expect(await received([peers[0], peers[2]].flatMap((peer) => peer ?? []))).toEqual(['up', 'up']);
});

test('broadcast rejects for a value that cannot be sent, and sends nothing, also when nobody awaits it', async () => {
  class Failing implements Encoder.Text<Price> {
    static readonly encodes = Encoder.text(Price);
    encode(price: Price): string | Promise<string> {
      if (price.value === 1) throw new Error('no price');
      return Promise.reject(new Error('no price yet'));
    }
  }
  const { peers, first } = await open(2, Failing);
  await expect(first.broadcast(new Price(1))).rejects.toThrow('no price');
  await expect(first.broadcast(new Price(2))).rejects.toThrow('no price yet');
  await expect(first.broadcast(null as never)).rejects.toThrow(IllegalArgumentException);
  await expect(first.broadcast(Symbol('no encoder') as never)).rejects.toThrow(EncodeException);
  void first.broadcast(new Price(1));
  void first.broadcast(new Price(2));
  await first.broadcast('all is well');
  expect(await received(peers)).toEqual(['all is well', 'all is well']);
});

test('broadcast fails on a closed session', async () => {
  const { peers, first } = await open(1);
  void peers[0]?.close();
  await first.close();
  while (first.isOpen() === true) await new Promise((resolve) => setImmediate(resolve));
  await expect(first.broadcast('up')).rejects.toThrow(IllegalStateException);
});

describe('without a session in hand', () => {
  test('a message reaches the listed sessions, also of several endpoints', async () => {
    const [blue, red] = [await open(2), await open(1)];
    expect(await broadcast('both', [...blue.sessions, ...red.sessions])).toEqual([]);
    expect(await received([...blue.peers, ...red.peers])).toEqual(['both', 'both', 'both']);
    expect(await broadcast('nobody', [])).toEqual([]);
  });

  test('encodes an object once for each endpoint, with its encoders', async () => {
    const encodings: string[] = [];
    const encoder = (unit: string): EncoderClass =>
      class implements Encoder.Text<Price> {
        static readonly encodes = Encoder.text(Price);
        encode(price: Price): string {
          encodings.push(unit);
          return `${price.value} ${unit}`;
        }
      };
    const [blue, red] = [await open(2, encoder('EUR')), await open(2, encoder('CHF'))];
    expect(await broadcast(new Price(3), [...blue.sessions, ...red.sessions])).toEqual([]);
    expect(await received([...blue.peers, ...red.peers])).toEqual(['3 EUR', '3 EUR', '3 CHF', '3 CHF']);
    expect(encodings).toEqual(['EUR', 'CHF']);
    await expect(broadcast({}, blue.sessions)).rejects.toBeInstanceOf(EncodeException);
  });

  test('counts a closed session as a failure, also if none is open', async () => {
    const { peers, sessions, first } = await open(2);
    await peers[0]?.close(1000);
    const failed = async (to: Session[]): Promise<unknown[]> =>
      (await broadcast('late', to)).map((result) => [result.getSession(), result.getException()?.name]);
    expect(await failed(sessions)).toEqual([[first, 'IllegalStateException']]);
    expect(await received(peers.slice(1))).toEqual(['late']);
    expect(await failed([first])).toEqual([[first, 'IllegalStateException']]);
  });

  test('rejects, and does not throw, if the argument is not a list of sessions', async () => {
    await expect(broadcast('hello', null as never)).rejects.toThrow(
      'broadcast takes sessions, as an array, a Set or another iterable; found null.',
    );
    await expect(broadcast('hello', [1] as never)).rejects.toThrow(/; found 1 among them\.$/);
  });

  test('keeps its order among other sends', async () => {
    const { peers, sessions, first } = await open(1);
    void first.getAsyncRemote().sendText('before');
    void broadcast('between', sessions);
    void first.getAsyncRemote().sendText('after');
    expect([await received(peers), await received(peers), await received(peers)].flat()).toEqual([
      'before',
      'between',
      'after',
    ]);
  });
});

describe('with an encoder that never settles', () => {
  let stuck: (() => void) | undefined;
  class Stuck implements Encoder.Text<Price> {
    static readonly encodes = Encoder.text(Price);
    encode(): Promise<string> {
      return new Promise((resolve) => (stuck = () => resolve('at last')));
    }
  }

  async function openWith(options: object): Promise<{ peers: Peer[]; first: Session }> {
    const sessions: Session[] = [];
    @ServerEndpoint({ value: '/stuck', encoders: [Stuck] })
    class Prices {
      @OnOpen open(session: Session): void {
        sessions.push(session);
      }
    }
    const server = new TestServer({ endpoints: [Prices], ...options });
    cleanups.push(() => server.stop());
    const peers = [await server.connect('/stuck')];
    return { peers, first: sessions[0]! };
  }

  test('a broadcast waits at most blockingSendTimeout, and later ones continue', async () => {
    const { peers, first } = await openWith({ blockingSendTimeout: 50 });
    const lost = first.broadcast(new Price(1));
    const next = first.broadcast('next');
    await expect(lost).rejects.toBeInstanceOf(SocketTimeoutException);
    expect(await next).toEqual([]);
    expect(await received(peers)).toEqual(['next']);
  });

  test('at most maxQueuedMessages broadcasts wait', async () => {
    const { peers, first } = await openWith({ blockingSendTimeout: -1, maxQueuedMessages: 2 });
    const waiting = [first.broadcast(new Price(1)), first.broadcast('second')];
    await expect(first.broadcast('third')).rejects.toThrow(/2 broadcasts of this endpoint wait .*maxQueuedMessages/);
    stuck?.();
    expect(await Promise.all(waiting)).toEqual([[], []]);
    expect(await received(peers)).toEqual(['at last']);
    expect(await received(peers)).toEqual(['second']);
  });
});
