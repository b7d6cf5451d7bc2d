#!/usr/bin/env bash
# Four reconnecting clients send their queue before the open handler runs
#
# Versions   partysocket 1.3.0, reconnecting-websocket 4.4.0, socket.io-client 4.8.4, mqtt 5.16.0
#            (servers: ws 8.23.0, socket.io 4.8.4, aedes 1.2.0)
# Expected   An application logs in, or joins a room, in its open handler. A message sent while the connection was
#            down waits in the client's queue. After a reconnect the login goes first, because the handler runs
#            as soon as the connection is open.
# Instead    The client sends its queue first and calls the handler afterwards. Output, one line per client; "2:"
#            is the second connection as the server sees it:
#
#              partysocket             1:login 2:offline 2:login
#              reconnecting-websocket  1:login 2:offline 2:login
#              socket.io-client        1:login 2:offline 2:login
#              mqtt                    1:login 2:offline 2:login
#
# Matters    A protocol whose first message must be a login, a CONNECT or a join works in every test and on
#            every first connection. It fails only after an outage, and only if the application sent something
#            during it: the server refuses or drops "offline", or closes the connection, and the client reconnects.
#            Log in during the handshake (URL, cookie, subprotocol, Socket.IO `auth`), or hold back sends until
#            the server confirms the login. A server should name the cause ("the first message is not a login")
#            in its close reason.
# Seen       2026-11-30, Node.js 20.20.2
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts ws@8.23.0 partysocket@1.3.0 reconnecting-websocket@4.4.0 \
  socket.io@4.8.4 socket.io-client@4.8.4 mqtt@5.16.0 aedes@1.2.0

cat >run.mjs <<'JS'
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Aedes } from 'aedes';
import mqtt from 'mqtt';
import { WebSocket as PartySocket } from 'partysocket';
import ReconnectingWebSocket from 'reconnecting-websocket';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import { createWebSocketStream, WebSocket, WebSocketServer } from 'ws';

const EXPECTED = '1:login 2:offline 2:login';
const until = async (condition) => {
  for (let i = 0; i < 500 && !condition(); i++) await sleep(10);
};
const listen = async () => {
  const server = http.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: server.address().port };
};
let changed = false;
const report = (name, received) => {
  console.log(name.padEnd(23), received.join(' '));
  if (received.join(' ') !== EXPECTED) changed = true;
};

for (const [name, Client] of [
  ['partysocket', PartySocket],
  ['reconnecting-websocket', ReconnectingWebSocket],
]) {
  const { server, port } = await listen();
  const received = [];
  let connections = 0;
  let current;
  new WebSocketServer({ server }).on('connection', (socket) => {
    const number = ++connections;
    current = socket;
    socket.on('message', (text) => received.push(`${number}:${text}`));
  });
  const client = new Client(`ws://127.0.0.1:${port}/`, [], {
    WebSocket,
    minReconnectionDelay: 100,
    maxReconnectionDelay: 200,
  });
  client.addEventListener('open', () => client.send('login'));
  await until(() => received.length === 1);
  const away = new Promise((resolve) => client.addEventListener('close', resolve, { once: true }));
  current.close(1012);
  await away;
  client.send('offline');
  await until(() => received.length === 3);
  report(name, received);
  client.close();
  server.close();
}

{
  const { server, port } = await listen();
  const received = [];
  let connections = 0;
  let current;
  new Server(server).on('connection', (socket) => {
    const number = ++connections;
    current = socket;
    socket.onAny((event) => received.push(`${number}:${event}`));
  });
  const client = io(`http://127.0.0.1:${port}`, {
    transports: ['websocket'],
    reconnectionDelay: 100,
    reconnectionDelayMax: 200,
  });
  client.on('connect', () => client.emit('login'));
  await until(() => received.length === 1);
  const away = new Promise((resolve) => client.once('disconnect', resolve));
  current.conn.close();
  await away;
  client.emit('offline');
  await until(() => received.length === 3);
  report('socket.io-client', received);
  client.close();
  server.close();
}

{
  const { server, port } = await listen();
  const broker = await Aedes.createBroker();
  const received = [];
  let connections = 0;
  let current;
  broker.on('publish', (packet, client) => client && received.push(`${connections}:${packet.topic}`));
  new WebSocketServer({ server }).on('connection', (socket, request) => {
    connections++;
    current = socket;
    broker.handle(
      createWebSocketStream(socket).on('error', () => {}),
      request,
    );
  });
  const client = mqtt.connect(`ws://127.0.0.1:${port}`, { reconnectPeriod: 100 });
  client.on('error', () => {});
  client.on('connect', () => client.publish('login', ''));
  await until(() => received.length === 1);
  const away = once(client, 'close');
  current.terminate();
  await away;
  client.publish('offline', '');
  await until(() => received.length === 3);
  report('mqtt', received);
  client.end(true);
  server.close();
}

assert(!changed, `expected "${EXPECTED}" from all four`);
process.exit(0);
JS
timeout 40 node run.mjs
