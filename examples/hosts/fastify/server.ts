import type { AddressInfo } from 'node:net';
import Fastify, { type preHandlerAsyncHookHandler } from 'fastify';
import { serval, upgradeTo } from 'serval/fastify';
import { main, type Running } from '../../main';
import { chat } from '../chat';

// A real application logs in with @fastify/session or @fastify/jwt.
const requireLogin: preHandlerAsyncHookHandler = async (request, reply) => {
  const { user } = request.query as { user?: string };
  if (user === undefined) return reply.code(401).send('Who are you?\n');
  Object.assign(request, { user: { id: user } });
  return undefined;
};

/** Fastify: the hooks of the route run first, and `close` stops the sessions. */
export async function start(port: number): Promise<Running> {
  const fastify = Fastify();
  const container = serval(fastify);

  fastify.decorateRequest('user', null);
  fastify.get('/rooms/:room', { preHandler: requireLogin }, upgradeTo(container, chat));
  fastify.post<{ Params: { room: string } }>(
    '/rooms/:room/notices',
    { preHandler: requireLogin },
    async (request, reply) => {
      container.to(request.params.room).send('The kettle is on.');
      return reply.code(204).send();
    },
  );

  await fastify.listen({ port });
  return {
    port: (fastify.server.address() as AddressInfo).port,
    stop: () => fastify.close(),
  };
}

if (require.main === module) void main(start, 'ws://localhost/rooms/tea?user=ann');
