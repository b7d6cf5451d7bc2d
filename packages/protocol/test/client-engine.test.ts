import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { createExtension, type Extension } from '@serval/api';
import type { Transport } from '@serval/api/spi';
import {
  LiteralSocket,
  RecordingListener,
  transportContract,
  type ContractPeer,
  type OpenConnection,
} from '@serval/testing';
import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws';
import { createClientEngine, formatExtensions, trySharedReads, type EngineOptions } from '../src';
import type { ZlibCodecs } from '../src/zlib-contract';
import { publicCodecs } from '../src/zlib-functions';
import { streamCodecs } from '../src/zlib-streams';
import { connectNative } from './native-client';
import { NativeServer } from './native-server';
import { Random } from './random';

// Every wait is for an event; the limit only ends a test that hangs, also on a busy machine.
jest.setTimeout(120_000);

beforeAll(() => trySharedReads());

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server of ws, and our client on a connection to it. */
async function connect(
  serverOptions: ServerOptions = {},
  options: EngineOptions = {},
  codecs: ZlibCodecs = streamCodecs,
): Promise<{ readonly transport: Transport; readonly server: WebSocket }> {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', ...serverOptions });
  cleanups.push(() => new Promise((resolve) => wss.close(() => resolve())));
  await once(wss, 'listening');
  const accepted = once(wss, 'connection') as Promise<[WebSocket]>;
  const { transport } = await connectNative((wss.address() as AddressInfo).port, createClientEngine(options, codecs));
  const [server] = await accepted;
  if (transport === undefined) throw new Error('the answer was refused');
  cleanups.push(() => {
    server.terminate();
    transport.terminate();
  });
  return { transport, server };
}

const openConnection: OpenConnection = async () => {
  const { transport, server } = await connect();
  const received = new RecordingListener();
  server.on('message', (data: Buffer, isBinary) => {
    if (isBinary) received.onBinary(data, true);
    else received.onText(data.toString(), true);
  });
  server.on('pong', (data) => received.onPong(data));
  server.on('close', (code, reason) => received.onClose(code, reason.toString()));
  server.on('error', (error) => received.onError(error));
  const peer: ContractPeer = {
    received,
    sendText: (text, last) => server.send(text, { fin: last, binary: false }),
    sendBinary: (data, last) => server.send(data, { fin: last, binary: true }),
    ping: (data) => server.ping(data),
    pong: (data) => server.pong(data),
    close: (code, reason) => server.close(code, reason),
    drop: () => server.terminate(),
    pause: () => server.pause(),
    resume: () => server.resume(),
  };
  return { transport, peer };
};

describe('transport contract, native client', () => {
  test.each(transportContract.map((rule) => [rule.title, rule] as const))('%s', (_title, rule) =>
    rule.run(openConnection),
  );
});

/** A server that answers the handshake, and then does what the test says. */
async function literalServer(): Promise<{ readonly port: number; readonly accepted: Promise<LiteralSocket> }> {
  const http: Server = createServer();
  const accepted = new Promise<LiteralSocket>((resolve) =>
    http.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      // The sockets of node:http are those of node:net.
      resolve(LiteralSocket.over(socket as Socket));
    }),
  );
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => new Promise((resolve) => http.close(() => resolve())));
  return { port: (http.address() as AddressInfo).port, accepted };
}

async function openLiteral(): Promise<{
  readonly transport: Transport;
  readonly listener: RecordingListener;
  readonly server: LiteralSocket;
}> {
  const { port, accepted } = await literalServer();
  const { transport } = await connectNative(port);
  if (transport === undefined) throw new Error('the answer was refused');
  const listener = new RecordingListener();
  transport.open(listener);
  transport.resume();
  const server = await accepted;
  cleanups.push(() => {
    server.destroy();
    transport.terminate();
  });
  return { transport, listener, server };
}

test('RFC 6455 5.1: a masked frame from the server is a protocol error', async () => {
  const { listener, server } = await openLiteral();
  server.send(Buffer.from([0x81, 0x81, 1, 2, 3, 4, 0x60]));
  expect(await listener.closed()).toMatchObject({ code: 1002 });
  const [first, second] = await server.read(2);
  // The close frame of a client is masked.
  expect([first, (second ?? 0) & 0x80]).toEqual([0x88, 0x80]);
});

test('RFC 6455 7.1.1: a client waits for the server to end the TCP connection', async () => {
  const { transport, listener, server } = await openLiteral();
  transport.close(1000, '');
  await server.read(2 + 4 + 2);
  server.send(Buffer.from([0x88, 2, 0x03, 0xe8]));
  expect(await listener.closed()).toMatchObject({ code: 1000 });
  for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(server.hasEnded).toBe(false);
  server.end();
  expect(await server.readToEnd()).toEqual(Buffer.alloc(0));
});

