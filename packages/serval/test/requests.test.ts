import { channel } from 'node:diagnostics_channel';
import {
  connect,
  DIAGNOSTICS_CHANNEL,
  IllegalStateException,
  IOException,
  json,
  OnError,
  OnMessage,
  OnOpen,
  ReplyException,
  ReplyTimeoutException,
  Server,
  ServerEndpoint,
  Session,
  type DiagnosticEvent,
} from 'serval';
import { TestServer } from 'serval/testing';
import { z } from 'zod';
import { afterTest, Inbox, rejection, silent } from '../../testing/test/toolbox';

const Shop = json(
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('price'), item: z.string() }),
    z.object({ type: z.literal('buy'), item: z.string() }),
    z.object({ type: z.literal('fail') }),
    z.object({ type: z.literal('nothing') }),
  ]),
  { requests: true },
);

async function connectTo(endpoint: new () => object) {
  const server = new TestServer({ endpoints: [endpoint], logger: silent });
  afterTest(() => server.container.stop());
  return server.connect('/shop');
}

/** The events of one kind from now on. */
function eventsOf(kind: DiagnosticEvent['kind']): Inbox<DiagnosticEvent> {
  const events = new Inbox<DiagnosticEvent>();
  const listen = (message: unknown): void => {
    const event = message as DiagnosticEvent;
    if (event.kind === kind) events.add(event);
  };
  channel(DIAGNOSTICS_CHANNEL).subscribe(listen);
  afterTest(() => channel(DIAGNOSTICS_CHANNEL).unsubscribe(listen));
  return events;
}

const errors = new Inbox<Error>();

@ServerEndpoint('/shop', { codecs: [Shop] })
class ShopEndpoint {
  @OnMessage('price', { params: [Shop] })
  price({ item }: { item: string }) {
    return { item, euros: 3 };
  }
  @OnMessage('buy')
  async buy() {
    await Promise.resolve();
    throw new ReplyException('sold-out', 'No tea is left.');
  }
  @OnMessage('fail')
  fail() {
    throw new Error('the password is 1234');
  }
  @OnMessage('nothing')
  nothing() {}
  @OnError
  failed(error: Error) {
    errors.add(error);
  }
}

describe('a request to an endpoint', () => {
  test('is answered with what the method returns', async () => {
    const peer = await connectTo(ShopEndpoint);
    peer.send('{"id":7,"request":{"type":"price","item":"tea"}}');
    expect(await peer.receive()).toBe('{"replyTo":7,"reply":{"item":"tea","euros":3}}');
    peer.send('{"id":"a","request":{"type":"nothing"}}');
    expect(await peer.receive()).toBe('{"replyTo":"a"}');
  });

  test('is answered with an error and no stack; only an unexpected error goes to @OnError', async () => {
    const peer = await connectTo(ShopEndpoint);
    peer.send('{"id":1,"request":{"type":"buy","item":"tea"}}').send('{"id":2,"request":{"type":"fail"}}');
    expect(await peer.receiveJson()).toEqual({ replyTo: 1, error: { code: 'sold-out', message: 'No tea is left.' } });
    expect(await peer.receiveJson()).toEqual({ replyTo: 2, error: { code: 'failed', message: 'The request failed.' } });
    expect((await errors.next()).message).toBe('the password is 1234');
  });

  test('that does not match the schema is answered with the issues', async () => {
    const peer = await connectTo(ShopEndpoint);
    peer.send('{"id":1,"request":{"type":"price"}}');
    expect(await peer.receiveJson()).toEqual({
      replyTo: 1,
      error: {
        code: 'invalid',
        message: 'The message does not match the schema.',
        issues: [{ path: ['item'], message: 'Invalid input: expected string, received undefined' }],
      },
    });
  });

  test('of a type without a method is answered with an error', async () => {
    @ServerEndpoint('/shop', { codecs: [json(undefined, { requests: true })] })
    class Nothing {
      @OnMessage('price') price() {}
    }
    const peer = await connectTo(Nothing);
    peer.send('{"id":1,"request":{"type":"sell"}}');
    expect(await peer.receiveJson()).toMatchObject({ replyTo: 1, error: { code: 'unknown-type' } });
  });

  test('without requests: true is an ordinary message', async () => {
    @ServerEndpoint('/shop', { codecs: [json()] })
    class Echo {
      @OnMessage echo(message: unknown) {
        return { message };
      }
    }
    const peer = await connectTo(Echo);
    peer.send('{"id":1,"request":{}}');
    expect(await peer.receiveJson()).toEqual({ message: { id: 1, request: {} } });
  });
});

