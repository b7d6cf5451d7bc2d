import { createServer, type RequestListener } from 'node:http';
import { createSecureServer as createHttp2Server, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import { createServer as createSecureServer, type ServerOptions as SecureServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { DeploymentException, IllegalStateException, type EndpointClass, type ServerEndpointConfig } from '@serval/api';
import { Deadline } from '@serval/api/spi';
import type { StopOptions } from '@serval/container';
import { attach, type AttachableServer } from './http-host';
import type { ServerContainerOptions } from './container-options';
import type { WsServerContainer } from './server-container';

/** What is not a session when the sessions have ended: a refused client that stays, a TLS handshake that never begins. */
const LINGER_MS = 2000;

/** What a {@link Server} can be told; everything has a default. */
export interface ServerOptions extends ServerContainerOptions {
  /**
   * 0, the default, takes a free one; `server.port` tells which. A string is the path of a Unix domain socket, with a
   * slash in it: `/run/chat.sock`, `./chat.sock`.
   */
  readonly port?: number | string | undefined;
  /** The address to listen on. Default: all addresses. A path of a socket has none. */
  readonly host?: string | undefined;
  /** Glob patterns of modules whose endpoints are deployed at start; see `WsServerContainer.scan`. */
  readonly scan?: string | readonly string[] | undefined;
  /** Annotated classes and configurations to deploy at start, after those of the scan. */
  readonly endpoints?: readonly (EndpointClass | ServerEndpointConfig)[] | undefined;
  /** Answers plain HTTP requests. Default: 426 at the path of an endpoint, 404 elsewhere. */
  readonly requestListener?: RequestListener | undefined;
  /** Key and certificate; with them the server speaks HTTPS and `wss:`. */
  readonly tls?: SecureServerOptions | undefined;
  /**
   * Whether the server speaks HTTP/2 beside HTTP/1.1, for pages and for WebSockets (RFC 8441); needs `tls`. Default false.
   * The request listener then is given the objects of Node's HTTP/2 compatibility API.
   */
  readonly http2?: boolean | undefined;
}

/**
 * A standalone server for endpoints.
 *
 * @example
 * const server = new Server({ port: 8080, endpoints: [Chat] });
 * await server.start();
 */
export class Server {
  /** Endpoints may be added before the start and while the server runs. */
  readonly container: WsServerContainer;
  readonly #http: AttachableServer;
  readonly #address: ListenAddress;
  readonly #sockets = new Set<Socket>();
  readonly #http2Sessions = new Set<ServerHttp2Session>();
  #state: 'new' | 'started' | 'stopped' = 'new';
  #listening: Promise<void> | undefined;

  /** @throws DeploymentException for an option that is out of range or of the wrong kind */
  constructor(private readonly options: ServerOptions = {}) {
    this.#address = listenAddress(options);
    const listener: RequestListener =
      options.requestListener ??
      ((request, response) => {
        const isEndpoint = this.container.match(request.url ?? '/') !== undefined;
        // Over HTTP/2 nothing is upgraded (RFC 9113 8.6).
        if (isEndpoint && request.httpVersionMajor < 2) response.setHeader('Upgrade', 'websocket');
        response.writeHead(isEndpoint ? 426 : 404, { 'Content-Type': 'text/plain' });
        response.end(isEndpoint ? 'This is a WebSocket endpoint.\n' : 'Not found.\n');
      });
    this.#http = this.#createServer(listener);
    const sockets = this.#sockets;
    // One function for all sockets; a closure for each would live as long as its session.
    function forget(this: Socket): void {
      sockets.delete(this);
    }
    this.#http.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', forget);
    });
    this.container = attach(this.#http, options);
  }

  #createServer(listener: RequestListener): AttachableServer {
    const { tls, http2 = false } = this.options;
    if (typeof http2 !== 'boolean' || (http2 && tls === undefined)) {
      throw new DeploymentException(
        http2 === true
          ? 'http2 needs tls, because browsers speak HTTP/2 over TLS only; attach takes an http2.createServer() for plain HTTP/2.'
          : `http2 is true or false; found ${JSON.stringify(http2)}.`,
        undefined,
        'WS_DEPLOY_BAD_OPTION',
      );
    }
    if (tls === undefined) return createServer(listener);
    if (!http2) return createSecureServer(tls, listener);
    // What the compatibility API hands to a listener can be used as what node:http hands to it.
    const http2Listener = listener as unknown as Parameters<Http2SecureServer['on']>[1];
    const server = createHttp2Server({ ...tls, allowHTTP1: true }).on('request', http2Listener);
    server.on('session', (session) => {
      this.#http2Sessions.add(session);
      session.once('close', () => this.#http2Sessions.delete(session));
    });
    return server;
  }

  /**
   * The port that the server listens on.
   *
   * @throws IllegalStateException before the start and after the stop, and for a Unix domain socket, which has none
   */
  get port(): number {
    const address = this.#http.address();
    if ('path' in this.#address)
      throw new IllegalStateException(`The server listens on the path ${this.#address.path}, which has no port.`);
    if (address === null || typeof address === 'string') {
      throw new IllegalStateException('The server is not listening; await start() first.');
    }
    return (address satisfies AddressInfo).port;
  }

  /**
   * Deploys the endpoints and listens. Resolves when connections are accepted.
   *
   * @throws DeploymentException (as a rejection) when an endpoint cannot be deployed; nothing listens then
   * @throws Error (as a rejection) of Node when the port cannot be had, such as EADDRINUSE
   */
  async start(): Promise<this> {
    if (this.#state !== 'new') throw new IllegalStateException(`The server was ${this.#state} before; make a new one.`);
    this.#state = 'started';
    this.#listening = this.#deployAndListen();
    await this.#listening;
    return this;
  }

  async #deployAndListen(): Promise<void> {
    if (this.options.scan !== undefined) await this.container.scan(this.options.scan);
    for (const endpoint of this.options.endpoints ?? []) this.container.addEndpoint(endpoint);
    await new Promise<void>((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen(this.#address, () => {
        this.#http.off('error', reject);
        resolve();
      });
    });
  }

  /**
   * Stops the container, answering new upgrades with 503 meanwhile, then stops listening. Resolves once all is over:
   * sessions end by force after `graceMs`, other connections two seconds later.
   *
   * @see WsServerContainer.stop
   */
  async stop(options: StopOptions = {}): Promise<void> {
    const stopping = this.container.stop(options);
    this.#state = 'stopped';
    // A start that is still under way would listen after all.
    await Promise.allSettled([this.#listening]);
    await stopping;
    if (!this.#http.listening) return;
    const drop = (): void => this.#sockets.forEach((socket) => socket.destroy());
    const linger = new Deadline(LINGER_MS, drop, { keepsAlive: true });
    await new Promise<void>((resolve) => {
      this.#http.close(() => resolve());
      if ('closeAllConnections' in this.#http) this.#http.closeAllConnections();
      // A goodbye (GOAWAY); what is still being answered is finished.
      for (const session of this.#http2Sessions) session.close();
    });
    linger.clear();
  }
}

/** What Node's `listen` is given. */
type ListenAddress = { readonly port: number; readonly host: string | undefined } | { readonly path: string };

/** @throws DeploymentException for a port that is out of range, and for what is neither a port nor a path */
function listenAddress({ port = 0, host }: ServerOptions): ListenAddress {
  // Without a slash it is a port that was read from the environment, and would become a file of that name.
  if (typeof port === 'string' && port.includes('/') && !port.includes('\0')) {
    if (host === undefined) return { path: port };
    throw wrong(`host is for a port; found it beside the path ${JSON.stringify(port)}. Remove it.`);
  }
  if (typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535) return { port, host };
  const remedy = typeof port === 'string' && /^\s*\d+\s*$/.test(port) ? ' Convert it with Number().' : '';
  throw wrong(
    `port is a whole number from 0 to 65535, or the path of a Unix domain socket with a slash in it; found ${JSON.stringify(port)}.${remedy}`,
  );
}

function wrong(message: string): DeploymentException {
  return new DeploymentException(message, undefined, 'WS_DEPLOY_BAD_OPTION');
}
