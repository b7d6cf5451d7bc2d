#!/usr/bin/env bash
# socket.emit() of a Blob from Node.js sends the text "[object Blob]" and ends the connection
#
# Versions   socket.io and socket.io-client 4.8.4 (socket.io-parser and engine.io-parser as resolved)
# Expected   Blob is a global of Node.js and works in the browser, so emit('file', blob) delivers the bytes like a
#            Buffer, or throws.
# Instead    One layer treats a Blob as binary and announces an attachment. The layer below, in its Node.js build,
#            supports only Buffer, ArrayBuffer and views, and writes String(blob). The server waits for a binary
#            packet, gets a text, and ends the connection. The same happens with a File, and to a client whose
#            server emits a Blob ("parse error"). Packets as the server sees them, and the end:
#
#              Buffer  51-["file",{"_placeholder":true,"num":0}] | binary of 5 bytes | event "file"
#              Blob    51-["file",{"_placeholder":true,"num":0}] | "[object Blob]" | server: forced close | client: transport close
#              File    51-["file",{"_placeholder":true,"num":0}] | "[object File]" | server: forced close | client: transport close
#
# Matters    Code that uploads a Blob works in every page and loses the connection in Node.js, every time, without an
#            error at the sender. "transport close" looks like a network fault, so the client reconnects and a retry
#            fails again. Pass `Buffer.from(await blob.arrayBuffer())`. An encoder should decide "is it binary" and
#            "can it be written" in one place.
# Seen       2026-11-30, Node.js 20.20.2 and 26.10.0
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts socket.io@4.8.4 socket.io-client@4.8.4

cat >run.mjs <<'JS'
import { File } from 'node:buffer';
import { once } from 'node:events';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';

const host = http.createServer().listen(0, '127.0.0.1');
await once(host, 'listening');
const server = new Server(host);
let log;
server.engine.on('connection', (engine) => {
  const record = log;
  engine.on('packet', ({ type, data }) => {
    if (type !== 'message' || data === '0') return;
    record.push(
      typeof data !== 'string' ? `binary of ${data.length} bytes` : data.startsWith('5') ? data : JSON.stringify(data),
    );
  });
});
server.on('connection', (socket) => {
  const record = log;
  socket.on('file', () => record.push('event "file"'));
  socket.on('disconnect', (reason) => record.push(`server: ${reason}`));
});

const announced = '51-["file",{"_placeholder":true,"num":0}]';
let changed = false;
for (const [value, expected] of [
  [Buffer.from('hello'), `${announced} | binary of 5 bytes | event "file"`],
  [new Blob(['hello']), `${announced} | "[object Blob]" | server: forced close | client: transport close`],
  [new File(['hello'], 'hello.txt'), `${announced} | "[object File]" | server: forced close | client: transport close`],
]) {
  log = [];
  const client = io(`http://127.0.0.1:${host.address().port}`, {
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
  });
  const record = log;
  client.on('disconnect', (reason) => record.push(`client: ${reason}`));
  await new Promise((resolve) => client.on('connect', resolve));
  client.emit('file', value);
  for (let i = 0; i < 100 && !/^(event|client)/.test(log.at(-1) ?? ''); i++) await sleep(20);
  const seen = log.join(' | ');
  console.log(value.constructor.name.padEnd(7), seen);
  if (seen !== expected) changed = true;
  client.close();
}
process.exit(changed ? 1 : 0);
JS
timeout 30 node run.mjs
