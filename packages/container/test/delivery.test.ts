import {
  CloseReason,
  Endpoint,
  InputStream,
  OnClose,
  OnError,
  OnMessage,
  PongMessage,
  Reader,
  ServerEndpoint,
  Session,
  type MessageHandler,
} from '@serval/api';
import { converse, type Conversation } from '@serval/testing';

async function turns(count = 10): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

async function finish(conversation: Conversation): Promise<void> {
  conversation.peer.close(1000, '');
  await conversation.context.registry.whenEmpty();
}

test('[WSC-4.7-2] converts a text to the primitive that the method declares', async () => {
  const seen: unknown[] = [];
  @ServerEndpoint('/n')
  class Numbers {
    @OnMessage take(value: number): number {
      seen.push(value);
      return value * 2;
    }
    @OnError failed(cause: Error): void {
      seen.push(cause.message);
    }
  }
  const conversation = converse(Numbers);
  for (const text of ['21', '1.5', 'abc', '']) conversation.peer.sendText(text, true);
  expect(await conversation.received.texts(2)).toEqual(['42', '3']);
  await finish(conversation);
  expect(seen).toEqual([
    21,
    1.5,
    expect.stringContaining('cannot be a Number: it is not a number'),
    expect.stringContaining('cannot be a Number: it is not a number'),
  ]);
});

test('[WSC-4.7-3] sends the result of a method: text, primitives, bytes; nothing for null and undefined', async () => {
  @ServerEndpoint('/r')
  class Returns {
    @OnMessage answer(text: string): unknown {
      const answers: Record<string, unknown> = {
        text: 'a text',
        number: 4.5,
        boolean: true,
        bigint: 12345678901234567890n,
        promise: Promise.resolve('later'),
        buffer: Buffer.from([1, 2]),
        uint8: Uint8Array.of(3),
        arrayBuffer: Uint8Array.of(4, 5).buffer,
        view: new DataView(Uint8Array.of(6, 7, 8).buffer, 1, 1),
        null: null,
        nothing: Promise.resolve(undefined),
        empty: '',
      };
      return answers[text];
    }
  }
  const conversation = converse(Returns);
  const asked = 'text number boolean bigint promise buffer uint8 arrayBuffer view null nothing undefined empty'.split(
    ' ',
  );
  for (const name of asked) conversation.peer.sendText(name, true);
  const events = await conversation.received.until(10);
  expect(
    events.map((event) => (event.kind === 'text' ? event.text : event.kind === 'binary' ? event.hex : '')),
  ).toEqual(['a text', '4.5', 'true', '12345678901234567890', 'later', '0102', '03', '0405', '07', '']);
});

test('delivers one message at a time, and pauses the transport while more than one waits', async () => {
  let release: (() => void) | undefined;
  const seen: string[] = [];
  @ServerEndpoint('/slow')
  class Slow {
    @OnMessage async take(text: string): Promise<void> {
      seen.push(text);
      await new Promise<void>((resolve) => (release = resolve));
    }
  }
  const conversation = converse(Slow);
  await conversation.opened;
  for (let message = 0; message < 100; message += 1) conversation.peer.sendText(`message ${message}`, true);
  await turns();
  expect(seen).toEqual(['message 0']);
  // The first message runs, the second waits and has paused the reading; the other 98 are still with the peer.
  expect(conversation.peer.bufferedBytes).toBe(
    Array.from({ length: 98 }, (_, index) => `message ${index + 2}`).join('').length,
  );
  for (let message = 1; message < 100; message += 1) {
    release?.();
    await turns(3);
    expect(seen).toHaveLength(message + 1);
  }
  release?.();
  expect(seen.at(-1)).toBe('message 99');
});

test('a method that returns synchronously delays nothing', async () => {
  const seen: string[] = [];
  @ServerEndpoint('/fast')
  class Fast {
    @OnMessage take(text: string): void {
      seen.push(text);
    }
  }
  const conversation = converse(Fast);
  await conversation.opened;
  conversation.peer.sendText('one', true);
  conversation.peer.sendText('two', true);
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toEqual(['one', 'two']);
});

test("inbound: 'concurrent' runs handlers in parallel, up to its limit", async () => {
  const releases: (() => void)[] = [];
  @ServerEndpoint({ value: '/wide', inbound: 'concurrent' })
  class Wide {
    @OnMessage async take(_text: string): Promise<void> {
      await new Promise<void>((resolve) => releases.push(resolve));
    }
    @OnClose close(): void {
      closed = true;
    }
  }
  let closed = false;
  const conversation = converse(Wide, { inbound: 'concurrent' });
  for (let message = 0; message < 300; message += 1) conversation.peer.sendText('x', true);
  conversation.peer.close(1000, '');
  await turns();
  expect(releases).toHaveLength(256);
  for (let released = 0; released < 300; released += 1) {
    releases[released]?.();
    await turns(1);
  }
  await conversation.context.registry.whenEmpty();
  expect(releases).toHaveLength(300);
  expect(closed).toBe(true);
});

