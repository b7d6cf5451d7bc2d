import {
  Encoder,
  Endpoint,
  IllegalStateException,
  IOException,
  OnError,
  OnMessage,
  SendDroppedException,
  ServerEndpoint,
  Session,
  type CloseReason,
  type RemoteEndpoint,
  type Writer,
} from '@serval/api';
import { converse, type Conversation, type ConversationOptions } from '@serval/testing';
import { Gate, passTime, stopClock } from '../../testing/test/toolbox';

class Sender extends Endpoint {
  closed: number | undefined;
  onOpen(): void {}
  override onClose(_session: Session, reason: CloseReason): void {
    this.closed = reason.getCloseCode().getCode();
  }
}

type Open = Conversation & { basic: RemoteEndpoint.Basic; async: RemoteEndpoint.Async };

async function open(options: ConversationOptions = {}): Promise<Open> {
  const conversation = converse(Sender, options);
  await conversation.opened;
  const { session } = conversation;
  return { ...conversation, basic: session.getBasicRemote(), async: session.getAsyncRemote() };
}

/** A connection whose peer does not read and has one message in flight, so that the next ones queue. */
async function openBlocked(options: ConversationOptions): Promise<Open> {
  const conversation = await open({ ...options, blockingSendTimeout: -1 });
  conversation.peer.pause();
  void conversation.basic.sendText('#'.repeat(60_000));
  void conversation.basic.sendText('*'.repeat(60_000));
  return conversation;
}

/** The messages that the peer received, without the two of openBlocked. */
async function queued({ received }: Open, count: number): Promise<string[]> {
  return (await received.texts(count + 2)).slice(2);
}

async function outcomes(...sendings: readonly Promise<void>[]): Promise<string[]> {
  const settled = await Promise.allSettled(sendings);
  return settled.map((result) => (result.status === 'fulfilled' ? 'sent' : (result.reason as Error).name));
}

