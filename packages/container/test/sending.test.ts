import {
  EncodeException,
  Encoder,
  Endpoint,
  IllegalArgumentException,
  IllegalStateException,
  IOException,
  type SendResult,
  SocketTimeoutException,
  type OutputStream,
  type RemoteEndpoint,
  type Session,
  type Writer,
} from '@serval/api';
import { converse, type Conversation, type ConversationOptions } from '@serval/testing';
import { turn } from '../../testing/test/toolbox';

class Silent extends Endpoint {
  closed: number | undefined;
  onOpen(): void {}
  override onClose(_session: Session, reason: { getCloseCode(): { getCode(): number } }): void {
    this.closed = reason.getCloseCode().getCode();
  }
}

async function open(
  options: ConversationOptions = {},
): Promise<Conversation & { basic: RemoteEndpoint.Basic; async: RemoteEndpoint.Async }> {
  const conversation = converse(Silent, options);
  await conversation.opened;
  const { session } = conversation;
  return { ...conversation, basic: session.getBasicRemote(), async: session.getAsyncRemote() };
}

/** The messages that the peer received, in short form. */
function short(events: readonly { kind: string; text?: string; hex?: string; last?: boolean }[]): string[] {
  return events.map(({ kind, text, hex }) => `${kind} ${text ?? hex ?? ''}`.trim());
}

test('sends whole messages in the order of the calls, awaited or not, Basic and Async mixed', async () => {
  const { basic, async, received } = await open();
  void basic.sendText('one');
  await async.sendBinary(Uint8Array.of(2));
  void async.sendObject(3);
  void basic.sendObject('four');
  void basic.sendBinary(new DataView(Uint8Array.of(9, 5).buffer, 1));
  expect(short(await received.until(5))).toEqual(['text one', 'binary 02', 'text 3', 'text four', 'binary 05']);
});

test('within a partial message, any other send throws IllegalStateException', async () => {
  const { basic, async, received } = await open();
  await basic.sendText('he', false);
  await expect(basic.sendText('other')).rejects.toThrow(IllegalStateException);
  await expect(async.sendText('other')).rejects.toThrow(/state TEXT_PARTIAL_READY/);
  await expect(basic.sendBinary(Uint8Array.of(1), false)).rejects.toThrow(IllegalStateException);
  expect(() => async.sendText('other', () => undefined)).toThrow(IllegalStateException);
  expect(() => basic.getSendWriter()).toThrow(IllegalStateException);
  await expect(basic.sendObject('other')).rejects.toThrow(IllegalStateException);
  await basic.sendPing(Uint8Array.of(7));
  await basic.sendText('llo', true);
  await basic.sendText('after');
  expect(short(await received.until(2))).toEqual(['text hello', 'text after']);
});

test('a character split across parts arrives whole', async () => {
  const { basic, received } = await open();
  const [high, low] = ['\ud834', '\udd1e'];
  await basic.sendText(`a${high}`, false);
  await basic.sendText(`${low}b`, true);
  expect(short(await received.until(1))).toEqual(['text a𝄞b']);
});

test('a writer or a stream sends one message, and nothing if it is never used', async () => {
  const { basic, received } = await open();
  const unused = basic.getSendWriter();
  await unused.close();
  const writer = basic.getSendWriter();
  await expect(basic.sendText('other')).rejects.toThrow(/state WRITER_WRITING/);
  await writer.append('one ').write('two ');
  await writer.flush();
  await writer.write('three');
  await writer.close();
  await writer.close();
  await expect(writer.write('late')).rejects.toThrow(IOException);
  const stream = basic.getSendStream();
  const bytes = Uint8Array.of(1, 2);
  await stream.write(bytes);
  bytes.fill(0);
  await stream.close();
  await expect(stream.flush()).rejects.toThrow(IOException);
  const empty = basic.getSendStream();
  await empty.write(new Uint8Array(0));
  await empty.close();
  expect(short(await received.until(3))).toEqual(['text one two three', 'binary 0102', 'binary']);
});

test('sends a long stream in fragments of 8 KiB as the application writes it', async () => {
  const { basic, received } = await open();
  received.textRule = { inParts: true, maxBytes: 0 };
  const writer = basic.getSendWriter();
  for (let piece = 0; piece < 10; piece += 1) await writer.write('x'.repeat(2048));
  await writer.close();
  const sizes = (await received.until(3)).map((event) =>
    event.kind === 'text' ? [event.text.length, event.last] : [],
  );
  expect(sizes).toEqual([
    [8192, false],
    [8192, false],
    [4096, true],
  ]);
});

