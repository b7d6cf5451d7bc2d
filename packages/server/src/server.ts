import { createServer, type RequestListener } from 'node:http';
import type { Http2SecureServer, ServerHttp2Session } from 'node:http2';
import type * as Https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { IllegalStateException, type Principal, type SessionSelection, type SessionTarget } from '@serval/api';
import { copyOptions, Deadline, showAs } from '@serval/api/spi';
import { healthOf, type Health } from './health';
import { attach, type AttachableServer } from './http-host';
import type { ServerContainer } from './server-container';
import type { ServerSessions } from './server-sessions';
import { readStopOptions, type ServerStopOptions } from './stopping';
import { changeCertificate, withTls, type TlsContextOptions } from './tls-context';
import {
  containerOptionsOf,
  readServerOptions,
  SERVER_OPTIONS,
  type ServerOptions,
  type ServerSettings,
} from './server-options';
import { http2 as loadHttp2 } from './upgrade-request';

/** How long connections without a session may stay after a stop, such as a refused client or an unfinished TLS handshake. */
const LINGER_MS = 2000;

/**
 * A standalone server for endpoints.
 *
 * @example
 * const server = new Server({ port: 8080, endpoints: [Chat] });
 * await server.start();
 */
export class Server<User extends Principal | null = Principal | null> {
  /** You may add endpoints to it before the start and while the server runs. */
  readonly container: ServerContainer<User>;
  readonly #http: AttachableServer;
  readonly #settings: ServerSettings;
  readonly #sockets = new Set<Socket>();
  readonly #http2Sessions = new Set<ServerHttp2Session>();
  /** The certificate for new connections; undefined for plain HTTP. */
  #tls: ServerSettings['tls'];
  #onStopped: () => void = () => undefined;
  #state: 'new' | 'starting' | 'started' | 'stopped' = 'new';
  #deployed: Promise<void> | undefined;
  #listening: Promise<void> | undefined;

