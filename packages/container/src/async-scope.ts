import { AsyncResource } from 'node:async_hooks';

/**
 * The context of AsyncLocalStorage in which something began, to call more of it there later. Each call begins with what
 * was there at first: what an earlier call has entered is gone.
 */
export class AsyncScope {
  private constructor(
    private readonly resource: AsyncResource,
    /** Whether `enterWith` changes the resource itself, as in Node 20 and 22, and not the call alone. */
    private readonly isMutable: boolean,
  ) {}

  /** @returns undefined where nothing uses AsyncLocalStorage: there is no context then, and no cost */
  static capture(): AsyncScope | undefined {
    const resource = new AsyncResource('SERVAL');
    for (const symbol of Object.getOwnPropertySymbols(resource)) {
      // Node 20 and 22 have one such property for each storage in use.
      if (symbol.description === 'kResourceStore') return new AsyncScope(resource, true);
      if (symbol.description === 'context_frame' && Reflect.get(resource, symbol) !== undefined)
        return new AsyncScope(resource, false);
    }
    return undefined;
  }

  run<T>(call: () => T): T {
    if (!this.isMutable) return this.resource.runInAsyncScope(call);
    return this.resource.runInAsyncScope(() => new AsyncResource('SERVAL').runInAsyncScope(call));
  }
}

/** Calls in a new context: only code that the call starts sees the values that `enterWith` enters there. */
export function inOwnScope<T>(call: () => T): T {
  return new AsyncResource('SERVAL').runInAsyncScope(call);
}
