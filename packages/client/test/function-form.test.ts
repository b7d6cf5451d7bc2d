import { getEventListeners } from 'node:events';
import {
  ClientEndpointConfig,
  CloseReason,
  Decoder,
  Encoder,
  Endpoint,
  IllegalArgumentException,
  IllegalStateException,
  IOException,
  type Session,
} from '@serval/api';
import { acceptValue as accept } from '@serval/protocol';
import { connect, ClientContainer, type WebSocketClient, type ConnectOptions } from '../src';
import { LiteralServer } from './literal-server';
import { PeerServer } from './peer-server';
import { afterTest, Gate, Inbox, rejection, silent } from '../../testing/test/toolbox';

async function open(uri: string, options: ConnectOptions = {}): Promise<WebSocketClient> {
  const connection = await connect(uri, { logger: silent, sessionCloseTimeout: 200, ioTimeout: 60_000, ...options });
  afterTest(() => connection.close());
  return connection;
}

function codeOf(reason: CloseReason): number {
  return reason.getCloseCode().getCode();
}

describe('handlers', () => {
  test('appear as connect in the log, with and without onError', async () => {
    const server = await LiteralServer.start((request) => {
      const head = [
        'HTTP/1.1 101 Switching Protocols',
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Accept: ${accept(request.headers.get('sec-websocket-key') ?? '')}`,
        '\r\n',
      ].join('\r\n');
      return Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from([0x82, 1, 1, 0x88, 2, 0x0f, 0xa0])]); // binary 01, close 4000
    });
    const warnings: string[] = [];
    const logger = { ...silent, warn: (message: string) => void warnings.push(message) };
    for (const handlers of [{}, { onError() {} }]) {
      const connection = await open(server.url(), { logger, onText() {}, ...handlers });
      await connection.closed;
    }
    const dropped = 'connect has no handler for binary messages; they are dropped.';
    expect(warnings).toEqual([dropped, dropped]);
  });

  test('are registered before the first byte, and run in order, each after the previous one settles', async () => {
    const server = await LiteralServer.start((request) => {
      const head = [
        'HTTP/1.1 101 Switching Protocols',
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Accept: ${accept(request.headers.get('sec-websocket-key') ?? '')}`,
        '\r\n',
      ].join('\r\n');
      // Text "a", binary 01, text "b", pong "p", close 4000, all with the answer.
      const frames = [0x81, 1, 0x61, 0x82, 1, 1, 0x81, 1, 0x62, 0x8a, 1, 0x70, 0x88, 2, 0x0f, 0xa0];
      return Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(frames)]);
    });
    const heard: string[] = [];
    const opening = new Gate();
    const sessions = new Set<Session>();
    const slow = async (what: string, session: Session): Promise<string> => {
      sessions.add(session);
      heard.push(`${what} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      heard.push(`${what} ends`);
      return 'not sent';
    };
    const connecting = open(server.url(), {
      async onOpen(session, { attempt }) {
        await opening.promise;
        await slow(`open ${attempt}`, session);
      },
      onText: slow,
      onBinary: (bytes, session) => slow(bytes.toString('hex'), session),
      onPong: (pong, session) => slow(`pong ${Buffer.from(pong.getApplicationData()).toString()}`, session),
      onClose: (reason, session) => slow(reason.toString(), session),
    });
    while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(heard).toEqual([]);
    opening.open();
    const connection = await connecting;
    expect(codeOf(await connection.closed)).toBe(4000);
    const order = ['open 0', 'a', '01', 'b', 'pong p', 'CloseReason[4000]'];
    expect(heard).toEqual(order.flatMap((what) => [`${what} begins`, `${what} ends`]));
    expect(sessions.size).toBe(1);
    expect(connection.state).toBe('closed');
    expect(connection.session).toBeUndefined();
  });

  test('pass their errors to onError, and the session stays open', async () => {
    const server = await PeerServer.start();
    const errors = new Inbox();
    await open(server.url, {
      onText(text) {
        throw new Error(text);
      },
      onBinary: (bytes) => Promise.reject(new Error(bytes.toString('hex'))),
      onError: (error, session) => errors.add(`${error.message} ${session.isOpen()}`),
    });
    const { socket } = await server.clients.next();
    socket.send('one');
    socket.send(Buffer.from([2]));
    socket.send('three');
    expect([await errors.next(), await errors.next(), await errors.next()]).toEqual([
      'one true',
      '02 true',
      'three true',
    ]);
  });

  test('log their errors without onError', async () => {
    const server = await PeerServer.start();
    const log = new Inbox();
    await open(server.url, {
      logger: { ...silent, error: (message: string, error: Error) => log.add(`${message} ${error.message}`) },
      onText() {
        throw new Error('unheard');
      },
    });
    (await server.clients.next()).socket.send('x');
    expect(await log.next()).toMatch(/handles no errors .* raised: unheard$/);
  });

  test('reject the connect and close with 1011 when onOpen fails', async () => {
    const server = await PeerServer.start();
    const heard = new Inbox();
    const error = await rejection(
      open(server.url, {
        onOpen: () => Promise.reject(new Error('no')),
        onError: ({ message }) => heard.add(message),
        onClose: (reason) => heard.add(reason.toString()),
      }),
    );
    expect(error.code).toBe('WS_CONNECT_ENDPOINT');
    expect(heard.all).toEqual(['no', 'CloseReason[1011,the endpoint could not open]']);
    expect(await (await server.clients.next()).closed).toBe(1011);
  });
});

class Price {
  constructor(readonly value: number) {}
}
class PriceCodec implements Encoder.Text<Price>, Decoder.Text<Price> {
  static readonly encodes = Encoder.text(Price);
  static readonly decodes = Decoder.text(Price);
  encode(price: Price) {
    return JSON.stringify(price);
  }
  decode(text: string) {
    return new Price((JSON.parse(text) as Price).value);
  }
}

describe('send', () => {
  test('sends text, bytes and encoded objects in call order', async () => {
    const server = await PeerServer.start();
    const connection = await open(server.url, { encoders: [PriceCodec] });
    const sent = [
      connection.send('text'),
      connection.send(Buffer.from([1])),
      connection.send(new Uint8Array([2]).buffer),
      connection.send(new DataView(new Uint8Array([3]).buffer)),
      connection.send(new Price(4)),
      connection.send(5),
    ];
    await Promise.all(sent);
    const { received } = await server.clients.next();
    for (const expected of ['text', '01', '02', '03', '{"value":4}', '5']) expect(await received.next()).toBe(expected);
  });

  test('rejects invalid messages, without an unhandled rejection if not awaited', async () => {
    const server = await PeerServer.start();
    const connection = await open(server.url);
    expect(await rejection(connection.send(null as never))).toBeInstanceOf(IllegalArgumentException);
    expect(await rejection(connection.close(17))).toBeInstanceOf(IllegalArgumentException);
    void connection.send(undefined as never);
    void connection.close(1000, 'x'.repeat(124));
    expect(connection.state).toBe('open');
    expect((await rejection(connection.send({}))).code).toBe('WS_ENCODE');
    await connection.close();
    expect(await rejection(connection.send('late'))).toBeInstanceOf(IOException);
    await connection.closed;
    // Not awaiting it causes no unhandled rejection either.
    void connection.send('later');
  });

  test('handlers that onOpen registers receive decoded messages', async () => {
    const server = await PeerServer.start();
    const prices = new Inbox<number>();
    await open(server.url, {
      decoders: [PriceCodec],
      onOpen: (session) => session.addMessageHandler(Price, ({ value }) => prices.add(value)),
    });
    (await server.clients.next()).socket.send('{"value":7}');
    expect(await prices.next()).toBe(7);
  });
});

describe('onMessage', () => {
  test('receives the objects of the decoders', async () => {
    const server = await PeerServer.start();
    const prices = new Inbox<number>();
    const client = await connect(server.url, {
      decoders: [PriceCodec],
      onMessage: (price) => prices.add(price.value),
    });
    afterTest(() => client.close());
    (await server.clients.next()).socket.send('{"value":7}');
    expect(await prices.next()).toBe(7);
  });

  test('receives text and bytes without decoders, except those that have a handler', async () => {
    const server = await PeerServer.start();
    const [heard, rest] = [new Inbox(), new Inbox()];
    await open(server.url, { onMessage: (message) => heard.add(String(message)) });
    await open(server.url, { onText: (text) => heard.add(text), onMessage: (bytes) => rest.add(String(bytes)) });
    const [first, second] = [await server.clients.next(), await server.clients.next()];
    first.socket.send('text');
    first.socket.send(Buffer.from('bytes'));
    expect([await heard.next(), await heard.next()]).toEqual(['text', 'bytes']);
    second.socket.send('text');
    second.socket.send(Buffer.from('bytes'));
    expect([await heard.next(), await rest.next()]).toEqual(['text', 'bytes']);
  });

  test('beside onText and onBinary rejects, because it would receive nothing', async () => {
    const nothing = (): void => undefined;
    const options = { onText: nothing, onBinary: nothing, onMessage: nothing };
    expect(await rejection(connect('ws://127.0.0.1:1', options))).toMatchObject({
      code: 'WS_DEPLOY_DUPLICATE_HANDLER',
      message: expect.stringContaining('onMessage receives nothing'),
    });
  });
});

describe('the end', () => {
  test('by the server resolves closed with its reason', async () => {
    const server = await PeerServer.start();
    const connection = await open(server.url, { onText: () => undefined });
    expect(connection.state).toBe('open');
    expect(connection.session?.isOpen()).toBe(true);
    (await server.clients.next()).socket.close(4001, 'enough');
    const reason = await connection.closed;
    expect([codeOf(reason), reason.getReasonPhrase()]).toEqual([4001, 'enough']);
    expect([connection.state, connection.error]).toEqual(['closed', undefined]);
  });

  test('by close sends the close frame after earlier messages', async () => {
    const server = await PeerServer.start();
    const connection = await open(server.url);
    void connection.send('last');
    await connection.close(4002, 'bye');
    expect(connection.state).toBe('closed');
    const client = await server.clients.next();
    expect([await client.received.next(), await client.closed]).toEqual(['last', 4002]);
    expect((await connection.closed).toString()).toBe('CloseReason[4002,bye]');
    // A second one does nothing.
    await connection.close(4003);
  });

  test('by close accepts a CloseReason', async () => {
    const server = await PeerServer.start();
    const connection = await open(server.url);
    await connection.close(new CloseReason(4004));
    expect(codeOf(await connection.closed)).toBe(4004);
  });
});

describe('for await', () => {
  test('receives text as string and binary as Buffer, in order, and ends with the connection', async () => {
    const server = await PeerServer.start();
    const connection = await open(server.url);
    const { socket } = await server.clients.next();
    socket.send('one');
    socket.send(Buffer.from([2]));
    socket.send('three');
    socket.close(1000);
    const got: unknown[] = [];
    for await (const message of connection) got.push(message);
    expect(got).toEqual(['one', Buffer.from([2]), 'three']);
    expect(codeOf(await connection.closed)).toBe(1000);
    expect(await connection[Symbol.asyncIterator]().next()).toEqual({ value: undefined, done: true });
  });

  test('closes the connection when the program leaves the loop', async () => {
    const server = await PeerServer.start();
    const connection = await open(server.url);
    const client = await server.clients.next();
    client.socket.send('one');
    client.socket.send('two');
    for await (const message of connection) {
      expect(message).toBe('one');
      break;
    }
    expect(codeOf(await connection.closed)).toBe(1000);
    expect(await client.closed).toBe(1000);
  });

  test('ends when the connection closes while a message waits', async () => {
    const server = await PeerServer.start();
    const connection = await open(server.url);
    const { socket } = await server.clients.next();
    const messages = connection[Symbol.asyncIterator]();
    socket.send('one');
    expect(await messages.next()).toEqual({ value: 'one', done: false });
    const [second, third] = [messages.next(), messages.next()];
    socket.send('two');
    expect(await second).toEqual({ value: 'two', done: false });
    void connection.close();
    expect(await third).toEqual({ value: undefined, done: true });
    await connection.closed;
  });

  test('reads from the socket only as far as the loop needs', async () => {
    const count = 64;
    const server = await PeerServer.start();
    const connection = await open(server.url, { binaryBufferSize: 2 ** 20 });
    const { socket } = await server.clients.next();
    for (let index = 0; index < count; index++) socket.send(Buffer.alloc(2 ** 20, index));
    const messages = connection[Symbol.asyncIterator]();
    const first = await messages.next();
    expect(first.value?.[0]).toBe(0);
    // Another connection of the same process completes many round trips while the first one waits.
    const other = await open(server.url);
    const { socket: otherSocket, received } = await server.clients.next();
    const answers = other[Symbol.asyncIterator]();
    for (let turn = 0; turn < 200; turn++) {
      void other.send('ping');
      await received.next();
      otherSocket.send('pong');
      await answers.next();
    }
    expect(socket.bufferedAmount).toBeGreaterThan(30 * 2 ** 20);
    for (let index = 1; index < count; index++) {
      const { value } = await messages.next();
      expect([value?.[0], value?.length]).toEqual([index, 2 ** 20]);
    }
  });

  test('throws if handlers or an endpoint receive the messages', async () => {
    const server = await PeerServer.start();
    const connection = await open(server.url, { onText: () => undefined });
    expect(() => connection[Symbol.asyncIterator]()).toThrow(IllegalStateException);
    class Nothing extends Endpoint {
      override onOpen() {}
    }
    const config = ClientEndpointConfig.Builder.create().preferredSubprotocols(['v1']).build();
    const other = await open(server.url, { endpoint: Nothing, config });
    expect(() => other[Symbol.asyncIterator]()).toThrow(/leave out onText, onBinary, onMessage and endpoint/);
    await server.clients.next();
    expect((await server.clients.next()).request.headers['sec-websocket-protocol']).toBe('v1');
  });

  test('receives nothing if onOpen registers its own handlers', async () => {
    const server = await PeerServer.start();
    const own = new Inbox();
    const connection = await open(server.url, {
      onOpen: (session) => session.addMessageHandler(String, (text) => own.add(text)),
    });
    const { socket } = await server.clients.next();
    socket.send('one');
    expect(await own.next()).toBe('one');
    socket.close(1000);
    expect(await connection[Symbol.asyncIterator]().next()).toEqual({ value: undefined, done: true });
  });
});

describe('options', () => {
  test('of a client container work by name', async () => {
    const server = await PeerServer.start();
    const connection = await open(server.url, { logger: silent, textBufferSize: 10 });
    expect(connection.session?.getMaxTextMessageBufferSize()).toBe(10);
  });

  test('default to the provider’s container, or use the given one', async () => {
    const server = await PeerServer.start();
    const [one, other] = [await connect(server.url), await connect(server.url)];
    afterTest(() => Promise.all([one.close(), other.close()]));
    expect(one.session?.getContainer()).toBe(other.session?.getContainer());
    const container = new ClientContainer({ logger: silent });
    const third = await connect(server.url, { container });
    afterTest(() => third.close());
    expect(third.session?.getContainer()).toBe(container);
  });

  test('of the configuration reach the handshake and the session', async () => {
    const server = await PeerServer.start({ handleProtocols: () => 'v2' });
    class Late extends ClientEndpointConfig.Configurator {
      override beforeRequest(headers: Map<string, string[]>) {
        headers.set('X-Late', [`${headers.get('X-Early')?.join()} and late`]);
      }
    }
    const connection = await open(server.url, {
      subprotocols: ['v1', 'v2'],
      headers: { Authorization: 'Bearer 4711', 'X-Early': ['a', 'b'] },
      configurator: new Late(),
      userProperties: { room: 'tea' },
    });
    const { request } = await server.clients.next();
    expect(request.headers).toMatchObject({
      authorization: 'Bearer 4711',
      'x-early': 'a, b',
      'x-late': 'a,b and late',
      'sec-websocket-protocol': 'v1, v2',
    });
    expect(connection.session?.getNegotiatedSubprotocol()).toBe('v2');
    expect(connection.session?.getUserProperties().get('room')).toBe('tea');
  });

  const container = new ClientContainer({ logger: silent });
  test.each<[message: RegExp, options: object]>([
    [/onText is a function/, { onText: 'x' }],
    [/signal is an AbortSignal/, { signal: {} }],
    [/reconnect is true, false or an object/, { reconnect: 'yes' }],
    [/reconnect.minDelay is a number of milliseconds/, { reconnect: { minDelay: -1 } }],
    [/reconnect.minDelay is no longer than maxDelay/, { reconnect: { minDelay: 40_000 } }],
    [/reconnect.maxAttempts is a whole number from 1/, { reconnect: { maxAttempts: 0 } }],
    [/reconnect.maxQueuedBytes is a whole number/, { reconnect: { maxQueuedBytes: 0.5 } }],
    [/reconnect.whileAway is 'queue' or 'reject'/, { reconnect: { whileAway: 'drop' } }],
    [/reconnect.delay is a function/, { reconnect: { delay: 5 } }],
    [/reconnect.retryInitial is true or false/, { reconnect: { retryInitial: 1 } }],
    [/did you mean maxDelay/, { reconnect: { maxDelays: 5 } }],
    [/headers is an object/, { headers: 'x' }],
    [/container is a ClientContainer/, { container: {} }],
    [/textBufferSize is an option of a container\. Pass it to the container/, { container, textBufferSize: 5 }],
    [/onTxt is not an option of connect; did you mean onText\?/, { container, onTxt: 5 }],
    [/onTxt is not an option of connect; did you mean onText\?/, { onTxt: 5 }],
    [/an endpoint or onText, not both; write a method/, { endpoint: class {}, onText() {} }],
    [/an endpoint or subprotocols, not both; set it in config/, { endpoint: class {}, subprotocols: [] }],
    [/Nothing is not a client endpoint/, { endpoint: class Nothing {} }],
  ])('one that breaks %s is rejected before any request', async (message, options) => {
    const error = await rejection(connect('ws://127.0.0.1:1/', options));
    expect(error.message).toMatch(message);
    expect(error.code).toMatch(/^WS_DEPLOY_/);
  });
});

describe('signal', () => {
  test('rejects with its reason if it is already aborted', async () => {
    const reason = new Error('never mind');
    expect(await rejection(connect('ws://127.0.0.1:1/', { signal: AbortSignal.abort(reason) }))).toBe(reason);
  });

  test('ends an unanswered handshake and leaves no connection', async () => {
    const server = await LiteralServer.start(() => undefined);
    const controller = new AbortController();
    const connecting = open(server.url(), { signal: controller.signal });
    while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    expect((await rejection(connecting)).name).toBe('AbortError');
    await server.deserted();
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  test('ends a wait for the headers', async () => {
    const server = await LiteralServer.start();
    const controller = new AbortController();
    const connecting = open(server.url(), {
      signal: controller.signal,
      headers() {
        setImmediate(() => controller.abort());
        return new Promise(() => undefined);
      },
    });
    expect((await rejection(connecting)).name).toBe('AbortError');
    expect(server.requests).toEqual([]);
  });

  test('ends a connect whose configurator aborts it', async () => {
    const server = await LiteralServer.start(() => undefined);
    const controller = new AbortController();
    class Aborting extends ClientEndpointConfig.Configurator {
      override beforeRequest() {
        controller.abort();
      }
    }
    const connecting = open(server.url(), { signal: controller.signal, configurator: new Aborting() });
    expect((await rejection(connecting)).name).toBe('AbortError');
    // It would wait for a pending request.
    await new Promise((resolve) => setImmediate(resolve));
    await server.deserted();
    expect(server.requests).toEqual([]);
  });

  test('ends an onOpen that never settles', async () => {
    const server = await PeerServer.start();
    const controller = new AbortController();
    const connecting = open(server.url, {
      signal: controller.signal,
      onOpen() {
        setImmediate(() => controller.abort());
        return new Promise(() => undefined);
      },
    });
    expect((await rejection(connecting)).name).toBe('AbortError');
    expect(await (await server.clients.next()).closed).toBe(1000);
  });

  test('closes an open connection', async () => {
    const server = await PeerServer.start();
    const controller = new AbortController();
    const connection = await open(server.url, { signal: controller.signal });
    controller.abort();
    expect(codeOf(await connection.closed)).toBe(1000);
    expect(await (await server.clients.next()).closed).toBe(1000);
  });

  test('has no listener left after the connection ends', async () => {
    const server = await PeerServer.start();
    const { signal } = new AbortController();
    const connection = await open(server.url, { signal });
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await connection.close();
    await connection.closed;
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await rejection(open('ws://127.0.0.1:1/', { signal }));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
