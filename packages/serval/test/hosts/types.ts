// The handlers fit the types of the real frameworks: this file compiles.
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import Router from '@koa/router';
import { ServalModule } from 'serval/nestjs';
import * as fastifyHost from 'serval/fastify';
import * as honoHost from 'serval/hono';
import * as koaHost from 'serval/koa';
import { endpoint, ServerContainer } from 'serval';
import { Module, type DynamicModule } from '@nestjs/common';

const room = endpoint('/{room}', { onText: (text) => text });
const container = new ServerContainer();

express().get('/rooms/:room', (request, response) =>
  container.upgradeHttpToWebSocket(request, response, room, request.params),
);

const fastify = Fastify();
void fastify.register(fastifyHost.serval, { pingInterval: 25_000 });
fastify.get('/rooms/:room', { preHandler: async () => undefined }, fastifyHost.upgradeTo(container, room));
fastifyHost.serval(fastify, { pingInterval: 25_000 });
fastifyHost
  .serval(fastify, { authenticate: () => ({ getName: () => 'ann', email: 'ann@example' }) })
  .endpoint('/typed', { onText: (text, session) => `${session.user.email}: ${text}` });

new Hono<{ Variables: { user: { id: string } } }>().get('/rooms/:room', honoHost.upgradeTo(container, room));

const router = new Router();
router.get('/rooms/:room', koaHost.upgradeTo(container, room));
new Koa().use(router.routes());

@Module({ imports: [ServalModule.forRoot(), ServalModule.forRootAsync({ useFactory: () => ({}) })] })
export class AppModule {}
export const dynamic: DynamicModule = ServalModule.forRoot();