test('delivers parts of text and bytes, and marks the last one', async () => {
  const seen: unknown[] = [];
  @ServerEndpoint('/parts')
  class Parts {
    @OnMessage text(part: string, last: boolean): void {
      seen.push([part, last]);
    }
    @OnMessage bytes(last: boolean, part: Buffer): void {
      seen.push([part.toString('hex'), last]);
    }
  }
  const conversation = converse(Parts, { textBufferSize: 1, binaryBufferSize: 1 });
  conversation.peer.sendText('he', false);
  conversation.peer.sendText('llo', true);
  conversation.peer.sendBinary(Uint8Array.of(1, 2), false);
  conversation.peer.sendBinary(Uint8Array.of(3), true);
  await finish(conversation);
  expect(seen).toEqual([
    ['he', false],
    ['llo', true],
    ['0102', false],
    ['03', true],
  ]);
});

test('a method with a Reader starts at the first part and reads the others as they arrive', async () => {
  const seen: string[] = [];
  @ServerEndpoint('/reader')
  class Lines {
    @OnMessage async read(reader: Reader): Promise<string> {
      seen.push('started');
      for (let line = await reader.readLine(); line !== null; line = await reader.readLine()) seen.push(line);
      return 'read';
    }
  }
  const conversation = converse(Lines);
  conversation.peer.sendText('one\r\ntw', false);
  await turns();
  expect(seen).toEqual(['started', 'one']);
  conversation.peer.sendText('o\n\nlast', false);
  conversation.peer.sendText('', true);
  conversation.peer.sendText('again', true);
  expect(await conversation.received.texts(2)).toEqual(['read', 'read']);
  expect(seen).toEqual(['started', 'one', 'two', '', 'last', 'started', 'again']);
});

test('a slow reader of an InputStream pauses the transport', async () => {
  let proceed: (() => void) | undefined;
  const sizes: number[] = [];
  @ServerEndpoint('/stream')
  class Bytes {
    @OnMessage async read(stream: InputStream): Promise<void> {
      await new Promise<void>((resolve) => (proceed = resolve));
      for await (const chunk of stream) sizes.push(chunk.length);
    }
  }
  const conversation = converse(Bytes);
  const part = new Uint8Array(40_000);
  for (let count = 0; count < 20; count += 1) conversation.peer.sendBinary(part, count === 19);
  await conversation.opened;
  await turns();
  expect(conversation.peer.bufferedBytes).toBe(18 * 40_000);
  proceed?.();
  await finish(conversation);
  expect(sizes).toEqual(Array.from({ length: 20 }, () => 40_000));
});

test('delivers a pong between the parts of a streamed message after the message, and does not block the stream', async () => {
  const seen: string[] = [];
  @ServerEndpoint('/mixed')
  class Mixed {
    @OnMessage async read(reader: Reader): Promise<void> {
      seen.push(await reader.readAll());
    }
    @OnMessage pong(_pong: PongMessage): void {
      seen.push('pong');
    }
  }
  const conversation = converse(Mixed);
  conversation.peer.sendText('a', false);
  await turns();
  for (let count = 0; count < 100; count += 1) conversation.peer.pong(new Uint8Array(0));
  conversation.peer.sendText('b', false);
  await turns();
  conversation.peer.sendText('c', true);
  await finish(conversation);
  // Of a hundred pongs during one message as many as may wait are delivered.
  expect(seen).toEqual(['abc', ...Array.from({ length: 64 }, () => 'pong')]);
});

test('drops the unread rest of a streamed message, and the next message is complete', async () => {
  const seen: (string | null)[] = [];
  @ServerEndpoint('/partly')
  class Partly {
    @OnMessage async read(reader: Reader): Promise<void> {
      seen.push(await reader.read());
    }
  }
  const conversation = converse(Partly);
  conversation.peer.sendText('a1', false);
  await turns();
  conversation.peer.sendText('a2', false);
  conversation.peer.sendText('a3', true);
  conversation.peer.sendText('b1', false);
  conversation.peer.sendText('b2', true);
  await finish(conversation);
  expect(seen).toEqual(['a1', 'b1']);
});

