import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { createMiddleware } from 'hono/factory';
import { attach } from 'serval';
import { upgradeTo } from 'serval/hono';
import { main, type Running } from '../../main';
import { chat } from '../chat';

interface Env {
  Variables: { user: { id: string } };
}

// A real application reads a cookie or a token.
const requireLogin = createMiddleware<Env>(async (c, next) => {
  const user = c.req.query('user');
  if (user === undefined) return c.text('Who are you?\n', 401);
  c.set('user', { id: user });
  return next();
});

/** Hono on Node.js: middleware runs before the upgrade, and its headers and cookies reach the 101. */
export async function start(port: number): Promise<Running> {
  const app = new Hono<Env>();
  // It makes a server of node:http unless another one is passed.
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  const container = attach(server, { routeUpgrades: true });

  app.get('/rooms/:room', requireLogin, upgradeTo(container, chat));
  app.post('/rooms/:room/notices', requireLogin, (c) => {
    container.to(c.req.param('room')).send('The kettle is on.');
    return c.body(null, 204);
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