describe('the bound on waiting messages', () => {
  test("queueOverflow 'close' ends the session with the configured code", async () => {
    const conversation = await openBlocked({ maxQueuedMessages: 2, queueOverflowCloseCode: 4008 });
    const { basic, context, endpoint } = conversation;
    const sendings = ['1', '2', '3'].map((text) => basic.sendText(text));
    expect(await outcomes(...sendings)).toEqual(['IOException', 'IOException', 'IOException']);
    await context.registry.whenEmpty();
    expect((endpoint as Sender).closed).toBe(4008);
  });

  test("queueOverflow 'drop-oldest' drops the oldest waiting message, and keeps the order of the others", async () => {
    const conversation = await openBlocked({ maxQueuedMessages: 2, queueOverflow: 'drop-oldest' });
    const sendings = ['1', '2', '3', '4'].map((text) => conversation.basic.sendText(text));
    conversation.peer.resume();
    expect(await queued(conversation, 2)).toEqual(['3', '4']);
    expect(await outcomes(...sendings)).toEqual(['SendDroppedException', 'SendDroppedException', 'sent', 'sent']);
  });

  test("queueOverflow 'drop-newest' drops the new message", async () => {
    const conversation = await openBlocked({ maxQueuedMessages: 2, queueOverflow: 'drop-newest' });
    const sendings = ['1', '2', '3', '4'].map((text) => conversation.basic.sendText(text));
    conversation.peer.resume();
    expect(await queued(conversation, 2)).toEqual(['1', '2']);
    expect(await outcomes(...sendings)).toEqual(['sent', 'sent', 'SendDroppedException', 'SendDroppedException']);
  });

  test("queueOverflow 'reject' rejects the new send, and the session and the queue stay open", async () => {
    const conversation = await openBlocked({ maxQueuedMessages: 1, queueOverflow: 'reject' });
    const sendings = ['1', '2'].map((text) => conversation.basic.sendText(text));
    conversation.peer.resume();
    expect(await outcomes(...sendings)).toEqual(['sent', 'IllegalStateException']);
    await conversation.basic.sendText('3');
    expect(await queued(conversation, 2)).toEqual(['1', '3']);
  });

  test('counts bytes too, and drops as many messages as necessary', async () => {
    const conversation = await openBlocked({ maxQueuedBytes: 130_000, queueOverflow: 'drop-oldest' });
    const sendings = ['a'.repeat(3000), 'b'.repeat(3000), 'c'.repeat(3000), 'd'.repeat(5000)].map((text) =>
      conversation.basic.sendText(text),
    );
    conversation.peer.resume();
    expect((await queued(conversation, 2)).map((text) => text[0])).toEqual(['c', 'd']);
    expect(await outcomes(...sendings)).toEqual(['SendDroppedException', 'SendDroppedException', 'sent', 'sent']);
  });

  describe.each(['close', 'drop-oldest', 'drop-newest', 'reject'] as const)("queueOverflow '%s'", (queueOverflow) => {
    type Parts = (remotes: Open) => Promise<void>[];
    const ways: { [way: string]: Parts } = {
      'sendText in parts': ({ basic }) => [basic.sendText('first', false), basic.sendText('last', true)],
      'sendBinary in parts': ({ basic }) => [
        basic.sendBinary(Uint8Array.of(1), false),
        basic.sendBinary(Uint8Array.of(2), true),
      ],
      'parts with a ping between them': ({ basic }) => [
        basic.sendText('first', false),
        basic.sendPing(),
        basic.sendText('last', true),
      ],
      'a first part that does not fit': ({ basic }) => [basic.sendText('z'.repeat(20_000_000), false)],
      'a writer': ({ basic }) => {
        const writer = basic.getSendWriter();
        return [writer.write('x'.repeat(8192)), writer.write('y'.repeat(8192)), writer.close()];
      },
      'a stream': ({ basic }) => {
        const stream = basic.getSendStream();
        return [stream.write(new Uint8Array(8192)), stream.flush(), stream.write(new Uint8Array(8192)), stream.close()];
      },
      'a batch': ({ basic }) => {
        void basic.setBatchingAllowed(true);
        return [basic.sendText('first', false), basic.sendText('last', true), basic.flushBatch()];
      },
      'a stream encoder': ({ basic }) => [basic.sendObject(new Date())],
    };

    class InParts implements Encoder.TextStream<Date> {
      static readonly encodes = Encoder.textStream(Date);
      encode(_date: Date, writer: Writer): void {
        for (let part = 0; part < 3; part += 1) void writer.write('z'.repeat(8192));
      }
    }

    test.each(Object.keys(ways))('never leaves a message unfinished: the session ends after %s', async (way) => {
      const conversation = await openBlocked({
        maxQueuedMessages: 1,
        queueOverflow,
        queueOverflowCloseCode: 4008,
        encoders: [InParts],
      });
      conversation.received.textRule = conversation.received.binaryRule = { inParts: true, maxBytes: 0 };
      const settled = await Promise.allSettled(ways[way]?.(conversation) ?? []);
      expect(settled.filter(({ status }) => status === 'rejected')).not.toEqual([]);
      void conversation.basic.sendText('glued').catch(() => undefined);
      conversation.peer.resume();
      await conversation.context.registry.whenEmpty();
      expect((conversation.endpoint as Sender).closed).toBe(4008);
      expect(conversation.received.events).not.toContainEqual(expect.objectContaining({ text: 'glued' }));
    });
  });

  test.each([1, 10, 1000, 65_535, 65_536])(
    "queueOverflow 'drop-oldest' with maxQueuedBytes %d: the last message arrives",
    async (maxQueuedBytes) => {
      const conversation = await openBlocked({ maxQueuedBytes, queueOverflow: 'drop-oldest' });
      const sendings = ['1', '2', '3', 'the last one'].map((text) => conversation.basic.sendText(text));
      conversation.peer.resume();
      await sendings.at(-1);
      expect(await queued(conversation, 1)).toEqual(['the last one']);
      expect(await outcomes(...sendings)).toEqual([...Array(3).fill('SendDroppedException'), 'sent']);
    },
  );

  test('applies to messages that wait for an encoder too', async () => {
    const encoding = new Gate<string>();
    class Slow implements Encoder.Text<Date> {
      static readonly encodes = Encoder.text(Date);
      encode(): Promise<string> {
        return encoding.promise;
      }
    }
    const { basic, received } = await open({ encoders: [Slow], maxQueuedMessages: 1, queueOverflow: 'drop-newest' });
    const sendings = [basic.sendObject(new Date()), basic.sendText('1'), basic.sendText('2')];
    await expect(sendings[2]).rejects.toBeInstanceOf(SendDroppedException);
    encoding.open('slow');
    expect(await outcomes(...sendings)).toEqual(['sent', 'sent', 'SendDroppedException']);
    expect(await received.texts(2)).toEqual(['slow', '1']);
  });
});