  /** @throws DeploymentException when an option is out of range or of the wrong type */
  constructor(options: ServerOptions<User> = {}) {
    const given = copyOptions('The argument of new Server', SERVER_OPTIONS, options);
    this.#settings = readServerOptions(given);
    this.#tls = this.#settings.tls;
    const listener: RequestListener =
      this.#settings.requestListener ??
      ((request, response) => {
        const isEndpoint = this.container.match(request.url ?? '/') !== undefined;
        // HTTP/2 has no Upgrade header (RFC 9113 8.6).
        if (isEndpoint && request.httpVersionMajor < 2) response.setHeader('Upgrade', 'websocket');
        response.writeHead(isEndpoint ? 426 : 404, { 'Content-Type': 'text/plain' });
        response.end(isEndpoint ? 'This is a WebSocket endpoint.\n' : 'Not found.\n');
      });
    this.#http = this.#createServer(listener);
    const sockets = this.#sockets;
    // One function for all sockets, because a closure for each would live as long as its session.
    function forget(this: Socket): void {
      sockets.delete(this);
    }
    this.#http.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', forget);
    });
    this.container = attach(this.#http, containerOptionsOf(given));
  }

  #createServer(listener: RequestListener): AttachableServer {
    const { tls, http2 } = this.#settings;
    if (tls === undefined) return createServer(listener);
    const https = require('node:https') as typeof Https;
    if (!http2) return withTls('the option tls', () => https.createServer(tls, listener));
    // The objects of the compatibility API work like those of node:http.
    const http2Listener = listener as unknown as Parameters<Http2SecureServer['on']>[1];
    const server = withTls('the option tls', () => loadHttp2().createSecureServer({ ...tls, allowHTTP1: true })).on(
      'request',
      http2Listener,
    );
    server.on('session', (session) => {
      this.#http2Sessions.add(session);
      session.once('close', () => this.#http2Sessions.delete(session));
    });
    return server;
  }

  /**
   * The port on which the server listens.
   *
   * @throws IllegalStateException before the start, after the stop, and for a Unix domain socket, which has no port
   */
  get port(): number {
    const address = this.#http.address();
    const listensOn = this.#settings.address;
    if ('path' in listensOn)
      throw new IllegalStateException(`The server listens on the path ${listensOn.path}, which has no port.`);
    if (address === null || typeof address === 'string') {
      throw new IllegalStateException('The server is not listening; await start() first.');
    }
    return (address satisfies AddressInfo).port;
  }

  /** The state for the probes of an orchestrator; see {@link healthCheck}. */
  get health(): Health {
    const { health } = this.container;
    const isStarting = this.#state === 'new' || this.#state === 'starting';
    return isStarting && health.ready ? healthOf('starting', health.sessions) : health;
  }

  /**
   * Deploys the endpoints and listens. Resolves once the server accepts connections.
   *
   * If the port is not available, you may call it again; deployed endpoints stay deployed.
   *
   * @throws DeploymentException (as a rejection) when an endpoint cannot be deployed; the server then does not listen
   * @throws IOException (as a rejection) when the engine of the bus refuses
   * @throws Node's error (as a rejection) when the port is not available, such as EADDRINUSE
   * @throws IllegalStateException (as a rejection) while another start is running, once the server has started, and after
   * its stop
   */
  async start(): Promise<this> {
    if (this.#state !== 'new') throw notStartable(this.#state);
    this.#state = 'starting';
    this.#listening = this.#deployAndListen();
    try {
      await this.#listening;
    } catch (error) {
      this.#leaveStarting('new');
      throw error;
    }
    this.#leaveStarting('started');
    return this;
  }

  /** Does nothing if the server was stopped in between. */
  #leaveStarting(next: 'new' | 'started'): void {
    if (this.#state === 'starting') this.#state = next;
  }

  async #deployAndListen(): Promise<void> {
    await (this.#deployed ??= this.#deploy());
    await this.container.ready;
    await this.#runStartHook();
    await this.#listen();
    const { scan, endpoints } = this.#settings;
    // A server without these options has its endpoints added by the program, perhaps only after the start.
    if (scan !== undefined || endpoints.length > 0) this.container.completeDeployment();
  }

  /** A hook that never settles must not keep the server from stopping. */
  async #runStartHook(): Promise<void> {
    const { onStart } = this.#settings;
    if (onStart === undefined) return;
    const stopped = new Promise<never>((_resolve, reject) => {
      this.#onStopped = () => reject(new IllegalStateException('The server was stopped while onStart was running.'));
    });
    try {
      await Promise.race([onStart(), stopped]);
    } finally {
      this.#onStopped = () => undefined;
    }
  }

  async #deploy(): Promise<void> {
    const { scan, endpoints } = this.#settings;
    if (scan !== undefined) await this.container.scan(scan);
    for (const endpoint of endpoints) this.container.addEndpoint(endpoint);
  }

  #listen(): Promise<void> {
    const http = this.#http;
    return new Promise((resolve, reject) => {
      const settled = (settle: () => void): void => {
        http.off('error', failed).off('listening', listening);
        settle();
      };
      const failed = (error: Error): void => settled(() => reject(error));
      const listening = (): void => settled(resolve);
      http.once('error', failed).once('listening', listening);
      http.listen(this.#settings.address);
    });
  }

  /** The open sessions, to list, filter and close: the same as `container.sessions`. */
  get sessions(): ServerSessions {
    return this.container.sessions;
  }

  /** Selects open sessions: the same as `container.to`. */
  to(...targets: readonly SessionTarget[]): SessionSelection {
    return this.container.to(...targets);
  }

  /** Selects all open sessions: the same as `container.toAll`. */
  toAll(): SessionSelection {
    return this.container.toAll();
  }

  /**
   * Replaces the certificate, without a pause and without an end of any session: connections that begin from now on get the
   * new one. Options that you leave out, such as `ca` or `minVersion`, stay as they are.
   *
   * @param tls `key` and `cert`, or `pfx` with its `passphrase`, and other options of Node's `tls.createSecureContext`
   * @throws DeploymentException when the certificate is invalid or does not match its key; the old one stays
   * @throws IllegalStateException when the server speaks plain HTTP
   *
   * @example
   * server.reloadTls({ key: readFileSync('key.pem'), cert: readFileSync('cert.pem') });
   */
  reloadTls(tls: TlsContextOptions): void {
    if (this.#tls === undefined || !('setSecureContext' in this.#http))
      throw new IllegalStateException('The server speaks plain HTTP. Create it with the option tls.');
    this.#tls = changeCertificate(this.#http, this.#tls, tls);
  }

  /**
   * Stops the container, which answers new upgrades with 503 until then, and stops listening. Resolves once everything has
   * ended. It drops the remaining sessions after `grace` and other connections two seconds later.
   *
   * @see ServerContainer.stop
   */
  async stop(options: ServerStopOptions = {}): Promise<void> {
    readStopOptions(options);
    const stopping = this.container.stop(options);
    this.#state = 'stopped';
    this.#onStopped();
    // Waits for a running start, which would otherwise listen later.
    await Promise.allSettled([this.#listening]);
    await stopping;
    if (!this.#http.listening) return;
    const drop = (): void => this.#sockets.forEach((socket) => socket.destroy());
    const linger = new Deadline(LINGER_MS, drop, { keepsAlive: true });
    await new Promise<void>((resolve) => {
      this.#http.close(() => resolve());
      if ('closeAllConnections' in this.#http) this.#http.closeAllConnections();
      // Sends GOAWAY and lets unfinished responses complete.
      for (const session of this.#http2Sessions) session.close();
    });
    linger.clear();
  }

  /** Calls {@link stop}: `await using server = await new Server(options).start()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #describe(): string {
    const address = this.#http.address();
    if (this.#state !== 'started' || address === null) return this.#state;
    return `started on ${typeof address === 'string' ? address : `port ${address.port}`}`;
  }

  static {
    showAs(Server, 'Server', (server) => server.#describe());
  }
}

function notStartable(state: 'starting' | 'started' | 'stopped'): IllegalStateException {
  return new IllegalStateException(
    state === 'starting'
      ? 'The server is already starting. Await the first call of start().'
      : `The server is already ${state}. Create a new one.`,
  );
}
