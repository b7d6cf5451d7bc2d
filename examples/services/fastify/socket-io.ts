import { createWriteStream } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import Fastify from 'fastify';
import { jwtVerify } from 'jose';
import { Server, type Socket } from 'socket.io';
import { main, type Running } from '../../main';
import { DEFAULTS } from './options';
import { pages } from './pages';
import { secret } from './tokens';

/** The service of server.ts with Socket.IO. The client cuts a file into chunks, and waits for each acknowledgement. */
export async function start(port: number, { folder, periodMs, snapshot } = DEFAULTS): Promise<Running> {
  const fastify = Fastify();
  const io = new Server(fastify.server, { transports: ['websocket'] });
  const admit = async (socket: Socket): Promise<Error | undefined> => {
    const { auth, headers, query } = socket.handshake;
    const token = String(auth.token ?? headers.authorization?.replace('Bearer ', '') ?? query.token);
    const verified = await jwtVerify(token, secret).catch(() => undefined);
    const user = verified?.payload.sub;
    if (user === undefined) return new Error('Sign in.');
    if ((await io.in(user).fetchSockets()).length >= 3) return new Error('Too many connections.');
    return void socket.join(user);
  };
  io.use((socket, next) => void admit(socket).then(next));
  const timer = setInterval(() => io.to('dashboard').volatile.emit('snapshot', snapshot()), periodMs);
  fastify.addHook('preClose', async () => {
    clearInterval(timer);
    await io.close();
  });

  io.on('connection', (socket) => {
    const { upload } = socket.handshake.query;
    if (upload === undefined) return socket.join('dashboard');
    const file = createWriteStream(join(folder, basename(String(upload))));
    file.on('error', () => socket.disconnect());
    socket.on('chunk', (data: Buffer, acknowledge: () => void) => file.write(data, acknowledge));
    socket.on('end', (answer: (stored: object) => void) => file.end(() => answer({ stored: file.bytesWritten })));
    return socket.on('disconnect', () => file.destroy());
  });

  await fastify.register(pages);
  await fastify.listen({ port });
  return {
    port: (fastify.server.address() as AddressInfo).port,
    stop: () => fastify.close(),
  };
}

if (require.main === module) void main(start, 'http://localhost/');
