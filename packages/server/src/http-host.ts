import { ServerResponse, type IncomingMessage, type Server as HttpServer } from 'node:http';
import type { Http2SecureServer, Http2Server } from 'node:http2';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { IllegalArgumentException } from '@serval/api';
import { tolerateErrors } from '@serval/protocol';
import { Http1Connection } from './http1-connection';
import { Http2Host } from './http2-host';
import { reject } from './rejection';
import type { ServerContainerOptions } from './container-options';
import { WsServerContainer } from './server-container';
import { hasToken } from './upgrade-connection';
import { fromIncomingMessage } from './upgrade-request';

/** A server that containers can be attached to. */
export type AttachableServer = HttpServer | HttpsServer | Http2Server | Http2SecureServer;

const HOSTS = new WeakMap<AttachableServer, HttpHost>();

/**
 * Puts a container into an existing server of node:http, node:https or node:http2. Several containers, with different
 * context paths, and other listeners for 'upgrade' or 'connect' can share one server: a request for a path that no
 * endpoint has is left to them, and is refused with 404 only where there are none.
 *
 * An HTTP/2 server is told to take WebSockets over HTTP/2 (RFC 8441), for the connections that come from now on; with
 * `allowHTTP1` it serves upgrades of HTTP/1.1 as well.
 *
 * @throws DeploymentException for an option that is out of range or of the wrong kind
 * @throws IllegalArgumentException for something that is no server, such as the application of a framework
 *
 * @example
 * const container = attach(httpServer, { contextPath: '/ws' });
 * container.addEndpoint(Chat);
 */
export function attach(server: AttachableServer, options: ServerContainerOptions = {}): WsServerContainer {
  requireServer(server);
  const container = new WsServerContainer(options);
  let host = HOSTS.get(server);
  if (host === undefined) HOSTS.set(server, (host = new HttpHost(server)));
  host.add(container);
  return container;
}

function requireServer(server: unknown): void {
  if (isServer(server)) return;
  throw new IllegalArgumentException(
    `attach takes a server of node:http, node:https or node:http2; found ${describe(server)}. ` +
      'Of a framework give the server, such as createServer(app), or app.server.',
  );
}

/** By its methods, because the HTTP server of Bun is no net.Server. Frameworks lack setTimeout, and so does node:net. */
function isServer(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return ['on', 'listenerCount', 'listen', 'address', 'close', 'setTimeout'].every(
    (method) => typeof (value as Record<string, unknown>)[method] === 'function',
  );
}

function describe(value: unknown): string {
  if (typeof value === 'function') return `the function ${value.name}`;
  if (typeof value !== 'object' || value === null) return String(value);
  const { constructor } = value;
  return typeof constructor === 'function' && constructor !== Object ? `an object of ${constructor.name}` : 'an object';
}

/** The listeners that all containers of a server share. */
class HttpHost {
  readonly #containers: WsServerContainer[] = [];
  readonly #http2: Http2Host | undefined;

  constructor(private readonly server: AttachableServer) {
    this.#http2 = 'updateSettings' in server ? new Http2Host(server, this.#containers) : undefined;
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
  }

  add(container: WsServerContainer): void {
    this.#containers.push(container);
    if (container.servesStreams) this.#http2?.enableConnectProtocol();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const isShared = this.server.listenerCount('upgrade') > 1;
    if (!hasToken(request.headers.upgrade, 'websocket')) {
      if (!isShared) this.#serveWithoutUpgrade(request, socket);
      return;
    }
    const upgradeRequest = fromIncomingMessage(request);
    const connection = new Http1Connection(socket, head, request);
    if (this.#containers.some((container) => container.handleUpgrade(upgradeRequest, connection))) return;
    if (isShared) return;
    tolerateErrors(socket);
    connection.refuse(404, { body: 'No WebSocket endpoint is deployed at this path.\n' });
  }

  /**
   * Node reports every Upgrade header as an upgrade once anyone listens for them, "h2c" of other clients included. A
   * server may ignore one that it does not want (RFC 9110 7.8), so the request is served as a plain one.
   */
  #serveWithoutUpgrade(request: IncomingMessage, socket: Duplex): void {
    tolerateErrors(socket);
    const hasBody =
      request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
    if (hasBody) {
      // Node has taken its parser off the socket, so the body cannot be read any more.
      reject(socket, 400, { body: 'Send a request with a body without an Upgrade header.\n' });
      return;
    }
    // The socket of an http or https server is a net.Socket.
    const connection = socket as Socket;
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(connection);
    // As Node does after the last response of a connection: a client that stays, or sends on, must not keep it.
    response.on('finish', () => connection.destroySoon());
    connection.resume();
    this.server.emit('request', request, response);
  }
}
