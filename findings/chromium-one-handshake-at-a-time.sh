#!/usr/bin/env bash
# Chromium opens one WebSocket at a time to a server; a slow handshake holds up all others
#
# Versions   Debian chromium 156.0.8078.114-1~deb12u1 (the script names and tries any other version);
#            ws 8.23.0 as server and as client for comparison
# Expected   A page opens four WebSockets whose handshakes take 0.5 s each (a token check, a database). All are
#            open after 0.5 s, as four clients of ws are.
# Instead    Chromium starts the next handshake when the previous one is answered. The queue belongs to the address
#            and port: other paths, and other names of the same address, wait in it too. HTTP/2 (RFC 8441) has no
#            queue. Output:
#
#              ws, HTTP/1.1                       4 handshakes at once, the last one open after 0.5 s
#              chromium, HTTP/1.1                 1 handshake at once, the last one open after 2.0 s
#              chromium, two names, one address   1 handshake at once, the last one open after 2.0 s
#              chromium, HTTP/2                   4 handshakes at once, the last one open after 0.5 s
#
#            The times vary, the counts do not. In a longer run, a handshake that the server left unanswered for
#            5 s delayed the next one by 5 s.
# Matters    RFC 6455 4.1 requires it (one connection in CONNECTING state for each address and port), but ws, undici,
#            Bun and Deno don't do it, so load tests never show it. Handshake times add up over all sockets and
#            tabs of a user, and one hanging handshake blocks every other WebSocket of that user to that server.
#            Keep handshakes short, limit them with a timeout, move a slow login into the first message, open one
#            WebSocket per page, or serve WebSockets over HTTP/2.
# Seen       2026-11-30, Node.js 20.20.2
set -euo pipefail
command -v chromium >/dev/null || apt-get install -y --no-install-recommends chromium >/dev/null
command -v openssl >/dev/null || apt-get install -y --no-install-recommends openssl >/dev/null
version=$(dpkg-query -W -f '${Version}' chromium)
[ "$version" = 156.0.8078.114-1~deb12u1 ] || echo "seen with chromium 156.0.8078.114-1~deb12u1, this is $version"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts ws@8.23.0
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost 2>/dev/null

cat >run.mjs <<'JS'
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import { WebSocket, WebSocketServer } from 'ws';

const HANDSHAKE_MS = 500;
const PAGE = `<script>
const names = NAMES, scheme = location.protocol === 'https:' ? 'wss' : 'ws', start = performance.now();
let open = 0;
for (let i = 0; i < 4; i++)
  new WebSocket(scheme + '://' + names[i % names.length] + ':' + location.port + '/socket' + i).onopen = () => {
    if (++open === 4) fetch('/done?' + Math.round(performance.now() - start));
  };
</script>`;
const sockets = new WebSocketServer({ noServer: true });

/** Serves the page and counts handshakes that wait for their answer. */
async function serve(names, overHttp2) {
  const state = { waiting: 0, most: 0 };
  state.done = new Promise((resolve) => (state.finish = resolve));
  const later = (answer) => {
    state.most = Math.max(state.most, ++state.waiting);
    setTimeout(() => {
      state.waiting--;
      answer();
    }, HANDSHAKE_MS);
  };
  const onRequest = (request, response) => {
    const [path, milliseconds] = request.url.split('?');
    if (path === '/done') state.finish(Number(milliseconds));
    response.setHeader('content-type', 'text/html');
    response.end(path === '/' ? PAGE.replace('NAMES', JSON.stringify(names)) : '');
  };
  let server;
  if (overHttp2) {
    server = http2.createSecureServer(
      { key: readFileSync('key.pem'), cert: readFileSync('cert.pem'), settings: { enableConnectProtocol: true } },
      onRequest,
    );
    server.on('connect', () => {}); // without a listener Node.js answers CONNECT with 405
    server.on('stream', (stream, headers) => {
      if (headers[':protocol'] === 'websocket') later(() => stream.respond({ ':status': 200 }));
    });
  } else {
    server = http.createServer(onRequest);
    server.on('upgrade', (request, socket, head) =>
      later(() => sockets.handleUpgrade(request, socket, head, () => {})),
    );
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(state, { server, port: server.address().port });
}

const browsers = new Set();
const kill = (browser) => browsers.delete(browser) && process.kill(-browser.pid, 'SIGKILL');
process.on('exit', () => browsers.forEach(kill));
process.once('SIGTERM', () => process.exit(1));

async function inChromium(names, overHttp2) {
  const state = await serve(names, overHttp2);
  const home = `${process.cwd()}/home${state.port}`;
  mkdirSync(home);
  const url = `${overHttp2 ? 'https' : 'http'}://${names[0]}:${state.port}/`;
  const flags = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--no-first-run',
    '--ignore-certificate-errors',
    `--user-data-dir=${home}`,
  ];
  const browser = spawn('chromium', [...flags, url], {
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, HOME: home },
  });
  browsers.add(browser);
  const milliseconds = await Promise.race([
    state.done,
    new Promise((resolve) => setTimeout(resolve, 12_000, NaN).unref()),
  ]);
  kill(browser);
  await once(browser, 'exit');
  return { most: state.most, milliseconds };
}

async function withWs() {
  const state = await serve(['127.0.0.1'], false);
  const start = performance.now();
  const clients = Array.from({ length: 4 }, (_, i) => new WebSocket(`ws://127.0.0.1:${state.port}/socket${i}`));
  await Promise.all(clients.map((client) => once(client, 'open')));
  return { most: state.most, milliseconds: performance.now() - start };
}

let changed = false;
for (const [name, run, most] of [
  ['ws, HTTP/1.1', withWs, 4],
  ['chromium, HTTP/1.1', () => inChromium(['127.0.0.1'], false), 1],
  ['chromium, two names, one address', () => inChromium(['127.0.0.1', 'localhost'], false), 1],
  ['chromium, HTTP/2', () => inChromium(['localhost'], true), 4],
]) {
  const result = await run();
  console.log(
    `${name.padEnd(34)} ${result.most} handshake${result.most === 1 ? '' : 's'} at once, the last one open after ${(result.milliseconds / 1000).toFixed(1)} s`,
  );
  if (result.most !== most || Number.isNaN(result.milliseconds)) changed = true;
}
process.exit(changed ? 1 : 0);
JS
timeout 55 node run.mjs