test('a reader fails if the session ends within its message, and @OnClose follows', async () => {
  const seen: string[] = [];
  @ServerEndpoint('/cut')
  class Cut {
    @OnMessage async read(reader: Reader): Promise<void> {
      await reader.readAll();
      seen.push('never');
    }
    @OnError failed(cause: Error): void {
      seen.push(cause.name);
    }
    @OnClose close(): void {
      seen.push('close');
    }
  }
  const conversation = converse(Cut);
  conversation.peer.sendText('begin', false);
  await turns();
  conversation.peer.terminate();
  await conversation.context.registry.whenEmpty();
  expect(seen).toEqual(['IOException', 'close']);
});

describe.each<[string, typeof Reader | typeof InputStream, string | Uint8Array]>([
  ['Reader', Reader, 'half'],
  ['InputStream', InputStream, Uint8Array.of(1, 2)],
])('a stream that begins to be read after the end of its session: %s', (_name, streamType, half) => {
  test.each<[string, (conversation: Conversation) => void, number]>([
    ['the connection is lost', ({ peer }) => peer.terminate(), 1006],
    ['the peer closes in mid-message', ({ peer }) => peer.close(4001, ''), 4001],
  ])('%s: the read rejects, and @OnClose follows', async (_title, end, code) => {
    const lines: string[] = [];
    let release: (() => void) | undefined;
    class Slow extends Endpoint {
      onOpen(session: Session): void {
        session.addMessageHandler(PongMessage, () => new Promise<void>((resolve) => (release = resolve)));
        session.addMessageHandler<Reader | InputStream>(streamType, async (stream) => {
          for (let part = await stream.read(); part !== null; part = await stream.read()) lines.push('part');
          lines.push('whole');
        });
      }
      override onClose(_session: Session, reason: CloseReason): void {
        lines.push(`close ${reason.getCloseCode().getCode()}`);
      }
      override onError(_session: Session, error: Error): void {
        lines.push(error.message);
      }
    }
    const conversation = converse(Slow);
    await conversation.opened;
    conversation.peer.pong(new Uint8Array(0));
    if (typeof half === 'string') conversation.peer.sendText(half, false);
    else conversation.peer.sendBinary(half, false);
    await turns();
    end(conversation);
    await turns();
    release?.();
    await conversation.context.registry.whenEmpty();
    expect(lines).toEqual(['part', 'The session ended in the middle of the message.', `close ${code}`]);
  });
});

test('a read that nobody awaits does not end the process when the session ends', async () => {
  const seen: string[] = [];
  let opened = (): void => undefined;
  const elsewhere = new Promise<void>((resolve) => (opened = resolve));
  @ServerEndpoint('/neglected')
  class Neglected {
    @OnMessage async text(reader: Reader): Promise<void> {
      const all = reader.readAll();
      await elsewhere;
      await all;
    }
    @OnError failed(cause: Error): void {
      seen.push(cause.message);
    }
  }
  const conversation = converse(Neglected);
  conversation.peer.sendText('begin', false);
  await turns();
  const rejections: unknown[] = [];
  const listener = (reason: unknown): void => void rejections.push(reason);
  process.on('unhandledRejection', listener);
  conversation.peer.terminate();
  await turns();
  process.off('unhandledRejection', listener);
  opened();
  await conversation.context.registry.whenEmpty();
  expect(rejections).toEqual([]);
  expect(seen).toEqual([expect.stringContaining('in the middle of the message')]);
});

test.each([true, false])(
  'a read fails after its handler returns, and never returns a part as the whole message (read begun: %s)',
  async (begun) => {
    const seen: unknown[] = [];
    let late: Reader | undefined;
    @ServerEndpoint('/late')
    class Late {
      @OnMessage text(reader: Reader): void {
        late = reader;
        if (begun) void reader.readAll().catch((cause: unknown) => seen.push(cause));
      }
    }
    const conversation = converse(Late);
    conversation.peer.sendText('begin', false);
    await turns();
    if (!begun) await late?.readAll().catch((cause: unknown) => seen.push(cause));
    conversation.peer.sendText('end', true);
    await finish(conversation);
    expect(seen).toEqual([
      expect.objectContaining({ name: 'IOException', message: expect.stringContaining('has returned') }),
    ]);
  },
);

test('readAll accepts at most the session’s buffer size', async () => {
  const seen: string[] = [];
  @ServerEndpoint('/big')
  class Big {
    @OnMessage async read(reader: Reader): Promise<void> {
      await reader.readAll();
    }
    @OnError failed(cause: Error): void {
      seen.push(cause.message);
    }
  }
  const conversation = converse(Big, { textBufferSize: 10 });
  conversation.peer.sendText('0123456789', false);
  conversation.peer.sendText('x', true);
  await finish(conversation);
  expect(seen).toEqual([expect.stringContaining('more than 10 characters')]);
});