describe('the bound on waiting time', () => {
  test('drops stale messages without another send, and keeps newer ones', async () => {
    stopClock();
    const conversation = await openBlocked({ maxQueueTime: 60, queueOverflow: 'drop-oldest' });
    const old = [conversation.basic.sendText('old 1'), conversation.basic.sendText('old 2')];
    await passTime(40);
    const young = conversation.basic.sendText('young');
    await passTime(30);
    expect(await outcomes(...old)).toEqual(['SendDroppedException', 'SendDroppedException']);
    conversation.peer.resume();
    await young;
    expect(await queued(conversation, 1)).toEqual(['young']);
  });

  test("closes the session with queueOverflow 'close'", async () => {
    const conversation = await openBlocked({ maxQueueTime: 30 });
    const began = performance.now();
    await expect(conversation.basic.sendText('waits')).rejects.toThrow();
    expect(performance.now() - began).toBeGreaterThan(25);
    await conversation.context.registry.whenEmpty();
    expect((conversation.endpoint as Sender).closed).toBe(1008);
  });

  test("rejects the message with queueOverflow 'reject', and the session stays open", async () => {
    const conversation = await openBlocked({ maxQueueTime: 20, queueOverflow: 'reject' });
    await expect(conversation.basic.sendText('waits')).rejects.toBeInstanceOf(IllegalStateException);
    conversation.peer.resume();
    await conversation.basic.sendText('later');
    expect(await queued(conversation, 1)).toEqual(['later']);
  });
});

