// `serval/hono`: upgrades from the routes of Hono on Node.js.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EndpointClass, ServerEndpointConfig } from '@serval/api';
import { IllegalStateException } from '@serval/api';
import type { RouteAnswer, ServerContainer } from '@serval/server';

/** A context of Hono. Its methods are generic in the types of the application. */
export interface HonoContext {
  readonly env: unknown;
  readonly req: unknown;
  readonly get: unknown;
  readonly body: unknown;
}

/** The members of a context that {@link upgradeTo} uses. */
interface Context {
  readonly env: { readonly incoming?: IncomingMessage; readonly outgoing?: ServerResponse };
  readonly req: { param(): Record<string, string> };
  get(key: string): unknown;
  body(data: Uint8Array | null, status: number, headers: Readonly<Record<string, string | string[]>>): Response;
}

/**
 * A handler for a route of Hono 4 on `@hono/node-server`, which upgrades its request. Middleware runs first, and its part
 * after `await next()` before the 101: headers and cookies that it sets become part of it. `c.get('user')` is the user of
 * the session.
 *
 * @param endpoint an endpoint, which need not be deployed; `c.req.param()` are its path parameters
 *
 * @example
 * app.get('/rooms/:room', requireLogin, upgradeTo(container, room));
 */
export function upgradeTo(
  container: ServerContainer,
  endpoint: EndpointClass | ServerEndpointConfig,
): (context: HonoContext) => Promise<Response> {
  return (given) =>
    new Promise((resolve, reject) => {
      // The declared members of Hono's own type.
      const context = given as Context;
      const { incoming, outgoing } = context.env;
      if (incoming === undefined || outgoing === undefined)
        throw new IllegalStateException(
          'upgradeTo of serval/hono takes a context of @hono/node-server; serve the application with its serve().',
        );
      const user = context.get('user');
      // `requestUser()` looks for the user there.
      if (user !== undefined) Object.assign(incoming, { user });
      const respond = ({ status, headers, body }: RouteAnswer): void => {
        // A Response has no 101.
        resolve(context.body(body ?? null, status === 101 ? 204 : status, headers));
      };
      container
        .upgradeHttpToWebSocket(incoming, { response: outgoing, respond }, endpoint, context.req.param())
        // The client has left.
        .then(() => resolve(context.body(null, 204, {})), reject);
    });
}