describe('session.request', () => {
  /** An endpoint that calls back with its session. */
  function withSession(use: (session: Session) => unknown) {
    @ServerEndpoint('/shop', { codecs: [json(undefined, { requests: true })] })
    class Calls {
      @OnMessage('go')
      go(session: Session) {
        return use(session);
      }
      @OnMessage other(message: unknown) {
        return { other: message };
      }
    }
    return connectTo(Calls);
  }

  test('resolves to the reply while its handler is busy, past messages that wait', async () => {
    const peer = await withSession(async (session) => ({ answer: await session.request({ type: 'ready?' }) }));
    peer.send('{"type":"go"}');
    expect(await peer.receiveJson()).toEqual({ id: 1, request: { type: 'ready?' } });
    peer.send('{"type":"a"}').send('{"type":"b"}').send('{"replyTo":1,"reply":["yes"]}');
    expect(await peer.receiveJson()).toEqual({ answer: ['yes'] });
    expect(await peer.receiveJson()).toEqual({ other: { type: 'a' } });
    expect(await peer.receiveJson()).toEqual({ other: { type: 'b' } });
  });

  test('works in @OnOpen, and messages still wait for it', async () => {
    @ServerEndpoint('/shop', { codecs: [json(undefined, { requests: true })] })
    class Greeter {
      #name: unknown;
      @OnOpen async open(session: Session) {
        this.#name = await session.request({ type: 'name?' });
      }
      @OnMessage('hello') hello() {
        return { hello: this.#name };
      }
    }
    const peer = await connectTo(Greeter);
    expect(await peer.receiveJson()).toEqual({ id: 1, request: { type: 'name?' } });
    peer.send('{"type":"hello"}').send('{"replyTo":1,"reply":"Ann"}');
    expect(await peer.receiveJson()).toEqual({ hello: 'Ann' });
  });

  test('rejects with the peer’s error', async () => {
    const peer = await withSession(async (session) => {
      const error = (await rejection(session.request({ type: 'x' }))) as ReplyException;
      return { isReply: error instanceof ReplyException, reason: error.reason, message: error.message };
    });
    peer.send('{"type":"go"}');
    await peer.receive();
    peer.send('{"replyTo":1,"error":{"code":"busy","message":"Later."}}');
    expect(await peer.receiveJson()).toEqual({ isReply: true, reason: 'busy', message: 'Later.' });
  });

  test('validates the reply by a schema', async () => {
    const schema = z.object({ at: z.coerce.date() });
    const peer = await withSession(async (session) => {
      const { at } = await session.request({ type: 'when?' }, { schema });
      const error = (await rejection(session.request({ type: 'when?' }, { schema }))) as ReplyException;
      return { year: at.getFullYear(), path: error.issues[0]?.path };
    });
    peer.send('{"type":"go"}');
    await peer.receive();
    peer.send('{"replyTo":1,"reply":{"at":"2026-06-01"}}');
    await peer.receive();
    peer.send('{"replyTo":2,"reply":{}}');
    expect(await peer.receiveJson()).toEqual({ year: 2026, path: ['at'] });
  });

  test('rejects when the time is over, and drops and counts the late reply', async () => {
    const dropped = eventsOf('reply-dropped');
    const peer = await withSession(async (session) => {
      const error = await rejection(session.request({ type: 'x' }, { timeout: 1 }));
      return { isTimeout: error instanceof ReplyTimeoutException, message: (error as Error).message };
    });
    peer.send('{"type":"go"}');
    await peer.receive();
    expect(await peer.receiveJson()).toEqual({ isTimeout: true, message: 'The request had no reply within 1 ms.' });
    peer.send('{"replyTo":1,"reply":1}').send('{"replyTo":9,"reply":1}').send('{"replyTo":{},"reply":1}');
    expect(await dropped.next()).toMatchObject({ reason: 'late' });
    expect(await dropped.next()).toMatchObject({ reason: 'unknown' });
    // An invalid ID makes it an ordinary message.
    expect(await peer.receiveJson()).toEqual({ other: { replyTo: {}, reply: 1 } });
  });

  test('rejects when the session ends, and its handler does not hold up the close', async () => {
    const failures = new Inbox<Error>();
    const peer = await withSession(async (session) => {
      await session.request({ type: 'x' }).catch((error: Error) => {
        failures.add(error);
        throw error;
      });
    });
    peer.send('{"type":"go"}');
    await peer.receive();
    void peer.close(1000);
    expect(await failures.next()).toBeInstanceOf(IOException);
    await peer.closed();
  });

  test('ends with the caller’s signal', async () => {
    const peer = await withSession(async (session) => {
      const reason = new Error('enough');
      return {
        same: (await rejection(session.request({ type: 'x' }, { signal: AbortSignal.abort(reason) }))) === reason,
      };
    });
    peer.send('{"type":"go"}');
    expect(await peer.receiveJson()).toEqual({ same: true });
  });

  test('is bounded to 1000 open requests', async () => {
    const peer = await withSession(async (session) => {
      for (let count = 0; count < 1000; count += 1) void session.request({ count });
      return { refused: (await rejection(session.request({ count: 1000 }))) instanceof IllegalStateException };
    });
    peer.send('{"type":"go"}');
    for (let count = 0; count < 1000; count += 1) await peer.receive();
    expect(await peer.receiveJson()).toEqual({ refused: true });
  });

  test('needs a codec with requests', async () => {
    const failures = new Inbox<Error>();
    @ServerEndpoint('/shop', { codecs: [json()] })
    class Plain {
      @OnOpen async open(session: Session) {
        failures.add(await rejection(session.request({ type: 'x' })));
      }
    }
    await connectTo(Plain);
    expect((await failures.next()).message).toBe(
      'request needs a codec with requests for the object. Add one to the endpoint, such as codecs: [json(schema, { requests: true })].',
    );
  });

  test('a flood of messages pauses the connection instead of filling memory', async () => {
    const peer = await withSession(async (session) => ({
      late: await rejection(session.request({}, { timeout: 50 })),
    }));
    peer.send('{"type":"go"}');
    await peer.receive();
    for (let count = 0; count < 200; count += 1) peer.send(JSON.stringify({ count }));
    expect(await peer.receiveJson()).toMatchObject({ late: { code: 'WS_REPLY_TIMEOUT' } });
    for (let count = 0; count < 200; count += 1) expect(await peer.receiveJson()).toEqual({ other: { count } });
  });
});

test('a client answers requests with the result of onMessage', async () => {
  const answers = new Inbox<unknown>();
  @ServerEndpoint('/asks', { codecs: [json(undefined, { requests: true })] })
  class Asks {
    @OnOpen async open(session: Session) {
      answers.add(await session.request({ add: [1, 2] }));
    }
  }
  const server = new Server({ endpoints: [Asks], port: 0, logger: silent });
  await server.start();
  afterTest(() => server.stop());
  const client = await connect(`ws://localhost:${server.port}/asks`, {
    codecs: [json<{ add: number[] }>(undefined, { requests: true })],
    onMessage: ({ add }) => add.reduce((sum, one) => sum + one),
  });
  afterTest(() => client.close());
  expect(await answers.next()).toBe(3);
});

test('client.request awaits the server’s reply', async () => {
  const server = new Server({ endpoints: [ShopEndpoint], port: 0, logger: silent });
  await server.start();
  afterTest(() => server.stop());
  const client = await connect(`ws://localhost:${server.port}/shop`, { codecs: [Shop] });
  afterTest(() => client.close());
  expect(await client.request({ type: 'price', item: 'tea' })).toEqual({ item: 'tea', euros: 3 });
  expect(await rejection(client.request({ type: 'buy', item: 'tea' }))).toMatchObject({ reason: 'sold-out' });
  await client.close();
  expect(await rejection(client.request({ type: 'fail' }))).toBeInstanceOf(IOException);
});
