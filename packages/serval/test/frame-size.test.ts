import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { connect, OnMessage, Server, ServerEndpoint, Session, ServerContainer } from 'serval';
import { silent } from '../../testing/test/toolbox';

const MOST = 1000;
/** Numbers that compression does not make much of. */
const NOISE = Array.from({ length: 30_000 }, (_, index) => (index * index * 7919) % 20_011);
/** Characters of one to four bytes. */
const TEXT = NOISE.slice(0, 10_000)
  .map((number) => (number % 9 === 0 ? '𝄞' : String.fromCharCode(97 + number)))
  .join('');
const BYTES = Buffer.from(NOISE);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** Sends in each way that there is. */
@ServerEndpoint('/ways')
class Ways {
  @OnMessage async way(way: string, session: Session): Promise<string | Buffer | undefined> {
    const remote = session.getBasicRemote();
    switch (way) {
      case 'text':
        return TEXT;
      case 'binary':
        return BYTES;
      case 'parts':
        await remote.sendText(TEXT.slice(0, 7001), false);
        await remote.sendPing();
        await remote.sendText(TEXT.slice(7001), true);
        return undefined;
      case 'writer': {
        const writer = remote.getSendWriter();
        await writer.write(TEXT);
        await writer.close();
        return undefined;
      }
      case 'stream': {
        const stream = remote.getSendStream();
        await stream.write(BYTES);
        await stream.close();
        return undefined;
      }
      default:
        await session.broadcast(TEXT);
        return undefined;
    }
  }
}

/** The sizes of the data frames that a socket received from now on. */
function watch(socket: Socket): () => number[] {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(Buffer.from(chunk)));
  return () => {
    const bytes = Buffer.concat(chunks);
    const sizes: number[] = [];
    for (let at = 0; at + 2 <= bytes.length;) {
      const [first = 0, second = 0] = bytes.subarray(at, at + 2);
      const short = second & 0x7f;
      const length =
        short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
      if ((first & 0x08) === 0) sizes.push(length);
      at += 2 + (short < 126 ? 0 : short === 126 ? 2 : 8) + (second > 127 ? 4 : 0) + length;
    }
    return sizes;
  };
}

async function open(url: string, perMessageDeflate: boolean) {
  const client = new WebSocket(url, { perMessageDeflate });
  cleanups.push(() => client.terminate());
  let sizes: () => number[] = () => [];
  client.on('upgrade', (response: IncomingMessage) => (sizes = watch(response.socket)));
  await once(client, 'open');
  return { client, sizes: () => sizes() };
}

async function expectCut(client: WebSocket, sizes: () => number[], way: string): Promise<void> {
  client.send(way);
  const [data, isBinary] = (await once(client, 'message')) as [Buffer, boolean];
  expect(isBinary ? data : data.toString()).toEqual(isBinary ? BYTES : TEXT);
  expect(Math.max(...sizes())).toBeLessThanOrEqual(MOST);
  expect(sizes().length).toBeGreaterThan(1);
}

const WAYS = ['text', 'binary', 'parts', 'writer', 'stream', 'broadcast'];

describe.each([
  ['native', {}],
  ['native with compression', { perMessageDeflate: { threshold: 0, level: 1 } }],
  ['ws', { engine: 'ws' as const }],
])('maxFrameSize of a server on the engine %s', (_name, options) => {
  test.each(WAYS)('splits a message sent as %s', async (way) => {
    const server = await new Server({
      host: '127.0.0.1',
      endpoints: [Ways],
      maxFrameSize: MOST,
      logger: silent,
      ...options,
    }).start();
    cleanups.push(() => server.stop());
    const { client, sizes } = await open(`ws://127.0.0.1:${server.port}/ways`, 'perMessageDeflate' in options);
    await expectCut(client, sizes, way);
  });
});

test.each(WAYS)('maxFrameSize splits a message that an adopted socket sends as %s', async (way) => {
  const host = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  cleanups.push(() => host.close());
  await once(host, 'listening');
  const container = new ServerContainer({ maxFrameSize: MOST, logger: silent });
  cleanups.push(() => container.stop({ grace: 1 }));
  host.on('connection', (socket, request) => void container.adoptWebSocket(socket, request, Ways));
  const { client, sizes } = await open(`ws://127.0.0.1:${(host.address() as AddressInfo).port}/ways`, false);
  await expectCut(client, sizes, way);
});

describe.each([false, true])('maxFrameSize of a client, compression %p', (perMessageDeflate) => {
  test.each([TEXT, BYTES])('splits a message', async (message) => {
    const host = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate });
    cleanups.push(() => host.close());
    await once(host, 'listening');
    const connecting = connect(`ws://127.0.0.1:${(host.address() as AddressInfo).port}/`, {
      maxFrameSize: MOST,
      logger: silent,
      perMessageDeflate: perMessageDeflate && { threshold: 0, level: 1 },
      onText: () => undefined,
    });
    const [peer, request] = (await once(host, 'connection')) as [WebSocket, IncomingMessage];
    const sizes = watch(request.socket);
    const connection = await connecting;
    cleanups.push(() => connection.close());
    void connection.send(message);
    const [data, isBinary] = (await once(peer, 'message')) as [Buffer, boolean];
    expect(isBinary ? data : data.toString()).toEqual(message);
    expect(Math.max(...sizes())).toBeLessThanOrEqual(MOST);
    peer.close();
    await connection.closed;
  });
});

test.each(['tomcat-9', 'tomcat-10.1', 'tomcat-11'] as const)('%s sends frames of 8192 bytes', async (compatibility) => {
  const options = { host: '127.0.0.1', endpoints: [Ways], logger: silent, compatibility };
  const server = await new Server(options).start();
  cleanups.push(() => server.stop());
  const { client, sizes } = await open(`ws://127.0.0.1:${server.port}/ways`, false);
  client.send('text');
  await once(client, 'message');
  expect(Math.max(...sizes())).toBe(8192);
});