test('rejects invalid arguments and sends nothing', async () => {
  const { basic, async, received } = await open();
  const wrong: (() => Promise<void>)[] = [
    () => basic.sendText(null as never),
    () => basic.sendText(5 as never),
    () => basic.sendBinary('text' as never),
    () => basic.sendBinary(null as never),
    () => basic.sendObject(null),
    () => basic.sendObject(undefined),
    () => basic.sendPing(new Uint8Array(126)),
    () => basic.sendPong(new Uint8Array(126)),
    () => basic.sendPing(125 as never),
    () => async.sendText(undefined as never),
    () => async.sendObject(null),
    () => async.sendPing(new Uint8Array(126)),
  ];
  for (const call of wrong) await expect(call()).rejects.toThrow(IllegalArgumentException);
  await basic.sendPing(new Uint8Array(125));
  await basic.sendPong(Uint8Array.of(1));
  expect(short(await received.until(1))).toEqual(['pong 01']);
});

test('throws for a wrong argument if the method returns no promise', async () => {
  const { async, received } = await open();
  const handler = jest.fn();
  const wrong: (() => unknown)[] = [
    () => async.sendText(null as never, handler),
    () => async.sendText('x', null as never),
    () => async.sendBinary(Uint8Array.of(1), undefined as never),
    () => async.sendBinary('x' as never, handler),
    () => async.sendObject(null, handler),
    () => async.sendObject('x', {} as never),
    () => async.setSendTimeout(NaN),
  ];
  for (const call of wrong) expect(call).toThrow(IllegalArgumentException);
  await async.sendPong(Uint8Array.of(1));
  expect(short(await received.until(1))).toEqual(['pong 01']);
  expect(handler).not.toHaveBeenCalled();
});

test('calls a SendHandler, function or object, once, later, with the session', async () => {
  const { async, session, received } = await open();
  const results: SendResult[] = [];
  let returned = false;
  await new Promise<void>((resolve) => {
    async.sendText('one', (result) => {
      expect(returned).toBe(true);
      results.push(result);
    });
    async.sendBinary(Uint8Array.of(1), {
      onResult(result) {
        results.push(result);
        resolve();
      },
    });
    returned = true;
  });
  expect(results.map((result) => [result.isOK(), result.getException(), result.getSession() === session])).toEqual([
    [true, null, true],
    [true, null, true],
  ]);
  const failure = await new Promise<SendResult>((resolve) => async.sendObject(new Date(), resolve));
  expect(failure.isOK()).toBe(false);
  expect(failure.getException()).toBeInstanceOf(EncodeException);
  await async.sendText('still usable');
  expect(short(await received.until(3)).at(-1)).toBe('text still usable');
});

test('onError receives the error of a SendHandler that throws or rejects', async () => {
  const errors: string[] = [];
  class Told extends Silent {
    override onError(_session: Session, cause: Error): void {
      errors.push(cause.message);
    }
  }
  const { session, received } = converse(Told);
  session.getAsyncRemote().sendText('x', () => {
    throw new Error('from the handler');
  });
  session.getAsyncRemote().sendText('y', () => Promise.reject(new Error('and later')));
  await received.until(2);
  expect(errors).toEqual(['from the handler', 'and later']);
});

test('a send completes at once while little data is pending, and waits for the peer beyond that', async () => {
  const { basic, peer } = await open();
  peer.pause();
  await basic.sendBinary(new Uint8Array(60_000));
  let settled = false;
  const waiting = basic.sendBinary(new Uint8Array(60_000)).then(() => (settled = true));
  await turn();
  expect(settled).toBe(false);
  peer.resume();
  await waiting;
});

test('a blocking send to a peer that stops reading fails after blockingSendTimeout, and ends the session with 1006', async () => {
  const { basic, peer, endpoint, context } = await open({ blockingSendTimeout: 50 });
  peer.pause();
  const began = performance.now();
  await basic.sendBinary(new Uint8Array(60_000));
  const [first, second] = [basic.sendBinary(new Uint8Array(60_000)), basic.sendText('behind it')];
  await expect(first).rejects.toBeInstanceOf(SocketTimeoutException);
  expect(performance.now() - began).toBeGreaterThan(40);
  await expect(second).rejects.toThrow(IOException);
  await context.registry.whenEmpty();
  expect((endpoint as Silent).closed).toBe(1006);
});

