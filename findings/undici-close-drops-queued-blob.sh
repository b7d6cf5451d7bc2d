#!/usr/bin/env bash
# close() of undici's WebSocket drops a Blob sent before it, and everything after the Blob
#
# Versions   undici 7.30.2 and 8.13.1, and the WebSocket built into Node.js 26.10.0
#            (server, and client for comparison: ws 8.23.0)
# Expected   send() queues, close() starts the closing handshake after the queue. The WHATWG standard says so,
#            and ws, Bun 1.4.5 and Deno 2.9.6 do it: the server receives "first", the Blob, "last", close 1000.
# Instead    send(text), send(blob), send(text), close(1000) loses the Blob and the text after it. The client
#            reports a clean close. Output:
#
#              node 26.10.0   server: first, close 1000                             client: 1000 clean, 12 bytes were queued
#              undici 8.13.1  server: first, close 1000                             client: 1000 clean, 12 bytes were queued
#              undici 7.30.2  server: first, close 1000                             client: 1000 clean, 12 bytes were queued
#              ws 8.23.0      server: first, binary of 3 bytes, last, close 1000    client: 1000 clean, 7 bytes were queued
#
#            Without the Blob, or with close() 50 ms later, all messages arrive.
# Matters    Page code that uploads and then calls close(1000) gets reused in Node.js. The server sees a normal close
#            after half a conversation and commits the data it has; neither side gets an error. Send
#            `await blob.arrayBuffer()` instead of the Blob, or close after the server confirms the last message.
#            If a server must detect an incomplete conversation, it needs a final message; close code 1000 proves
#            nothing.
# Seen       2026-11-30
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
node=node-$(node -p "process.platform + '-' + process.arch")
npm install --silent --no-audit --no-fund --ignore-scripts "$node@26.10.0" ws@8.23.0 undici@8.13.1 undici7@npm:undici@7.30.2

cat >run.mjs <<'JS'
import { once } from 'node:events';
import { WebSocket as Undici8 } from 'undici';
import { WebSocket as Undici7 } from 'undici7';
import { WebSocket as Ws, WebSocketServer } from 'ws';

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
await once(server, 'listening');

function converse(WebSocket) {
  return new Promise((resolve) => {
    const received = [];
    let queued;
    let clientClose;
    const finish = () => {
      if (clientClose && received.at(-1)?.startsWith('close'))
        resolve({ received: received.join(', '), queued, clientClose });
    };
    server.once('connection', (socket) => {
      socket.on('message', (data, isBinary) =>
        received.push(isBinary ? `binary of ${data.length} bytes` : String(data)),
      );
      socket.on('close', (code) => {
        received.push(`close ${code}`);
        finish();
      });
    });
    const client = new WebSocket(`ws://127.0.0.1:${server.address().port}/`);
    client.onopen = () => {
      client.send('first');
      client.send(new Blob(['abc']));
      client.send('last');
      queued = client.bufferedAmount;
      client.close(1000);
    };
    client.onclose = (event) => {
      clientClose = `${event.code} ${event.wasClean ? 'clean' : 'not clean'}`;
      finish();
    };
  });
}

let changed = false;
for (const [name, WebSocket, expected] of [
  [`node ${process.versions.node}`, globalThis.WebSocket, 'first, close 1000'],
  ['undici 8.13.1', Undici8, 'first, close 1000'],
  ['undici 7.30.2', Undici7, 'first, close 1000'],
  ['ws 8.23.0', Ws, 'first, binary of 3 bytes, last, close 1000'],
]) {
  const { received, queued, clientClose } = await converse(WebSocket);
  console.log(`${name.padEnd(14)} server: ${received.padEnd(45)} client: ${clientClose}, ${queued} bytes were queued`);
  if (received !== expected || clientClose !== '1000 clean') changed = true;
}
process.exit(changed ? 1 : 0);
JS
timeout 30 "node_modules/$node/bin/node" run.mjs
