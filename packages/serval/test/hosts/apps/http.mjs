// A router of the application's own on node:http.
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { attach, isHttp2, listen, options, room, run, stopBoth } from './host.mjs';

const server = (isHttp2 ? createHttp2Server : createServer)((request, response) => {
  const [, first, second] = request.url.split('/');
  response.setHeader('X-Trail', 'first');
  if (first === 'silent') return undefined;
  if (first === 'page') return response.end('a page');
  if (first === 'broken') return response.writeHead(500).end('broken');
  if (first !== 'rooms') return response.writeHead(404).end('no such page');
  const user = request.headers['x-user'];
  if (user === undefined) return response.writeHead(401).end('who are you?');
  request.user = { id: user };
  response.setHeader('Set-Cookie', 'sid=1');
  return void container.upgradeHttpToWebSocket(request, response, room, { room: second });
});
const container = attach(server, { ...options, routeUpgrades: true });
container.endpoint('/deployed', { onText: (text) => text });
await listen(server);
run({ server, stop: () => stopBoth(container, server) });
