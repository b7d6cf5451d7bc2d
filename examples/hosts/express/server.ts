import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type RequestHandler } from 'express';
import { attach } from 'serval';
import { main, type Running } from '../../main';
import { chat } from '../chat';

// A real application logs in with passport or express-session.
const requireLogin: RequestHandler = (request, response, next) => {
  const { user } = request.query;
  if (typeof user !== 'string') response.status(401).send('Who are you?\n');
  else next(void Object.assign(request, { user: { id: user } }));
};

/** Express: the route of a room runs after its middleware, and upgrades. */
export async function start(port: number): Promise<Running> {
  const app = express();
  const server = createServer(app);
  const container = attach(server, { routeUpgrades: true });

  app.get('/rooms/:room', requireLogin, (request, response) =>
    container.upgradeHttpToWebSocket(request, response, chat, request.params),
  );
  app.post('/rooms/:room/notices', requireLogin, (request, response) => {
    container.to(String(request.params.room)).send('The kettle is on.');
    response.sendStatus(204);
  });

  await new Promise<void>((resolve) => server.listen(port, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      await container.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

if (require.main === module) void main(start, 'ws://localhost/rooms/tea?user=ann');
