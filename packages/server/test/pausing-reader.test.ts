import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, deflateRawSync } from 'node:zlib';
import { CloseReason, InputStream, OnClose, OnMessage, Reader, ServerEndpoint } from '@serval/api';
import { trySharedReads } from '@serval/protocol';
import { Server } from '../src';
import { connectHttp2, Http2Client } from './http2-client';
import { closeFrame, upgradeRequest } from './raw-connection';
import { connectTo } from './test-server';
import { afterTest, Journal, silent, turn } from '../../testing/test/toolbox';

const fixture = (part: string): string => readFileSync(join(__dirname, `fixtures/localhost.test-${part}.pem`), 'utf8');
const TLS = { key: fixture('key'), cert: fixture('cert') };
const MIB = 1024 * 1024;
/** One message per entry: its bytes and its number of frames. */
const MESSAGES: readonly (readonly [bytes: number, frames: number])[] = [
  [1, 1],
  [65_535, 1],
  [65_536, 1],
  [65_537, 1],
  [MIB, 64],
  [MIB, 1000],
  [0, 1],
  [1, 1],
];

beforeAll(() => trySharedReads());

let heard: Journal;
beforeEach(() => (heard = new Journal()));

/** Takes one message at a time, and lets the connection pause after each. */
class Slow {
  async take(kind: string, size: number): Promise<void> {
    for (let turns = 0; turns < 3; turns += 1) await turn();
    heard.add(`${kind} ${size}`);
  }
  @OnClose close(reason: CloseReason): void {
    heard.add(`close ${reason.getCloseCode().getCode()}`);
  }
}

@ServerEndpoint('/whole')
class Whole extends Slow {
  @OnMessage({ maxMessageSize: MIB }) text(text: string): Promise<void> {
    return this.take('text', text.length);
  }
  @OnMessage({ maxMessageSize: MIB }) binary(bytes: Buffer): Promise<void> {
    return this.take('binary', bytes.length);
  }
  @OnClose override close(reason: CloseReason): void {
    super.close(reason);
  }
}

@ServerEndpoint('/stream')
class Streams extends Slow {
  @OnMessage async text(reader: Reader): Promise<void> {
    let size = 0;
    for await (const part of reader) {
      size += part.length;
      await turn();
    }
    await this.take('text', size);
  }
  @OnMessage async binary(stream: InputStream): Promise<void> {
    let size = 0;
    for await (const part of stream) {
      size += part.length;
      await turn();
    }
    await this.take('binary', size);
  }
  @OnClose override close(reason: CloseReason): void {
    super.close(reason);
  }
}

/** A client's message, masked with zeros. */
function message(opcode: number, size: number, count: number, deflated: boolean): Buffer[] {
  const plain = Buffer.alloc(size, 'serval ');
  const payload = deflated
    ? deflateRawSync(plain, { level: 0, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)
    : plain;
  const step = Math.max(1, Math.ceil(payload.length / count));
  const frames: Buffer[] = [];
  for (let at = 0; at === 0 || at < payload.length; at += step) {
    const part = payload.subarray(at, at + step);
    const isFirst = at === 0;
    const first = (isFirst ? opcode : 0) | (isFirst && deflated ? 0x40 : 0) | (at + step >= payload.length ? 0x80 : 0);
    const head = Buffer.alloc(14);
    head[0] = first;
    head[1] = 0xff;
    head.writeBigUInt64BE(BigInt(part.length), 2);
    frames.push(head, part);
  }
  return frames;
}

interface Sender {
  send(...frames: readonly Buffer[]): void;
}

const DEFLATE = 'permessage-deflate; client_no_context_takeover';

async function start(options: object): Promise<Server> {
  const server = await new Server({
    host: '127.0.0.1',
    endpoints: [Whole, Streams],
    logger: silent,
    ...options,
  }).start();
  afterTest(() => server.stop({ grace: 50 }));
  return server;
}

const overHttp1 =
  (options: object) =>
  async (path: string, deflates: boolean): Promise<Sender> => {
    const client = await connectTo((await start({ perMessageDeflate: deflates, ...options })).port);
    client.send(upgradeRequest(path, deflates ? { 'Sec-WebSocket-Extensions': DEFLATE } : {}));
    await client.response();
    return client;
  };

const overHttp2 = async (path: string, deflates: boolean): Promise<Sender> => {
  const server = await start({ tls: TLS, http2: true, perMessageDeflate: deflates });
  const session = await connectHttp2(server.port, TLS.cert);
  return Http2Client.open(session, path, deflates ? { 'sec-websocket-extensions': DEFLATE } : {});
};

const ways: readonly [string, (path: string, deflates: boolean) => Promise<Sender>, boolean][] = [
  ['HTTP/1.1', overHttp1({}), false],
  ['HTTP/1.1 with deflate', overHttp1({}), true],
  ['HTTP/1.1 without shared reads', overHttp1({ sharedReads: false }), false],
  ["HTTP/1.1, engine: 'ws'", overHttp1({ engine: 'ws', perMessageDeflate: undefined }), false],
  ['HTTP/2', overHttp2, false],
  ['HTTP/2 with deflate', overHttp2, true],
];

describe.each(ways)('a reader that takes one message at a time never stalls, over %s', (_name, open, deflates) => {
  test.each([
    ['whole texts', '/whole', 'text', 1],
    ['whole binary messages', '/whole', 'binary', 2],
    ['streamed texts', '/stream', 'text', 1],
    ['streamed bytes', '/stream', 'binary', 2],
  ] as const)('%s', async (_title, path, kind, opcode) => {
    const client = await open(path, deflates);
    for (const [size, frames] of MESSAGES) client.send(...message(opcode, size, frames, deflates));
    client.send(closeFrame(4000));
    await heard.until('close 4000');
    expect(heard.entries).toEqual([...MESSAGES.map(([size]) => `${kind} ${size}`), 'close 4000']);
  });
});
