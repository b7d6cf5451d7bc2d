import { createServer } from 'node:http';
import fastify from 'fastify';
import { attach, DeploymentException, healthCheck, OnMessage, Server, ServerEndpoint, type HealthSource } from 'serval';
import { afterTest, Gate, silent } from '../../testing/test/toolbox';
import { WebSocket } from 'ws';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

@ServerEndpoint('/chat')
class Chat {
  @OnMessage say(text: string): string {
    return text;
  }
}

/** The answers of both probes of a running HTTP server. */
async function probe(port: number): Promise<string[]> {
  const answers = ['/readyz', '/livez'].map(async (path) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    const { state, sessions } = (await response.json()) as { state: string; sessions: number };
    return `${path} ${response.status} ${state} ${sessions}`;
  });
  return Promise.all(answers);
}

function listenerOf(source: () => HealthSource): Parameters<typeof createServer>[1] {
  return (request, response) => healthCheck(source(), request.url === '/livez' ? 'live' : 'ready')(request, response);
}

test('a server is ready while it accepts sessions, and live until it has stopped', async () => {
  const server: Server = new Server({
    port: 0,
    endpoints: [Chat],
    logger: silent,
    requestListener: listenerOf(() => server),
  });
  expect(server.health).toEqual({ state: 'starting', ready: false, live: true, sessions: 0 });
  await server.start();
  afterTest(() => server.stop());
  expect(await probe(server.port)).toEqual(['/readyz 200 started 0', '/livez 200 started 0']);

  const client = new WebSocket(`ws://127.0.0.1:${server.port}/chat`);
  await once(client, 'open');
  expect(server.health.sessions).toBe(1);

  server.container.pause();
  expect(await probe(server.port)).toEqual(['/readyz 503 paused 1', '/livez 200 paused 1']);
  server.container.resume();
  expect(server.health.state).toBe('started');

  const stopping = server.stop();
  expect(server.health).toEqual({
    state: 'stopping',
    phase: 'closing',
    ready: false,
    live: true,
    sessions: 1,
  });
  await stopping;
  expect(server.health).toEqual({ state: 'stopped', ready: false, live: false, sessions: 0 });
});

test('a container whose deployment failed is not ready', () => {
  const container = attach(createServer(), { logger: silent });
  expect(container.health.ready).toBe(true);
  class Wrong {}
  expect(() => container.addEndpoint(Wrong)).toThrow(DeploymentException);
  expect(container.health).toEqual({ state: 'failed', ready: false, live: true, sessions: 0 });
});

test('a health check is JSON, cached by nobody, and answers HEAD without a body', async () => {
  const http = createServer();
  const container = attach(http, { logger: silent });
  http.on('request', healthCheck(container));
  await once(http.listen(0, '127.0.0.1'), 'listening');
  afterTest(() => once(http.close(), 'close'));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/`;
  const head = await fetch(url, { method: 'HEAD', headers: { Connection: 'close' } });
  expect(head.status).toBe(200);
  expect(head.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(head.headers.get('cache-control')).toBe('no-store');
  expect(await head.text()).toBe('');
});

test('works in Fastify, by its reply and as a handler of node:http', async () => {
  const app = fastify();
  afterTest(() => app.close());
  const container = attach(app.server, { logger: silent });
  app.get('/health', (_request, reply) => reply.code(container.health.ready ? 200 : 503).send(container.health));
  app.get('/readyz', (request, reply) => {
    reply.hijack();
    healthCheck(container)(request.raw, reply.raw);
  });
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  const answer = async (path: string): Promise<unknown[]> => {
    const response = await fetch(address + path, { headers: { Connection: 'close' } });
    return [response.status, await response.json()];
  };
  expect(await answer('/health')).toEqual([200, expect.objectContaining({ ready: true })]);
  container.pause();
  const paused = [503, { state: 'paused', ready: false, live: true, sessions: 0 }];
  expect(await answer('/health')).toEqual(paused);
  expect(await answer('/readyz')).toEqual(paused);
});

test('a handler that is still at work keeps its server stopping', async () => {
  const gate = new Gate();
  @ServerEndpoint('/slow')
  class Slow {
    @OnMessage work(_text: string): Promise<void> {
      begun.open();
      return gate.promise;
    }
  }
  const begun = new Gate();
  const server = await new Server({ port: 0, endpoints: [Slow], logger: silent }).start();
  const client = new WebSocket(`ws://127.0.0.1:${server.port}/slow`);
  await once(client, 'open');
  client.send('begin');
  await begun.promise;
  const stopping = server.stop();
  expect(server.health).toMatchObject({ state: 'stopping', sessions: 1 });
  gate.open();
  await stopping;
  expect(server.health.state).toBe('stopped');
});
