#!/usr/bin/env bash
# Two y-websocket providers in one Node.js process synchronize without any server
#
# Versions   y-websocket 3.1.0, yjs 13.6.33, lib0 as resolved
# Expected   A WebSocket provider that can't reach its server has nothing to synchronize with. A test that connects
#            two documents to a server fails if the server is down, or refuses both.
# Instead    Node.js has a global BroadcastChannel, so the provider's code for tabs of one browser is active there
#            too: providers of one URL and room exchange updates inside the process, and between worker threads.
#            The server of this script answers every handshake with 403. Output:
#
#              2 documents, server refused both handshakes, connected: false false, second document: "hello"
#              with disableBc: true,                        connected: false false, second document: ""
#
# Matters    An integration test of a collaboration server with two clients in one process passes without the server,
#            so it doesn't test authentication, rooms or messages. Read-only rules look broken for the same reason:
#            updates arrive although the server refuses to forward them. Set `disableBc: true` in every test and in
#            Node.js services that hold several documents, or run each client in a separate process.
# Seen       2026-11-30, Node.js 20.20.2 and 26.10.0
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts y-websocket@3.1.0 yjs@13.6.33 ws@8.23.0

cat >run.mjs <<'JS'
import { once } from 'node:events';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';

let refused = 0;
const server = http.createServer().on('upgrade', (request, socket) => {
  refused++;
  socket.on('error', () => {});
  socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `ws://127.0.0.1:${server.address().port}`;

async function edit(options) {
  const documents = [new Y.Doc(), new Y.Doc()];
  const providers = documents.map(
    (document) => new WebsocketProvider(url, 'room', document, { WebSocketPolyfill: WebSocket, ...options }),
  );
  documents[0].getText('text').insert(0, 'hello');
  const refusedBefore = refused;
  for (let i = 0; i < 250 && refused < refusedBefore + 2; i++) await sleep(20);
  const result = {
    connected: providers.map((provider) => provider.wsconnected).join(' '),
    text: documents[1].getText('text').toString(),
  };
  providers.forEach((provider) => provider.destroy());
  return result;
}

const plain = await edit({});
console.log(
  `2 documents, server refused both handshakes, connected: ${plain.connected}, second document: ${JSON.stringify(plain.text)}`,
);
const alone = await edit({ disableBc: true });
console.log(
  `with disableBc: true,                        connected: ${alone.connected}, second document: ${JSON.stringify(alone.text)}`,
);
const asExpected = refused >= 4 && plain.text === 'hello' && plain.connected === 'false false' && alone.text === '';
process.exit(asExpected ? 0 : 1);
JS
timeout 30 node run.mjs
