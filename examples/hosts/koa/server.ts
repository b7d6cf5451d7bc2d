import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Router, { type RouterMiddleware } from '@koa/router';
import Koa from 'koa';
import { attach } from 'serval';
import { upgradeTo } from 'serval/koa';
import { main, type Running } from '../../main';
import { chat } from '../chat';

// A real application logs in with koa-session or koa-passport.
const requireLogin: RouterMiddleware = async (context, next) => {
  const { user } = context.query;
  if (typeof user !== 'string') context.throw(401, 'Who are you?\n');
  context.state.user = { id: user };
  await next();
};

/** Koa: middleware runs before the upgrade, and its part after `next` before the 101. */
export async function start(port: number): Promise<Running> {
  const app = new Koa();
  const server = createServer();
  const container = attach(server, { routeUpgrades: true });

  const router = new Router();
  router.get('/rooms/:room', requireLogin, upgradeTo(container, chat));
  router.post('/rooms/:room/notices', requireLogin, (context) => {
    container.to(context.params.room ?? '').send('The kettle is on.');
    context.status = 204;
  });
  app.use(router.routes());
  // Koa's callback has the middleware that exists when it is made.
  const callback = app.callback();
  server.on('request', (request, response) => void callback(request, response));

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
