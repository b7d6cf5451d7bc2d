import { collectDefaultMetrics, Registry } from 'prom-client';
import { endpoint, healthCheck, Server, type Session } from 'serval';
import { prometheusMetrics } from 'serval/prometheus';
import { main, type Running } from '../main';
import { servePages } from '../pages';
import { kitchen } from './kitchen';
import { takeSnapshot } from './snapshot';

const EVERY_MS = 1000;

export async function start(port: number): Promise<Running> {
  const registry = new Registry();
  // The process: CPU, memory, the event loop's delay.
  collectDefaultMetrics({ register: registry });
  // The sessions. Before the first one opens.
  const metrics = prometheusMetrics({ registry });

  const watching = new Set<Session>();
  const live = endpoint('/live', {
    onOpen: (session: Session) => void watching.add(session),
    onClose: (_reason, session) => void watching.delete(session),
  });

  const page = servePages('observability');
  const server: Server = await new Server({
    port,
    endpoints: [kitchen, live],
    textBufferSize: 1000,
    requestListener: (request, response) => {
      if (request.url === '/readyz') healthCheck(server)(request, response);
      else if (request.url === '/metrics') {
        void registry.metrics().then((text) => response.setHeader('Content-Type', registry.contentType).end(text));
      } else page(request, response);
    },
  }).start();

  const timer = setInterval(() => {
    if (watching.size === 0) return;
    void takeSnapshot(registry, '/kitchen/{table}').then((snapshot) => {
      // The bounds have an Infinity, which JSON does not.
      const text = JSON.stringify(snapshot, (_key, value: unknown) => (value === Infinity ? 'Infinity' : value));
      for (const session of watching) session.send(text);
    });
  }, EVERY_MS);

  return {
    port: server.port,
    async stop() {
      clearInterval(timer);
      await server.stop();
      metrics.stop();
    },
  };
}

if (require.main === module) void main(start, 'http://localhost/');
