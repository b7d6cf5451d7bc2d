import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import Router from '@koa/router';
import Koa from 'koa';
import session from 'koa-session';
import plugin from '../../../dist/koa.js';
import { attach, isHttp2, listen, options, room, run, stopBoth } from './host.mjs';

const app = new Koa();
app.keys = ['a key'];
app.silent = true;
const server = isHttp2 ? createHttp2Server() : createServer();
const container = attach(server, { ...options, routeUpgrades: true });
container.endpoint('/deployed', { onText: (text) => text });

app.use(async (ctx, next) => {
  ctx.set('X-Trail', 'first');
  await next();
  if (ctx.status === 404) {
    ctx.status = 404;
    ctx.body = 'no such page';
  }
});
app.use(session({ key: 'sid' }, app));

async function requireLogin(ctx, next) {
  const user = ctx.get('X-User');
  if (user === '') return void Object.assign(ctx, { status: 401, body: 'who are you?' });
  ctx.state.user = { id: user };
  ctx.session.visits = 1;
  return next();
}

const router = new Router();
router.get('/rooms/:room', requireLogin, plugin.upgradeTo(container, room));
router.get('/page', (ctx) => void (ctx.body = 'a page'));
router.get('/broken', () => {
  throw Object.assign(new Error('broken'), { expose: true, status: 500 });
});
router.get('/silent', () => new Promise(() => undefined));
app.use(router.routes());
// Koa's callback has the middleware that exists when it is made.
server.on('request', app.callback());

await listen(server);
run({ server, stop: () => stopBoth(container, server) });
