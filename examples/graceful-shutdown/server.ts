import { setTimeout as sleep } from 'node:timers/promises';
import { CloseReason, healthCheck, OnClose, OnMessage, Server, ServerEndpoint } from 'serval';
import { main, type Running } from '../main';

/** How long a report takes to write. */
const WORK_MS = 800;
/** How long the load balancer gets to notice that the health check fails. */
const DRAIN_MS = 500;
/** How long sessions get to finish; shorter than the process manager waits before it kills the process. */
const GRACE_MS = 8000;

@ServerEndpoint('/reports')
export class Reports {
  @OnMessage
  async write(topic: string): Promise<string> {
    console.log(`writing ${topic}`);
    await sleep(WORK_MS);
    return `report on ${topic}: all is well`;
  }

  /** `stop` also waits for this. */
  @OnClose
  async close(reason: CloseReason): Promise<void> {
    await sleep(10);
    console.log(`closed ${reason.code}`);
  }
}

/** @param drainMs how long to refuse new sessions before the open ones end */
export async function start(port: number, drainMs = DRAIN_MS): Promise<Running> {
  const server: Server = new Server({
    port,
    endpoints: [Reports],
    requestListener: (request, response) => {
      if (request.url === '/health') healthCheck(server)(request, response);
      else response.writeHead(404).end();
    },
  });
  await server.start();
  return {
    port: server.port,
    async stop() {
      await server.stop({
        drain: drainMs,
        grace: GRACE_MS,
        onProgress: ({ phase, sessions }) => console.log(`${phase}: ${sessions} sessions left`),
      });
    },
  };
}

if (require.main === module) void main(start, 'ws://localhost/reports');
