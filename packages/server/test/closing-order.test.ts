import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloseReason, OnClose, OnMessage, OnOpen, ServerEndpoint, Session } from '@serval/api';
import { Server } from '../src';
import { connectHttp2, Http2Client } from './http2-client';
import { clientFrame, closeFrame, upgradeRequest } from './raw-connection';
import { connectTo, loggerInto } from './test-server';
import { afterTest, Gate, Journal, turn } from '../../testing/test/toolbox';

const fixture = (part: string): string => readFileSync(join(__dirname, `fixtures/localhost.test-${part}.pem`), 'utf8');
const TLS = { key: fixture('key'), cert: fixture('cert') };

let heard: Journal;
let log: Journal;
let session: Session;
let gate: Gate;
beforeEach(() => {
  heard = new Journal();
  log = new Journal();
  gate = new Gate();
});

class Busy {
  @OnOpen open(opened: Session): void {
    session = opened;
  }
  @OnMessage async text(text: string, current: Session): Promise<string | undefined> {
    heard.add(text);
    if (text === 'close') {
      await current.close(new CloseReason(4000, 'mine'));
      heard.add('closed');
      return 'never sent';
    }
    if (text.startsWith('wait')) await gate.promise;
    else if (text === 'never') await new Promise(() => undefined);
    else await turn();
    if (!text.endsWith('send')) return `echo ${text}`;
    await current.getBasicRemote().sendText(`sent ${text}`);
    return undefined;
  }
  @OnClose close(current: Session, reason: CloseReason): void {
    heard.add(
      `close ${reason.getCloseCode().getCode()} ${reason.getReasonPhrase()}`.trimEnd() + ` ${current.isOpen()}`,
    );
  }
}

@ServerEndpoint('/serial')
class Serial extends Busy {
  @OnOpen override open(opened: Session): void {
    super.open(opened);
  }
  @OnMessage({ maxMessageSize: 8192 }) override text(text: string, current: Session): Promise<string | undefined> {
    return super.text(text, current);
  }
  @OnClose override close(current: Session, reason: CloseReason): void {
    super.close(current, reason);
  }
}

@ServerEndpoint('/concurrent', { inbound: 'concurrent' })
class Concurrent extends Serial {
  @OnMessage bytes(_bytes: Buffer, current: Session): void {
    heard.add('bytes');
    void current.close(new CloseReason(4000, 'mine'));
  }
  @OnOpen override open(opened: Session): void {
    super.open(opened);
  }
  @OnMessage override text(text: string, current: Session): Promise<string | undefined> {
    return super.text(text, current);
  }
  @OnClose override close(current: Session, reason: CloseReason): void {
    super.close(current, reason);
  }
}

interface Peer {
  send(...frames: readonly Buffer[]): void;
  text(): Promise<string>;
  close(): Promise<string>;
  /** Ends the peer's side. */
  finish(): void;
}

async function start(options: object): Promise<Server> {
  const server = new Server({
    host: '127.0.0.1',
    endpoints: [Serial, Concurrent],
    logger: loggerInto(log),
    ...options,
  });
  await server.start();
  afterTest(() => server.stop({ grace: 50 }));
  return server;
}

const overHttp1 =
  (options: object, tls?: { readonly ca: string }) =>
  async (path: string, more: object = {}): Promise<Peer> => {
    const server = await start({ ...options, ...more });
    const client = await connectTo(server.port, tls);
    client.send(upgradeRequest(path));
    await client.response();
    return client;
  };

const WAYS: readonly [string, (path: string, more?: object) => Promise<Peer>][] = [
  ['ws', overHttp1({})],
  ['wss', overHttp1({ tls: TLS }, { ca: TLS.cert })],
  ["ws, engine: 'ws'", overHttp1({ engine: 'ws' })],
  ["wss, engine: 'ws'", overHttp1({ engine: 'ws', tls: TLS }, { ca: TLS.cert })],
  [
    'HTTP/2',
    async (path, more) => {
      const server = await start({ tls: TLS, http2: true, ...more });
      return Http2Client.open(await connectHttp2(server.port, TLS.cert), path);
    },
  ],
];

const text = (content: string): Buffer => clientFrame(0x81, content);

async function turns(count = 20): Promise<void> {
  for (let passed = 0; passed < count; passed += 1) await turn();
}

