import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloseReason, OnClose, OnError, OnMessage, OnOpen, ServerEndpoint, Session } from '@serval/api';
import { Server } from '../src';
import { connectHttp2, Http2Client } from './http2-client';
import { clientFrame, closeFrame, upgradeRequest, type RawFrame } from './raw-connection';
import { connectTo } from './test-server';
import { afterTest, Journal, silent, turn } from '../../testing/test/toolbox';

const fixture = (part: string): string => readFileSync(join(__dirname, `fixtures/localhost.test-${part}.pem`), 'utf8');
const TLS = { key: fixture('key'), cert: fixture('cert') };

let heard: Journal;
let session: Session;
beforeEach(() => (heard = new Journal()));

@ServerEndpoint('/long')
class Long {
  @OnOpen open(opened: Session): void {
    session = opened;
  }
  @OnMessage async text(text: string, { signal }: Session): Promise<string | undefined> {
    heard.add(text);
    if (text === 'short') return 'done';
    if (text === 'throws') {
      signal.throwIfAborted();
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    } else if (!signal.aborted) await once(signal, 'abort');
    heard.add('stopped');
    return undefined;
  }
  @OnClose close(_session: Session, reason: CloseReason): void {
    heard.add(`close ${reason.getCloseCode().getCode()}`);
  }
  @OnError error(cause: Error): void {
    heard.add(`error ${cause.name}`);
  }
}

interface Peer {
  send(...frames: readonly Buffer[]): void;
  frame(): Promise<RawFrame>;
  finish(): void;
  reset(): void;
}

async function start(options: object): Promise<Server> {
  const server = await new Server({ host: '127.0.0.1', endpoints: [Long], logger: silent, ...options }).start();
  afterTest(() => server.stop({ grace: 50 }));
  return server;
}

const overHttp1 = (options: object, tls?: { readonly ca: string }) => async (): Promise<Peer> => {
  const client = await connectTo((await start(options)).port, tls);
  client.send(upgradeRequest('/long'));
  await client.response();
  return client;
};

const WAYS: readonly [string, () => Promise<Peer>][] = [
  ['ws', overHttp1({})],
  ['wss', overHttp1({ tls: TLS }, { ca: TLS.cert })],
  ["ws, engine: 'ws'", overHttp1({ engine: 'ws' })],
  ["wss, engine: 'ws'", overHttp1({ engine: 'ws', tls: TLS }, { ca: TLS.cert })],
  [
    'HTTP/2',
    async () => {
      const server = await start({ tls: TLS, http2: true });
      return Http2Client.open(await connectHttp2(server.port, TLS.cert), '/long');
    },
  ],
];

const text = (content: string): Buffer => clientFrame(0x81, content);

describe.each(WAYS)('while a handler is busy and messages wait, over %s', (_name, open) => {
  test('RFC 6455 5.5.2: answers each ping once', async () => {
    const peer = await open();
    peer.send(text('long'), text('long'), clientFrame(0x89, 'one'));
    expect(await peer.frame()).toEqual({ first: 0x8a, payload: Buffer.from('one') });
    peer.send(text('short'), clientFrame(0x8a, 'a pong'), clientFrame(0x89, 'two'));
    expect(await peer.frame()).toEqual({ first: 0x8a, payload: Buffer.from('two') });
    expect(heard.entries).toEqual(['long']);
    await session.close();
    expect((await peer.frame()).first).toBe(0x88);
  });

  test('answers a fragmented ping when it is complete', async () => {
    const peer = await open();
    const ping = clientFrame(0x89, 'pieces');
    peer.send(text('long'), text('long'), ping.subarray(0, 3));
    await heard.until('long');
    for (let turns = 0; turns < 10; turns += 1) await turn();
    peer.send(ping.subarray(3));
    expect(await peer.frame()).toEqual({ first: 0x8a, payload: Buffer.from('pieces') });
  });

  test.each<[string, (peer: Peer) => void, number]>([
    ['a close frame', (peer) => peer.send(closeFrame(4001)), 4001],
    ['the end of the connection', (peer) => peer.finish(), 1006],
  ])('%s of the peer aborts the session’s signal', async (_title, leave, code) => {
    const peer = await open();
    peer.send(text('long'), text('next'));
    await heard.until('long');
    leave(peer);
    await heard.until(`close ${code}`);
    expect(heard.entries).toEqual(['long', 'stopped', 'next', 'stopped', `close ${code}`]);
  });

  test('a handler that rejects with the signal’s reason causes no error', async () => {
    const peer = await open();
    peer.send(text('throws'), text('throws'));
    await heard.until('throws');
    peer.send(closeFrame(1000));
    await heard.until('close 1000');
    expect(heard.entries).toEqual(['throws', 'throws', 'close 1000']);
  });
});

test('a reset also aborts the signal', async () => {
  const peer = await overHttp1({})();
  peer.send(text('long'), text('next'));
  await heard.until('long');
  peer.reset();
  await heard.until('close 1006');
  expect(heard.entries).toEqual(['long', 'stopped', 'next', 'stopped', 'close 1006']);
});

test('a close of this side aborts the signal, which stays readable after the session ends', async () => {
  const peer = await overHttp1({})();
  peer.send(text('long'));
  await heard.until('long');
  const { signal } = session;
  expect([signal.aborted, session.signal]).toEqual([false, signal]);
  await session.close();
  await heard.until('close 1000');
  expect([signal.aborted, session.signal]).toEqual([true, signal]);
});

test('a signal that is first read after the peer left is already aborted', async () => {
  const peer = await overHttp1({})();
  peer.send(closeFrame(1000));
  await heard.until('close 1000');
  expect(session.signal.aborted).toBe(true);
});