test('the async send timeout applies to sends that start after it is set', async () => {
  const { async, basic, peer } = await open();
  expect(async.getSendTimeout()).toBe(-1);
  peer.pause();
  await basic.sendBinary(new Uint8Array(60_000));
  const patient = async.sendBinary(new Uint8Array(60_000));
  async.setSendTimeout(30);
  const results = await Promise.allSettled([patient, async.sendText('x'.repeat(60_000))]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  const reasons = results.map((result) => (result.status === 'rejected' ? (result.reason as Error).name : ''));
  expect(reasons).toEqual(['IOException', 'SocketTimeoutException']);
});

test('more than maxQueuedBytes for one peer closes its session with 1008', async () => {
  const { basic, peer, endpoint, context } = await open({ maxQueuedBytes: 100_000 });
  peer.pause();
  for (let count = 0; count < 2; count += 1) void basic.sendBinary(new Uint8Array(50_000));
  await expect(basic.sendBinary(new Uint8Array(1))).rejects.toThrow(/session is closed/);
  await context.registry.whenEmpty();
  expect((endpoint as Silent).closed).toBe(1008);
});

test('settles every pending send when the connection ends; later ones fail without an unhandled rejection', async () => {
  const { basic, async, session, peer, context } = await open();
  peer.pause();
  await basic.sendBinary(new Uint8Array(60_000));
  const pending = [basic.sendText('x'.repeat(60_000)), async.sendBinary(new Uint8Array(60_000))];
  peer.terminate();
  const outcomes = await Promise.allSettled(pending);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await context.registry.whenEmpty();
  await expect(basic.sendText('late')).rejects.toThrow(IOException);
  await expect(async.sendObject(1)).rejects.toThrow(IOException);
  expect(() => basic.getSendWriter()).toThrow(IOException);
  expect(() => session.getBasicRemote()).toThrow(IllegalStateException);
  expect(session.isOpen()).toBe(false);
});

test('a send after close and before @OnClose returns rejects with an IOException', async () => {
  const { basic, session } = await open();
  const closing = session.close();
  void basic.sendText('nobody awaits this');
  await expect(basic.sendText('late')).rejects.toThrow(IOException);
  await closing;
});

class Note {
  constructor(readonly text: string) {}
}

describe('encoders', () => {
  class SlowEncoder implements Encoder.Text<Note> {
    static readonly encodes = Encoder.text(Note);
    async encode(note: Note): Promise<string> {
      await turn();
      if (note.text === 'bad') throw new EncodeException(note, 'cannot');
      return `note ${note.text}`;
    }
  }

  test('that return promises do not change the order of the calls', async () => {
    const { basic, received } = await open({ encoders: [SlowEncoder] });
    void basic.sendObject(new Note('1'));
    void basic.sendText('2');
    void basic.sendText('3a', false);
    void basic.sendText('3b', true);
    void basic.sendObject(new Note('bad'));
    void basic.sendObject(new Note('4'));
    expect(() => basic.getSendStream()).toThrow(/being encoded/);
    await basic.sendBinary(Uint8Array.of(5));
    expect(short(await received.until(5))).toEqual(['text note 1', 'text 2', 'text 3a3b', 'text note 4', 'binary 05']);
  });

  test('that never settle do not block a sender, whether it sends before or after the connection ends', async () => {
    class NeverSettles implements Encoder.Text<Note> {
      static readonly encodes = Encoder.text(Note);
      encode(): Promise<string> {
        return new Promise(() => undefined);
      }
    }
    const { basic, peer, session } = await open({ encoders: [NeverSettles] });
    const before = basic.sendObject(new Note('1'));
    const lost = session.life.whenClosed();
    peer.terminate();
    await expect(before).rejects.toThrow(IOException);
    await expect(basic.sendObject(new Note('2'))).rejects.toThrow(IOException);
    await lost;
  });

  test('that fail reject the send with their error, and the session stays usable', async () => {
    const { basic, received } = await open({ encoders: [SlowEncoder] });
    await expect(basic.sendObject(new Note('bad'))).rejects.toMatchObject({
      name: 'EncodeException',
      message: 'cannot',
    });
    await expect(basic.sendObject(new Date())).rejects.toThrow(/No encoder of the endpoint takes Date;/);
    await basic.sendText('fine');
    expect(short(await received.until(1))).toEqual(['text fine']);
  });

  test('that write a stream need not close it, and may be asynchronous', async () => {
    class StreamEncoder implements Encoder.TextStream<Note> {
      static readonly encodes = Encoder.textStream(Note);
      async encode(note: Note, writer: Writer): Promise<void> {
        await writer.write('<');
        await Promise.resolve();
        await writer.write(note.text);
        await writer.write('>');
      }
    }
    class BytesEncoder implements Encoder.BinaryStream<Date> {
      static readonly encodes = Encoder.binaryStream(Date);
      encode(date: Date, stream: OutputStream): void {
        void stream.write(Uint8Array.of(date.getUTCDate()));
      }
    }
    const { basic, received } = await open({ encoders: [StreamEncoder, BytesEncoder] });
    void basic.sendObject(new Note('x'));
    void basic.sendObject(new Date(Date.UTC(2026, 0, 17)));
    void basic.sendText('after');
    expect(short(await received.until(3))).toEqual(['text <x>', 'binary 11', 'text after']);
  });

  test('that fail within a stream send nothing if no fragment has left, and else close with 1011', async () => {
    class Failing implements Encoder.TextStream<Note> {
      static readonly encodes = Encoder.textStream(Note);
      async encode(note: Note, writer: Writer): Promise<void> {
        await writer.write(note.text);
        throw new Error('half way');
      }
    }
    const { basic, received } = await open({ encoders: [Failing] });
    await expect(basic.sendObject(new Note('short'))).rejects.toThrow('half way');
    await basic.sendText('usable');
    expect(short(await received.until(1))).toEqual(['text usable']);
    await expect(basic.sendObject(new Note('x'.repeat(10_000)))).rejects.toThrow('half way');
    expect((await received.closed()).code).toBe(1011);
  });

  test('are chosen in declared order by class; primitives by their wrappers; untyped ones accept any object', async () => {
    class Special extends Note {}
    class ForNumbers implements Encoder.Text<number> {
      static readonly encodes = Encoder.text<number>(Number as never);
      encode(value: number): string {
        return `number ${value}`;
      }
    }
    class ForNotes implements Encoder.Text<Note> {
      static readonly encodes = Encoder.text(Note);
      encode(): string {
        return 'note';
      }
    }
    class ForSpecial implements Encoder.Text<Special> {
      static readonly encodes = Encoder.text(Special);
      encode(): string {
        return 'special';
      }
    }
    class Json implements Encoder.Text<object> {
      static readonly encodes = Encoder.text<object>();
      encode(value: object): string {
        return JSON.stringify(value);
      }
    }
    const { basic, received } = await open({ encoders: [ForNumbers, ForNotes, ForSpecial, Json] });
    await basic.sendObject(7);
    await basic.sendObject(true);
    await basic.sendObject(new Special('x'));
    await basic.sendObject({ any: 1 });
    await basic.sendObject([1]);
    await basic.sendObject(Buffer.from([1]));
    expect(short(await received.until(6))).toEqual([
      'text number 7',
      'text true',
      'text note',
      'text {"any":1}',
      'text [1]',
      'binary 01',
    ]);
  });

  test('that return a wrong type reject with an EncodeException', async () => {
    class Wrong implements Encoder.Text<Note> {
      static readonly encodes = Encoder.text(Note);
      encode(): string {
        return 5 as never;
      }
    }
    const { basic } = await open({ encoders: [Wrong] });
    await expect(basic.sendObject(new Note('x'))).rejects.toThrow(/Encoder Wrong returned a number/);
  });
});

test('every message leaves at once, whether batching is allowed or not', async () => {
  const { basic, async, received } = await open();
  expect(basic.getBatchingAllowed()).toBe(false);
  await basic.setBatchingAllowed(true);
  expect(async.getBatchingAllowed()).toBe(true);
  await basic.sendText('x');
  await basic.flushBatch();
  expect(short(await received.until(1))).toEqual(['text x']);
});
