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
  /** By koa-session. */
  readonly session?: { readonly externalKey?: string | undefined } | null | undefined;
  /** By koa-session. */
  readonly sessionOptions?: { readonly store?: KoaSessionStore | undefined } | undefined;
  status: number;
  body: unknown;
  set(headers: Readonly<Record<string, string | string[]>>): void;
}

/** A store of koa-session. */
interface KoaSessionStore {
  get(key: string, maxAge: undefined, options: { readonly rolling: boolean }): unknown;
}

/**
 * A handler for a route of Koa 3, which upgrades its request. Middleware runs first, and its part after `await next()`
 * before the 101: cookies of koa-session become part of it. A `ctx.state.user` is the user of the session, which ends with its `ctx.session`
 * of koa-session, if that has a store.
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
      // The container looks for the user and the HTTP session there.
      if (state.user !== undefined) Object.assign(req, { user: state.user });
      Object.assign(req, httpSessionOf(context));
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

/** The HTTP session, and its store with the signature of express-session. Without a store nothing ends a session. */
function httpSessionOf({ session, sessionOptions }: Context): object {
  if (session === undefined || session === null) return {};
  const store = sessionOptions?.store;
  if (store === undefined || session.externalKey === undefined) return { session };
  const get = (key: string, done: (error: unknown, found?: unknown) => void): void => {
    Promise.resolve(store.get(key, undefined, { rolling: false })).then(
      (found) => done(null, isExpired(found) ? null : found),
      done,
    );
  };
  // Not enumerable, so that koa-session does not store it.
  Object.defineProperty(session, 'sessionId', { value: session.externalKey, configurable: true });
  return { session, sessionStore: { get } };
}

/** koa-session stores the time at which a session expires. */
function isExpired(found: unknown): boolean {
  const { _expire: expires } = (found ?? {}) as { readonly _expire?: unknown };
  return typeof expires === 'number' && expires < Date.now();
}
