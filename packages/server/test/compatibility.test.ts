import {
  CloseReason,
  DecodeException,
  Decoder,
  IllegalStateException,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  ServerEndpoint,
  Session,
} from '@serval/api';
import { clientFrame, LiteralSocket } from '@serval/testing';
import { Server, type ServerOptions } from '../src';

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const PROFILES = ['tomcat-9', 'tomcat-10.1', 'tomcat-11'] as const;

class Even {
  constructor(readonly value: number) {}
}

class EvenDecoder implements Decoder.Text<Even> {
  static readonly decodes = Decoder.text(Even);
  decode(text: string): Even {
    if (Number(text) % 2 !== 0) throw new DecodeException(text, 'odd');
    return new Even(Number(text));
  }
}

let closes: number[] = [];
let errors: string[] = [];
let open: number[] = [];

@ServerEndpoint({ value: '/plain', decoders: [EvenDecoder] })
class Plain {
  @OnOpen open(session: Session): void {
    open.push(session.getOpenSessions().size);
    if (session.getQueryString() === 'fail') throw new Error('cannot open');
  }
  @OnMessage text(text: string, session: Session): string | undefined {
    if (text === 'fail') throw new Error('failed');
    if (text === 'twice') {
      const remote = session.getBasicRemote();
      // Large enough to be unfinished when the second begins.
      const first = remote.sendText('x'.repeat(200_000));
      remote.sendText('second').catch(async (error: unknown) => {
        await first;
        await remote.sendText(error instanceof IllegalStateException ? 'refused' : 'what?');
      });
      return undefined;
    }
    return `${text.length}`;
  }
  @OnClose close(reason: CloseReason): void {
    closes.push(reason.getCloseCode().getCode());
  }
  @OnError error(error: Error): void {
    errors.push(error.message);
  }
}

@ServerEndpoint({ value: '/even', decoders: [EvenDecoder] })
class EvenNumbers {
  @OnMessage even(even: Even): string {
    return `even ${even.value}`;
  }
  @OnError error(error: Error): void {
    errors.push(error.message);
  }
}

async function start(options: ServerOptions): Promise<Server> {
  closes = [];
  errors = [];
  open = [];
  const server = await new Server({ host: '127.0.0.1', endpoints: [Plain, EvenNumbers], ...options }).start();
  cleanups.push(() => server.stop({ grace: 0 }));
  return server;
}

async function connect(server: Server, path: string, headers: Record<string, string> = {}): Promise<LiteralSocket> {
  const client = await LiteralSocket.connect(server.port);
  cleanups.push(() => client.destroy());
  expect((await client.upgrade(path, headers)).status).toBe(101);
  return client;
}

const text = async (client: LiteralSocket): Promise<string> => {
  const [, length = 0] = await client.read(2);
  return (await client.read(length)).toString();
};

describe.each([undefined, ...PROFILES])('with compatibility %s', (compatibility) => {
  const isTomcat = compatibility !== undefined;
  const closesOnError = compatibility === 'tomcat-9' || compatibility === 'tomcat-10.1';

  test('an exception in @OnMessage', async () => {
    const client = await connect(await start({ compatibility }), '/plain');
    client.send(clientFrame(0x81, 'fail'), clientFrame(0x81, 'next'));
    if (closesOnError) {
      expect((await client.read(4)).toString('hex')).toMatch(/^88..03ea$/);
      client.send(clientFrame(0x88, [0x03, 0xea]));
      await client.readToEnd();
      expect(closes).toEqual([1006]);
    } else {
      expect(await text(client)).toBe('4');
      expect(closes).toEqual([]);
    }
    expect(errors).toEqual(['failed']);
  });

  test('a message that cannot be decoded does not close the session', async () => {
    const client = await connect(await start({ compatibility }), '/even');
    client.send(clientFrame(0x81, '3'), clientFrame(0x81, '4'));
    expect(await text(client)).toBe('even 4');
    expect(errors).toEqual(['odd']);
  });

  test('an exception in @OnOpen', async () => {
    const client = await connect(await start({ compatibility }), '/plain?fail');
    expect((await client.read(4)).toString('hex')).toMatch(isTomcat ? /^88..03ea$/ : /^88..03f3$/);
    client.send(clientFrame(0x88));
    await client.readToEnd();
    expect(closes).toEqual([isTomcat ? 1006 : 1011]);
  });

  test('the unit of the text limit', async () => {
    const client = await connect(await start({ compatibility, textBufferSize: 4 }), '/plain');
    client.send(clientFrame(0x81, 'éé'), clientFrame(0x81, '✓✓✓✓'), clientFrame(0x81, 'five!'));
    expect(await text(client)).toBe('2');
    if (isTomcat) expect(await text(client)).toBe('4');
    expect((await client.read(4)).toString('hex')).toMatch(/^88..03f1$/);
  });

  test('the sessions that getOpenSessions returns in @OnOpen', async () => {
    const server = await start({ compatibility });
    const first = await connect(server, '/plain');
    first.send(clientFrame(0x81, 'opened'));
    await text(first);
    await connect(server, '/plain');
    const second = await connect(server, '/plain');
    second.send(clientFrame(0x81, 'opened'));
    await text(second);
    expect(open).toEqual(isTomcat ? [0, 1, 2] : [1, 2, 3]);
  });

  test('an empty close frame', async () => {
    const client = await connect(await start({ compatibility }), '/plain');
    client.send(clientFrame(0x88));
    expect((await client.readToEnd()).toString('hex')).toBe(isTomcat ? '880203e8' : '8800');
    expect(closes).toEqual([isTomcat ? 1000 : 1005]);
  });

  test('a send during an unfinished one, and the frames of a long text', async () => {
    const client = await connect(await start({ compatibility }), '/plain');
    client.send(clientFrame(0x81, 'twice'));
    // Tomcat splits 200,000 characters into 24 frames of 8192 bytes and one of 3392.
    await client.read((isTomcat ? 25 * 4 : 10) + 200_000);
    expect(await text(client)).toBe(isTomcat ? 'refused' : 'second');
  });

  test('a foreign origin, and compression', async () => {
    const server = await start({ compatibility });
    const client = await LiteralSocket.connect(server.port);
    cleanups.push(() => client.destroy());
    const head = await client.upgrade('/plain', {
      Origin: 'https://elsewhere.example',
      'Sec-WebSocket-Extensions': 'permessage-deflate',
    });
    expect(head.status).toBe(isTomcat ? 101 : 403);
    expect(head.headers.has('sec-websocket-extensions')).toBe(isTomcat);
  });
});

test('an explicit option overrides the profile, under either name', async () => {
  const server = await start({
    compatibility: 'tomcat-9',
    onMessageError: 'keep-open',
    concurrentSends: 'queue',
    perMessageDeflate: false,
    allowedOrigins: [],
    initParameters: { 'org.apache.tomcat.websocket.textBufferSize': '5' },
  });
  const client = await connect(server, '/plain', { 'Sec-WebSocket-Extensions': 'permessage-deflate' });
  client.send(clientFrame(0x81, 'fail'), clientFrame(0x81, 'five!'));
  expect(await text(client)).toBe('5');
  const other = await LiteralSocket.connect(server.port);
  cleanups.push(() => other.destroy());
  expect((await other.upgrade('/plain', { Origin: 'https://elsewhere.example' })).status).toBe(403);
});

test('the constructor rejects an unknown profile', () => {
  expect(() => new Server({ compatibility: 'tomcat-8' } as object)).toThrow(
    "compatibility is 'tomcat-9', 'tomcat-10.1' or 'tomcat-11'; found \"tomcat-8\".",
  );
});