describe('a long queue', () => {
  /** Twice the bound of a turn: what is counted here may be the end of one and the beginning of the next. */
  const MOST_IN_ONE_TURN = 2 * 1024;

  /** How many of the sends settle in each turn of the event loop, until all have. */
  async function settledByTurn(sendings: readonly Promise<void>[]): Promise<number[]> {
    let settled = 0;
    for (const sending of sendings) void sending.then(() => (settled += 1));
    const counts: number[] = [];
    for (let before = 0; settled < sendings.length; before = settled) {
      await new Promise((resolve) => setImmediate(resolve));
      counts.push(settled - before);
    }
    return counts;
  }

  test('drains over many turns of the event loop, in order, when many peers read at once', async () => {
    const first = await openBlocked({});
    const others = await Promise.all(
      Array.from({ length: 9 }, async () => {
        const other = converse(Sender, { joining: first });
        await other.opened;
        other.peer.pause();
        const basic = other.session.getBasicRemote();
        void basic.sendText('#'.repeat(60_000));
        void basic.sendText('*'.repeat(60_000));
        return { ...other, basic, async: other.session.getAsyncRemote() };
      }),
    );
    const all = [first, ...others];
    const texts = Array.from({ length: 1000 }, (_, index) => `message ${index}`);
    const sendings = all.flatMap(({ basic }) => texts.map((text) => basic.sendText(text)));
    for (const { peer } of all) peer.resume();
    const counts = await settledByTurn(sendings);
    expect(Math.max(...counts)).toBeLessThanOrEqual(MOST_IN_ONE_TURN);
    for (const conversation of all) expect(await queued(conversation, texts.length)).toEqual(texts);
  });

  test('accepts sends while it drains, and sends them last', async () => {
    const conversation = await openBlocked({});
    const texts = Array.from({ length: 5000 }, (_, index) => `message ${index}`);
    const sendings = texts.map((text) => conversation.basic.sendText(text));
    conversation.peer.resume();
    await sendings[0];
    const late = conversation.basic.sendText('late');
    await Promise.all([...sendings, late]);
    expect(await queued(conversation, texts.length + 1)).toEqual([...texts, 'late']);
  });

  test('that waits for an encoder drains over many turns too', async () => {
    let finish: (text: string) => void = () => undefined;
    class Slow implements Encoder.Text<Date> {
      static readonly encodes = Encoder.text(Date);
      encode(): Promise<string> {
        return new Promise((resolve) => (finish = resolve));
      }
    }
    const { basic, received } = await open({ encoders: [Slow] });
    void basic.sendObject(new Date());
    const texts = Array.from({ length: 5000 }, (_, index) => `message ${index}`);
    const sendings = texts.map((text) => basic.sendText(text));
    finish('encoded');
    expect(Math.max(...(await settledByTurn(sendings)))).toBeLessThanOrEqual(MOST_IN_ONE_TURN);
    expect(await received.texts(texts.length + 1)).toEqual(['encoded', ...texts]);
  });

  test('drops stale messages over many turns', async () => {
    const conversation = await openBlocked({ maxQueueTime: 20, queueOverflow: 'drop-oldest' });
    const drops: Promise<void>[] = Array.from({ length: 5000 }, () =>
      conversation.basic.sendText('old').catch(() => undefined),
    );
    expect(Math.max(...(await settledByTurn(drops)))).toBeLessThanOrEqual(MOST_IN_ONE_TURN);
    conversation.peer.resume();
    await conversation.basic.sendText('young');
    expect(await queued(conversation, 1)).toEqual(['young']);
  });
});

describe("queueOverflow 'drop-oldest'", () => {
  test('skips the parts before the oldest message', async () => {
    const conversation = await openBlocked({ maxQueuedMessages: 4, queueOverflow: 'drop-oldest' });
    const { basic } = conversation;
    void basic.sendText('in ', false);
    void basic.sendText('parts', true);
    const sendings = ['1', '2', '3', '4'].map((text) => basic.sendText(text));
    conversation.peer.resume();
    expect(await queued(conversation, 3)).toEqual(['in parts', '3', '4']);
    expect(await outcomes(...sendings)).toEqual(['SendDroppedException', 'SendDroppedException', 'sent', 'sent']);
  });

  test('keeps the newest message if only parts wait', async () => {
    const conversation = await openBlocked({ maxQueuedMessages: 2, queueOverflow: 'drop-oldest' });
    const { basic } = conversation;
    void basic.sendText('in ', false);
    void basic.sendText('parts', true);
    const sendings = ['1', '2', '3'].map((text) => basic.sendText(text));
    conversation.peer.resume();
    expect(await queued(conversation, 2)).toEqual(['in parts', '3']);
    expect(await outcomes(...sendings)).toEqual(['SendDroppedException', 'SendDroppedException', 'sent']);
  });

  test('keeps the newest message that waits for an encoder', async () => {
    let finish: (text: string) => void = () => undefined;
    class Slow implements Encoder.Text<Date> {
      static readonly encodes = Encoder.text(Date);
      encode(): Promise<string> {
        return new Promise((resolve) => (finish = resolve));
      }
    }
    const { basic, received } = await open({ encoders: [Slow], maxQueuedMessages: 2, queueOverflow: 'drop-oldest' });
    const sendings = [basic.sendObject(new Date()), ...['1', '2', '3', '4'].map((text) => basic.sendText(text))];
    finish('encoded');
    expect(await outcomes(...sendings)).toEqual([
      'sent',
      'SendDroppedException',
      'SendDroppedException',
      'sent',
      'sent',
    ]);
    expect(await received.texts(3)).toEqual(['encoded', '3', '4']);
  });
});

