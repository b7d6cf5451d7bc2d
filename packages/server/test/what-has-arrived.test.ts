import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { CloseReason, InputStream, OnClose, OnMessage, ServerEndpoint } from '@serval/api';
import { Server } from '../src';
import { connectHttp2, Http2Client } from './http2-client';
import { clientFrame, closeFrame, upgradeRequest, type RawConnection } from './raw-connection';
import { connectTo } from './test-server';
import { afterTest, Journal, silent, turn } from '../../testing/test/toolbox';

const fixture = (part: string): string => readFileSync(join(__dirname, `fixtures/localhost.test-${part}.pem`), 'utf8');
const TLS = { key: fixture('key'), cert: fixture('cert') };
const TEXTS = Array.from({ length: 200 }, (_, index) => `text ${index}`);
const FRAMES = Buffer.concat(TEXTS.map((text) => clientFrame(0x81, text)));

let heard: Journal;
/** Lets the first message's handler continue. */
let release: () => void;

@ServerEndpoint('/slow')
class Slow {
  @OnMessage async text(text: string): Promise<void> {
    heard.add(text);
    await turn();
  }
  @OnClose close(reason: CloseReason): void {
    heard.add(`close ${reason.getCloseCode().getCode()} ${reason.getReasonPhrase()}`.trimEnd());
  }
}

@ServerEndpoint('/gate')
class Gated extends Slow {
  @OnMessage override async text(text: string): Promise<void> {
    heard.add(text);
    if (text === TEXTS[0]) await new Promise<void>((resolve) => (release = resolve));
  }
  @OnClose override close(reason: CloseReason): void {
    super.close(reason);
  }
}

@ServerEndpoint('/stream')
class Streams extends Gated {
  @OnMessage override async text(text: string): Promise<void> {
    await super.text(text);
  }
  @OnMessage async bytes(stream: InputStream): Promise<void> {
    await stream.readAll();
  }
  @OnClose override close(reason: CloseReason): void {
    super.close(reason);
  }
}

beforeEach(() => (heard = new Journal()));

/** The ways to an HTTP/1.1 socket, with the options of its server. */
const SOCKETS = [
  ['ws', {}, undefined],
  ['wss', { tls: TLS }, { ca: TLS.cert }],
  ['wss beside HTTP/2', { tls: TLS, http2: true }, { ca: TLS.cert }],
  ["ws, engine: 'ws'", { engine: 'ws' }, undefined],
  ["wss, engine: 'ws'", { tls: TLS, engine: 'ws' }, { ca: TLS.cert }],
] as const;

async function start(options: object): Promise<Server> {
  const endpoints = [Slow, Gated, Streams];
  const server = await new Server({ host: '127.0.0.1', endpoints, logger: silent, ...options }).start();
  afterTest(() => server.stop({ grace: 50 }));
  return server;
}

/** Like clientFrame, for texts of 126 to 65,535 bytes. */
function longFrame(text: string): Buffer {
  const head = Buffer.from([0x81, 0xfe, 0, 0, 0, 0, 0, 0]);
  head.writeUInt16BE(text.length, 2);
  return Buffer.concat([head, Buffer.from(text)]);
}

async function sendAtOnce(server: Server, tls: { ca: string } | undefined, ...frames: Buffer[]): Promise<void> {
  const client = await connectTo(server.port, tls);
  client.send(upgradeRequest('/slow'), FRAMES, ...frames);
  client.finish();
}

