// Socket.IO and Serval on one server, in the order that the first argument names.
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { attach, listen, options, room, run, stopBoth } from './host.mjs';

const server = createServer((request, response) => {
  if (!request.url.startsWith('/rooms/')) return response.writeHead(404).end('no such page');
  request.user = { id: 'ann' };
  return void container.upgradeHttpToWebSocket(request, response, room, { room: request.url.slice(7) });
});
const startSocketIo = () => {
  const io = new Server(server);
  io.on('connection', (socket) => socket.on('say', (text, answer) => answer(`io: ${text}`)));
};
const routed = process.argv[3] === 'routed';
const startServal = () => attach(server, { ...options, ...(routed && { contextPath: '/rooms', routeUpgrades: true }) });
if (process.argv[2] === 'io-first') startSocketIo();
const container = startServal();
if (!routed)
  container.endpoint('/rooms/{room}', { onText: (text, session) => `${session.params.room}, nobody: ${text}` });
if (process.argv[2] !== 'io-first') startSocketIo();

await listen(server);
run({ server, stop: () => stopBoth(container, server) });