test('an encoder that fails while others run causes no unhandled rejection', async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', onUnhandled);
  let finish: (text: string) => void = () => undefined;
  class Fails implements Encoder.Text<Date> {
    static readonly encodes = Encoder.text(Date);
    #count = 0;
    encode(): Promise<string> {
      this.#count += 1;
      if (this.#count > 1) return Promise.reject(new Error('cannot encode'));
      return new Promise((resolve) => (finish = resolve));
    }
  }
  const { basic } = await open({ encoders: [Fails], maxQueuedMessages: 1, queueOverflow: 'reject' });
  const sendings = [1, 2, 3].map(() => basic.sendObject(new Date()));
  await new Promise((resolve) => setImmediate(resolve));
  finish('encoded');
  expect(await outcomes(...sendings)).toEqual(['sent', 'Error', 'IllegalStateException']);
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
});

test('a dropped reply does not call @OnError', async () => {
  const errors: string[] = [];
  const next = new Gate();
  @ServerEndpoint('/firehose')
  class Firehose {
    @OnMessage start(text: string, session: Session): string | undefined {
      if (text === 'next') {
        next.open();
        return undefined;
      }
      const remote = session.getBasicRemote();
      for (let count = 0; count < 10; count += 1) void remote.sendText('x'.repeat(60_000));
      return text;
    }
    @OnError failed(cause: Error): void {
      errors.push(cause.name);
    }
  }
  const conversation = converse(Firehose, { maxQueuedBytes: 300_000, queueOverflow: 'drop-newest' });
  await conversation.opened;
  const peer = conversation.peer;
  peer.pause();
  peer.sendText('go', true);
  // Its handler runs after the reply to the one before is dropped.
  peer.sendText('next', true);
  await next.promise;
  peer.resume();
  peer.close(1000, '');
  await conversation.context.registry.whenEmpty();
  expect(errors).toEqual([]);
});

test('sends continue in order when the peer reads again', async () => {
  const conversation = await openBlocked({});
  const texts = Array.from({ length: 500 }, (_, index) => `message ${index} ${'x'.repeat(index * 7)}`);
  const sendings = texts.map((text, index) =>
    index % 2 === 0 ? conversation.basic.sendText(text) : conversation.async.sendText(text),
  );
  void conversation.basic.sendPing();
  conversation.peer.resume();
  await Promise.all(sendings);
  expect(await queued(conversation, 500)).toEqual(texts);
});

