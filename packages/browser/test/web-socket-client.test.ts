import { connect, type Session } from '../src';
import { codeOf, Sockets, turns } from './fake-socket';

let sockets: Sockets;
let log: string[];

beforeEach(() => {
  jest.useFakeTimers();
  sockets = new Sockets();
  log = [];
});
afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

const note = (line: string): void => void log.push(line);

describe('connect', () => {
  test('resolves once onOpen has settled, and reads no message before', async () => {
    let settle = (): void => undefined;
    const connecting = sockets.connect({
      onOpen: () => new Promise<void>((resolve) => (settle = resolve)),
      onText: note,
    });
    void connecting.then(() => note('connected'));
    await turns();
    sockets.last.deliver('early');
    await turns();
    expect(log).toEqual([]);
    settle();
    const client = await connecting;
    await turns();
    expect(log.sort()).toEqual(['connected', 'early']);
    expect(client.state).toBe('open');
    expect(sockets.last.binaryType).toBe('arraybuffer');
  });

  test('passes the URI of a function and the subprotocols', async () => {
    const connecting = connect(async () => new URL('wss://example.com/a'), {
      socket: sockets.open,
      subprotocols: ['v2', 'v1'],
    });
    await turns();
    expect([sockets.last.url, sockets.last.subprotocols]).toEqual(['wss://example.com/a', ['v2', 'v1']]);
    sockets.last.protocol = 'v1';
    sockets.last.accept();
    expect((await connecting).session?.subprotocol).toBe('v1');
  });

  test('rejects with WS_CONNECT_IO when the socket does not open', async () => {
    const connecting = connect('ws://example.com/', { socket: sockets.open });
    await turns();
    sockets.last.end(1006);
    expect(await codeOf(connecting)).toBe('WS_CONNECT_IO');
    expect(sockets.all).toHaveLength(1);
  });

  test('rejects with WS_CONNECT_TIMEOUT after handshakeTimeout, and closes the socket', async () => {
    const connecting = codeOf(connect('ws://example.com/', { socket: sockets.open, handshakeTimeout: 500 }));
    await jest.advanceTimersByTimeAsync(499);
    expect(sockets.last.closed).toBeUndefined();
    await jest.advanceTimersByTimeAsync(1);
    expect(await connecting).toBe('WS_CONNECT_TIMEOUT');
    expect(sockets.last.closed).toBeDefined();
  });

  test('limits the time of the function that returns the URI, and opens no socket later', async () => {
    let settle = (_uri: string): void => undefined;
    const uri = (): Promise<string> => new Promise((resolve) => (settle = resolve));
    const connecting = codeOf(connect(uri, { socket: sockets.open, handshakeTimeout: 500 }));
    await jest.advanceTimersByTimeAsync(500);
    expect(await connecting).toBe('WS_CONNECT_TIMEOUT');
    settle('ws://example.com/');
    await turns();
    expect(sockets.all).toEqual([]);
  });

  test('rejects with the error of a socket that cannot be created', async () => {
    const socket = (): never => {
      throw new SyntaxError('not a URL');
    };
    await expect(connect('nonsense', { socket })).rejects.toThrow('not a URL');
  });

  test.each([
    [{ headers: { Authorization: 'x' } }, 'headers'],
    [{ pingIntervall: 1 }, 'pingIntervall'],
    [{ reconnect: { maxDealy: 1 } }, 'maxDealy'],
  ])('rejects with WS_DEPLOY_BAD_OPTION for %j', async (options, name) => {
    const connecting = connect('ws://example.com/', { socket: sockets.open, ...options } as object);
    await expect(connecting).rejects.toMatchObject({
      code: 'WS_DEPLOY_BAD_OPTION',
      message: `connect has no option ${name} in a page.`,
    });
    expect(sockets.all).toEqual([]);
  });

  test('a signal that aborts rejects connect with its reason, and closes the socket', async () => {
    const stop = new AbortController();
    const connecting = connect('ws://example.com/', { socket: sockets.open, signal: stop.signal });
    await turns();
    const reason = new Error('enough');
    stop.abort(reason);
    await expect(connecting).rejects.toBe(reason);
    expect(sockets.last.closed).toBe('1000');
    await expect(connect('ws://example.com/', { socket: sockets.open, signal: stop.signal })).rejects.toBe(reason);
    expect(sockets.all).toHaveLength(1);
  });

  test('a signal that aborts later closes the connection', async () => {
    const stop = new AbortController();
    const client = await sockets.connect({ signal: stop.signal, reconnect: true });
    stop.abort();
    expect([client.state, sockets.last.closed]).toEqual(['closed', '1000']);
  });

  test('rejects with the error of onOpen, which onError receives, and closes with 4011', async () => {
    const error = new Error('no');
    const connecting = sockets.connect({
      onOpen() {
        throw error;
      },
      onText: note,
      onError: (thrown) => note(`error ${thrown.message}`),
      onClose: ({ code }) => note(`closed ${code}`),
    });
    await expect(connecting).rejects.toBe(error);
    sockets.last.deliver('late');
    await turns();
    expect(log).toEqual(['error no', 'closed 1011']);
    expect(sockets.last.closed).toBe('4011 onOpen failed');
  });
});

