#!/usr/bin/env bash
# Node.js 26 exits while a WebSocket is open, if the server speaks HTTP/2
#
# Versions   Node.js 26.10.0 (undici 8.10.2 inside); undici 8.10.2, 8.13.1 and 7.30.2 on it
# Expected   An open WebSocket keeps the process alive, as it does over HTTP/1.1: a program that only waits for
#            messages runs until the connection closes.
# Instead    For wss: the client offers h2 and uses it if the server agrees (undici 7 only with `allowH2`). Once
#            the stream is open, nothing in the process counts as work: it ends with exit code 0, without a message
#            and without a close event. The server sends a message half a second after the handshake, then closes;
#            the clients print what they see:
#
#              global WebSocket, HTTP/1.1      open, message, close 1000, exit code 0
#              global WebSocket, HTTP/2        open, exit code 0
#              global WebSocket, HTTP/2 + ref  open, message, close 1000, exit code 0
#              undici 8.10.2, HTTP/2           open, exit code 0
#              undici 8.13.1, HTTP/2           open, message, close 1000, exit code 0
#              undici 7.30.2, HTTP/2           open, message, close 1000, exit code 0
#
#            The third one also holds an interval, as a workaround. undici 8.13.1 fixes the fault.
# Matters    A subscriber or bot that ran on Node.js 24 stops without an error on 26, or on the day a proxy in front
#            of its server enables RFC 8441. Its supervisor sees a success and may not start it again.
# Seen       2026-11-30
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
node=node-$(node -p "process.platform + '-' + process.arch")
npm install --silent --no-audit --no-fund --ignore-scripts "$node@26.10.0" undici@8.13.1 undici810@npm:undici@8.10.2 undici7@npm:undici@7.30.2
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost 2>/dev/null

cat >client.mjs <<'JS'
const [which, url] = process.argv.slice(2);
const undici = which.startsWith('undici') && (await import(which));
const options = which === 'undici7' ? { dispatcher: new undici.Agent({ allowH2: true }) } : {};
const socket = undici ? new undici.WebSocket(url, options) : new WebSocket(url);
const timer = which === 'ref' && setInterval(() => {}, 1000);
socket.onopen = () => console.log('open');
socket.onmessage = () => console.log('message');
socket.onerror = () => console.log('error');
socket.onclose = (event) => {
  console.log('close', event.code);
  clearInterval(timer);
};
JS
cat >run.mjs <<'JS'
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import https from 'node:https';

const tls = { key: readFileSync('key.pem'), cert: readFileSync('cert.pem') };
const accept = (key) => createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
// A text message, then a close frame with 1000; both small and unmasked. What the client sends is not read further.
const talk = (stream) => {
  stream.on('error', () => {}).on('data', () => (stream.close ? stream.close() : stream.end()));
  setTimeout(() => {
    if (stream.writable) stream.write(Buffer.from([0x81, 5, ...Buffer.from('hello'), 0x88, 2, 0x03, 0xe8]));
  }, 500);
};
const one = https.createServer(tls).on('upgrade', (request, socket) => {
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept(request.headers['sec-websocket-key'])}\r\n\r\n`,
  );
  talk(socket);
});
const two = http2.createSecureServer({ ...tls, settings: { enableConnectProtocol: true } }).on('stream', (stream, headers) => {
  if (headers[':protocol'] !== 'websocket') return stream.close();
  const key = headers['sec-websocket-key'];
  stream.respond({ ':status': 200, ...(key && { 'sec-websocket-accept': accept(key) }) });
  talk(stream);
});
two.on('session', (session) => session.on('error', () => {}));
for (const server of [one, two]) await once(server.listen(0, '127.0.0.1'), 'listening');

const lives = 'open, message, close 1000, exit code 0';
const dies = 'open, exit code 0';
const rows = [
  ['global WebSocket, HTTP/1.1', 'global', one, lives],
  ['global WebSocket, HTTP/2', 'global', two, dies],
  ['global WebSocket, HTTP/2 + ref', 'ref', two, lives],
  ['undici 8.10.2, HTTP/2', 'undici810', two, dies],
  ['undici 8.13.1, HTTP/2', 'undici', two, lives],
  ['undici 7.30.2, HTTP/2', 'undici7', two, lives],
];
let asExpected = 0;
for (const [name, which, server, expected] of rows) {
  const url = `wss://localhost:${server.address().port}/`;
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: 'cert.pem', NODE_NO_WARNINGS: '1' };
  const client = spawn(process.execPath, ['client.mjs', which, url], { env, stdio: ['ignore', 'pipe', 'inherit'], timeout: 8000 });
  let printed = '';
  client.stdout.on('data', (chunk) => (printed += chunk));
  const [code] = await once(client, 'close');
  const result = [...printed.trim().split('\n'), `exit code ${code}`].join(', ');
  console.log(name.padEnd(31), result);
  if (result === expected) asExpected++;
}
process.exit(asExpected === rows.length ? 0 : 1);
JS
timeout 60 "node_modules/$node/bin/node" run.mjs
