import type { FastifyInstance } from 'fastify';
import { servePages } from '../../pages';
import { tokenFor } from './tokens';

/** The page, and its login: a plugin of both libraries' applications. */
export async function pages(fastify: FastifyInstance): Promise<void> {
  const listener = servePages('services/fastify');
  fastify.get('/*', (request, reply) => {
    reply.hijack();
    listener(request.raw, reply.raw);
  });
  // A real one checks a password.
  fastify.get<{ Params: { user: string } }>('/token/:user', (request) => tokenFor(request.params.user));
}