describe('handlers', () => {
  test('run one at a time and in order, and their promises delay the next message', async () => {
    let settle = (): void => undefined;
    await sockets.connect({
      onText(text: string) {
        note(text);
        return text === 'one' ? new Promise<void>((resolve) => (settle = resolve)) : undefined;
      },
      onBinary: (bytes: Uint8Array) => note(`${bytes.constructor.name} ${bytes.join()}`),
      onClose: ({ code, reason, wasClean }) => note(`${code} ${reason} ${wasClean}`),
    });
    const { last } = sockets;
    last.deliver('one');
    last.deliver(new Uint8Array([1, 2]).buffer);
    last.deliver('three');
    last.end(4000, 'bye');
    await turns();
    expect(log).toEqual(['one']);
    settle();
    await turns();
    expect(log).toEqual(['one', 'Uint8Array 1,2', 'three', '4000 bye true']);
  });

  test('onMessage receives the messages that have no other handler', async () => {
    await sockets.connect({ onText: note, onMessage: (bytes: unknown) => note(String(bytes)) });
    sockets.last.deliver('text');
    sockets.last.deliver(new Uint8Array([7]).buffer);
    await turns();
    expect(log).toEqual(['text', '7']);
  });

  test('errors go to onError with the session, and the next message follows', async () => {
    const sessions: Session[] = [];
    const client = await sockets.connect({
      async onText(text: string) {
        if (text === 'bad') throw new Error(text);
        note(text);
      },
      onError(error, session) {
        sessions.push(session);
        note(`error ${error.message}`);
        throw new Error('of onError');
      },
    });
    const logged = jest.spyOn(console, 'error').mockImplementation();
    sockets.last.deliver('bad');
    sockets.last.deliver('good');
    await turns();
    expect(log).toEqual(['error bad', 'good']);
    expect(sessions).toEqual([client.session]);
    expect(logged.mock.calls).toEqual([[new Error('of onError')]]);
  });

  test('errors are logged without onError', async () => {
    const logged = jest.spyOn(console, 'error').mockImplementation();
    await sockets.connect({
      onText() {
        throw JSON.parse('"a string"');
      },
    });
    sockets.last.deliver('x');
    await turns();
    expect(logged.mock.calls).toEqual([[new Error('a string')]]);
  });

  test('a session has data, and a signal that aborts at its end', async () => {
    let session: Session | undefined;
    await sockets.connect({
      onOpen(opened) {
        session = opened;
        opened.data.name = 'Ada';
      },
      onClose: (_reason, { data, signal }) => note(`${String(data.name)} ${signal.aborted}`),
    });
    expect(session?.signal.aborted).toBe(false);
    sockets.last.end(1000);
    await turns();
    expect(log).toEqual(['Ada true']);
  });

  test('more unread bytes than maxUnreadBytes end the session with 1009', async () => {
    const client = await sockets.connect({
      maxUnreadBytes: 10,
      onText: () => new Promise(() => undefined),
      reconnect: true,
    });
    sockets.last.deliver('a message of more than ten characters');
    await turns();
    sockets.last.deliver('12345');
    sockets.last.deliver('67890');
    expect(client.state).toBe('open');
    sockets.last.deliver('!');
    expect(client.state).toBe('away');
    expect(sockets.last.closed).toMatch(/^4009 .*maxUnreadBytes/);
  });
});

