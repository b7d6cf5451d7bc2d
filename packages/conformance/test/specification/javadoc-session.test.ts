import {
  CloseReason,
  Decoder,
  IllegalArgumentException,
  IllegalStateException,
  InputStream,
  OnMessage,
  OnOpen,
  PongMessage,
  Reader,
  ServerEndpoint,
  Session,
  type MessageHandler,
} from 'serval';
import { TestServer } from '@serval/testing';
import { failureOf, overBothEngines } from '../application';
import { Heard } from '../echo-peer';

// Session, in the order of its documentation.

class Point {
  constructor(readonly text: string) {}
}
class PointDecoder implements Decoder.Text<Point> {
  static readonly decodes = Decoder.text(Point);
  decode(text: string): Point {
    return new Point(`decoded ${text}`);
  }
}

/** Every session that was opened, in order. */
const opened: Session[] = [];
beforeEach(() => opened.splice(0));

@ServerEndpoint({ value: '/chat/{room}', subprotocols: ['v1'], decoders: [PointDecoder] })
class Chat {
  @OnOpen open(session: Session): void {
    opened.push(session);
  }
}
@ServerEndpoint('/news')
class News {
  @OnOpen open(session: Session): void {
    opened.push(session);
  }
}

function lastOpened(): Session {
  const [session] = opened.slice(-1);
  if (session === undefined) throw new Error('The session was not opened.');
  return session;
}

