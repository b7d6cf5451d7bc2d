import cookie from '@fastify/cookie';
import session from '@fastify/session';
import Fastify from 'fastify';
import plugin from '../../../dist/fastify.js';
import { isHttp2, options, room, run } from './host.mjs';

const { serval, upgradeTo } = plugin;
const fastify = Fastify({ http2: isHttp2 });
await fastify.register(cookie);
await fastify.register(session, {
  secret: 'a secret with at least 32 characters',
  cookieName: 'sid',
  cookie: { secure: false },
});
const container = serval(fastify, options);
container.endpoint('/deployed', { onText: (text) => text });
fastify.decorateRequest('user', null);

fastify.addHook('onRequest', async (_request, reply) => void reply.header('X-Trail', 'first'));

async function requireLogin(request, reply) {
  const user = request.headers['x-user'];
  if (user === undefined) return reply.code(401).send('who are you?');
  request.user = { id: user };
  return undefined;
}

fastify.get('/rooms/:room', { preHandler: requireLogin }, upgradeTo(container, room));
fastify.get('/page', async () => 'a page');
fastify.get('/broken', async () => {
  throw new Error('broken');
});
fastify.get('/silent', () => new Promise(() => undefined));
fastify.setNotFoundHandler((_request, reply) => reply.code(404).send('no such page'));
fastify.setErrorHandler((error, _request, reply) => reply.code(500).send(error.message));

await fastify.listen({ port: 0, host: '127.0.0.1' });
run({ server: fastify.server, stop: () => fastify.close() });
