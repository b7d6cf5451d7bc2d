// Two frameworks, each with its own container, on one server: Express below /express, Koa below /koa.
import { createServer } from 'node:http';
import express from 'express';
import Koa from 'koa';
import plugin from '../../../dist/koa.js';
import { attach, listen, options, room, run, stopBoth } from './host.mjs';

const app = express();
const koa = new Koa();
const server = createServer((request, response) =>
  request.url.startsWith('/koa/') ? koa.callback()(request, response) : app(request, response),
);
const first = attach(server, { ...options, contextPath: '/express', routeUpgrades: true });
const second = attach(server, { ...options, contextPath: '/koa', routeUpgrades: true });

app.get('/express/:room', (request, response) => first.upgradeHttpToWebSocket(request, response, room, request.params));
koa.use((ctx) => {
  ctx.params = { room: `${ctx.path.split('/')[2]} of Koa` };
  return plugin.upgradeTo(second, room)(ctx);
});

await listen(server);
run({ server, stop: () => Promise.all([first.stop(), stopBoth(second, server)]) });