describe("concurrentSends: 'reject', Tomcat's state table", () => {
  /** Brings a remote endpoint into each state, with a peer that does not read. */
  const states: { [state: string]: (remotes: Open) => unknown } = {
    TEXT_FULL_WRITING: ({ basic }) => basic.sendText('x'.repeat(70_000)),
    TEXT_PARTIAL_WRITING: ({ basic }) => basic.sendText('x'.repeat(70_000), false),
    TEXT_PARTIAL_READY: ({ basic }) => basic.sendText('x', false),
    BINARY_FULL_WRITING: ({ async }) => async.sendBinary(new Uint8Array(70_000)),
    BINARY_PARTIAL_WRITING: ({ basic }) => basic.sendBinary(new Uint8Array(70_000), false),
    BINARY_PARTIAL_READY: ({ basic }) => basic.sendBinary(new Uint8Array(1), false),
    STREAM_WRITING: ({ basic }) => basic.getSendStream(),
    WRITER_WRITING: ({ basic }) => basic.getSendWriter(),
  };
  const calls: { [call: string]: (remotes: Open) => unknown } = {
    'sendText(s)': ({ basic }) => basic.sendText('y'),
    'async sendText(s)': ({ async }) => async.sendText('y'),
    'sendText(s, false)': ({ basic }) => basic.sendText('y', false),
    'sendBinary(b)': ({ basic }) => basic.sendBinary(Uint8Array.of(1)),
    'sendBinary(b, true)': ({ basic }) => basic.sendBinary(Uint8Array.of(1), true),
    getSendStream: ({ basic }) => basic.getSendStream(),
    getSendWriter: ({ basic }) => basic.getSendWriter(),
  };
  const allowed = new Set(['TEXT_PARTIAL_READY sendText(s, false)', 'BINARY_PARTIAL_READY sendBinary(b, true)']);

  test.each(Object.keys(states).flatMap((state) => Object.keys(calls).map((call) => [state, call] as const)))(
    'in %s, %s',
    async (state, call) => {
      const conversation = await open({ concurrentSends: 'reject' });
      conversation.peer.pause();
      states[state]?.(conversation);
      // A permitted call waits for the peer. Any other fails at once: it throws, or its promise rejects.
      const refusal = Promise.race([
        new Promise((resolve) => setImmediate(resolve, 'none')),
        Promise.resolve(conversation)
          .then(calls[call])
          .then(
            () => 'none',
            (error: Error) => error.message,
          ),
      ]);
      if (allowed.has(`${state} ${call}`)) expect(await refusal).toBe('none');
      else expect(await refusal).toMatch(new RegExp(`^The remote endpoint is in state ${state},`));
      // Control frames, flushing and closing are possible in every state.
      const others = [conversation.basic.sendPing(), conversation.basic.flushBatch()];
      expect(await Promise.race([...others, new Promise((resolve) => setImmediate(resolve))])).toBeUndefined();
      conversation.session.close().catch(() => undefined);
      conversation.peer.terminate();
    },
  );

  test('is OPEN again when the message is written, and after an encode error', async () => {
    const { basic, async, peer, received } = await open({ concurrentSends: 'reject' });
    peer.pause();
    const sending = basic.sendText('x'.repeat(70_000));
    await expect(async.sendText('y')).rejects.toThrow(IllegalStateException);
    peer.resume();
    await sending;
    await expect(basic.sendObject(Symbol('no encoder'))).rejects.toThrow(/No encoder/);
    await async.sendText('z');
    expect((await received.texts(2))[1]).toBe('z');
  });
});

describe('batching', () => {
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };

  test('collects messages in order until flushBatch; sends complete at once', async () => {
    const { basic, async, received } = await open();
    await basic.setBatchingAllowed(true);
    expect(async.getBatchingAllowed()).toBe(true);
    await basic.sendText('1');
    await async.sendBinary(Uint8Array.of(2));
    await basic.sendPing();
    await turns();
    expect(received.events).toEqual([]);
    await basic.flushBatch();
    expect((await received.until(2)).map(({ kind }) => kind)).toEqual(['text', 'binary']);
  });

  test('sends without flushBatch when the buffer is full, when batching is disabled, and at close', async () => {
    const { basic, received, session } = await open({ streamBufferSize: 10 });
    await basic.setBatchingAllowed(true);
    await basic.sendText('12345');
    await basic.sendText('67890');
    expect(await received.texts(2)).toEqual(['12345', '67890']);
    await basic.sendText('a');
    await basic.setBatchingAllowed(false);
    expect(await received.texts(3)).toEqual(['12345', '67890', 'a']);
    await basic.setBatchingAllowed(true);
    await basic.sendText('last');
    await session.close();
    expect((await received.texts(4))[3]).toBe('last');
    expect((await received.closed()).code).toBe(1000);
  });

  test('fails on flush or when disabled if the connection ended with messages unsent', async () => {
    const { basic, peer, session } = await open();
    await basic.setBatchingAllowed(true);
    await basic.sendText('never sent');
    peer.terminate();
    while (session.isOpen()) await turns();
    await expect(basic.flushBatch()).rejects.toBeInstanceOf(IOException);
    // Told once; nothing is left to lose.
    await expect(basic.flushBatch()).resolves.toBeUndefined();
    await expect(basic.setBatchingAllowed(false)).resolves.toBeUndefined();
  });
});

test('SendDroppedException is an IOException with its own code', () => {
  expect(new SendDroppedException('x')).toMatchObject({ name: 'SendDroppedException', code: 'WS_SEND_DROPPED' });
});

