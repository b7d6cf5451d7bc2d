import type { EndpointClass } from './class-type';
import type { AnySession } from './session';

export type HandlerKind = 'open' | 'message' | 'close' | 'error';

/** One call of a handler, as its interceptors see it. */
export interface InterceptorContext {
  /** `'open'`, `'message'`, `'close'` or `'error'`. */
  readonly kind: HandlerKind;
  readonly session: AnySession;
  /** The name of the endpoint's class. */
  readonly endpoint: string;
  readonly endpointClass: EndpointClass;
  /** The name of the method; undefined if the endpoint has none for this kind. */
  readonly method: string | symbol | undefined;
  /**
   * The decoded message, or one part of it; of a request the message inside; the CloseReason for `'close'`, the Error for
   * `'error'`, undefined for `'open'`. The handler receives the value that you assign.
   */
  message: unknown;
  /** Whether a part ends its message. True for whole messages. */
  readonly last: boolean;
}

/**
 * Runs around the handlers of a container, an endpoint or one method. Return the result of `next()`, or another one; the
 * session sends it as if the handler had returned it. Without a call of `next` the handler does not run. An exception goes
 * to `@OnError`, as one of the handler does.
 *
 * `next()` returns what the handler returns: a promise only if the handler, or an interceptor behind this one, is
 * asynchronous. It throws IllegalStateException when it is called a second time.
 *
 * @example
 * const timed: Interceptor = async ({ kind, method }, next) => {
 *   const since = performance.now();
 *   try {
 *     return await next();
 *   } finally {
 *     console.log(kind, method, performance.now() - since);
 *   }
 * };
 */
export type Interceptor = (context: InterceptorContext, next: () => unknown) => unknown;
