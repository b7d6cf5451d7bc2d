#!/usr/bin/env bash
# nginx sends one WebSocket handshake to two backends
#
# Versions   nginx 1.22.1 of Debian 12 (the script names and tries any other version), ws 8.23.0
# Expected   A client opens a WebSocket once, so one backend gets one handshake. If that backend is slow or exits
#            before it answers, the client gets 504 or 502 and decides what to do.
# Instead    For nginx a handshake is a GET, so `proxy_next_upstream error timeout` (the default) repeats it at the
#            next server of the upstream. It does so if the first server ends the connection during a restart, or
#            needs longer than proxy_read_timeout to authenticate (60 s by default; 1 s here). Output:
#
#              restart       A: handshake ?ticket=1, A: goes away, B: handshake ?ticket=1 | client: 401 ticket used
#              slow check    A: handshake ?ticket=2, B: handshake ?ticket=2 | client: 401 ticket used
#              slow, once    A: handshake ?ticket=3 | client: 504
#
#            "slow, once" is `proxy_next_upstream off`.
# Matters    One-time tickets, the usual way to authenticate a browser's WebSocket, fail during a rolling restart,
#            with an error that names the ticket, not the restart. Every other effect of a handshake also happens
#            twice: presence, limits per user, an audit line. Set `proxy_next_upstream off` for WebSocket
#            locations, keep handshakes shorter than proxy_read_timeout, consume a ticket just before you write the
#            101, and drain a backend with an answer (503, which nginx doesn't repeat by default), not with a close.
# Seen       2026-11-30, Node.js 20.20.2
set -euo pipefail
command -v nginx >/dev/null || apt-get install -y --no-install-recommends nginx-light >/dev/null
version=$(nginx -v 2>&1)
[ "$version" = "nginx version: nginx/1.22.1" ] || echo "seen with nginx/1.22.1, this is $version"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts ws@8.23.0

cat >run.mjs <<'JS'
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';

const log = [];
const used = new Set(); // both backends share the tickets, as by a database
const sockets = new WebSocketServer({ noServer: true });
let behaviour;

async function backend(name) {
  const server = http.createServer().on('upgrade', async (request, socket, head) => {
    const ticket = request.url.slice(1);
    log.push(`${name}: handshake ${ticket}`);
    socket.on('error', () => {});
    const isNew = !used.has(ticket);
    used.add(ticket);
    if (!isNew)
      return socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 11\r\nConnection: close\r\n\r\nticket used');
    if (behaviour === 'restart') {
      log.push(`${name}: goes away`);
      return socket.destroy();
    }
    await sleep(1500); // the check of the ticket
    if (!socket.destroyed) sockets.handleUpgrade(request, socket, head, () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

const [a, b] = [await backend('A'), await backend('B')];
const probe = net.createServer().listen(0, '127.0.0.1');
await once(probe, 'listening');
const { port } = probe.address();
await new Promise((resolve) => probe.close(resolve));
const here = process.cwd();
mkdirSync(`${here}/tmp`);
writeFileSync(
  `${here}/nginx.conf`,
  `
daemon off; master_process off; pid ${here}/pid; error_log ${here}/error.log crit; events {}
http {
  access_log off;
  client_body_temp_path tmp/a; proxy_temp_path tmp/b; fastcgi_temp_path tmp/c; uwsgi_temp_path tmp/d; scgi_temp_path tmp/e;
  upstream slow { server 127.0.0.1:${a}; server 127.0.0.1:${b}; }
  upstream chat { server 127.0.0.1:${a}; server 127.0.0.1:${b}; }
  upstream once { server 127.0.0.1:${a}; server 127.0.0.1:${b}; }
  server {
    listen 127.0.0.1:${port};
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection upgrade;
    proxy_read_timeout 1s;
    location /chat/ { proxy_pass http://chat/; }
    location /slow/ { proxy_pass http://slow/; }
    location /once/ { proxy_pass http://once/; proxy_next_upstream off; }
  }
}`,
);
const nginx = spawn('nginx', ['-p', here, '-e', `${here}/error.log`, '-c', `${here}/nginx.conf`], {
  stdio: ['ignore', 'inherit', 'inherit'],
});
process.on('exit', () => nginx.kill('SIGKILL'));
process.once('SIGTERM', () => process.exit(1));
for (let i = 0; ; i++) {
  const socket = net.connect(port, '127.0.0.1');
  const up = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'close').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  if (up) break;
  if (i === 100) throw new Error('nginx did not start');
  await sleep(50);
}

function handshake(path) {
  log.length = 0;
  return new Promise((resolve) => {
    const client = new WebSocket(`ws://127.0.0.1:${port}${path}`);
    client.on('error', () => {});
    client.on('open', () => resolve('open'));
    client.on('unexpected-response', (request, response) => {
      let body = '';
      response
        .on('data', (data) => (body += data))
        .on('end', () => resolve(`${response.statusCode} ${response.statusCode === 401 ? body : ''}`.trim()));
    });
  });
}

let changed = false;
for (const [name, kind, path, expected] of [
  [
    'restart',
    'restart',
    '/chat/?ticket=1',
    'A: handshake ?ticket=1, A: goes away, B: handshake ?ticket=1 | client: 401 ticket used',
  ],
  ['slow check', 'slow', '/slow/?ticket=2', 'A: handshake ?ticket=2, B: handshake ?ticket=2 | client: 401 ticket used'],
  ['slow, once', 'slow', '/once/?ticket=3', 'A: handshake ?ticket=3 | client: 504'],
]) {
  behaviour = kind;
  const answer = await handshake(path);
  const seen = `${log.join(', ')} | client: ${answer}`;
  console.log(name.padEnd(13), seen);
  if (seen !== expected) changed = true;
}
nginx.kill();
await once(nginx, 'exit');
process.exit(changed ? 1 : 0);
JS
timeout 30 node run.mjs
