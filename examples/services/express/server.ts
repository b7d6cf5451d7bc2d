import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { attach, healthCheck, json } from 'serval';
import { prometheusMetrics } from 'serval/prometheus';
import { main, type Running } from '../../main';
import { application, loginMiddleware } from './login';
import { Command, type Event } from './messages';

/** A chat beside Express: login by passport, rooms, presence, whispers, a rate limit, metrics, a health check, a log. */
export async function start(port: number, logger = pino()): Promise<Running> {
  const app = application((sessionId) => container.endHttpSession(sessionId));
  const server = app.listen(port);
  const container = attach(server, {
    handshakeMiddleware: loginMiddleware,
    rateLimits: [{ by: 'user', points: 20, duration: 1, excess: 'drop' }],
    logger,
  });

  container.endpoint('/chat/{room}', {
    security: { rolesAllowed: ['**'] },
    decoders: [json(Command, { answerErrors: true })],
    encoders: [json<Event>()],
    onOpen: (session) => session.join(session.params.room),
    messages: {
      say({ text }, session) {
        container.to(session.params.room).send({ type: 'said', from: session.user.getName(), text });
      },
      whisper({ to, text }, session) {
        container.to({ user: to }).send({ type: 'whispered', from: session.user.getName(), text });
      },
    },
  });
  for (const event of ['joined', 'left'] as const) {
    container.rooms.on(event, ({ room }) => {
      const users = new Set(Array.from(container.to(room), ({ user }) => user?.getName()));
      container.to(room).send({ type: 'present', users: [...users] });
    });
  }

  app.post<{ room: string }, unknown, { text: string }>('/rooms/:room/notice', (request, response) => {
    container.to(request.params.room).send({ type: 'notice', text: request.body.text });
    response.sendStatus(204);
  });
  const register = new Registry();
  const metrics = prometheusMetrics({ registry: register });
  app.get('/readyz', healthCheck(container));
  app.get('/metrics', async (_request, response) => {
    response.type(register.contentType).send(await register.metrics());
  });

  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      await container.stop();
      metrics.stop();
      server.close();
    },
  };
}

if (require.main === module) void main(start, 'http://localhost/');