test('[WSC-4.7.1-1] closes with 1009 when a message is larger than maxMessageSize, which also raises the session’s limit', async () => {
  const seen: number[] = [];
  @ServerEndpoint('/max')
  class Max {
    @OnMessage({ maxMessageSize: 20 }) take(text: string): void {
      seen.push(text.length);
    }
    @OnMessage({ maxMessageSize: 3 }) bytes(data: Buffer): void {
      seen.push(data.length);
    }
  }
  const conversation = converse(Max, { textBufferSize: 10 });
  conversation.peer.sendText('x'.repeat(20), true);
  conversation.peer.sendBinary(new Uint8Array(3), true);
  conversation.peer.sendBinary(new Uint8Array(4), true);
  expect((await conversation.received.closed()).code).toBe(1009);
  expect(seen).toEqual([20, 3]);
});

test('[WSC-2.2.5-2] delivers a pong to the method that declares PongMessage', async () => {
  @ServerEndpoint('/pong')
  class Pongs {
    @OnMessage pong(message: PongMessage): string {
      return message.getApplicationData().toString('hex');
    }
  }
  const conversation = converse(Pongs);
  conversation.peer.pong(Uint8Array.of(1, 2));
  expect(await conversation.received.texts(1)).toEqual(['0102']);
});

test('drops a message without a handler, and logs this once', async () => {
  const warned: string[] = [];
  @ServerEndpoint('/text-only')
  class TextOnly {
    @OnMessage take(text: string): string {
      return text;
    }
  }
  const conversation = converse(TextOnly, {
    logger: { error: () => undefined, warn: (message) => warned.push(message), debug: () => undefined },
  });
  conversation.peer.sendBinary(Uint8Array.of(1), true);
  conversation.peer.sendBinary(Uint8Array.of(2), true);
  conversation.peer.sendText('still here', true);
  expect(await conversation.received.texts(1)).toEqual(['still here']);
  expect(warned).toEqual(['TextOnly has no handler for binary messages; they are dropped.']);
});

describe('message handlers of a programmatic endpoint', () => {
  class Programmatic extends Endpoint {
    session: Session | undefined;
    onOpen(session: Session): void {
      this.session = session;
    }
  }

  async function open(): Promise<Conversation> {
    const conversation = converse(Programmatic);
    await conversation.opened;
    return conversation;
  }

  test('receive whole messages of their type: functions, objects, with and without a class', async () => {
    const { session, peer } = await open();
    const seen: unknown[] = [];
    const whole: MessageHandler.Whole<Buffer> = {
      onMessage(data) {
        seen.push([this === whole, data.toString('hex')]);
      },
    };
    session.addMessageHandler((text) => seen.push(text));
    session.addMessageHandler(Buffer, whole);
    session.addMessageHandler(PongMessage, (pong) => seen.push(pong.getApplicationData().length));
    peer.sendText('hello', true);
    peer.sendBinary(Uint8Array.of(5), true);
    peer.pong(new Uint8Array(3));
    await turns();
    expect(seen).toEqual(['hello', [true, '05'], 3]);
    expect(session.getMessageHandlers().size).toBe(3);
  });

  test('receive parts when they declare two parameters', async () => {
    const { session, peer } = await open();
    const seen: unknown[] = [];
    session.addMessageHandler(String, (part: string, last: boolean) => seen.push([part, last]));
    peer.sendText('a', false);
    peer.sendText('b', true);
    await turns();
    expect(seen).toEqual([
      ['a', false],
      ['b', true],
    ]);
  });

  test('[WSC-2.1.3-2] are at most one per native type', async () => {
    const { session } = await open();
    const first = (): undefined => undefined;
    session.addMessageHandler(first);
    expect(() => session.addMessageHandler(Reader, () => undefined)).toThrow(/handler for text messages already/);
    session.removeMessageHandler(first);
    session.addMessageHandler(Reader, () => undefined);
    expect(() => session.removeMessageHandler(first)).toThrow(/not registered/);
  });

  test('must be handlers for types that can be delivered', async () => {
    const { session } = await open();
    expect(() => session.addMessageHandler(null as never)).toThrow(/takes a MessageHandler or a function; found null/);
    expect(() => session.addMessageHandler(Date, () => undefined)).toThrow(/no decoder of Programmatic makes a Date/);
    expect(() => session.addMessageHandler(Reader, (_reader: Reader, _last: boolean) => undefined)).toThrow(
      /cannot be received in parts/,
    );
  });

  test('may change within a message: the handler that started it receives all of it', async () => {
    const { session, peer } = await open();
    const seen: unknown[] = [];
    const parts = (part: string, last: boolean): unknown => seen.push(['parts', part, last]);
    session.addMessageHandler(String, parts);
    peer.sendText('a', false);
    await turns();
    session.removeMessageHandler(parts);
    session.addMessageHandler(String, (text) => seen.push(['whole', text]));
    peer.sendText('b', true);
    peer.sendText('c', true);
    await turns();
    expect(seen).toEqual([
      ['parts', 'a', false],
      ['parts', 'b', true],
      ['whole', 'c'],
    ]);
  });

  test('pass their errors to onError, or to the log if the endpoint does not override it', async () => {
    const errors: string[] = [];
    class Fails extends Programmatic {
      override onOpen(session: Session): void {
        session.addMessageHandler(() => {
          throw new Error('no');
        });
      }
      override onError(_session: Session, cause: Error): void {
        errors.push(cause.message);
      }
    }
    const told = converse(Fails);
    told.peer.sendText('x', true);
    await finish(told);
    expect(errors).toEqual(['no']);

    class FailsSilently extends Programmatic {
      override onOpen(session: Session): void {
        session.addMessageHandler(() => Promise.reject(new Error('no')));
      }
    }
    const logged: string[] = [];
    const log = { error: (message: string) => logged.push(message), warn: () => undefined, debug: () => undefined };
    const untold = converse(FailsSilently, { logger: log });
    untold.peer.sendText('x', true);
    await finish(untold);
    expect(logged).toEqual([expect.stringContaining('FailsSilently handles no errors')]);
  });
});

