import type { EventEmitter } from 'node:events';

type Emit = (event: string | symbol, ...args: unknown[]) => boolean;

/**
 * Shows each event of an emitter to `keeps` before its listeners have it; they do not learn of one that is kept.
 *
 * A listener cannot do that, wherever it stands in the list: Node tells the others all the same, and ws answers in its
 * own listener, at once, what is not for it.
 *
 * @returns undoes it
 */
export function guardEvents(
  emitter: EventEmitter,
  keeps: (event: string | symbol, args: readonly unknown[]) => boolean,
): () => void {
  const before = Object.getOwnPropertyDescriptor(emitter, 'emit');
  let isActive = true;
  const guarded = function (this: EventEmitter, event: string | symbol, ...args: unknown[]): boolean {
    if (isActive && keeps(event, args)) return true;
    // Looked up each time: a tracer may replace the prototype's method after us.
    const emit = (before?.value ?? Reflect.get(Reflect.getPrototypeOf(emitter) ?? {}, 'emit')) as Emit;
    return Reflect.apply(emit, this, [event, ...args]);
  };
  Object.defineProperty(emitter, 'emit', { value: guarded, configurable: true, writable: true });
  return () => {
    isActive = false;
    // Somebody who has put a function of their own over ours still calls it.
    if (emitter.emit !== guarded) return;
    if (before === undefined) Reflect.deleteProperty(emitter, 'emit');
    else Object.defineProperty(emitter, 'emit', before);
  };
}
