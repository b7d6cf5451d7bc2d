#!/usr/bin/env bash
# Node.js's built-in WebSocket negotiates permessage-deflate and sends everything uncompressed
#
# Versions   the WebSocket of Node.js 26.10.0, undici 8.13.1 and 7.30.2; server and client for comparison: ws 8.23.0
# Expected   `client.extensions` says "permessage-deflate", so both directions are compressed.
# Instead    Only the server compresses. Bytes on the wire for a text of 50,000 equal characters:
#
#              node 26.10.0   permessage-deflate  client to server 50008, server to client 67
#              undici 8.13.1  permessage-deflate  client to server 50008, server to client 67
#              undici 7.30.2  permessage-deflate  client to server 50008, server to client 67
#              ws 8.23.0      permessage-deflate  client to server 71, server to client 67
#
# Matters    The extension in the handshake, in access logs and in `extensions` says nothing about uploads. The
#            server never needs the inflate context of such a connection, so it should create the context with
#            the first compressed message. Services that receive a lot of JSON from Node.js clients (agents,
#            telemetry) gain nothing. Compress the payload, or use a client that compresses.
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
import http from 'node:http';
import { WebSocket as Undici8 } from 'undici';
import { WebSocket as Undici7 } from 'undici7';
import { WebSocket as Ws, WebSocketServer } from 'ws';

const TEXT = 'x'.repeat(50_000);
const host = http.createServer().listen(0, '127.0.0.1');
await once(host, 'listening');
const server = new WebSocketServer({ server: host, perMessageDeflate: true });

function measure(WebSocket) {
  return new Promise((resolve, reject) => {
    const client = new WebSocket(`ws://127.0.0.1:${host.address().port}/`);
    client.onerror = reject;
    let up;
    let down;
    server.once('connection', (socket, { socket: wire }) => {
      const read = wire.bytesRead;
      const written = wire.bytesWritten;
      socket.once('message', () => {
        up = wire.bytesRead - read;
        socket.send(TEXT, () => (down = wire.bytesWritten - written));
      });
    });
    client.onopen = () => client.send(TEXT);
    client.onmessage = () =>
      setImmediate(() => {
        resolve({ extensions: client.extensions, up, down });
        client.close();
      });
  });
}

let changed = false;
for (const [name, WebSocket, compresses] of [
  [`node ${process.versions.node}`, globalThis.WebSocket, false],
  ['undici 8.13.1', Undici8, false],
  ['undici 7.30.2', Undici7, false],
  ['ws 8.23.0', Ws, true],
]) {
  const { extensions, up, down } = await measure(WebSocket);
  console.log(`${name.padEnd(14)} ${extensions}  client to server ${up}, server to client ${down}`);
  if (!extensions.startsWith('permessage-deflate') || up < 1000 !== compresses || down > 1000) changed = true;
}
process.exit(changed ? 1 : 0);
JS
timeout 30 "node_modules/$node/bin/node" run.mjs
