import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createServer as createSockJs, type Connection, type ServerOptions } from 'sockjs';
import { afterTest, Inbox } from '../../testing/test/toolbox';

/** The reference server, the npm package sockjs, on a port of 127.0.0.1 until the test ends. */
export class SockJsNodeServer {
  /** The applications' sides of the sessions, in the order in which they began. */
  readonly connections = new Inbox<Connection>();
  readonly requests: string[] = [];
  readonly headers: IncomingMessage['headers'][] = [];
  readonly port: number;
  readonly #sockets = new Set<Socket>();

  /** @param server listens */
  private constructor(
    private readonly server: Server,
    onConnection: (connection: Connection) => void,
    options: ServerOptions,
  ) {
    // It listens on a port.
    this.port = (server.address() as AddressInfo).port;
    const sockJs = createSockJs({ prefix: '/echo', log: () => undefined, ...options });
    sockJs.on('connection', (connection) => {
      this.connections.add(connection);
      onConnection(connection);
    });
    sockJs.installHandlers(server);
    const note = (request: IncomingMessage): void => {
      this.requests.push(`${request.method} ${request.url?.replace(/\/\d{3}\/\w+\//, '/…/')}`);
      this.headers.push(request.headers);
    };
    server.prependListener('request', note).prependListener('upgrade', note);
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(
    onConnection: (connection: Connection) => void = echo,
    { port = 0, ...options }: ServerOptions & { readonly port?: number } = {},
  ): Promise<SockJsNodeServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const started = new SockJsNodeServer(server, onConnection, options);
    afterTest(() => started.stop());
    return started;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/echo`;
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => {
      this.server.close(() => {
        forget(this.connections.all);
        resolve();
      });
    });
  }
}

/** The package waits for the client of a session without a request, and keeps the process alive for that. */
export function forget(connections: readonly Connection[]): void {
  for (const connection of connections) clearTimeout(Reflect.get(connection, '_session').to_tref);
}

export function echo(connection: Connection): void {
  connection.on('data', (message) => void connection.write(message));
}

/** @param code the types of the package declare a text, and the package sends it as it is */
export function closeWith(connection: Connection, code: number, reason: string): void {
  connection.close(code as unknown as string, reason);
}
