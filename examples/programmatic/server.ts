import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { attach, Endpoint, ServerEndpointConfig, type Session } from 'serval';
import { main, type Running } from '../main';

/** Answers a text with its number of words, and binary data of any size with its SHA-256. */
export class Counter extends Endpoint {
  override onOpen(session: Session): void {
    session.addMessageHandler(String, (text: string) =>
      session.send(`${text.split(/\s+/).filter(Boolean).length} words`),
    );

    // Two parameters: the handler receives parts as they arrive, so no limit applies to the message.
    let hash = createHash('sha256');
    session.addMessageHandler(Buffer, async (part: Buffer, last: boolean) => {
      hash.update(part);
      if (!last) return;
      await session.send(`sha256 ${hash.digest('hex')}`);
      hash = createHash('sha256');
    });
  }

  override onError(_session: Session, cause: Error): void {
    console.error(cause);
  }
}

/** An existing server gets endpoints under `/ws`. */
export async function start(port: number): Promise<Running> {
  const httpServer = createServer((request, response) => {
    const isHealth = request.url === '/health';
    response.writeHead(isHealth ? 200 : 404, { 'Content-Type': 'text/plain' }).end(isHealth ? 'up\n' : 'Not found.\n');
  });

  const container = attach(httpServer, { contextPath: '/ws' });
  container.addEndpoint(ServerEndpointConfig.Builder.create(Counter, '/count').subprotocols(['count.v1']).build());

  await new Promise<void>((resolve, reject) => httpServer.once('error', reject).listen(port, resolve));
  return {
    // A server that listens on a port has this kind of address.
    port: (httpServer.address() as AddressInfo).port,
    async stop() {
      const closed = new Promise((resolve) => httpServer.close(resolve));
      await container.stop();
      await closed;
    },
  };
}

if (require.main === module) void main(start, 'ws://localhost/ws/count');
