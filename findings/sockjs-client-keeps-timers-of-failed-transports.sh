#!/usr/bin/env bash
# sockjs-client ends a transport by the timer of one that failed before
#
# Versions   sockjs-client 1.6.1, Node.js 20.20.2
# Expected   Each transport of the list has `timeout` milliseconds to open, and then the next one is tried.
# Instead    The timer of a transport that failed early goes on, and ends whatever transport is tried by then. That one's
#            timer in turn ends the next. With a timeout of 2000, a server that refuses WebSockets at once, and a proxy that
#            holds back every answer:
#
#              websocket, xhr-streaming, xhr-polling   streaming has 2.0 s, polling 0.0 s: "All transports failed"
#              xhr-streaming, xhr-polling              streaming has 2.0 s, polling 2.0 s
# Matters    Behind a proxy that buffers and does not pass `Upgrade`, polling is the one transport that works, and it gets
#            the time only by chance. On a slow network the client gives up, or ends with another transport than the one
#            that would serve best. A larger `timeout`, or a list without the middle transport, helps.
# Seen       2026-12-01
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund sockjs-client@1.6.1

cat >try.cjs <<'JS'
const { once } = require('node:events');
const http = require('node:http');
const SockJS = require('sockjs-client');

const seconds = (from) => ((performance.now() - from) / 1000).toFixed(1);

async function attempt(transports) {
  const tried = [];
  const server = http.createServer((request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    if (path.endsWith('/info')) {
      response.end(JSON.stringify({ websocket: true, origins: ['*:*'], cookie_needed: false, entropy: 1 }));
      return;
    }
    // Held back until the client gives up.
    const began = performance.now();
    response.on('close', () => tried.push(`${path.split('/').pop()} ${seconds(began)} s`));
  });
  server.on('upgrade', (_request, socket) => {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new SockJS(`http://127.0.0.1:${server.address().port}/echo`, null, { timeout: 2000, transports });
  await new Promise((resolve) => (client.onclose = resolve));
  while (tried.length < 2) await new Promise((resolve) => setTimeout(resolve, 50));
  server.close();
  return tried.join(', ');
}

(async () => {
  console.log(await attempt(['websocket', 'xhr-streaming', 'xhr-polling']));
  console.log(await attempt(['xhr-streaming', 'xhr-polling']));
  process.exit();
})();
JS

seen=$(timeout 60 node try.cjs)
echo "$seen"
[[ $seen =~ ^xhr_streaming\ 2\.[01]\ s,\ xhr\ 0\.[01]\ s$'\n'xhr_streaming\ 2\.[01]\ s,\ xhr\ 2\.[01]\ s$ ]]
