import { createServer } from 'node:http';
import compression from 'compression';
import express from 'express';
import session from 'express-session';
import helmet from 'helmet';
import { attach, listen, options, room, run, stopBoth } from './host.mjs';

const app = express();
const server = createServer(app);
const container = attach(server, { ...options, routeUpgrades: true });
container.endpoint('/deployed', { onText: (text) => text });

app.use((_request, response, next) => {
  response.set('X-Trail', 'first');
  next();
});
app.use(helmet());
app.use(compression({ threshold: 0 }));
app.use(express.json());
app.use(session({ secret: 'a secret', name: 'sid', resave: false, saveUninitialized: true }));

function requireLogin(request, response, next) {
  const user = request.get('X-User');
  if (user === undefined) return void response.status(401).send('who are you?');
  request.user = { id: user };
  next();
}

app.get('/rooms/:room', requireLogin, (request, response) =>
  container.upgradeHttpToWebSocket(request, response, room, request.params),
);
app.get('/broken', async () => {
  throw new Error('broken');
});
app.get('/silent', () => undefined);
app.use((_request, response) => void response.status(404).send('no such page'));
app.use((error, _request, response, _next) => void response.status(500).send(error.message));

await listen(server);
run({ server, stop: () => stopBoth(container, server) });
