import {
  CloseReason,
  Endpoint,
  IllegalStateException,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  PathParam,
  PongMessage,
  ServerEndpoint,
  Session,
  type EndpointConfig,
} from '@serval/api';
import { converse } from '@serval/testing';
import { passTime, stopClock, turn } from '../../testing/test/toolbox';

/** A promise to be settled by the test. */
function deferred<T = void>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

const quiet = { logger: { error: () => undefined, warn: () => undefined, debug: () => undefined } };

@ServerEndpoint('/log')
class Log {
  readonly lines: string[] = [];
  gate: Promise<void> | undefined;

  @OnOpen async open(session: Session): Promise<void> {
    this.lines.push('open');
    await this.gate;
    this.lines.push(`opened ${session.isOpen()}`);
  }
  @OnMessage async say(text: string): Promise<void> {
    this.lines.push(`say ${text}`);
    await Promise.resolve();
    this.lines.push(`said ${text}`);
  }
  @OnClose close(session: Session, reason: CloseReason): void {
    this.lines.push(`close ${reason.getCloseCode().getCode()} ${reason.getReasonPhrase()} ${session.isOpen()}`);
  }
  @OnError error(cause: Error): void {
    this.lines.push(`error ${cause.message}`);
  }
}

async function ended(conversation: ReturnType<typeof converse>): Promise<void> {
  await conversation.context.registry.whenEmpty();
}

test('[WSC-5.1-3] delivers messages after @OnOpen settles, including those that arrived earlier', async () => {
  const gate = deferred();
  const instance = new Log();
  instance.gate = gate.promise;
  const conversation = converse(Log, { instance });
  conversation.peer.sendText('early', true);
  await new Promise((resolve) => setImmediate(resolve));
  expect(instance.lines).toEqual(['open']);
  gate.resolve();
  conversation.peer.sendText('later', true);
  conversation.peer.close(1000, '');
  await ended(conversation);
  expect(instance.lines).toEqual([
    'open',
    'opened true',
    'say early',
    'said early',
    'say later',
    'said later',
    'close 1000  true',
  ]);
});

test('[WSC-2.1.5-1] calls @OnClose once, with the reason of the peer', async () => {
  const conversation = converse(Log);
  conversation.peer.close(4001, 'bye');
  await ended(conversation);
  expect((conversation.endpoint as Log).lines).toEqual(['open', 'opened true', 'close 4001 bye true']);
  expect(await conversation.received.closed()).toEqual({ code: 4001, reason: 'bye' });
});

test('calls @OnClose once, with the local reason, when this side closes the session', async () => {
  const conversation = converse(Log);
  await conversation.opened;
  await conversation.session.close(new CloseReason(4002, 'kicked'));
  await conversation.session.close(new CloseReason(4003, 'too late'));
  await ended(conversation);
  expect((conversation.endpoint as Log).lines.slice(2)).toEqual(['close 4002 kicked true']);
  expect(await conversation.received.closed()).toEqual({ code: 4002, reason: 'kicked' });
});

test('calls @OnClose with 1006, and not @OnError, when the connection ends without a close frame', async () => {
  const conversation = converse(Log);
  await conversation.opened;
  conversation.peer.terminate();
  await ended(conversation);
  expect((conversation.endpoint as Log).lines.slice(2)).toEqual(['close 1006  true']);
});

test('[WSC-5.1-2] @OnClose waits for the running handler', async () => {
  const gate = deferred();
  const lines: string[] = [];
  @ServerEndpoint('/slow')
  class Slow {
    @OnMessage async say(text: string): Promise<void> {
      lines.push(`say ${text}`);
      await gate.promise;
      lines.push(`said ${text}`);
    }
    @OnClose close(): void {
      lines.push('close');
    }
  }
  const conversation = converse(Slow);
  conversation.peer.sendText('one', true);
  conversation.peer.sendText('two', true);
  conversation.peer.close(1000, '');
  await conversation.opened;
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(lines).toEqual(['say one']);
  gate.resolve();
  await ended(conversation);
  expect(lines).toEqual(['say one', 'said one', 'say two', 'said two', 'close']);
});

test('a session that closes itself receives no more messages', async () => {
  const lines: string[] = [];
  @ServerEndpoint('/once')
  class Once {
    @OnMessage say(text: string, session: Session): void {
      lines.push(text);
      void session.close();
      lines.push(`open ${session.isOpen()}`);
    }
    @OnClose close(): void {
      lines.push('close');
    }
  }
  const conversation = converse(Once);
  conversation.peer.sendText('one', true);
  conversation.peer.sendText('two', true);
  await ended(conversation);
  expect(lines).toEqual(['one', 'open true', 'close']);
});

