import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloseReason, OnClose, OnMessage, Server, ServerEndpoint } from 'serval';
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
  let isReady = true;
  const requestListener = (request: IncomingMessage, response: ServerResponse): void => {
    const isHealth = request.url === '/health';
    response.writeHead(!isHealth ? 404 : isReady ? 200 : 503).end();
  };
  const server = await new Server({ port, endpoints: [Reports], requestListener }).start();
  return {
    port: server.port,
    async stop() {
      isReady = false;
      server.container.pause();
      console.log('draining: new sessions get 503');
      await sleep(drainMs);
      console.log('stopping: handlers finish, sessions close with 1001');
      await server.stop({ grace: GRACE_MS });
      console.log('stopped');
    },
  };
}

if (require.main === module) void main(start, 'ws://localhost/reports');
