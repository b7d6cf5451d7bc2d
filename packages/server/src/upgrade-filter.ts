import type { IncomingMessage } from 'node:http';
import type { EventEmitter } from 'node:events';

/**
 * Whether Node emits 'upgrade' for a request with an Upgrade header. Otherwise it is an ordinary request, with its body,
 * its timeouts and the requests after it.
 *
 * @param isWanted the result of `server.shouldUpgradeCallback`, from Node or the host
 */
export type UpgradeFilter = (request: IncomingMessage, isWanted: boolean) => boolean;

type ShouldUpgrade = (this: unknown, request: IncomingMessage) => unknown;

/** @returns a function that undoes it */
export function filterUpgrades(server: EventEmitter, filter: UpgradeFilter): () => void {
  return hasSlot(server) ? throughSlot(server, filter) : throughParser(server, filter);
}

interface SlotServer extends EventEmitter {
  shouldUpgradeCallback: ShouldUpgrade;
}

/** True from Node 22.21 and 24.9 on. */
function hasSlot(server: EventEmitter): server is SlotServer {
  return 'shouldUpgradeCallback' in server && typeof server.shouldUpgradeCallback === 'function';
}

/**
 * There is only one such callback, and other code may set its own before or after us. A callback that other code sets runs
 * first. Other code that reads the property, to call it from its own callback, gets ours around the current one.
 */
function throughSlot(server: SlotServer, filter: UpgradeFilter): () => void {
  const before = Object.getOwnPropertyDescriptor(server, 'shouldUpgradeCallback');
  const originals = new WeakMap<ShouldUpgrade, ShouldUpgrade>();
  let isActive = true;
  const over = (original: ShouldUpgrade): ShouldUpgrade => {
    // Does not wrap our own callback again when other code restores it.
    if (originals.has(original)) return original;
    const filtered = function (request: IncomingMessage): boolean {
      const isWanted = Boolean(Reflect.apply(original, server, [request]));
      return isActive ? filter(request, isWanted) : isWanted;
    };
    originals.set(filtered, original);
    return filtered;
  };
  let current = over(server.shouldUpgradeCallback);
  const get = (): ShouldUpgrade => current;
  Object.defineProperty(server, 'shouldUpgradeCallback', {
    configurable: true,
    enumerable: before?.enumerable ?? true,
    get,
    set: (callback: unknown) => {
      // Node calls this property; another type would end the process with the next upgrade.
      if (typeof callback === 'function') current = over(callback as ShouldUpgrade);
    },
  });
  return () => {
    isActive = false;
    if (Object.getOwnPropertyDescriptor(server, 'shouldUpgradeCallback')?.get !== get) return;
    const value = originals.get(current) ?? current;
    Object.defineProperty(server, 'shouldUpgradeCallback', {
      configurable: true,
      enumerable: before?.enumerable ?? true,
      writable: true,
      value,
    });
  };
}

/** The part of Node's HTTP parser that calls the server for each request of a connection. */
interface RequestParser {
  onIncoming?: unknown;
}

/**
 * Older versions of Node treat every Upgrade header as an upgrade as soon as there is a listener. Their internal function
 * for a request reads `request.upgrade`, which this function can reset. If the internals differ, it changes nothing.
 */
function throughParser(server: EventEmitter, filter: UpgradeFilter): () => void {
  let isActive = true;
  // For both events, Node's own listener has already created the parser.
  const event = 'setSecureContext' in server ? 'secureConnection' : 'connection';
  const onConnection = (socket: { readonly parser?: RequestParser | null }): void => {
    const { parser } = socket;
    const onIncoming = parser?.onIncoming;
    if (!parser || typeof onIncoming !== 'function') return;
    parser.onIncoming = function (this: unknown, request: IncomingMessage & { upgrade?: unknown }, ...rest: unknown[]) {
      if (isActive && request.upgrade === true && request.method !== 'CONNECT' && !filter(request, true))
        request.upgrade = false;
      return Reflect.apply(onIncoming, this, [request, ...rest]) as unknown;
    };
  };
  server.on(event, onConnection);
  return () => {
    isActive = false;
    server.off(event, onConnection);
  };
}