test('an error in @OnOpen goes to @OnError and closes with 1011', async () => {
  const lines: string[] = [];
  @ServerEndpoint('/bad')
  class Bad {
    @OnOpen async open(): Promise<void> {
      throw new Error('no');
    }
    @OnMessage say(text: string): void {
      lines.push(text);
    }
    @OnError error(cause: Error): void {
      lines.push(`error ${cause.message}`);
    }
    @OnClose close(reason: CloseReason): void {
      lines.push(`close ${reason.getCloseCode().getCode()}`);
    }
  }
  const conversation = converse(Bad);
  conversation.peer.sendText('hello', true);
  await ended(conversation);
  expect(lines).toEqual(['error no', 'close 1011']);
  expect((await conversation.received.closed()).code).toBe(1011);
});

test('[WSC-4.5-3] an error in @OnClose goes to @OnError', async () => {
  const lines: string[] = [];
  @ServerEndpoint('/bad')
  class Bad {
    @OnClose close(): Promise<void> {
      return Promise.reject(new Error('no'));
    }
    @OnError error(cause: Error, session: Session): void {
      lines.push(`${cause.message} ${session.isOpen()}`);
    }
  }
  const conversation = converse(Bad);
  conversation.peer.close(1000, '');
  await ended(conversation);
  expect(lines).toEqual(['no true']);
});

test('a closed session supports close, isOpen and getId; every other method throws', async () => {
  const conversation = converse(Log);
  conversation.peer.close(1000, '');
  await ended(conversation);
  const { session } = conversation;
  expect(session.isOpen()).toBe(false);
  expect(session.getId()).toMatch(/^[0-9a-f]{32}$/);
  await session.close();
  const others: (() => unknown)[] = [
    () => session.getContainer(),
    () => session.addMessageHandler(() => undefined),
    () => session.getMessageHandlers(),
    () => session.removeMessageHandler(() => undefined),
    () => session.getProtocolVersion(),
    () => session.getNegotiatedSubprotocol(),
    () => session.getNegotiatedExtensions(),
    () => session.isSecure(),
    () => session.getMaxIdleTimeout(),
    () => session.setMaxIdleTimeout(1),
    () => session.setMaxBinaryMessageBufferSize(1),
    () => session.getMaxBinaryMessageBufferSize(),
    () => session.setMaxTextMessageBufferSize(1),
    () => session.getMaxTextMessageBufferSize(),
    () => session.getAsyncRemote(),
    () => session.getBasicRemote(),
    () => session.getRequestURI(),
    () => session.getRequestParameterMap(),
    () => session.getQueryString(),
    () => session.getPathParameters(),
    () => session.getUserProperties(),
    () => session.getUserPrincipal(),
    () => session.getOpenSessions(),
    () => session.getRemoteAddress(),
  ];
  for (const call of others) expect(call).toThrow(IllegalStateException);
});

test('[WSC-2.1.2-2] user properties start as a copy of the endpoint’s, and are available until @OnClose returns', async () => {
  let seen: unknown;
  class Props extends Endpoint {
    onOpen(session: Session, config: EndpointConfig): void {
      config.getUserProperties().set('from', 'config');
      session.getUserProperties().set('mine', 1);
    }
    override onClose(session: Session): void {
      seen = Object.fromEntries(session.getUserProperties());
    }
  }
  const conversation = converse(Props);
  conversation.peer.close(1000, '');
  await ended(conversation);
  expect(seen).toEqual({ from: 'config', mine: 1 });
});

test('getOpenSessions contains this session from @OnOpen on, and the endpoint’s other open sessions', async () => {
  const seen: number[] = [];
  @ServerEndpoint('/count/{name}')
  class Count {
    @OnOpen open(session: Session, @PathParam('name') name: string): void {
      seen.push(session.getOpenSessions().size);
      expect(session.getOpenSessions().has(session)).toBe(true);
      expect(name).toBe('x');
    }
    @OnClose close(session: Session): void {
      seen.push(session.getOpenSessions().size);
    }
  }
  const first = converse(Count, { pathParameters: { name: 'x' } });
  const second = converse(Count, { joining: first, pathParameters: { name: 'x' } });
  await Promise.all([first.opened, second.opened]);
  second.peer.close(1000, '');
  await second.received.closed();
  first.peer.close(1000, '');
  await ended(first);
  expect(seen).toEqual([1, 2, 1, 0]);
});

test('an idle session closes with 1001 on the wire and 1006 for @OnClose; traffic keeps it open', async () => {
  stopClock();
  const conversation = converse(Log, { maxSessionIdleTimeout: 60 });
  await conversation.opened;
  for (let beat = 0; beat < 5; beat += 1) {
    await passTime(25);
    conversation.peer.sendText('beat', true);
    await turn();
  }
  expect(conversation.session.isOpen()).toBe(true);
  await passTime(100);
  await ended(conversation);
  expect((await conversation.received.closed()).code).toBe(1001);
  expect((conversation.endpoint as Log).lines.at(-1)).toMatch(/^close 1006 The session’s idle timeout has passed/);
});

