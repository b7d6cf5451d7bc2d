import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Request } from 'express';
import { pino } from 'pino';
import { Counter, Gauge, Registry } from 'prom-client';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { Server, type DefaultEventsMap } from 'socket.io';
import { main, type Running } from '../../main';
import { application, loginMiddleware, type Member } from './login';
import { Command, type ClientEvents, type ServerEvents } from './messages';

/** The chat of server.ts with Socket.IO, which lines.test.ts compares. */
export async function start(port: number, logger = pino()): Promise<Running> {
  const app = application((sessionId) => io.in(`session:${sessionId}`).disconnectSockets());
  const server = app.listen(port);
  const io = new Server<ClientEvents, ServerEvents, DefaultEventsMap, { user: string }>(server, {
    transports: ['websocket'],
  });
  const limiter = new RateLimiterMemory({ points: 20, duration: 1 });
  const register = new Registry();
  const registers = [register];
  const messages = new Counter({ name: 'messages_total', help: 'Messages', labelNames: ['direction'], registers });
  const sessions = new Gauge({ name: 'sessions', help: 'Sessions', registers });

  for (const middleware of loginMiddleware) io.engine.use(middleware);
  io.use((socket, next) => {
    if ((socket.request as Request).user === undefined) {
      logger.warn({ address: socket.handshake.address }, 'A handshake without a login is refused.');
      next(new Error('Sign in.'));
    } else next();
  });
  const present = async (room: string): Promise<void> => {
    const users = (await io.in(room).fetchSockets()).map((socket) => socket.data.user);
    io.to(room).emit('present', { users: [...new Set(users)] });
  };
  io.on('connection', (socket) => {
    const { user, session } = socket.request as Request;
    const from = (socket.data.user = (user as Member).id);
    const room = String(socket.handshake.query.room);
    void socket.join([room, `user:${from}`, `session:${session.id}`]);
    void present(room);
    socket.onAny(() => messages.inc({ direction: 'received' }));
    socket.onAnyOutgoing(() => messages.inc({ direction: 'sent' }));
    socket.use(([type, message], next) => {
      const handle = (): void => {
        if (Command.safeParse({ ...message, type }).success) next();
        else socket.emit('error', { code: 'invalid' });
      };
      limiter.consume(from).then(handle, () => undefined);
    });
    socket.on('say', ({ text }) => io.to(room).emit('said', { from, text }));
    socket.on('whisper', ({ to, text }) => io.to(`user:${to}`).emit('whispered', { from, text }));
    socket.on('disconnect', () => present(room));
  });

  app.post<{ room: string }, unknown, { text: string }>('/rooms/:room/notice', (request, response) => {
    io.to(request.params.room).emit('notice', { text: request.body.text });
    response.sendStatus(204);
  });
  app.get('/readyz', (_request, response) => {
    response.json({ state: 'started', sessions: io.engine.clientsCount });
  });
  app.get('/metrics', async (_request, response) => {
    sessions.set(io.engine.clientsCount);
    response.type(register.contentType).send(await register.metrics());
  });

  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => io.close(),
  };
}

if (require.main === module) void main(start, 'http://localhost/');