describe('for await', () => {
  test('reads text and bytes, and ends with the connection', async () => {
    const client = await sockets.connect();
    sockets.last.deliver('one');
    sockets.last.deliver(new Uint8Array([2]).buffer);
    sockets.last.end(1000);
    for await (const message of client) note(String(message));
    expect(log).toEqual(['one', '2']);
    expect((await client.closed).code).toBe(1000);
  });

  test('a socket that can stop reading waits for the loop', async () => {
    const client = await sockets.connect();
    let isRead = false;
    void (sockets.last.deliver('one') as Promise<void>).then(() => (isRead = true));
    await turns();
    expect(isRead).toBe(false);
    const loop = client[Symbol.asyncIterator]();
    expect(await loop.next()).toEqual({ value: 'one', done: false });
    await turns();
    expect(isRead).toBe(true);
  });

  test('calls of next at once get one message each', async () => {
    const client = await sockets.connect();
    const loop = client[Symbol.asyncIterator]();
    const both = Promise.all([loop.next(), loop.next()]);
    sockets.last.deliver('one');
    sockets.last.deliver('two');
    expect((await both).map(({ value }) => value)).toEqual(['one', 'two']);
  });

  test('leaving the loop closes the connection with 1000', async () => {
    const client = await sockets.connect({ reconnect: true });
    sockets.last.deliver('one');
    for await (const message of client) if (message === 'one') break;
    expect([client.state, sockets.last.closed]).toEqual(['closed', '1000']);
  });

  test('an error in the loop closes the connection', async () => {
    const client = await sockets.connect();
    sockets.last.deliver('one');
    await expect(
      (async () => {
        for await (const message of client) throw new Error(String(message));
      })(),
    ).rejects.toThrow('one');
    expect(client.state).toBe('closed');
  });
});

describe('send', () => {
  test('sends text, and bytes of each kind', async () => {
    const client = await sockets.connect();
    const bytes = new Uint8Array([1, 2, 3]);
    await client.send('text');
    await client.send(bytes);
    await client.send(bytes.buffer);
    await client.session?.send('again');
    expect(sockets.last.sent).toEqual(['text', bytes, bytes.buffer, 'again']);
  });

  test.each([[undefined], [null], [{ an: 'object' }], [5]])('rejects %j without a codec', async (message) => {
    const client = await sockets.connect();
    expect(await codeOf(client.send(message as never))).toBe('WS_ILLEGAL_ARGUMENT');
  });

  test('resolves when at most 64 KiB wait in the browser, and rejects when the connection is lost first', async () => {
    const client = await sockets.connect();
    const { last } = sockets;
    last.bufferedAmount = 65_537;
    const [one, two] = [codeOf(client.send('one')), codeOf(client.send('two'))];
    const settled = jest.fn();
    void one.then(settled);
    await jest.advanceTimersByTimeAsync(1000);
    expect([settled.mock.calls.length, last.sent.length]).toEqual([0, 2]);
    last.bufferedAmount = 65_536;
    await jest.advanceTimersByTimeAsync(20);
    expect([await one, await two]).toEqual(['resolved', 'resolved']);

    last.bufferedAmount = 100_000;
    const lost = codeOf(client.send('three'));
    last.end(1006);
    await jest.advanceTimersByTimeAsync(20);
    expect(await lost).toBe('WS_IO');
    expect(jest.getTimerCount()).toBe(0);
  });

  test('rejects when more than maxQueuedBytes would wait', async () => {
    const client = await sockets.connect({ maxQueuedBytes: 100_000 });
    await client.send('x'.repeat(200_000));
    sockets.last.bufferedAmount = 99_990;
    expect(await codeOf(client.send('12345678901'))).toBe('WS_ILLEGAL_STATE');
    expect(sockets.last.sent).toHaveLength(1);
  });

  test('rejects after the end', async () => {
    const client = await sockets.connect();
    const { session } = client;
    sockets.last.end(1000);
    expect(await codeOf(client.send('late'))).toBe('WS_IO');
    expect(await codeOf(session?.send('late') ?? Promise.resolve())).toBe('WS_IO');
  });
});

