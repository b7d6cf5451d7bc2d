#!/usr/bin/env bash
# On Bun, a ServerResponse that was assigned another stream answers the client instead
#
# Versions   Bun 1.4.5, Node.js 20.20.2
# Expected   `new ServerResponse(request)` writes to the stream that `assignSocket` gives it. Programs use this to run
#            the middleware of a framework where the answer must not reach the client: a session store in an upgrade,
#            a cache that fills itself, a test without a network.
# Instead    Bun writes to the connection of the request. The stream gets nothing, the client gets the answer that
#            was not for it, and the real one is lost:
#
#              Node.js  the stream has "for the other stream", the client has "for the client"
#              Bun      the stream has nothing, the client has "for the other stream"
# Matters    Express middleware that runs in an `upgrade` handler answers the client itself, and a proxy or a test that
#            collects the answer finds it empty. An object that keeps what is written to it, without a socket, behaves
#            the same on both.
# Seen       2026-11-30
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
# An install script brings Bun's binary.
npm install --silent --no-audit --no-fund bun@1.4.5

cat >server.mjs <<'JS'
import { once } from 'node:events';
import http, { ServerResponse } from 'node:http';
import net from 'node:net';
import { Duplex } from 'node:stream';

const written = [];
const other = new Duplex({
  read() {},
  write(chunk, _encoding, done) {
    written.push(chunk);
    done();
  },
});
const server = http.createServer((request, original) => {
  const response = new ServerResponse(request);
  response.assignSocket(other);
  response.end('for the other stream');
  setTimeout(() => original.end('for the client'), 300);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const client = net.connect(server.address().port, '127.0.0.1');
client.on('error', () => {});
client.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
let read = '';
client.on('data', (chunk) => (read += chunk));
client.on('end', () => client.end());
await once(client, 'close');

const bodyIn = (bytes) => ['for the other stream', 'for the client'].filter((body) => bytes.includes(body)).join() || '-';
console.log(`stream: ${bodyIn(Buffer.concat(written).toString())}; client: ${bodyIn(read)}`);
process.exit();
JS

node=$(timeout 30 node server.mjs)
bun=$(timeout 30 npx bun server.mjs)
printf 'Node.js  %s\nBun      %s\n' "$node" "$bun"
[ "$node" = 'stream: for the other stream; client: for the client' ] &&
  [ "$bun" = 'stream: -; client: for the other stream' ]
