import type { EventEmitter } from 'node:events';

type Emit = (event: string | symbol, ...args: unknown[]) => boolean;

/**
 * Passes each event of an emitter to `keeps` before its listeners. If `keeps` returns true, the listeners do not run.
 *
 * A listener cannot do that, at any place in the list: Node still calls the other listeners, and the listener of ws
 * immediately answers requests that are not for it.
 *
 * @returns a function that undoes it
 */
export function guardEvents(
  emitter: EventEmitter,
  keeps: (event: string | symbol, args: readonly unknown[]) => boolean,
): () => void {
  const before = Object.getOwnPropertyDescriptor(emitter, 'emit');
  let isActive = true;
  const guarded = function (this: EventEmitter, event: string | symbol, ...args: unknown[]): boolean {
    if (isActive && keeps(event, args)) return true;
    // Looked up each time, because a tracer may replace the prototype's method later.
    const emit = (before?.value ?? Reflect.get(Reflect.getPrototypeOf(emitter) ?? {}, 'emit')) as Emit;
    return Reflect.apply(emit, this, [event, ...args]);
  };
  Object.defineProperty(emitter, 'emit', { value: guarded, configurable: true, writable: true });
  return () => {
    isActive = false;
    // If another function wraps ours, it still calls ours.
    if (emitter.emit !== guarded) return;
    if (before === undefined) Reflect.deleteProperty(emitter, 'emit');
    else Object.defineProperty(emitter, 'emit', before);
  };
}