describe('a pong that waits for a streamed message does not delay the end of the session', () => {
  const ends: readonly [string, (conversation: Conversation) => unknown, number][] = [
    ['a close', ({ peer }) => peer.close(4001, ''), 4001],
    ['a lost connection', ({ peer }) => peer.terminate(), 1006],
    ['session.close', ({ session }) => session.close(new CloseReason(4002)), 4002],
    ['a stop', ({ session }) => session.close(new CloseReason(1001)), 1001],
  ];
  describe.each(['serial', 'concurrent'] as const)('%s', (inbound) => {
    test.each(ends.flatMap(([what, end, code]) => [true, false].map((isText) => [what, isText, end, code] as const)))(
      'by %s, text: %p',
      async (_what, isText, end, code) => {
        const seen: string[] = [];
        @ServerEndpoint('/streams')
        class Streams {
          @OnMessage async text(reader: Reader): Promise<void> {
            await reader.readAll();
          }
          @OnMessage async bytes(stream: InputStream): Promise<void> {
            await stream.readAll();
          }
          @OnMessage pong(_pong: PongMessage): void {
            seen.push('pong');
          }
          @OnError failed(cause: Error): void {
            seen.push(cause.message);
          }
          @OnClose closed(reason: CloseReason): void {
            seen.push(`close ${reason.getCloseCode().getCode()}`);
          }
        }
        const conversation = converse(Streams, { inbound });
        if (isText) conversation.peer.sendText('x', false);
        else conversation.peer.sendBinary(Uint8Array.of(1), false);
        conversation.peer.pong(Uint8Array.of(1));
        await turns();
        end(conversation);
        await conversation.context.registry.whenEmpty();
        expect(seen).toContain('The session ended in the middle of the message.');
        expect(seen.at(-1)).toBe(`close ${code}`);
      },
    );
  });
});

test('passes a handler’s rejection to @OnError, even if every access to it throws', async () => {
  const hostile = (): unknown => {
    const refuse = (): never => {
      throw new Error('asked');
    };
    return new Proxy({}, { has: refuse, get: refuse, getPrototypeOf: refuse, getOwnPropertyDescriptor: refuse });
  };
  const seen: string[] = [];
  @ServerEndpoint('/hostile')
  class Hostile {
    @OnMessage fail(text: string): unknown {
      if (text === 'throw') throw hostile();
      return Promise.resolve().then(() => {
        throw hostile();
      });
    }
    @OnError failed(cause: Error): void {
      seen.push(cause.constructor.name);
    }
  }
  const conversation = converse(Hostile);
  void conversation.session.signal;
  conversation.peer.sendText('throw', true);
  conversation.peer.sendText('reject', true);
  await finish(conversation);
  expect(seen).toEqual(['Error', 'Error']);
});
