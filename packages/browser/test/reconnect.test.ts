import { connect, type ConnectOptions, type ReconnectAttempt, type ReconnectOptions, type Session } from '../src';
import { codeOf, Sockets, turns } from './fake-socket';

let sockets: Sockets;

beforeEach(() => {
  jest.useFakeTimers();
  jest.spyOn(Math, 'random').mockReturnValue(0.5);
  sockets = new Sockets();
});
afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

/** Reconnects at once, if the default reconnects at all. */
const SOON: ReconnectOptions = { delay: ({ defaultDelay }) => (defaultDelay === false ? false : 0) };

/** Milliseconds until the next socket is opened. */
async function untilNext(): Promise<number> {
  const [count, start] = [sockets.all.length, Date.now()];
  await turns();
  while (sockets.all.length === count) {
    if (jest.getTimerCount() === 0) throw new Error('no attempt follows');
    await jest.advanceTimersToNextTimerAsync();
  }
  return Date.now() - start;
}

describe('close codes', () => {
  test.each([1001, 1005, 1006, 1011, 1012, 1013, 1014])('reconnects after %d', async (code) => {
    const attempts: number[] = [];
    const client = await sockets.connect({
      reconnect: true,
      onOpen: (_session, { attempt }) => void attempts.push(attempt),
    });
    sockets.last.end(code);
    expect(client.state).toBe('away');
    await untilNext();
    sockets.last.accept();
    await turns();
    expect([client.state, attempts]).toEqual(['open', [0, 1]]);
  });

  test.each([1000, 1002, 1003, 1007, 1008, 1009, 1010, 3000, 4000, 4999])('ends after %d', async (code) => {
    const client = await sockets.connect({ reconnect: true });
    sockets.last.end(code, 'why');
    expect(await client.closed).toMatchObject({ code, reason: 'why' });
    expect([client.state, client.error, jest.getTimerCount()]).toEqual(['closed', undefined, 0]);
  });

  test('ends without the option', async () => {
    const client = await sockets.connect();
    sockets.last.end(1006);
    expect((await client.closed).code).toBe(1006);
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('delays', () => {
  test('are random, and the bound doubles up to maxDelay', async () => {
    await sockets.connect({ reconnect: true });
    sockets.last.end(1006);
    const delays = [await untilNext()];
    for (let attempt = 0; attempt < 6; attempt++) {
      sockets.last.end(1006);
      await turns();
      delays.push(await untilNext());
    }
    // Halfway between 100 and 1000, 2000, 4000 … 30000.
    expect(delays).toEqual([550, 1050, 2050, 4050, 8050, 15_050, 15_050]);
  });

  test('a hidden page waits up to maxDelay from the first attempt on', async () => {
    await asPage({ hidden: true }, async () => {
      await sockets.connect({ reconnect: true });
      sockets.last.end(1006);
      expect(await untilNext()).toBe(15_050);
    });
  });

  test('the count starts again after minUptime only', async () => {
    const attempts: number[] = [];
    await sockets.connect({
      reconnect: { delay: ({ attempt }) => attempts.push(attempt) && 0, minUptime: 1000 },
    });
    for (const uptime of [0, 999, 1000, 0]) {
      await jest.advanceTimersByTimeAsync(uptime);
      sockets.last.end(1006);
      await untilNext();
      sockets.last.accept();
      await turns();
    }
    expect(attempts).toEqual([1, 2, 1, 2]);
  });

  test('maxAttempts ends the connection with the error of the last attempt', async () => {
    const client = await sockets.connect({ reconnect: { maxAttempts: 2 } });
    sockets.last.end(1006);
    for (let attempt = 0; attempt < 2; attempt++) {
      await untilNext();
      sockets.last.end(1006);
    }
    expect((await client.closed).code).toBe(1006);
    expect(client.error).toMatchObject({ code: 'WS_CONNECT_IO' });
  });

  test('a delay function decides, and receives attempt, cause, elapsed and the default', async () => {
    const seen: ReconnectAttempt[] = [];
    const client = await sockets.connect({
      reconnect: {
        async delay(attempt) {
          seen.push(attempt);
          return attempt.attempt < 3 ? 200 : false;
        },
      },
    });
    sockets.last.end(4000, 'moved');
    expect(await untilNext()).toBe(200);
    sockets.last.end(1006);
    await turns();
    expect(await untilNext()).toBe(200);
    sockets.last.end(1006);
    expect((await client.closed).code).toBe(4000);
    expect(seen).toEqual([
      { attempt: 1, cause: expect.objectContaining({ code: 4000 }), elapsed: 0, defaultDelay: false },
      { attempt: 2, cause: expect.objectContaining({ code: 'WS_CONNECT_IO' }), elapsed: 200, defaultDelay: 1050 },
      { attempt: 3, cause: expect.objectContaining({ code: 'WS_CONNECT_IO' }), elapsed: 400, defaultDelay: 2050 },
    ]);
  });

  test.each([[-1], [Number.NaN], ['1'.repeat(3) + 'x']])('a delay function that returns %p ends it', async (delay) => {
    const client = await sockets.connect({ reconnect: { delay: () => delay as number } });
    sockets.last.end(1006);
    await client.closed;
    expect(client.error).toMatchObject({ code: 'WS_DEPLOY_BAD_OPTION' });
  });

  test('an error of the delay function ends the connection', async () => {
    const error = new Error('no more');
    const delay = (): never => {
      throw error;
    };
    const client = await sockets.connect({ reconnect: { delay } });
    sockets.last.end(1006);
    await client.closed;
    expect(client.error).toBe(error);
  });

  test('a delay of more than 31 bits does not fire at once', async () => {
    const client = await sockets.connect({ reconnect: { delay: () => 2 ** 40 } });
    sockets.last.end(1006);
    await jest.advanceTimersByTimeAsync(1_000_000_000);
    expect(sockets.all).toHaveLength(1);
    await client.close();
    await jest.advanceTimersByTimeAsync(1);
    expect([(await client.closed).code, jest.getTimerCount()]).toEqual([1000, 0]);
  });
});

describe('the first connection', () => {
  test('is repeated with retryInitial', async () => {
    const connecting = connect('ws://example.com/', { socket: sockets.open, reconnect: { retryInitial: true } });
    await turns();
    sockets.last.end(1006);
    await untilNext();
    sockets.last.accept();
    expect((await connecting).state).toBe('open');
  });

  test('a signal ends the repetition', async () => {
    const stop = new AbortController();
    const options: ConnectOptions = {
      socket: sockets.open,
      reconnect: { retryInitial: true },
      signal: stop.signal,
    };
    const connecting = connect('ws://example.com/', options);
    await turns();
    sockets.last.end(1006);
    await turns();
    stop.abort(new Error('enough'));
    await expect(connecting).rejects.toThrow('enough');
    await jest.advanceTimersByTimeAsync(1);
    expect([sockets.all.length, jest.getTimerCount()]).toEqual([1, 0]);
  });
});

describe('while away', () => {
  test('sends wait, and leave after those of onOpen, in order', async () => {
    const client = await sockets.connect({
      reconnect: SOON,
      onOpen: (session: Session) => void session.send('login'),
    });
    sockets.last.end(1006);
    await turns();
    const sent = [client.send('one'), client.send(new Uint8Array(2))];
    const settled = jest.fn();
    void sent[0]?.then(settled);
    await untilNext();
    expect(settled).not.toHaveBeenCalled();
    sockets.last.accept();
    await Promise.all(sent);
    expect(sockets.last.sent).toEqual(['login', 'one', new Uint8Array(2)]);
  });

  test('a handler may await a send although its session is lost', async () => {
    const log: string[] = [];
    const client = await sockets.connect({
      reconnect: SOON,
      async onText() {
        await Promise.resolve();
        sockets.all[0]?.end(1006);
        await client.send('answer');
        log.push('handled');
      },
    });
    sockets.last.deliver('question');
    await turns();
    expect(log).toEqual(['handled']);
    await untilNext();
    sockets.last.accept();
    await turns();
    expect(sockets.last.sent).toEqual(['answer']);
  });

  test('the next session waits for onClose of the last one', async () => {
    let settle = (): void => undefined;
    await sockets.connect({ reconnect: SOON, onClose: () => new Promise<void>((resolve) => (settle = resolve)) });
    sockets.last.end(1006);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(sockets.all).toHaveLength(1);
    settle();
    await untilNext();
  });

  test("sends reject with whileAway: 'reject'", async () => {
    const client = await sockets.connect({ reconnect: { whileAway: 'reject' } });
    sockets.last.end(1006);
    expect(await codeOf(client.send('x'))).toBe('WS_IO');
  });

  test('sends reject beyond maxQueuedMessages and maxQueuedBytes, and when the connection ends', async () => {
    const client = await sockets.connect({ reconnect: { maxQueuedMessages: 2, maxQueuedBytes: 10 } });
    sockets.last.end(1006);
    await turns();
    const one = codeOf(client.send('12345'));
    expect(await codeOf(client.send('123456'))).toBe('WS_ILLEGAL_STATE');
    const two = codeOf(client.send('12345'));
    expect(await codeOf(client.send(''))).toBe('WS_ILLEGAL_STATE');
    await client.close();
    expect([await one, await two]).toEqual(['WS_IO', 'WS_IO']);
  });

  test('close ends the delay, and a handshake', async () => {
    const client = await sockets.connect({ reconnect: true });
    sockets.last.end(1006);
    await untilNext();
    await client.close(4001, 'bye');
    expect(sockets.last.closed).toBe('4001 bye');
    expect(await client.closed).toMatchObject({ code: 4001, reason: 'bye' });
    expect([client.error, jest.getTimerCount()]).toEqual([undefined, 0]);
  });

  test('a loop carries on in the next session', async () => {
    const client = await sockets.connect({ reconnect: SOON });
    const loop = client[Symbol.asyncIterator]();
    sockets.last.deliver('one');
    expect((await loop.next()).value).toBe('one');
    sockets.last.end(1006);
    await untilNext();
    sockets.last.accept();
    await turns();
    sockets.last.deliver('two');
    expect((await loop.next()).value).toBe('two');
  });
});

describe('a page', () => {
  test.each(['online', 'visibilitychange', 'pageshow', 'resume'])(
    '%s shortens the delay, to a random one',
    async (type) => {
      await asPage({}, async (page) => {
        const client = await sockets.connect({ reconnect: { initialDelay: 20_000, maxDelay: 20_000 } });
        sockets.last.end(1006);
        await turns();
        await jest.advanceTimersByTimeAsync(9_000);
        jest.spyOn(Math, 'random').mockReturnValue(0);
        page.fire(type);
        expect(await untilNext()).toBe(100);
        await client.close();
        await client.closed;
        expect(page.listeners()).toBe(0);
      });
    },
  );

  test('a hidden page, and one without a network, do not shorten it; nor do they shorten your own delay', async () => {
    await asPage({ hidden: true }, async (page) => {
      await sockets.connect({ reconnect: true });
      sockets.last.end(1006);
      await turns();
      page.fire('visibilitychange');
      expect(await untilNext()).toBe(15_050);
      sockets.last.end(1000);
    });
    sockets = new Sockets();
    await asPage({}, async (page) => {
      await sockets.connect({ reconnect: { delay: () => 60_000 } });
      sockets.last.end(1006);
      await turns();
      page.fire('online');
      expect(await untilNext()).toBe(60_000);
    });
  });

  test('closes with 4001 when it may go into the back-forward cache, and reconnects when it is shown', async () => {
    await asPage({}, async (page) => {
      const ends: number[] = [];
      const client = await sockets.connect({ reconnect: true, onClose: ({ code }) => void ends.push(code) });
      page.fire('pagehide', { persisted: false });
      expect(client.state).toBe('open');
      page.fire('pagehide', { persisted: true });
      await turns();
      expect([client.state, sockets.last.closed?.slice(0, 4), ends]).toEqual(['away', '4001', [1001]]);
      // The browser tells of the close after the page is back.
      sockets.last.end(4001);
      page.fire('pageshow', { persisted: true });
      expect(await untilNext()).toBeLessThanOrEqual(550);
    });
  });

  test('without reconnect the connection stays', async () => {
    await asPage({}, async (page) => {
      const client = await sockets.connect();
      page.fire('pagehide', { persisted: true });
      expect(client.state).toBe('open');
    });
  });
});

describe('a silent server', () => {
  test('ends a session after readIdleTimeout', async () => {
    const ends: string[] = [];
    const client = await sockets.connect({
      readIdleTimeout: 10_000,
      reconnect: true,
      onText: () => undefined,
      onClose: ({ code, wasClean }) => void ends.push(`${code} ${wasClean}`),
    });
    await jest.advanceTimersByTimeAsync(9_000);
    sockets.last.deliver('a sign of life');
    await jest.advanceTimersByTimeAsync(10_500);
    // A late clock lets the page read for a second.
    expect(client.state).toBe('open');
    await jest.advanceTimersByTimeAsync(500);
    expect([client.state, sockets.last.closed?.slice(0, 4), ends]).toEqual(['away', '4006', ['1006 false']]);
  });

  test('gets pingMessage after pingInterval, and any message is an answer', async () => {
    const client = await sockets.connect({
      pingMessage: 'ping',
      pingInterval: 30_000,
      pongTimeout: 5_000,
      reconnect: true,
      onText: () => undefined,
    });
    const { last } = sockets;
    await jest.advanceTimersByTimeAsync(30_000);
    expect(last.sent).toEqual(['ping']);
    last.deliver('pong');
    await jest.advanceTimersByTimeAsync(30_000);
    expect(last.sent).toEqual(['ping', 'ping']);
    await jest.advanceTimersByTimeAsync(4_999);
    expect(client.state).toBe('open');
    await jest.advanceTimersByTimeAsync(1);
    expect(client.state).toBe('away');
  });

  test('gets pingMessage when the page wakes up', async () => {
    await asPage({}, async (page) => {
      const client = await sockets.connect({ pingMessage: 'ping', onText: () => undefined });
      const { last } = sockets;
      await jest.advanceTimersByTimeAsync(3_600_000);
      expect(last.sent).toEqual([]);
      page.fire('resume');
      expect(last.sent).toEqual(['ping']);
      last.deliver('pong');
      await jest.advanceTimersByTimeAsync(3_600_000);
      expect(client.state).toBe('open');
      page.fire('online');
      await jest.advanceTimersByTimeAsync(20_000);
      expect(client.state).toBe('closed');
    });
  });

  test('costs no timer by default', async () => {
    await sockets.connect({ reconnect: true });
    sockets.last.deliver('x');
    expect(jest.getTimerCount()).toBe(0);
  });
});

interface FakePage {
  fire(type: string, properties?: object): void;
  /** The listeners that are left. */
  listeners(): number;
}

/** Runs a test with the globals of a page. */
async function asPage(state: { hidden?: boolean; onLine?: boolean }, run: (page: FakePage) => Promise<void>) {
  const target = new EventTarget();
  let listeners = 0;
  const globals = {
    document: { hidden: state.hidden ?? false },
    navigator: { onLine: state.onLine ?? true },
    addEventListener(type: string, listener: () => void, options: { signal: AbortSignal }) {
      listeners += 1;
      options.signal.addEventListener('abort', () => (listeners -= 1));
      target.addEventListener(type, listener, options);
    },
  };
  const before = Object.getOwnPropertyDescriptors(globalThis) as Readonly<Record<string, PropertyDescriptor>>;
  for (const [name, value] of Object.entries(globals))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  try {
    await run({
      fire: (type, properties) => void target.dispatchEvent(Object.assign(new Event(type), properties)),
      listeners: () => listeners,
    });
  } finally {
    for (const name of Object.keys(globals)) {
      const descriptor = before[name];
      if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
      else Object.defineProperty(globalThis, name, descriptor);
    }
  }
}
