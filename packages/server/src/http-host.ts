import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { Http2SecureServer, Http2Server } from 'node:http2';
import type { Server as HttpsServer } from 'node:https';
import { IllegalArgumentException, type Principal } from '@serval/api';
import type { ServerContainerOptions } from './container-options';
import { guardEvents } from './event-guard';
import { Http1Host, type UpgradeArguments } from './http1-host';
import { Http2Host, type StreamArguments } from './http2-host';
import { ServerContainer } from './server-container';

/** A server that containers can be attached to. */
export type AttachableServer = HttpServer | HttpsServer | Http2Server | Http2SecureServer;

type RequestArguments = readonly [request: IncomingMessage, response: ServerResponse];

const HOSTS = new WeakMap<AttachableServer, HttpHost>();

/**
 * Attaches a new container to an existing server of node:http, node:https or node:http2. Several containers, with
 * different context paths, can share one server with other listeners for 'upgrade', 'stream' or 'connect', in any order.
 * Those listeners do not receive an upgrade at the path of an endpoint. They receive all others; an upgrade that no
 * listener answers gets 404.
 *
 * On an HTTP/2 server `attach` enables `enableConnectProtocol` for WebSockets over HTTP/2 (RFC 8441). Call it before
 * `listen`: existing connections already received their settings. With `allowHTTP1` the server also serves HTTP/1.1
 * upgrades.
 *
 * @param options the options of a new container, or a container that already exists
 * @throws DeploymentException when an option is out of range or of the wrong type
 * @throws IllegalArgumentException when the first argument is not a server, but for example a framework's application
 *
 * @example
 * const container = attach(httpServer, { contextPath: '/ws' });
 * container.addEndpoint(Chat);
 */
export function attach<User extends Principal | null = Principal | null>(
  server: AttachableServer,
  options: ServerContainerOptions<User> | ServerContainer<User> = {},
): ServerContainer<User> {
  requireServer(server);
  const container = isContainer(options) ? options : new ServerContainer<User>(options);
  let host = HOSTS.get(server);
  if (host === undefined) HOSTS.set(server, (host = new HttpHost(server)));
  host.add(container);
  return container;
}

/**
 * Detaches a container from its server. The other listeners then receive upgrades for its paths. Detaching the last
 * container restores the server, except for the setting that HTTP/2 connections already received. Sessions stay open;
 * `container.stop()` ends them.
 *
 * @returns false if the container is not attached to the server
 */
export function detach(server: AttachableServer, container: ServerContainer): boolean {
  return HOSTS.get(server)?.remove(container) ?? false;
}

function requireServer(server: unknown): void {
  if (isServer(server)) return;
  throw new IllegalArgumentException(
    `attach takes a server of node:http, node:https or node:http2; found ${describe(server)}. ` +
      'For a framework, pass its server, such as createServer(app) or app.server.',
  );
}

function isContainer<User extends Principal | null>(
  value: ServerContainerOptions<User> | ServerContainer<User>,
): value is ServerContainer<User> {
  try {
    return value instanceof ServerContainer;
  } catch {
    // A proxy may throw when its prototype is read.
    return false;
  }
}

/** Tests for methods, because Bun's HTTP server is not a net.Server. Frameworks and node:net have no setTimeout. */
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
  readonly #containers: ServerContainer[] = [];
  readonly #http1: Http1Host;
  readonly #http2: Http2Host | undefined;
  readonly #stopGuarding: () => void;

  constructor(private readonly server: AttachableServer) {
    this.#http1 = new Http1Host(server, this.#containers);
    this.#http2 = 'updateSettings' in server ? new Http2Host(server, this.#containers) : undefined;
    this.#stopGuarding = guardEvents(server, (event, args) => {
      // Node's events have these arguments.
      if (event === 'upgrade') return this.#http1.takes(args as unknown as UpgradeArguments);
      if (event === 'stream') return this.#http2?.takes(args as unknown as StreamArguments) === true;
      return event === 'request' && this.#takesRequest(args as unknown as RequestArguments);
    });
  }

  /** Whether a container answers a plain request, which the routes of the application then do not get. */
  #takesRequest([request, response]: RequestArguments): boolean {
    return this.#containers.some((container) => container.handleRequest(request, response));
  }

  add(container: ServerContainer): void {
    if (!this.#containers.includes(container)) this.#containers.push(container);
    if (container.servesStreams) this.#http2?.enableConnectProtocol();
  }

  /** @returns whether it was attached */
  remove(container: ServerContainer): boolean {
    const index = this.#containers.indexOf(container);
    if (index < 0) return false;
    this.#containers.splice(index, 1);
    if (this.#containers.length > 0) return true;
    this.#stopGuarding();
    this.#http1.detach();
    this.#http2?.detach();
    HOSTS.delete(this.server);
    return true;
  }
}
