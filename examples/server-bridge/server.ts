import { connect, OnMessage, Server, ServerEndpoint } from 'serval';
import { main, type Running } from '../main';
import { Archive } from './archive';
import { ArchiveLink } from './bridge';

/** Starts the bridge: an endpoint for devices, and one connection to the archive. */
export async function start(port: number, archive: string): Promise<Running> {
  const link = new ArchiveLink();
  // Without retryInitial, the bridge would not start before its archive.
  const client = await connect(archive, {
    endpoint: link,
    reconnect: { minDelay: 20, initialDelay: 200, retryInitial: true },
  });

  @ServerEndpoint({ value: '/readings', inbound: 'concurrent' })
  class Readings {
    /** Answers once the archive has the reading; meanwhile it accepts the next ones. */
    @OnMessage
    async take(reading: string): Promise<string> {
      try {
        return `stored ${await link.store(reading)}`;
      } catch {
        return 'busy';
      }
    }
  }

  const server = await new Server({ port, endpoints: [Readings] }).start();
  return {
    port: server.port,
    async stop() {
      await server.stop();
      await client.close();
      await client.closed;
    },
  };
}

export function startArchive(port: number): Promise<Server> {
  return new Server({ port, endpoints: [Archive] }).start();
}

/** Both in one process. */
async function startBoth(port: number): Promise<Running> {
  const archive = await startArchive(0);
  const bridge = await start(port, `ws://localhost:${archive.port}/archive`);
  return {
    port: bridge.port,
    async stop() {
      await bridge.stop();
      await archive.stop();
    },
  };
}

if (require.main === module) void main(startBoth, 'ws://localhost/readings');