describe('codecs', () => {
  interface Said {
    readonly text: string;
  }
  const json = {
    encode: (value: Said) => JSON.stringify(value),
    decode: (data: string) => JSON.parse(data) as Said,
  };

  test('decode and encode values; strings and bytes leave as they are', async () => {
    const client = await sockets.connect({
      codecs: [json],
      onMessage: ({ text }, session) => {
        note(text);
        session.send({ text: text.toUpperCase() });
      },
    });
    sockets.last.deliver('{"text":"hello"}');
    await turns();
    await client.send({ text: 'me' });
    await client.send('raw' as never);
    expect(log).toEqual(['hello']);
    expect(sockets.last.sent).toEqual(['{"text":"HELLO"}', '{"text":"me"}', 'raw']);
  });

  test('a class is instantiated, and takes the messages that it declares', async () => {
    class TextOnly {
      static readonly decodes = { format: 'text', type: undefined };
      encode = json.encode;
      decode = json.decode;
    }
    const client = await sockets.connect({ codecs: [TextOnly] });
    sockets.last.deliver('{"text":"hello"}');
    sockets.last.deliver(new Uint8Array([5]).buffer);
    const loop = client[Symbol.asyncIterator]();
    expect((await loop.next()).value).toEqual({ text: 'hello' });
    expect((await loop.next()).value).toEqual(new Uint8Array([5]));
  });

  test('an asynchronous codec keeps the order in both directions', async () => {
    const delays = [50, 10, 30, 20];
    const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, delays.shift()));
    const slow = {
      async encode(value: Said) {
        await wait();
        if (value.text === 'bad') throw new Error('bad');
        return json.encode(value);
      },
      async decode(data: string) {
        await wait();
        return json.decode(data);
      },
    };
    const client = await sockets.connect({ codecs: [slow], onMessage: ({ text }) => note(text) });
    sockets.last.deliver('{"text":"a"}');
    sockets.last.deliver('{"text":"b"}');
    const bad = codeOf(client.send({ text: 'bad' }));
    client.send({ text: 'c' });
    client.send('d' as never);
    await jest.advanceTimersByTimeAsync(500);
    expect(log).toEqual(['a', 'b']);
    expect(await bad).toBe('Error: bad');
    expect(sockets.last.sent).toEqual(['{"text":"c"}', 'd']);
  });

  test('an error of decode goes to onError, one of encode rejects the send', async () => {
    const broken = {
      encode(): string {
        throw new Error('encode');
      },
      decode(): Said {
        throw new Error('decode');
      },
    };
    const client = await sockets.connect({ codecs: [broken], onError: (error) => note(error.message) });
    sockets.last.deliver('x');
    await turns();
    expect(log).toEqual(['decode']);
    expect(await codeOf(client.send({ text: 'x' }))).toBe('Error: encode');
    expect(client.state).toBe('open');
  });
});

describe('close', () => {
  test('closes with code and phrase, and closed resolves to the reason after onClose', async () => {
    let settle = (): void => undefined;
    const client = await sockets.connect({ onClose: () => new Promise<void>((resolve) => (settle = resolve)) });
    void client.closed.then(() => note('closed'));
    await client.close(4001, 'why');
    expect([client.state, client.session, sockets.last.closed]).toEqual(['closed', undefined, '4001 why']);
    sockets.last.end(4001, 'why');
    await turns();
    expect(log).toEqual([]);
    settle();
    expect(await client.closed).toMatchObject({ code: 4001, reason: 'why', wasClean: true });
    await client.close();
  });

  test('rejects a code that browsers refuse, and the connection stays open', async () => {
    const client = await sockets.connect();
    await expect(client.close(1011)).rejects.toThrow('1011');
    await expect(client.session?.close(1001)).rejects.toThrow('1001');
    expect(client.state).toBe('open');
  });

  test('session.close ends the connection; that of an earlier session does nothing', async () => {
    const sessions: Session[] = [];
    const client = await sockets.connect({
      reconnect: { delay: () => 0 },
      onOpen: (session) => void sessions.push(session),
    });
    sockets.last.end(1006);
    await jest.advanceTimersByTimeAsync(1);
    sockets.last.accept();
    await turns();
    await sessions[0]?.close(4000);
    expect(client.state).toBe('open');
    await sessions[1]?.close(4000);
    expect([client.state, sockets.last.closed]).toEqual(['closed', '4000']);
    sockets.last.end(4000);
    expect((await client.closed).code).toBe(4000);
    expect(sockets.all).toHaveLength(2);
  });

  test('no rejection is unhandled', async () => {
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    const client = await sockets.connect({ reconnect: { whileAway: 'reject' } });
    void client.close(1);
    client.session?.close(1);
    client.send({});
    sockets.last.end(1006);
    client.send('away');
    await client.close();
    client.send('closed');
    await turns();
    jest.useRealTimers();
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});
