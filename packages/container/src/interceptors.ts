import { IllegalStateException, type Interceptor, type InterceptorContext } from '@serval/api';

// The only file that calls interceptors. The dispatcher calls it, and handles their errors as it does those of handlers.

/**
 * Runs the interceptors from the first to the last, then the handler with the message that they left.
 *
 * @param handle calls the handler, if there is one
 * @throws the error of an interceptor or of the handler
 */
export function intercept(
  interceptors: readonly Interceptor[],
  context: InterceptorContext,
  handle: (message: unknown) => unknown,
): unknown {
  const run = (position: number): unknown => {
    const interceptor = interceptors[position];
    if (interceptor === undefined) return handle(context.message);
    let isCalled = false;
    return interceptor(context, () => {
      if (isCalled)
        throw new IllegalStateException('An interceptor called next() twice. A handler runs once for each message.');
      isCalled = true;
      return run(position + 1);
    });
  };
  return run(0);
}
