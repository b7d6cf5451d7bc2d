// `serval/koa`: upgrades from the routes of Koa.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EndpointClass, ServerEndpointConfig } from '@serval/api';
import type { RouteAnswer, ServerContainer } from '@serval/server';

/** The members of Koa's context that {@link upgradeTo} uses. */
interface Context {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** By a router, such as `@koa/router`. */
  readonly params?: Readonly<Record<string, string>> | undefined;
  readonly state: { readonly user?: unknown };
  status: number;
  body: unknown;
  set(headers: Record<string, string[]>): void;
}

/**
 * A handler for a route of Koa 3, which upgrades its request. Middleware runs first, and its part after `await next()`
 * before the 101: cookies of koa-session become part of it. A `ctx.state.user` is the user of the session.
 *
 * @param endpoint an endpoint, which need not be deployed; `ctx.params` are its path parameters
 *
 * @example
 * router.get('/rooms/:room', requireLogin, upgradeTo(container, room));
 */
export function upgradeTo(
  container: ServerContainer,
  endpoint: EndpointClass | ServerEndpointConfig,
): <C extends object>(context: C) => Promise<void> {
  return (given) =>
    new Promise((resolve, reject) => {
      // Koa's own type is generic in the types of the application.
      const context = given as unknown as Context;
      const { req, res, state, params = {} } = context;
      // `requestUser()` looks for the user there.
      if (state.user !== undefined) Object.assign(req, { user: state.user });
      const respond = ({ status, headers, body }: RouteAnswer): void => {
        // Koa writes a text for a 101, and nothing for a 204.
        context.status = status === 101 ? 204 : status;
        context.set(headers);
        context.body = body ?? null;
        resolve();
      };
      container.upgradeHttpToWebSocket(req, { response: res, respond }, endpoint, params).then(resolve, reject);
    });
}