describe.each(WAYS)('answers the peer’s close after earlier messages, over %s', (name, open) => {
  test.each(['/serial', '/concurrent'])('%s: return values and awaited sends leave first', async (path) => {
    const peer = await open(path);
    peer.send(text('a'), text('b send'), text('c'), closeFrame(4001, 'bye'));
    expect([await peer.text(), await peer.text(), await peer.text()].sort()).toEqual([
      'echo a',
      'echo c',
      'sent b send',
    ]);
    expect(await peer.close()).toBe('4001 bye');
    await heard.until('close 4001 bye true');
    expect(heard.entries).toEqual(['a', 'b send', 'c', 'close 4001 bye true']);
  });

  test('answers an empty close frame with an empty one, and reports 1005', async () => {
    const peer = await open('/serial');
    peer.send(text('a'), clientFrame(0x88));
    expect(await peer.text()).toBe('echo a');
    expect(await peer.close()).toBe('');
    await heard.until('close 1005 true');
  });

  test.each<[string, Buffer, RegExp]>([
    ['a reserved bit', clientFrame(0xf1, 'x'), /^1002/],
    ['a text that is not UTF-8', clientFrame(0x81, Buffer.from([0xff])), /^1007/],
    [
      'a message that is too large',
      Buffer.concat([Buffer.from([0x81, 0xfe, 0x4e, 0x20, 0, 0, 0, 0]), Buffer.alloc(20_000)]),
      /^1009/,
    ],
  ])('and so is %s', async (_title, fault, code) => {
    const peer = await open('/serial');
    peer.send(text('a'), text('b send'), fault);
    expect(await peer.text()).toBe('echo a');
    expect(await peer.text()).toBe('sent b send');
    expect(await peer.close()).toMatch(code);
    expect(heard.entries.slice(0, 2)).toEqual(['a', 'b send']);
  });

  test('until then the session is open: it sends, and receives broadcasts', async () => {
    const peer = await open('/serial');
    peer.send(text('wait'), closeFrame(1000));
    await heard.until('wait');
    await turns();
    expect([session.isOpen(), session.getOpenSessions().has(session)]).toEqual([true, true]);
    expect(await session.broadcast('news')).toEqual([]);
    expect(await peer.text()).toBe('news');
    gate.open();
    expect(await peer.text()).toBe('echo wait');
    expect(await peer.close()).toBe('1000');
    await heard.until('close 1000 true');
  });

  test('a close of this side in between leaves first, and its reason is reported', async () => {
    const peer = await open('/serial');
    peer.send(text('wait'), closeFrame(4001));
    await heard.until('wait');
    await turns();
    await session.close(new CloseReason(4002, 'ours'));
    expect(await peer.close()).toBe('4002 ours');
    gate.open();
    await heard.until('close 4002 ours true');
  });

  test('a handler that never settles delays it at most until the close timeout, and the log names the handler', async () => {
    const peer = await open('/serial', { sessionCloseTimeout: 40 });
    peer.send(text('never'), closeFrame(4001, 'bye'));
    expect(await peer.close()).toBe('4001 bye');
    await heard.until('close 4001 bye true');
    expect(log.entries.join()).toMatch(/error Serial\.text has not settled within 40 ms; session [0-9a-f]{32} ends/);
  });

  test('keeps its code while a message waits behind a handler that never settles', async () => {
    const peer = await open('/serial', { sessionCloseTimeout: 40 });
    peer.send(text('never'), text('waits'), closeFrame(4001, 'bye'));
    expect(await peer.close()).toBe('4001 bye');
    await heard.until('close 4001 bye true');
    expect(heard.entries).toEqual(['never', 'close 4001 bye true']);
  });

  // ws ends its side as soon as the peer ends its own.
  (name.includes("'ws'") ? test.skip : test)(
    'a peer that ends its side behind its close frame still gets the answers',
    async () => {
      const peer = await open('/serial');
      peer.send(text('a'), text('b send'), closeFrame(4001));
      peer.finish();
      expect(await peer.text()).toBe('echo a');
      expect(await peer.text()).toBe('sent b send');
      expect(await peer.close()).toBe('4001');
    },
  );

  test('reports the code of the close frame if the connection is lost in between', async () => {
    const peer = await open('/serial');
    peer.send(text('wait'), closeFrame(4001, 'bye'));
    await heard.until('wait');
    peer.finish();
    await turns();
    gate.open();
    await heard.until('close 4001 bye true');
  });
});

describe('a close of this side', () => {
  test('leaves at once, and drops waiting messages and later answers', async () => {
    const [, open] = WAYS[0] as (typeof WAYS)[number];
    const peer = await open('/serial');
    peer.send(text('wait'), text('next'));
    await heard.until('wait');
    await session.getBasicRemote().sendText('before');
    await session.close(new CloseReason(4000));
    gate.open();
    expect(await peer.text()).toBe('before');
    expect(await peer.close()).toBe('4000');
    await heard.until('close 4000 true');
    expect(heard.entries).toEqual(['wait', 'close 4000 true']);
  });

  test.each(WAYS)('by one of several handlers waits for the answers of the others: %s', async (_name, open) => {
    const peer = await open('/concurrent');
    peer.send(text('wait 1'), text('wait 2 send'), text('close'), text('late'));
    await heard.until('close');
    await turns();
    expect(heard.entries).not.toContain('closed');
    expect([session.isOpen(), session.getOpenSessions().size]).toEqual([true, 0]);
    gate.open();
    expect([await peer.text(), await peer.text()].sort()).toEqual(['echo wait 1', 'sent wait 2 send']);
    expect(await peer.close()).toBe('4000 mine');
    await heard.until('close 4000 mine true');
    expect(heard.entries.slice(-2)).toEqual(['closed', 'close 4000 mine true']);
  });

  test('by a handler that returns at once also waits for the answers of the others', async () => {
    const [, open] = WAYS[0] as (typeof WAYS)[number];
    const peer = await open('/concurrent');
    peer.send(text('wait 1'), text('wait 2'), clientFrame(0x82, 'close'));
    await heard.until('bytes');
    await turns();
    gate.open();
    expect([await peer.text(), await peer.text()].sort()).toEqual(['echo wait 1', 'echo wait 2']);
    expect(await peer.close()).toBe('4000 mine');
  });

  test('by one of several handlers waits at most until the close timeout', async () => {
    const [, open] = WAYS[0] as (typeof WAYS)[number];
    const peer = await open('/concurrent', { sessionCloseTimeout: 40 });
    peer.send(text('never'), text('close'));
    expect(await peer.close()).toBe('4000 mine');
    await heard.until('close 4000 mine true');
    expect(log.entries.join()).toMatch(/Concurrent\.text has not settled within 40 ms/);
  });

  test('that crosses a close of the peer keeps its reason and sends the answers of the other handlers', async () => {
    const [, open] = WAYS[0] as (typeof WAYS)[number];
    const peer = await open('/concurrent');
    peer.send(text('wait'), text('close'), closeFrame(4001, 'theirs'));
    await heard.until('close');
    await turns();
    gate.open();
    expect(await peer.text()).toBe('echo wait');
    expect(await peer.close()).toBe('4000 mine');
    await heard.until('close 4000 mine true');
  });
});