describe.each(SOCKETS)('data that arrived over %s reaches the handler', (name, options, tls) => {
  test('200 texts, a close frame and FIN in one write: handles 200, then reports the peer’s code', async () => {
    await sendAtOnce(await start(options), tls, closeFrame(4001, 'done'));
    await heard.until('close 4001 done');
    expect(heard.entries).toEqual([...TEXTS, 'close 4001 done']);
  });

  test('200 texts and FIN without a close frame: handles 200, then reports 1006', async () => {
    await sendAtOnce(await start(options), tls);
    await heard.until('close 1006');
    expect(heard.entries).toEqual([...TEXTS, 'close 1006']);
  });

  test('more than the read-ahead limit: reads the rest as the handler takes it, with or without FIN', async () => {
    const server = await start(options);
    const client = await connectTo(server.port, tls);
    const long = TEXTS.map((text) => text.padEnd(8000, '.'));
    client.send(upgradeRequest('/slow'), ...long.map((text) => longFrame(text)), closeFrame(4001));
    client.finish();
    await heard.until('close 4001');
    expect(heard.entries).toEqual([...long, 'close 4001']);
  });

  test('a reset while a handler is busy: handles the messages already read, then reports 1006', async () => {
    const server = await start(options);
    // A TLS socket cannot be reset, but the socket below it can.
    const socket = connect({ port: server.port, host: '127.0.0.1' }).on('error', () => undefined);
    await once(socket, 'connect');
    const client = await open(server, tls && { ...tls, socket }, '/gate');
    client.send(FRAMES);
    await heard.until('text 0');
    // Everything has arrived, and nothing can be handled yet.
    for (let turns = 0; turns < 20; turns += 1) await turn();
    if (tls === undefined) client.reset();
    else socket.resetAndDestroy();
    for (let turns = 0; turns < 20; turns += 1) await turn();
    release();
    await heard.until('close 1006');
    expect(heard.entries).toEqual([...TEXTS, 'close 1006']);
  });

  // The handshake of ws rejects a socket whose peer has ended its side.
  (name.endsWith("'ws'") ? test.skip : test)(
    'nor does a handshake that takes its time lose messages of a client that has ended its side',
    async () => {
      let decide = (): void => undefined;
      const decided = new Promise<void>((resolve) => (decide = resolve));
      const server = await start({ ...options, authenticate: () => decided.then(() => null) });
      await sendAtOnce(server, tls, closeFrame(4001, 'done'));
      for (let turns = 0; turns < 50; turns += 1) await turn();
      decide();
      await heard.until('close 4001 done');
      expect(heard.entries).toEqual([...TEXTS, 'close 4001 done']);
    },
  );
});

describe('data that arrived over HTTP/2 reaches the handler', () => {
  async function openStream(path: string): Promise<Http2Client> {
    const server = await start({ tls: TLS, http2: true });
    return Http2Client.open(await connectHttp2(server.port, TLS.cert), path);
  }

  test.each<[string, Buffer[], string]>([
    ['a close frame and the end of the stream', [closeFrame(4001, 'done')], 'close 4001 done'],
    ['the end of the stream', [], 'close 1006'],
  ])('200 texts and %s', async (_title, frames, end) => {
    const client = await openStream('/slow');
    client.send(FRAMES, ...frames);
    client.finish();
    await heard.until(end);
    expect(heard.entries).toEqual([...TEXTS, end]);
  });

  test('a stream reset while a handler is busy: handles the messages already read, then reports 1006', async () => {
    const client = await openStream('/gate');
    client.send(FRAMES);
    await heard.until('text 0');
    for (let turns = 0; turns < 20; turns += 1) await turn();
    client.reset();
    for (let turns = 0; turns < 20; turns += 1) await turn();
    release();
    await heard.until('close 1006');
    expect(heard.entries).toEqual([...TEXTS, 'close 1006']);
  });
});

describe.each(SOCKETS)(
  'a message that waits and is not whole when the connection is lost: %s',
  (_name, options, tls) => {
    test('its read rejects, and @OnClose follows', async () => {
      const client = await open(await start(options), tls, '/stream');
      client.send(clientFrame(0x81, TEXTS[0]), clientFrame(0x02, 'half'));
      client.finish();
      await heard.until('text 0');
      for (let turns = 0; turns < 20; turns += 1) await turn();
      release();
      await heard.until('close 1006');
    });
  },
);

async function open(server: Server, tls: ConnectionOptions | undefined, path = '/gate'): Promise<RawConnection> {
  const client = await connectTo(server.port, tls);
  client.send(upgradeRequest(path));
  await client.response();
  return client;
}
