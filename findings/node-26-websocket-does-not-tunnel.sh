#!/usr/bin/env bash
# Behind an HTTP proxy, one process of Node.js 26 opens a ws: URL in three ways, and the built-in one fails
#
# Versions   Node.js 26.10.0 (undici 8.10.2 inside), undici 8.13.1, undici 7.30.2, ws 8.23.0
# Expected   With NODE_USE_ENV_PROXY=1 and HTTP_PROXY, fetch, http.get and WebSocket go through the proxy. A
#            WebSocket requests a tunnel with CONNECT, also for ws:, as RFC 6455 4.1 and the WHATWG standard
#            require, because a proxy removes Upgrade from a plain request (RFC 9110 7.6.1).
# Instead    undici 8 tunnels only wss:. For ws: it sends the proxy a plain GET with Upgrade, unlike undici 7. ws
#            ignores the environment. The proxy of this script tunnels CONNECT, and forwards a GET without its
#            hop-by-hop fields. The proxy's view, and each client's result:
#
#              fetch                                   GET      200
#              http.get                                GET      200
#              WebSocket of Node.js 26.10.0            GET      error, close 1006
#              undici 8.13.1, EnvHttpProxyAgent        GET      error, close 1006
#              undici 8.13.1, ProxyAgent, proxyTunnel  CONNECT  open
#              undici 7.30.2, EnvHttpProxyAgent        CONNECT  open
#              undici 7.30.2, ProxyAgent               CONNECT  open
#              ws 8.23.0                               -        open
#
#            tinyproxy 1.11.1 gives the same results.
# Matters    An upgrade from undici 7 to 8, or to Node.js 26, cuts off ws: clients behind a proxy; the error event
#            has an empty message. Set `proxyTunnel: true`, use wss:, or list the server in NO_PROXY. For ws,
#            Socket.IO and everything else built on ws, the environment has no effect: traffic leaves directly
#            although it must not, or fails because it must use the proxy. Pass an agent.
# Seen       2026-11-30
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
node=node-$(node -p "process.platform + '-' + process.arch")
npm install --silent --no-audit --no-fund --ignore-scripts "$node@26.10.0" ws@8.23.0 undici@8.13.1 undici7@npm:undici@7.30.2

cat >client.mjs <<'JS'
import { once } from 'node:events';
import http from 'node:http';
import { EnvHttpProxyAgent, ProxyAgent, WebSocket as Undici8 } from 'undici';
import { EnvHttpProxyAgent as EnvHttpProxyAgent7, ProxyAgent as ProxyAgent7, WebSocket as Undici7 } from 'undici7';
import { WebSocket as Ws } from 'ws';

const [address] = process.argv.slice(2);
const uri = process.env.HTTP_PROXY;
const get = () =>
  new Promise((resolve, reject) =>
    http.get(`http://${address}/`, (response) => resolve(response.resume().statusCode)).on('error', reject),
  );
const open = (WebSocket, options = {}) =>
  new Promise((resolve) => {
    const socket = new WebSocket(`ws://${address}/`, options);
    let failed = '';
    socket.onopen = () => resolve('open');
    socket.onerror = () => (failed = 'error, ');
    socket.onclose = (event) => resolve(`${failed}close ${event.code}`);
  });
const ways = {
  fetch: async () => (await fetch(`http://${address}/`)).status,
  'http.get': get,
  'WebSocket of Node.js 26.10.0': () => open(globalThis.WebSocket),
  'undici 8.13.1, EnvHttpProxyAgent': () => open(Undici8, { dispatcher: new EnvHttpProxyAgent() }),
  'undici 8.13.1, ProxyAgent, proxyTunnel': () =>
    open(Undici8, { dispatcher: new ProxyAgent({ uri, proxyTunnel: true }) }),
  'undici 7.30.2, EnvHttpProxyAgent': () => open(Undici7, { dispatcher: new EnvHttpProxyAgent7() }),
  'undici 7.30.2, ProxyAgent': () => open(Undici7, { dispatcher: new ProxyAgent7(uri) }),
  'ws 8.23.0': () => open(Ws),
};
for (const [how, way] of Object.entries(ways)) {
  process.send({ how, result: String(await way()) });
  await once(process, 'message');
}
process.exit(0);
JS
cat >run.mjs <<'JS'
import { fork } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { WebSocketServer } from 'ws';

const listen = async (server) => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${server.address().port}`;
};
const origin = http.createServer((request, response) => response.end('page'));
new WebSocketServer({ server: origin });
const address = await listen(origin);

let seen;
const proxy = http.createServer((request, response) => forward(request, response));
proxy.shouldUpgradeCallback = () => false; // an upgrade is a plain request here
function forward(request, response) {
  seen = request.method;
  const { connection, upgrade, ...headers } = request.headers;
  request.pipe(
    http
      .request(request.url, { method: request.method, headers }, (answer) => {
        response.writeHead(answer.statusCode);
        answer.pipe(response);
      })
      .on('error', () => response.destroy()),
  );
}
proxy.on('connect', (request, socket, head) => {
  seen = request.method;
  const [host, port] = request.url.split(':');
  const target = net.connect(port, host, () => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    target.write(head);
    target.pipe(socket).pipe(target);
  });
  target.on('error', () => socket.destroy());
  socket.on('error', () => target.destroy());
});
const uri = `http://${await listen(proxy)}`;
const env = { ...process.env, NODE_USE_ENV_PROXY: '1', HTTP_PROXY: uri, http_proxy: uri, NO_PROXY: '', no_proxy: '' };

const expected = {
  fetch: ['GET', '200'],
  'http.get': ['GET', '200'],
  'WebSocket of Node.js 26.10.0': ['GET', 'error, close 1006'],
  'undici 8.13.1, EnvHttpProxyAgent': ['GET', 'error, close 1006'],
  'undici 8.13.1, ProxyAgent, proxyTunnel': ['CONNECT', 'open'],
  'undici 7.30.2, EnvHttpProxyAgent': ['CONNECT', 'open'],
  'undici 7.30.2, ProxyAgent': ['CONNECT', 'open'],
  'ws 8.23.0': ['-', 'open'],
};
let asExpected = 0;
seen = '-';
const client = fork('client.mjs', [address], { env, execArgv: ['--no-warnings'], timeout: 30_000 });
client.on('message', ({ how, result }) => {
  console.log(how.padEnd(39), seen.padEnd(8), result);
  if (seen === expected[how][0] && result === expected[how][1]) asExpected++;
  seen = '-';
  client.send('next');
});
await once(client, 'exit');
process.exit(asExpected === Object.keys(expected).length ? 0 : 1);
JS
timeout 50 "node_modules/$node/bin/node" run.mjs
