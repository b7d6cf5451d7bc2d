import {
  EncodeException,
  Encoder,
  IOException,
  OnMessage,
  SendResult,
  ServerEndpoint,
  SocketTimeoutException,
  Session,
  type RemoteEndpoint,
  type SendHandler,
} from 'serval';
import { TestServer } from '@serval/testing';
import { failureOf, overBothEngines } from '../application';
import { turns } from '../echo-peer';

// RemoteEndpoint.Async, SendHandler and SendResult.

class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}
class PointEncoder implements Encoder.Text<Point> {
  static readonly encodes = Encoder.text(Point);
  encode({ x, y }: Point): string {
    if (Number.isNaN(x)) throw new EncodeException(x, 'not a point');
    return `(${x}, ${y})`;
  }
}

type Send = (remote: RemoteEndpoint.Async) => Promise<void>;
type SendTo = (remote: RemoteEndpoint.Async, handler: SendHandler) => void;

/** Collects the results that a SendHandler receives. */
class Results {
  #tell: (result: SendResult) => void = () => undefined;
  readonly first = new Promise<SendResult>((resolve) => (this.#tell = resolve));
  count = 0;
  readonly handler = (result: SendResult): void => {
    this.count += 1;
    this.#tell(result);
  };
}

overBothEngines((application) => {
  test.each<[string, Send, string]>([
    ['[JAVADOC:94] sendBinary', (remote) => remote.sendBinary(Buffer.from([1, 2])), 'binary 0102'],
    ['[JAVADOC:96] sendObject of an encoder', (remote) => remote.sendObject(new Point(1, 2)), 'text (1, 2)'],
    ['[JAVADOC:96] sendObject of a number', (remote) => remote.sendObject(1.5), 'text 1.5'],
    ['[JAVADOC:96] sendObject of a boolean', (remote) => remote.sendObject(true), 'text true'],
    ['[JAVADOC:96] sendObject of a bigint', (remote) => remote.sendObject(2n ** 62n), 'text 4611686018427387904'],
    ['[JAVADOC:96] sendObject of a string', (remote) => remote.sendObject('as it is'), 'text as it is'],
    ['[JAVADOC:99] sendText', (remote) => remote.sendText('hello'), 'text hello'],
  ])('%s returns a promise of nothing, which resolves once the message is under way', async (_id, send, received) => {
    const { session, client } = await application().openSession({}, [PointEncoder]);
    expect(await send(session.getAsyncRemote())).toBeUndefined();
    expect(await client.next()).toBe(received);
  });

  test.each<[string, Send]>([
    ['[JAVADOC:94] sendBinary', (remote) => remote.sendBinary(Buffer.from([1, 2]))],
    ['[JAVADOC:96] sendObject', (remote) => remote.sendObject(new Point(1, 2))],
    ['[JAVADOC:99] sendText', (remote) => remote.sendText('hello')],
  ])('%s returns a promise that rejects with the error of the transmission', async (_id, send) => {
    const { session, client, told } = await application().openSession({}, [PointEncoder]);
    const remote = session.getAsyncRemote();
    client.end();
    await told.closed();
    expect(await failureOf(() => send(remote))).toBeInstanceOf(IOException);
  });

  test('[JAVADOC:96] sendObject rejects with the error of the encoder, or for an object that has none', async () => {
    const { session, client } = await application().openSession({}, [PointEncoder]);
    const remote = session.getAsyncRemote();
    expect(await failureOf(() => remote.sendObject(new Point(NaN, 0)))).toBeInstanceOf(EncodeException);
    expect(await failureOf(() => remote.sendObject(new Date()))).toBeInstanceOf(EncodeException);
    await remote.sendText('still there');
    expect(await client.next()).toBe('text still there');
  });

  test.each<[string, SendTo, string]>([
    [
      '[JAVADOC:95] [JAVADOC:116] sendBinary',
      (remote, handler) => remote.sendBinary(Buffer.from([1, 2]), handler),
      'binary 0102',
    ],
    [
      '[JAVADOC:97] [JAVADOC:116] sendObject',
      (remote, handler) => remote.sendObject(new Point(1, 2), handler),
      'text (1, 2)',
    ],
    ['[JAVADOC:97] [JAVADOC:116] sendObject', (remote, handler) => remote.sendObject(7, handler), 'text 7'],
    ['[JAVADOC:98] [JAVADOC:116] sendText', (remote, handler) => remote.sendText('hello', handler), 'text hello'],
  ])(
    '%s tells its handler once the message is under way, once and not from inside the call',
    async (_id, send, received) => {
      const { session, client } = await application().openSession({}, [PointEncoder]);
      const results = new Results();
      expect(send(session.getAsyncRemote(), results.handler)).toBeUndefined();
      expect(results.count).toBe(0);
      const result = await results.first;
      expect([result.isOK(), result.getException(), result.getSession()]).toEqual([true, null, session]);
      expect(await client.next()).toBe(received);
      await turns();
      expect(results.count).toBe(1);
      const objectForm = new Results();
      send(session.getAsyncRemote(), { onResult: objectForm.handler });
      expect((await objectForm.first).isOK()).toBe(true);
    },
  );

  test.each<[string, SendTo]>([
    [
      '[JAVADOC:95] [JAVADOC:117] [JAVADOC:118] sendBinary',
      (remote, handler) => remote.sendBinary(Buffer.from([1]), handler),
    ],
    [
      '[JAVADOC:97] [JAVADOC:117] [JAVADOC:118] sendObject',
      (remote, handler) => remote.sendObject(new Point(1, 2), handler),
    ],
    ['[JAVADOC:98] [JAVADOC:117] [JAVADOC:118] sendText', (remote, handler) => remote.sendText('hello', handler)],
  ])('%s passes the error of the transmission to its handler in the SendResult', async (_id, send) => {
    const { session, client, told } = await application().openSession({}, [PointEncoder]);
    const remote = session.getAsyncRemote();
    client.end();
    await told.closed();
    const results = new Results();
    send(remote, results.handler);
    const result = await results.first;
    expect(result.isOK()).toBe(false);
    expect(result.getException()).toBeInstanceOf(IOException);
  });
});

test('[JAVADOC:119] [JAVADOC:120] a SendResult has an exception, or none for a successful send', () => {
  // Only carried about.
  const session = {} as Session;
  const error = new IOException('gone');
  const bad = new SendResult(session, error);
  expect([bad.isOK(), bad.getException(), bad.getSession()]).toEqual([false, error, session]);
  const good = new SendResult(session);
  expect([good.isOK(), good.getException(), good.getSession()]).toEqual([true, null, session]);
});

describe('the send timeout', () => {
  afterEach(() => jest.useRealTimers());

  const opened: Session[] = [];
  @ServerEndpoint('/chat')
  class Chat {
    @OnMessage say(_text: string, session: Session): string {
      opened.push(session);
      return 'here';
    }
  }

  /** A session whose peer reads nothing any more. */
  async function slowly(use: (remote: RemoteEndpoint.Async, server: TestServer) => Promise<void>): Promise<void> {
    const server = new TestServer({ endpoints: [Chat] });
    server.container.setAsyncSendTimeout(12_345);
    const peer = await server.connect('/chat');
    expect(await peer.send('hello').receive()).toBe('here');
    const session = opened.pop();
    if (session === undefined) throw new Error('The session was not opened.');
    peer.pause();
    // Fills the buffers towards the peer, so that the next send must wait.
    const filling = session.getBasicRemote().sendBinary(Buffer.alloc(1 << 20));
    await use(session.getAsyncRemote(), server);
    await Promise.allSettled([filling, server.stop({ grace: 0 })]);
  }

  test('[JAVADOC:93] is the container’s default until it is set', () =>
    slowly(async (remote) => {
      expect(remote.getSendTimeout()).toBe(12_345);
      remote.setSendTimeout(-1);
      expect(remote.getSendTimeout()).toBe(-1);
    }));

  test('[JAVADOC:100] fails a send that takes longer', () =>
    slowly(async (remote) => {
      remote.setSendTimeout(20);
      expect(await failureOf(() => remote.sendText('late'))).toBeInstanceOf(SocketTimeoutException);
    }));

  test.each([0, -1])('[JAVADOC:100] of %d sets no limit', (never) =>
    slowly(async (remote) => {
      jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
      remote.setSendTimeout(20);
      remote.setSendTimeout(never);
      let outcome = 'waiting';
      remote.sendText('patient').then(
        () => (outcome = 'sent'),
        (error: Error) => (outcome = error.name),
      );
      await jest.advanceTimersByTimeAsync(60_000);
      // The close frame with which the server ends.
      jest.useRealTimers();
      expect(outcome).toBe('waiting');
    }),
  );
});