test('RFC 6455 5.5.1: answers the close frame and the FIN of a server, whatever follows the frame', async () => {
  const { listener, server } = await openLiteral();
  server.send(Buffer.from([0x88, 2, 0x0f, 0xa0, 0x81, 1, 0x61]));
  expect(await listener.closed()).toMatchObject({ code: 4000 });
  server.end();
  expect(await server.readToEnd()).toHaveLength(2 + 4 + 2);
});

describe.each<[string, ZlibCodecs]>([
  ['the streams', streamCodecs],
  ['the public functions', publicCodecs],
])('permessage-deflate with a ws server, by %s of zlib', (_title, codecs) => {
  test.each<ServerOptions['perMessageDeflate'] & object>([
    {},
    { serverNoContextTakeover: true, clientNoContextTakeover: true },
    { serverMaxWindowBits: 9, clientMaxWindowBits: 9 },
  ])('which answers with %j', async (perMessageDeflate) => {
    const { transport, server } = await connect(
      { perMessageDeflate: { threshold: 0, ...perMessageDeflate } },
      { perMessageDeflate: { threshold: 0 } },
      codecs,
    );
    expect(transport.extensions).toHaveLength(1);
    const listener = new RecordingListener();
    transport.open(listener);
    transport.resume();
    server.on('message', (data: Buffer, isBinary) => server.send(data, { binary: isBinary }));
    const random = new Random(7);
    const texts = [0, 1, 1000, 1000, 70_000, 1000, 200_000, 5].map((size) => random.text(size));
    for (const text of texts) transport.sendText(text, true);
    expect(await listener.texts(texts.length)).toEqual(texts);
  });
});

test('with a Serval server: both sides use the agreed parameters', async () => {
  const options = { perMessageDeflate: { threshold: 0, serverMaxWindowBits: 8, clientNoContextTakeover: true } };
  const server = await NativeServer.start(options);
  cleanups.push(() => server.stop());
  const accepted = server.nextAccepted(() => undefined);
  const { transport: client } = await connectNative(server.port, createClientEngine(options));
  const { transport } = await accepted;
  const [ours, theirs] = [new RecordingListener(), new RecordingListener()];
  client?.open(ours);
  client?.resume();
  transport.open(theirs);
  transport.resume();
  const text = 'news of the day, '.repeat(500);
  for (let index = 0; index < 3; index += 1) {
    client?.sendText(text, true);
    transport.sendText(text, true);
  }
  expect(await ours.texts(3)).toEqual([text, text, text]);
  expect(await theirs.texts(3)).toEqual([text, text, text]);
});

test('requests no_context_takeover when the memory is used up, and accepts no other answer', async () => {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true });
  cleanups.push(() => new Promise((resolve) => wss.close(() => resolve())));
  await once(wss, 'listening');
  const engine = createClientEngine({ perMessageDeflate: { maxMemory: 200_000, threshold: 0 } });
  const open = async (): Promise<{ offer: string; agreed: string; socket: Socket }> => {
    const forOne = engine.forHandshake();
    const { transport, socket } = await connectNative((wss.address() as AddressInfo).port, forOne);
    cleanups.push(() => transport?.terminate());
    return { offer: formatExtensions(forOne.offers), agreed: formatExtensions(transport?.extensions ?? []), socket };
  };
  const context = 'permessage-deflate; client_max_window_bits';
  const none = 'permessage-deflate; server_no_context_takeover; client_max_window_bits';
  const opened = [await open(), await open(), await open()];
  expect(opened.map(({ offer }) => offer)).toEqual([context, context, none]);
  expect(opened.map(({ agreed }) => agreed)).toEqual([
    'permessage-deflate',
    'permessage-deflate',
    'permessage-deflate; server_no_context_takeover',
  ]);
  const tight = engine.forHandshake();
  expect(tight.open(answerOf(createExtension('permessage-deflate')))).toBeUndefined();
  const socket = opened[0]?.socket.destroy();
  if (socket !== undefined) await once(socket, 'close');
  expect(formatExtensions(engine.forHandshake().offers)).toBe(context);
});

function answerOf(...extensions: readonly Extension[]) {
  const socket = new PassThrough();
  return { socket, head: Buffer.alloc(0), extensions, isSecure: false, remoteAddress: undefined, closeTimeoutMs: 1 };
}

test.each([
  [[createExtension('x-zip')], {}],
  [[createExtension('permessage-deflate')], {}],
  [[createExtension('permessage-deflate', [['client_max_window_bits', '']])], { perMessageDeflate: true }],
  [[createExtension('permessage-deflate'), createExtension('permessage-deflate')], { perMessageDeflate: true }],
])('RFC 6455 4.1: refuses the answer %j if it was not offered', (extensions, options) => {
  const answer = answerOf(...extensions);
  const { socket } = answer;
  expect(createClientEngine(options).open(answer)).toBeUndefined();
  expect([socket.destroyed, socket.listenerCount('data')]).toEqual([false, 0]);
});
