// `serval/fastify`: a container in an application of Fastify, and upgrades from its routes.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EndpointClass, Principal, ServerEndpointConfig } from '@serval/api';
import {
  attach,
  type AttachableServer,
  type RouteAnswer,
  type ServerContainer,
  type ServerContainerOptions,
} from '@serval/server';

/** The members of an application of Fastify that {@link serval} uses. `never` stands for a type of Fastify. */
export interface FastifyApplication {
  readonly server: unknown;
  addHook(name: never, hook: never): unknown;
  decorate(name: never, value: never): unknown;
}

/** The members of a request of Fastify that {@link upgradeTo} uses. */
export interface FastifyRoutedRequest {
  readonly raw: unknown;
  readonly params: unknown;
}

/** The members that plugins such as @fastify/passport and @fastify/session add to a request. */
interface Decorations {
  readonly user?: unknown;
  readonly session?: unknown;
  readonly sessionStore?: unknown;
}

/** The members of a reply of Fastify that {@link upgradeTo} uses. */
export interface FastifyRoutedReply {
  readonly raw: unknown;
  code(status: number): {
    headers(values: Readonly<Record<string, string | string[]>>): { send(payload: never): unknown };
  };
}

/**
 * Attaches a container to the server of an application of Fastify 5, with `routeUpgrades`. `fastify.close()` stops the
 * container before the server. It is also a plugin: `fastify.register(serval, options)` decorates the application with
 * `fastify.serval`, the container.
 *
 * @param done Fastify's own argument for plugins
 * @throws DeploymentException when an option is out of range or of the wrong type
 *
 * @example
 * const container = serval(fastify, { pingInterval: 25_000 });
 * fastify.get('/rooms/:room', { preHandler: requireLogin }, upgradeTo(container, room));
 */
export function serval<User extends Principal | null = Principal | null>(
  fastify: FastifyApplication,
  options?: ServerContainerOptions<User>,
  done?: (error?: Error) => void,
): ServerContainer<User> {
  // The caller's application has a server of node:http, node:https or node:http2.
  const server = fastify.server as AttachableServer;
  const container = attach<User>(server, { routeUpgrades: true, ...ownOptions(options ?? {}) });
  fastify.decorate('serval' as never, container as never);
  fastify.addHook('preClose' as never, (() => container.stop()) as never);
  done?.();
  return container;
}

// Fastify reads both: the plugin decorates the application that registers it.
Object.assign(serval, { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: 'serval' });

/** Without the options of Fastify's own `register`. */
function ownOptions<User extends Principal | null>(
  options: ServerContainerOptions<User>,
): ServerContainerOptions<User> {
  const registered = ['prefix', 'logLevel', 'logSerializers', 'encapsulate'];
  return Object.fromEntries(Object.entries(options).filter(([name]) => !registered.includes(name)));
}

/**
 * A handler for a route of Fastify, which upgrades its request. The hooks of the route run first, those of `onSend` before
 * the 101: their headers, such as the cookies of @fastify/session, become part of it. A `request.user` that a hook found is
 * the user of the session, which ends with its `request.session` of @fastify/session.
 *
 * @param endpoint an endpoint, which need not be deployed; `request.params` are its path parameters
 *
 * @example
 * fastify.get('/rooms/:room', { preHandler: requireLogin }, upgradeTo(container, room));
 */
export function upgradeTo(
  container: ServerContainer,
  endpoint: EndpointClass | ServerEndpointConfig,
): <Reply extends FastifyRoutedReply>(request: FastifyRoutedRequest, reply: Reply) => Promise<Reply> {
  return async (request, reply) => {
    // Node's objects, unless the server speaks HTTP/2.
    const raw = request.raw as IncomingMessage;
    const response = reply.raw as ServerResponse;
    // The container looks for the user and the HTTP session there.
    const { user, session, sessionStore }: Decorations = request as object;
    Object.assign(raw, { user, session, sessionStore });
    const respond = ({ status, headers, body }: RouteAnswer): void => {
      reply
        .code(status)
        .headers(headers)
        .send(body as never);
    };
    // Trusts the schema of the route.
    const params = request.params as Record<string, string>;
    await container.upgradeHttpToWebSocket(raw, { response, respond }, endpoint, params);
    return reply;
  };
}
