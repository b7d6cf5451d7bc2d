import { createServer } from 'node:http2';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { setCookie } from 'hono/cookie';
import plugin from '../../../dist/hono.js';
import { attach, isHttp2, listen, options, room, run, stopBoth } from './host.mjs';

const app = new Hono();
const server = createAdaptorServer({ fetch: app.fetch, ...(isHttp2 && { createServer }) });
const container = attach(server, { ...options, routeUpgrades: true });
container.endpoint('/deployed', { onText: (text) => text });

app.use(async (c, next) => {
  c.header('X-Trail', 'first');
  await next();
  setCookie(c, 'sid', '1');
});

async function requireLogin(c, next) {
  const user = c.req.header('X-User');
  if (user === undefined) return c.text('who are you?', 401);
  c.set('user', { id: user });
  return next();
}

app.get('/rooms/:room', requireLogin, plugin.upgradeTo(container, room));
app.get('/page', (c) => c.text('a page'));
app.get('/broken', () => {
  throw new Error('broken');
});
app.get('/silent', () => new Promise(() => undefined));
app.notFound((c) => c.text('no such page', 404));
app.onError((error, c) => c.text(error.message, 500));

await listen(server);
run({ server, stop: () => stopBoth(container, server) });
