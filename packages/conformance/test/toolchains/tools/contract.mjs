// The contract of transports under the runtime that runs this file: our engine behind a server of node:http, and in
// memory. The peer is our client engine. Prints one line for each rule.
import { createServer, request } from 'node:http';
import protocol from '../../../../protocol/dist/index.js';
import testing from '../../../../testing/dist/index.js';

const { createClientEngine, createNativeEngine } = protocol;
const { createTransportPair, RecordingListener, transportContract } = testing;
const RULE_LIMIT_MS = 10_000;
const cleanups = [];

function peerOf(transport) {
  const received = new RecordingListener();
  transport.open(received);
  transport.resume();
  return {
    received,
    sendText: (text, last) => transport.sendText(text, last),
    sendBinary: (data, last) => transport.sendBinary(data, last),
    ping: (data) => transport.ping(data),
    pong: (data) => transport.pong(data),
    close: (code, reason) => transport.close(code, reason),
    drop: () => transport.terminate(),
    pause: () => transport.pause(),
    resume: () => transport.resume(),
  };
}

const inMemory = async () => {
  const [transport, other] = createTransportPair();
  return { transport, peer: peerOf(other) };
};

const native = async () => {
  const engine = createNativeEngine();
  const server = createServer();
  const accepted = new Promise((resolve) => {
    server.on('upgrade', (incoming, socket, head) => {
      const { remoteAddress } = incoming.socket;
      const key = incoming.headers['sec-websocket-key'];
      const shared = { socket, head, key, remoteAddress, subprotocol: '', extensions: [], headers: [] };
      resolve(engine.accept({ ...shared, isSecure: false, maxMessageBytes: 8192, closeTimeoutMs: 5000 }));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => server.close());
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version': '13',
  };
  const other = await new Promise((resolve, reject) => {
    const handshake = request({ port: server.address().port, host: '127.0.0.1', agent: false, headers });
    handshake.on('error', reject);
    handshake.on('upgrade', (_response, socket, head) => {
      const { remoteAddress } = socket;
      resolve(
        createClientEngine().open({
          socket,
          head,
          remoteAddress,
          extensions: [],
          isSecure: false,
          closeTimeoutMs: 5000,
        }),
      );
    });
    handshake.end();
  });
  const transport = await accepted;
  cleanups.push(() => {
    other.terminate();
    transport.terminate();
  });
  return { transport, peer: peerOf(other) };
};

for (const [name, open] of Object.entries({ native, 'in memory': inMemory })) {
  for (const { title, run } of transportContract) {
    let timer;
    const limit = new Promise((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('it took too long')), RULE_LIMIT_MS);
    });
    try {
      await Promise.race([run(open), limit]);
      console.log(`ok ${name}: ${title}`);
    } catch (error) {
      console.log(`FAILED ${name}: ${title}: ${String(error.message).split('\n')[0]}`);
    }
    clearTimeout(timer);
    for (const cleanup of cleanups.splice(0).reverse()) cleanup();
  }
}
process.exit(0);
