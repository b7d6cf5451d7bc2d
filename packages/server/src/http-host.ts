import type { Server as HttpServer } from 'node:http';
import type { Http2SecureServer, Http2Server } from 'node:http2';
import type { Server as HttpsServer } from 'node:https';
import { IllegalArgumentException } from '@serval/api';
import type { ServerContainerOptions } from './container-options';
import { guardEvents } from './event-guard';
import { Http1Host, type UpgradeArguments } from './http1-host';
import { Http2Host, type StreamArguments } from './http2-host';
import { ServerContainer } from './server-container';

/** A server that containers can be attached to. */
export type AttachableServer = HttpServer | HttpsServer | Http2Server | Http2SecureServer;

const HOSTS = new WeakMap<AttachableServer, HttpHost>();

/**
 * Puts a container into an existing server of node:http, node:https or node:http2. Several containers, with different
 * context paths, and other listeners for 'upgrade', 'stream' or 'connect' can share one server, in any order: those do not
 * learn of an upgrade at the path of an endpoint. All others are left to them; what they do not answer either, or where
 * there are none, gets 404.
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
export function attach(server: AttachableServer, options: ServerContainerOptions = {}): ServerContainer {
  requireServer(server);
  const container = new ServerContainer(options);
  let host = HOSTS.get(server);
  if (host === undefined) HOSTS.set(server, (host = new HttpHost(server)));
  host.add(container);
  return container;
}

/**
 * Takes a container off its server: upgrades for its paths are those of the other listeners from now on. The last one
 * leaves the server as it was before `attach`, but for the setting that HTTP/2 connections have been told. Sessions go on;
 * `container.stop()` ends them.
 *
 * @returns false for a container that is not attached to the server
 */
export function detach(server: AttachableServer, container: ServerContainer): boolean {
  return HOSTS.get(server)?.remove(container) ?? false;
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
      return event === 'stream' && this.#http2?.takes(args as unknown as StreamArguments) === true;
    });
  }

  add(container: ServerContainer): void {
    this.#containers.push(container);
    if (container.servesStreams) this.#http2?.enableConnectProtocol();
  }

  /** @returns whether it was there */
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
