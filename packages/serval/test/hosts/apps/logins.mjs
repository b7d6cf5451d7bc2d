// Logins by the HTTP sessions of a framework, which the first argument names: fastify or koa.
import cookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import Router from '@koa/router';
import Fastify from 'fastify';
import Koa from 'koa';
import koaSession from 'koa-session';
import { createServer } from 'node:http';
import fastifyPlugin from '../../../dist/fastify.js';
import koaPlugin from '../../../dist/koa.js';
import { attach, listen, options, room, run, stopBoth } from './host.mjs';

const settings = { ...options, httpSessionCheckInterval: Number(process.argv[3]) };

async function startFastify() {
  const fastify = Fastify();
  await fastify.register(cookie);
  await fastify.register(fastifySession, {
    secret: 'a secret with at least 32 characters',
    cookieName: 'sid',
    cookie: { secure: false },
  });
  const container = fastifyPlugin.serval(fastify, settings);
  fastify.decorateRequest('user', null);
  fastify.post('/login/:name', async (request) => {
    request.session.user = { id: request.params.name };
    return 'welcome';
  });
  fastify.post('/logout', async (request) => {
    await request.session.destroy();
    return 'bye';
  });
  fastify.post('/end', async (request) => container.endHttpSession(request.session.sessionId));
  const requireLogin = async (request, reply) => {
    request.user = request.session.user;
    if (request.user === undefined) return reply.code(401).send('who are you?');
  };
  fastify.get('/rooms/:room', { preHandler: requireLogin }, fastifyPlugin.upgradeTo(container, room));
  await fastify.listen({ port: 0, host: '127.0.0.1' });
  run({ server: fastify.server, stop: () => fastify.close() });
}

/** A store as koa-session wants it. */
class Store {
  #sessions = new Map();
  async get(key) {
    return this.#sessions.get(key);
  }
  async set(key, session) {
    this.#sessions.set(key, { ...session });
  }
  async destroy(key) {
    this.#sessions.delete(key);
  }
}

async function startKoa() {
  const app = new Koa();
  app.keys = ['a key'];
  const server = createServer();
  const container = attach(server, { ...settings, routeUpgrades: true });
  app.use(koaSession({ key: 'sid', store: new Store() }, app));
  const router = new Router();
  router.post('/login/:name', (ctx) => {
    ctx.session.user = { id: ctx.params.name };
    ctx.body = 'welcome';
  });
  router.post('/logout', (ctx) => {
    ctx.session = null;
    ctx.body = 'bye';
  });
  router.post('/end', (ctx) => {
    ctx.body = String(container.endHttpSession(ctx.session.externalKey));
  });
  const requireLogin = (ctx, next) => {
    ctx.state.user = ctx.session.user;
    if (ctx.state.user === undefined) ctx.throw(401, 'who are you?');
    return next();
  };
  router.get('/rooms/:room', requireLogin, koaPlugin.upgradeTo(container, room));
  app.use(router.routes());
  app.silent = true;
  server.on('request', app.callback());
  await listen(server);
  run({ server, stop: () => stopBoth(container, server) });
}

await (process.argv[2] === 'koa' ? startKoa() : startFastify());
