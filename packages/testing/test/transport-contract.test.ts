import { createServer } from 'node:http';
import { connect, constants, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { acceptValue, createNativeEngine, createWsEngine, trySharedReads, type Engine } from '@serval/protocol';
import type { Transport } from '@serval/api/spi';
import { WebSocket } from 'ws';
import {
  createTransportPair,
  RecordingListener,
  transportContract,
  type ContractPeer,
  type OpenConnection,
} from '../src';

beforeAll(() => trySharedReads());

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const openPair: OpenConnection = async () => {
  const [transport, other] = createTransportPair();
  const received = new RecordingListener();
  other.open(received);
  other.resume();
  const peer: ContractPeer = {
    received,
    sendText: (text, last) => other.sendText(text, last),
    sendBinary: (data, last) => other.sendBinary(data, last),
    ping: (data) => other.ping(data),
    pong: (data) => other.pong(data),
    close: (code, reason) => other.close(code, reason),
    drop: () => other.terminate(),
    pause: () => other.pause(),
    resume: () => other.resume(),
  };
  return { transport, peer };
};

/** An engine behind a real socket, with a ws client as the peer. */
const openOn =
  (engine: Engine): OpenConnection =>
  async () => {
    const server = createServer();
    const accepted = new Promise<Transport>((resolve, reject) => {
      server.on('upgrade', (request, socket, head) => {
        const transport = engine.accept({
          socket,
          head,
          key: request.headers['sec-websocket-key'] ?? '',
          subprotocol: '',
          extensions: [],
          headers: [],
          isSecure: false,
          remoteAddress: request.socket.remoteAddress,
          maxMessageBytes: 8192,
          closeTimeoutMs: 5000,
        });
        if (transport === undefined) reject(new Error('the socket is gone'));
        else resolve(transport);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => new Promise((resolve) => server.close(() => resolve())));
    return connectPeer((server.address() as AddressInfo).port, accepted);
  };

/** Connects a ws client to a port of HTTP/1.1. */
async function connectPeer(port: number, accepted: Promise<Transport>): ReturnType<OpenConnection> {
  const client = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: false });
  const received = new RecordingListener();
  client.on('message', (data: Buffer, isBinary) => {
    if (isBinary) received.onBinary(data, true);
    else received.onText(data.toString(), true);
  });
  client.on('pong', (data) => received.onPong(data));
  client.on('close', (code, reason) => received.onClose(code, reason.toString()));
  client.on('error', (error) => received.onError(error));
  const [transport] = await Promise.all([accepted, new Promise((resolve) => client.on('open', resolve))]);
  cleanups.push(() => {
    client.terminate();
    transport.terminate();
  });
  const peer: ContractPeer = {
    received,
    sendText: (text, last) => client.send(text, { fin: last, binary: false }),
    sendBinary: (data, last) => client.send(data, { fin: last, binary: true }),
    ping: (data) => client.ping(data),
    pong: (data) => client.pong(data),
    close: (code, reason) => client.close(code, reason),
    drop: () => client.terminate(),
    pause: () => client.pause(),
    resume: () => client.resume(),
  };
  return { transport, peer };
}

/**
 * Our engine on a stream of HTTP/2 (RFC 8441). Before it stands a gateway that makes of an upgrade of HTTP/1.1 an
 * extended CONNECT, so that the peer is a ws client here as well.
 */
const openOnStream: OpenConnection = async () => {
  const engine = createNativeEngine();
  const server = createHttp2Server({ settings: { enableConnectProtocol: true } });
  const accepted = new Promise<Transport>((resolve, reject) => {
    server.on('stream', (stream) => {
      const transport = engine.acceptStream?.({
        stream,
        answer: () => stream.respond({ ':status': 200 }),
        subprotocol: '',
        extensions: [],
        headers: [],
        isSecure: false,
        remoteAddress: stream.session?.socket.remoteAddress,
        maxMessageBytes: 8192,
        closeTimeoutMs: 5000,
      });
      if (transport === undefined) reject(new Error('the stream is gone'));
      else resolve(transport);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await new Promise((resolve) => session.once('remoteSettings', resolve));
  const gateway = createServer();
  gateway.on('upgrade', (request, socket) => {
    const stream = session.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': request.url });
    stream.on('response', () => {
      const accept = acceptValue(request.headers['sec-websocket-key'] ?? '');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.pipe(stream).pipe(socket);
    });
    socket.on('error', () => undefined).on('close', () => stream.close(constants.NGHTTP2_CANCEL));
    stream.on('error', () => undefined).on('close', () => socket.destroy());
  });
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  cleanups.push(
    () => new Promise((resolve) => gateway.close(() => resolve())),
    () => new Promise((resolve) => server.close(() => resolve())),
    () => session.destroy(),
  );
  return connectPeer((gateway.address() as AddressInfo).port, accepted);
};

describe.each([
  ['in memory', openPair],
  ['over ws', openOn(createWsEngine())],
  ['native', openOn(createNativeEngine())],
  ['native on a stream of HTTP/2', openOnStream],
])('transport contract, %s', (_name, open) => {
  test.each(transportContract.map((rule) => [rule.title, rule] as const))('%s', (_title, rule) => rule.run(open));
});