overBothEngines((application, engine) => {
  describe('message handlers', () => {
    test('[JAVADOC:121] a handler without a class receives texts, whole or in parts', async () => {
      const { session, client } = await application().openSession();
      const heard = new Heard();
      const whole: MessageHandler.Whole<string> = { onMessage: (text) => heard.add(`whole ${text}`) };
      session.addMessageHandler(whole);
      client.say('a');
      expect(await heard.until(1)).toEqual(['whole a']);
      session.removeMessageHandler(whole);
      const inParts: MessageHandler.Partial<string> = { onMessage: (text, last) => heard.add(`part ${text} ${last}`) };
      session.addMessageHandler(inParts);
      client.say('b');
      expect((await heard.until(2)).at(-1)).toBe('part b true');
    });

    test('[JAVADOC:212] registers a handler of whole messages for a class, including decoded ones', async () => {
      await application().start(Chat);
      const client = await application().connect('/chat/red');
      const session = lastOpened();
      const heard = new Heard();
      session.addMessageHandler(Point, { onMessage: (point: Point) => heard.add(point.text) });
      session.addMessageHandler(InputStream, async (stream) =>
        heard.add(`stream ${(await stream.readAll()).toString()}`),
      );
      session.addMessageHandler(PongMessage, (pong) => heard.add(`pong ${pong.getApplicationData().toString()}`));
      client.say('a').say(Buffer.from('b'));
      client.socket.pong(Buffer.from('c'));
      expect(await heard.until(3)).toEqual(['decoded a', 'stream b', 'pong c']);
    });

    test('[JAVADOC:213] registers a handler of parts for a class of parts, and for no other', async () => {
      const { session, client } = await application().openSession();
      const heard = new Heard();
      session.addMessageHandler(String, (part: string, last: boolean) => heard.add(`text ${part} ${last}`));
      session.addMessageHandler(ArrayBuffer, (part: ArrayBuffer, last: boolean) =>
        heard.add(`binary ${part.byteLength} ${last}`),
      );
      client.say('a').say(Buffer.from([1, 2]));
      expect(await heard.until(2)).toEqual(['text a true', 'binary 2 true']);
      const second = await application().openSession();
      expect(() => second.session.addMessageHandler(Reader, (_reader, _last) => undefined)).toThrow(
        IllegalStateException,
      );
    });

    test('[JAVADOC:122] a second handler for a native type throws IllegalStateException', async () => {
      const { session } = await application().openSession();
      session.addMessageHandler(String, () => undefined);
      session.addMessageHandler(Buffer, () => undefined);
      session.addMessageHandler(PongMessage, () => undefined);
      for (const again of [String, Number, Reader, Buffer, Uint8Array, InputStream, PongMessage])
        expect(() => session.addMessageHandler(again as typeof Reader, () => undefined)).toThrow(IllegalStateException);
    });

    test('[JAVADOC:134] getMessageHandlers returns a copy', async () => {
      const { session } = await application().openSession();
      const [texts, bytes] = [(): void => undefined, (): void => undefined];
      session.addMessageHandler(String, texts);
      session.addMessageHandler(Buffer, bytes);
      const handlers = session.getMessageHandlers() as Set<unknown>;
      expect(handlers).toEqual(new Set([texts, bytes]));
      handlers.clear();
      expect(session.getMessageHandlers()).toEqual(new Set([texts, bytes]));
    });

    test('[JAVADOC:147] a removed handler no longer runs, and its place is free', async () => {
      const { session, client } = await application().openSession();
      const heard = new Heard();
      const first = (text: string): void => heard.add(`first ${text}`);
      session.addMessageHandler(String, first);
      client.say('a');
      await heard.until(1);
      session.removeMessageHandler(first);
      expect(session.getMessageHandlers().size).toBe(0);
      session.addMessageHandler(String, (text) => heard.add(`second ${text}`));
      client.say('b');
      expect(await heard.until(2)).toEqual(['first a', 'second b']);
      expect(() => session.removeMessageHandler(first)).toThrow(IllegalStateException);
    });
  });

  describe('closing', () => {
    test('[JAVADOC:123] close without a reason closes with 1000 and no phrase', async () => {
      const { session, client, told } = await application().openSession();
      await session.close();
      expect(await client.next()).toBe('close 1000');
      expect(await told.closed()).toEqual(['close 1000']);
    });

    test('[JAVADOC:125] close with a reason sends waiting messages, then the reason, and calls onClose', async () => {
      const { session, client, told } = await application().openSession();
      await session.getBasicRemote().setBatchingAllowed(true);
      await session.getBasicRemote().sendText('last words');
      await session.close(new CloseReason(4001, 'enough'));
      expect(await client.take(2)).toEqual(['text last words', 'close 4001 enough']);
      expect(await told.closed()).toEqual(['close 4001 enough']);
    });

    test('[JAVADOC:125] a reason with a code that is not allowed on the wire closes without a code', async () => {
      const { session, client, told } = await application().openSession();
      await session.close(new CloseReason(CloseReason.CloseCodes.NO_STATUS_CODE));
      expect(await client.next()).toBe('close 1005');
      expect(await told.closed()).toEqual(['close 1005']);
    });

    test.each<[string, (session: Session) => Promise<void>]>([
      ['[JAVADOC:124] close()', (session) => session.close()],
      ['[JAVADOC:126] close(reason)', (session) => session.close(new CloseReason(4001, 'late'))],
    ])('%s differs: it does not fail when the connection is gone; onClose reports that', async (_id, close) => {
      const { session, client, told } = await application().openLiteralSession();
      client.reset();
      await close(session);
      await told.closed();
      await close(session);
      expect(told.entries).toHaveLength(1);
      expect(session.isOpen()).toBe(false);
    });

    test('[JAVADOC:145] isOpen is true until the session ends', async () => {
      const { session, client, told } = await application().openSession();
      expect(session.isOpen()).toBe(true);
      await client.close();
      await told.closed();
      await new Promise((resolve) => setImmediate(resolve));
      expect(session.isOpen()).toBe(false);
    });
  });

  test('[JAVADOC:127] [JAVADOC:128] both remotes send to this session’s peer', async () => {
    const { session, client } = await application().openSession();
    const [async, basic] = [session.getAsyncRemote(), session.getBasicRemote()];
    expect([session.getAsyncRemote() === async, session.getBasicRemote() === basic]).toEqual([true, true]);
    expect(async.sendText('async', () => undefined)).toBeUndefined();
    await basic.sendText('basic');
    expect(await client.take(2)).toEqual(['text async', 'text basic']);
  });

  test('[JAVADOC:129] getContainer returns the endpoint’s container', async () => {
    const server = await application().start(Chat);
    await application().connect('/chat/red');
    expect(lastOpened().getContainer()).toBe(server.container);
  });

  test('[JAVADOC:130] getId returns a unique id that never changes', async () => {
    await application().start(Chat);
    for (let count = 0; count < 5; count += 1) await application().connect('/chat/red');
    const ids = opened.map((session) => session.getId());
    expect(new Set(ids).size).toBe(5);
    const [first] = opened;
    await first?.close();
    expect(opened.map((session) => session.getId())).toEqual(ids);
  });

  describe('sizes of messages', () => {
    test.each<{ id: string; kind: 'Text' | 'Binary'; sent: (size: number) => string | Buffer }>([
      { id: '[JAVADOC:133] [JAVADOC:150]', kind: 'Text', sent: (size) => 'a'.repeat(size) },
      { id: '[JAVADOC:131] [JAVADOC:148]', kind: 'Binary', sent: (size) => Buffer.alloc(size) },
    ])('$id set and getMax$kindMessageBufferSize: a larger message closes with 1009', async ({ kind, sent }) => {
      const { session, client, told } = await application().openSession();
      const heard = new Heard();
      session.addMessageHandler(String, (text) => heard.add(`${text.length}`));
      session.addMessageHandler(Buffer, (bytes) => heard.add(`${bytes.length}`));
      expect(session[`getMax${kind}MessageBufferSize`]()).toBe(8192);
      session[`setMax${kind}MessageBufferSize`](10_000);
      expect(session[`getMax${kind}MessageBufferSize`]()).toBe(10_000);
      client.say(sent(10_000));
      expect(await heard.until(1)).toEqual(['10000']);
      client.say(sent(10_001));
      expect(await client.next()).toMatch(/^close 1009/);
      expect((await told.closed())[0]).toMatch(/^close 1009/);
      expect(heard.entries).toHaveLength(1);
    });

    test.each([-1, 1.5, NaN])('[JAVADOC:148] [JAVADOC:150] rejects the size %d', async (size) => {
      const { session } = await application().openSession();
      expect(() => session.setMaxBinaryMessageBufferSize(size)).toThrow(IllegalArgumentException);
      expect(() => session.setMaxTextMessageBufferSize(size)).toThrow(IllegalArgumentException);
      expect([session.getMaxBinaryMessageBufferSize(), session.getMaxTextMessageBufferSize()]).toEqual([8192, 8192]);
    });
  });

  test('[JAVADOC:132] [JAVADOC:149] closes a session without traffic after its idle timeout', async () => {
    const { session, client, told } = await application().openSession();
    expect(session.getMaxIdleTimeout()).toBe(0);
    session.setMaxIdleTimeout(60_000);
    expect(session.getMaxIdleTimeout()).toBe(60_000);
    session.setMaxIdleTimeout(1);
    expect(session.getMaxIdleTimeout()).toBe(1);
    expect(await told.closed()).toEqual([expect.stringMatching(/^close 1006/)]);
    expect(await client.next()).toMatch(/^close 1001/);
  });

  test('[JAVADOC:135] getNegotiatedExtensions returns the extensions in use, or none', async () => {
    await application().start(Chat, engine === 'native' ? { perMessageDeflate: true } : {});
    await application().connect('/chat/red');
    expect(lastOpened().getNegotiatedExtensions()).toEqual([]);
    await application().connect('/chat/red', { perMessageDeflate: true });
    // Differs: the ws engine offers no extension.
    expect(
      lastOpened()
        .getNegotiatedExtensions()
        .map((extension) => extension.getName()),
    ).toEqual(engine === 'native' ? ['permessage-deflate'] : []);
  });

  test('[JAVADOC:136] getNegotiatedSubprotocol returns the negotiated one, or the empty string', async () => {
    await application().start(Chat);
    const client = await application().connect('/chat/red', { subprotocols: ['v2', 'v1'] });
    expect([lastOpened().getNegotiatedSubprotocol(), client.socket.protocol]).toEqual(['v1', 'v1']);
    await application().connect('/chat/red');
    expect(lastOpened().getNegotiatedSubprotocol()).toBe('');
  });

  test('[JAVADOC:137] getOpenSessions returns a copy of the sessions of the same endpoint, including this one', async () => {
    await application().start([Chat, News]);
    const clients = [];
    for (const path of ['/chat/red', '/chat/blue', '/news']) clients.push(await application().connect(path));
    const [red, blue, news] = opened;
    if (red === undefined || blue === undefined || news === undefined) throw new Error('All should be open.');
    expect(red.getOpenSessions()).toEqual(new Set([red, blue]));
    expect(news.getOpenSessions()).toEqual(new Set([news]));
    const copy = red.getOpenSessions() as Set<Session>;
    await blue.close();
    expect(copy.size).toBe(2);
    expect(red.getOpenSessions()).toEqual(new Set([red]));
    copy.clear();
    expect(red.getOpenSessions()).toEqual(new Set([red]));
  });

  describe('the request that opened it', () => {
    const connect = async (target: string): Promise<Session> => {
      await application().start([Chat, News]);
      await application().connect(target);
      return lastOpened();
    };

    test('[JAVADOC:138] getPathParameters returns the template’s variables with their values', async () => {
      expect(new Map((await connect('/chat/caf%C3%A9?room=none')).getPathParameters())).toEqual(
        new Map([['room', 'café']]),
      );
      expect((await connect('/news')).getPathParameters().size).toBe(0);
    });

    test('[JAVADOC:139] getProtocolVersion returns "13"', async () => {
      expect((await connect('/news')).getProtocolVersion()).toBe('13');
    });

    test('[JAVADOC:140] getQueryString returns the query as received, or null', async () => {
      expect((await connect('/news?a=1&b=%20')).getQueryString()).toBe('a=1&b=%20');
      expect((await connect('/news')).getQueryString()).toBeNull();
    });

    test('[JAVADOC:141] getRequestParameterMap returns the parameters of the query, each with its values in order', async () => {
      const session = await connect('/chat/red?a=2&b=x%20y&a=1');
      expect(new Map(session.getRequestParameterMap())).toEqual(
        new Map([
          ['a', ['2', '1']],
          ['b', ['x y']],
          ['room', ['red']],
        ]),
      );
    });

    test('[JAVADOC:142] getRequestURI returns the absolute URI with its query', async () => {
      const uri = (await connect('/chat/red?a=1')).getRequestURI();
      expect([uri.protocol, uri.hostname, uri.pathname, uri.search]).toEqual(['ws:', '127.0.0.1', '/chat/red', '?a=1']);
      expect((await connect('/news')).getRequestURI().search).toBe('');
    });
  });

  test('[JAVADOC:143] getUserPrincipal returns the user of the handshake, or null', async () => {
    const ann = { getName: () => 'ann' };
    await application().start(Chat, {
      authenticate: (request) => (request.getQueryString() === 'ann' ? ann : null),
    });
    await application().connect('/chat/red?ann');
    expect(lastOpened().getUserPrincipal()).toBe(ann);
    await application().connect('/chat/red');
    expect(lastOpened().getUserPrincipal()).toBeNull();
  });

  test('[JAVADOC:144] getUserProperties keeps its entries for this session alone, until it ends', async () => {
    const first = await application().openSession();
    const second = await application().connect('/session');
    const properties = first.session.getUserProperties();
    properties.set('name', { first: 'Ann' });
    expect(first.session.getUserProperties().get('name')).toEqual({ first: 'Ann' });
    for (const other of first.session.getOpenSessions())
      expect(other.getUserProperties().has('name')).toBe(other === first.session);
    await first.client.close();
    await first.told.closed();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await failureOf(() => first.session.getUserProperties())).toBeInstanceOf(IllegalStateException);
    second.end();
  });

  test('[JAVADOC:146] isSecure is false for ws:', async () => {
    const { session } = await application().openSession();
    expect(session.isSecure()).toBe(false);
  });
});

