import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import session from 'express-session';
import { attach, endpoint } from 'serval';
import { main, type Running } from '../main';

declare module 'express-session' {
  interface SessionData {
    user: string;
  }
}

/** A login, and what only the logged-in see: express-session for pages and WebSockets alike. */
export async function start(port: number): Promise<Running> {
  const sessions = session({ secret: 'of this example', resave: false, saveUninitialized: false });
  const app = express();
  app.use(sessions);
  // A real login checks a password.
  app.post('/login/:user', (request, response, next) => {
    request.session.regenerate((error?: Error | null) => {
      request.session.user = request.params.user;
      if (error) next(error);
      else response.end();
    });
  });
  app.post('/logout', (request, response) => {
    container.endHttpSession(request.sessionID);
    request.session.destroy(() => response.end());
  });
  app.post('/notify/:user', (request, response) => {
    const theirs = container.to({ user: request.params.user });
    theirs.send('You have a message.');
    response.send(`${[...theirs].length} told\n`);
  });

  const server = app.listen(port);
  await once(server, 'listening');
  const container = attach(server, {
    handshakeMiddleware: sessions,
    authenticate: (request) => {
      const { user } = (request.getHttpSession() ?? {}) as { user?: string };
      return user === undefined ? null : { getName: () => user };
    },
  });
  container.addEndpoint(
    endpoint('/news', {
      security: { rolesAllowed: ['**'] },
      onOpen: (current) => current.send(`Welcome, ${current.user?.getName()}.`),
    }),
  );
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      await container.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

if (require.main === module) void main(start, 'ws://localhost/news');