test('a short timeout set after a long one fires in time', async () => {
  const conversation = await openBlocked({});
  conversation.async.setSendTimeout(10_000);
  void conversation.async.sendText('patient');
  conversation.async.setSendTimeout(30);
  const began = performance.now();
  await expect(conversation.async.sendText('hasty')).rejects.toThrow(/send timeout/);
  expect(performance.now() - began).toBeLessThan(5000);
});

test('queued and batched messages leave before the close frame', async () => {
  const conversation = await openBlocked({});
  const sendings = ['1', '2', '3'].map((text) => conversation.basic.sendText(text));
  void conversation.session.close();
  conversation.peer.resume();
  expect(await outcomes(...sendings)).toEqual(['sent', 'sent', 'sent']);
  expect(await queued(conversation, 3)).toEqual(['1', '2', '3']);
  expect((await conversation.received.closed()).code).toBe(1000);
});

test('drops a ping that waits too long, and the session stays open', async () => {
  const conversation = await openBlocked({ maxQueueTime: 20, queueOverflow: 'drop-oldest' });
  await expect(conversation.basic.sendPing()).rejects.toBeInstanceOf(SendDroppedException);
  conversation.peer.resume();
  await conversation.basic.sendText('alive');
  expect(await queued(conversation, 1)).toEqual(['alive']);
});

test('a handler that awaits a dropped send receives the error; one that returns its answer does not', async () => {
  const seen: string[] = [];
  const failed = new Gate();
  class Awaits extends Sender {
    override onOpen(session?: Session): void {
      session?.addMessageHandler(async () => {
        const remote = session.getBasicRemote();
        for (let count = 0; count < 4; count += 1) void remote.sendText('x'.repeat(60_000));
        await remote.sendText('y'.repeat(60_000));
      });
    }
    override onError(_session: Session, cause: Error): void {
      seen.push(cause.name);
      failed.open();
    }
  }
  const conversation = converse(Awaits, { maxQueuedBytes: 130_000, queueOverflow: 'drop-newest' });
  conversation.peer.pause();
  conversation.peer.sendText('go', true);
  await failed.promise;
  conversation.peer.resume();
  conversation.peer.close(1000, '');
  await conversation.context.registry.whenEmpty();
  expect(seen).toEqual(['SendDroppedException']);
});

test('a message that can never fit drops no other message', async () => {
  const conversation = await openBlocked({ maxQueuedBytes: 130_000, queueOverflow: 'drop-oldest' });
  const small = conversation.basic.sendText('small');
  const giant = conversation.basic.sendText('g'.repeat(200_000));
  conversation.peer.resume();
  expect(await outcomes(small, giant)).toEqual(['sent', 'SendDroppedException']);
});

test('a stored remote rejects after the session ends, also within a partial message', async () => {
  const { basic, peer, context } = await open();
  await basic.sendText('part', false);
  peer.terminate();
  await context.registry.whenEmpty();
  await expect(basic.sendText('whole')).rejects.toThrow(/session is closed/);
});

describe('sends that wait for an encoder that never settles', () => {
  class Stuck implements Encoder.Text<Date> {
    static readonly encodes = Encoder.text(Date);
    encode(): Promise<string> {
      return new Promise(() => undefined);
    }
  }

  test('fail after their timeout, and the session ends', async () => {
    const { basic, async, context, endpoint } = await open({ encoders: [Stuck] });
    void basic.sendObject(new Date());
    async.setSendTimeout(30);
    await expect(async.sendText('behind')).rejects.toThrow(/send timeout/);
    await context.registry.whenEmpty();
    expect((endpoint as Sender).closed).toBe(1006);
  });

  test('settle when the session ends', async () => {
    const { basic, peer } = await open({ encoders: [Stuck] });
    const sendings = [basic.sendObject(new Date()), basic.sendText('behind'), basic.sendBinary(Uint8Array.of(1))];
    peer.terminate();
    expect(await outcomes(...sendings)).toEqual(['IOException', 'IOException', 'IOException']);
  });
});