test('[JAVADOC:146] isSecure is true for an encrypted connection', async () => {
  const server = new TestServer({ endpoints: [Chat] });
  await server.connect('/chat/red', { isSecure: true });
  expect([lastOpened().isSecure(), lastOpened().getRequestURI().protocol]).toEqual([true, 'wss:']);
  await server.stop();
});

describe('with a fake clock', () => {
  @ServerEndpoint('/listener')
  class Listener {
    @OnOpen open(session: Session): void {
      opened.push(session);
    }
    @OnMessage listen(_text: string): void {}
  }

  beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }));
  afterEach(() => jest.useRealTimers());

  test.each([0, -1])('[JAVADOC:149] an idle timeout of %d never closes a session', async (never) => {
    const server = new TestServer({ endpoints: [Chat, Listener] });
    await server.connect('/chat/idle');
    const idle = lastOpened();
    idle.setMaxIdleTimeout(1000);
    const peer = await server.connect('/chat/never');
    lastOpened().setMaxIdleTimeout(1000);
    lastOpened().setMaxIdleTimeout(never);
    expect(lastOpened().getMaxIdleTimeout()).toBe(never);
    await jest.advanceTimersByTimeAsync(60_000);
    expect([idle.isOpen(), lastOpened().isOpen()]).toEqual([false, true]);
    expect(peer.received.events).toEqual([]);
    await server.stop();
  });

  test('[JAVADOC:132] sending and receiving both reset the idle time', async () => {
    const server = new TestServer({ endpoints: [Chat, Listener] });
    const peer = await server.connect('/listener');
    const session = lastOpened();
    session.setMaxIdleTimeout(1000);
    for (let round = 0; round < 5; round += 1) {
      await jest.advanceTimersByTimeAsync(700);
      peer.send('received');
      await jest.advanceTimersByTimeAsync(700);
      await session.getBasicRemote().sendText('sent');
    }
    expect(session.isOpen()).toBe(true);
    await jest.advanceTimersByTimeAsync(1500);
    expect(session.isOpen()).toBe(false);
    await server.stop();
  });
});
