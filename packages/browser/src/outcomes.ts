// Errors with codes, and promises that somebody else settles.

/** An error of the client. Its code is that of the same error in Node, such as `WS_CONNECT_IO`; its class is `Error`. */
export interface ClientError extends Error {
  readonly code: string;
}

/** @param code without `WS_` */
export function clientError(code: string, message: string): ClientError {
  return Object.assign(new Error(message), { code: `WS_${code}` });
}

/** @throws WS_DEPLOY_BAD_OPTION for an option that is left over */
export function refuse(others: object): void {
  for (const name in others) throw clientError('DEPLOY_BAD_OPTION', `connect has no option ${name} in a page.`);
}

export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

export function deferred<T>(): Deferred<T> {
  // A promise calls its function within its constructor.
  let settle: unknown;
  const promise = new Promise<T>((...functions) => (settle = functions));
  const [resolve, reject] = settle as [Deferred<T>['resolve'], Deferred<T>['reject']];
  return { promise: quiet(promise), resolve, reject };
}

/** The same promise; its rejection is not an unhandled one if nobody awaits it. */
export function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
