import { createWriteStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import websocket from '@fastify/websocket';
import Fastify from 'fastify';
import { jwtVerify } from 'jose';
import type { WebSocket } from 'ws';
import { main, type Running } from '../../main';
import { DEFAULTS } from './options';
import { pages } from './pages';
import { secret } from './tokens';

/** The service of server.ts with @fastify/websocket. A file arrives in several messages, because ws buffers each one. */
export async function start(port: number, { folder, periodMs, snapshot } = DEFAULTS): Promise<Running> {
  const fastify = Fastify();
  await fastify.register(websocket);
  const users = new WeakMap<WebSocket | IncomingMessage, string>();
  fastify.addHook<{ Querystring: { token?: string } }>('preValidation', async (request, reply) => {
    if (!request.ws) return undefined;
    const { authorization, 'sec-websocket-protocol': protocols = '' } = request.headers;
    const bearer = authorization?.replace('Bearer ', '') ?? /bearer\.([^, ]+)/.exec(protocols)?.[1];
    const verified = await jwtVerify(bearer ?? request.query.token ?? '', secret).catch(() => undefined);
    const user = verified?.payload.sub;
    if (user === undefined) return reply.code(401).send();
    const theirs = [...fastify.websocketServer.clients].filter((client) => users.get(client) === user);
    if (theirs.length >= 3) return reply.code(503).send();
    users.set(request.raw, user);
    return undefined;
  });
  fastify.websocketServer.on('connection', (socket, request) => users.set(socket, users.get(request) ?? ''));

  const watchers = new Set<WebSocket>();
  fastify.get('/dashboard', { websocket: true }, (socket) => {
    watchers.add(socket);
    socket.on('close', () => watchers.delete(socket));
  });
  const timer = setInterval(() => {
    const text = JSON.stringify(snapshot());
    for (const watcher of watchers) if (watcher.bufferedAmount < 65_536) watcher.send(text);
  }, periodMs);
  fastify.addHook('onClose', async () => clearInterval(timer));

  fastify.get<{ Params: { name: string } }>('/uploads/:name', { websocket: true }, (socket, request) => {
    const file = createWriteStream(join(folder, basename(request.params.name)));
    file.on('error', () => socket.close(1011));
    file.on('drain', () => socket.resume());
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) file.end(() => socket.send(JSON.stringify({ stored: file.bytesWritten })));
      else if (!file.write(data)) socket.pause();
    });
    socket.on('close', () => file.destroy());
  });

  await fastify.register(pages);
  await fastify.listen({ port });
  return {
    port: (fastify.server.address() as AddressInfo).port,
    stop: () => fastify.close(),
  };
}

if (require.main === module) void main(start, 'http://localhost/');
