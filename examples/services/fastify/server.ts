import { createWriteStream } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import Fastify from 'fastify';
import { InputStream, json, OnMessage, PathParam, ServerEndpoint } from 'serval';
import { serval } from 'serval/fastify';
import { jwt } from 'serval/jwt';
import { main, type Running } from '../../main';
import { DEFAULTS } from './options';
import { pages } from './pages';
import { secret } from './tokens';

/** A dashboard and uploads beside Fastify: JSON Web Tokens, three connections for each user, back-pressure. */
export async function start(port: number, { folder, periodMs, snapshot } = DEFAULTS): Promise<Running> {
  const fastify = Fastify();
  const users = jwt({ secret, from: { header: true, subprotocol: 'bearer.', query: 'token' } });
  const container = serval(fastify, { authenticate: users.authenticate, maxConnectionsPerUser: 3 });

  container.endpoint('/dashboard', { subprotocols: ['dashboard'], encoders: [json()] });
  const timer = setInterval(() => {
    container.to({ endpoint: '/dashboard' }).send(snapshot(), { coalesce: 'snapshot' });
  }, periodMs);
  fastify.addHook('onClose', () => clearInterval(timer));

  @ServerEndpoint('/uploads/{name}', { encoders: [json()] })
  class Uploads {
    @OnMessage
    async store(upload: InputStream, @PathParam('name') name: string): Promise<object> {
      const file = createWriteStream(join(folder, basename(name)));
      await pipeline(upload, file);
      return { stored: file.bytesWritten };
    }
  }
  container.addEndpoint(Uploads);

  await fastify.register(pages);
  await fastify.listen({ port });
  return {
    port: (fastify.server.address() as AddressInfo).port,
    stop: () => fastify.close(),
  };
}

if (require.main === module) void main(start, 'http://localhost/');