test('an idle timeout set at run time takes effect, and 0 disables it', async () => {
  stopClock();
  const conversation = converse(Log, { maxSessionIdleTimeout: 30 });
  await conversation.opened;
  conversation.session.setMaxIdleTimeout(0);
  await passTime(80);
  expect(conversation.session.isOpen()).toBe(true);
  conversation.session.setMaxIdleTimeout(20);
  await passTime(80);
  await ended(conversation);
  expect((await conversation.received.closed()).code).toBe(1001);
});

test('drops a peer that never answers the close frame after sessionCloseTimeout', async () => {
  const conversation = converse(Log, { sessionCloseTimeout: 40 });
  await conversation.opened;
  conversation.peer.pause();
  await conversation.session.close();
  await ended(conversation);
  expect((conversation.endpoint as Log).lines.at(-1)).toBe('close 1000  true');
});

test('a close code that may not be sent reaches @OnClose unchanged and the peer as 1002', async () => {
  const conversation = converse(Log);
  await conversation.opened;
  await conversation.session.close(new CloseReason(1006, 'made up'));
  await ended(conversation);
  expect((conversation.endpoint as Log).lines.at(-1)).toBe('close 1006 made up true');
  expect((await conversation.received.closed()).code).toBe(1002);
});

test('logs and publishes an error without @OnError; the process and the session continue', async () => {
  const logged: unknown[][] = [];
  @ServerEndpoint('/none')
  class None {
    @OnMessage say(text: string): string {
      if (text === 'fail') throw new Error('unheard');
      return text;
    }
  }
  const conversation = converse(None, { logger: { ...quiet.logger, error: (...line) => logged.push(line) } });
  conversation.peer.sendText('fail', true);
  conversation.peer.sendText('fine', true);
  expect(await conversation.received.texts(1)).toEqual(['fine']);
  expect(logged).toHaveLength(1);
  expect(String(logged[0]?.[0])).toContain('None handles no errors');
  expect(logged[0]?.[1]).toMatchObject({ message: 'unheard' });
});

test('[WSC-5.2.2-4] logs an error that @OnError throws or rejects with', async () => {
  const logged: string[] = [];
  @ServerEndpoint('/twice')
  class Twice {
    @OnMessage say(): never {
      throw new Error('first');
    }
    @OnError async error(): Promise<void> {
      throw new Error('second');
    }
  }
  Reflect.defineMetadata('design:paramtypes', [String], Twice.prototype, 'say');
  Reflect.defineMetadata('design:paramtypes', [Error], Twice.prototype, 'error');
  const conversation = converse(Twice, {
    logger: { ...quiet.logger, error: (message, error) => logged.push(`${message} ${String(error)}`) },
  });
  conversation.peer.sendText('x', true);
  conversation.peer.close(1000, '');
  await ended(conversation);
  expect(logged).toEqual([expect.stringContaining('Error: second')]);
});

test.each([
  [
    'synchronously',
    (thrown: unknown): never => {
      throw thrown;
    },
  ],
  ['later', (thrown: unknown): Promise<never> => Promise.reject(thrown as Error)],
])('a handler may throw any value %s, even one that cannot become a string', async (_when, fail) => {
  const causes: unknown[] = [];
  class Hostile extends Endpoint {
    onOpen(session: Session): void {
      session.addMessageHandler(() => fail(Object.create(null)));
      session.addMessageHandler(Buffer, () => fail({ [Symbol.toPrimitive]: () => JSON.parse('not even JSON') }));
      session.addMessageHandler(PongMessage, () => fail(undefined));
    }
    override onError(_session: Session, cause: Error): void {
      causes.push(cause.message);
    }
  }
  const conversation = converse(Hostile);
  conversation.peer.sendText('x', true);
  conversation.peer.sendBinary(Uint8Array.of(1), true);
  conversation.peer.pong(Uint8Array.of(1));
  conversation.peer.close(1000, '');
  await ended(conversation);
  expect(causes).toEqual([
    'something that is not an Error was thrown: object',
    'something that is not an Error was thrown: object',
    'something that is not an Error was thrown: undefined',
  ]);
});

test('a handler may throw a value that is not an Error', async () => {
  const seen: Error[] = [];
  @ServerEndpoint('/odd')
  class Odd {
    @OnMessage say(_text: string): void {
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      throw 'a string';
    }
    @OnError error(cause: Error): void {
      seen.push(cause);
    }
  }
  const conversation = converse(Odd);
  conversation.peer.sendText('x', true);
  conversation.peer.close(1000, '');
  await ended(conversation);
  expect(seen[0]).toBeInstanceOf(Error);
  expect(seen[0]?.cause).toBe('a string');
});
