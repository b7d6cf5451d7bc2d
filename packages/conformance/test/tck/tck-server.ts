import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { attach, type ServerContainer } from 'serval';
import type { Servlet, TckContext, UpgradeExchange } from './context';

/** How to start the applications. */
export interface TckServerOptions {
  readonly contexts: readonly TckContext[];
  /** 0 chooses a free one. */
  readonly port: number;
  /** Default: the address of every interface, as Node chooses it. */
  readonly host?: string | undefined;
}

/** The applications of the TCK, each in its own container, on one port. */
export class TckServer {
  readonly #httpServer: HttpServer;
  readonly #containers: readonly ServerContainer[];

  private constructor(httpServer: HttpServer, containers: readonly ServerContainer[]) {
    this.#httpServer = httpServer;
    this.#containers = containers;
  }

  /** Resolves when every application is deployed and the port listens. @throws DeploymentException as a rejection */
  static async start({ contexts, port, host }: TckServerOptions): Promise<TckServer> {
    const httpServer = createServer((request, response) => response.writeHead(404).end());
    const containers: ServerContainer[] = [];
    const servlets = new Map<string, (exchange: UpgradeExchange) => void | Promise<void>>();
    for (const context of contexts) {
      const container = await deploy(context, httpServer);
      containers.push(container);
      for (const [path, servlet] of Object.entries(context.servlets ?? {})) {
        servlets.set(`${context.root}${path}`, bind(servlet, container));
      }
    }
    // With a listener in addition to the containers, this program must refuse unknown paths.
    httpServer.on('upgrade', (request, socket: Duplex, head) => {
      const target = request.url ?? '/';
      if (containers.some((container) => container.match(target) !== undefined)) return;
      const servlet = servlets.get(target.split('?', 1)[0] ?? '');
      if (servlet === undefined) refuse(socket, '404 Not Found');
      else void serve(servlet, { request, socket, head });
    });
    await new Promise<void>((resolve, reject) => {
      httpServer.once('error', reject).listen(port, host, () => resolve());
    });
    return new TckServer(httpServer, containers);
  }

  get port(): number {
    // A server that listens on a port has an AddressInfo.
    return (this.#httpServer.address() as AddressInfo).port;
  }

  /** Closes every session with 1001 and frees the port. Never rejects. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#httpServer.close(() => resolve()));
    await Promise.all(this.#containers.map((container) => container.stop({ grace: 500 })));
    this.#httpServer.closeAllConnections();
    await closed;
  }
}

async function deploy(context: TckContext, httpServer: HttpServer): Promise<ServerContainer> {
  // The Java client may send an Origin, and Tomcat accepts every one.
  const container = attach(httpServer, { allowedOrigins: '*', ...context.options, contextPath: context.root });
  for (const endpoint of context.endpoints ?? []) container.addEndpoint(endpoint);
  await context.deploy?.(container);
  return container;
}

function bind(servlet: Servlet, container: ServerContainer) {
  return (exchange: UpgradeExchange) => servlet(exchange, container);
}

async function serve(
  servlet: (exchange: UpgradeExchange) => void | Promise<void>,
  exchange: UpgradeExchange,
): Promise<void> {
  try {
    await servlet(exchange);
  } catch {
    refuse(exchange.socket, '500 Internal Server Error');
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
