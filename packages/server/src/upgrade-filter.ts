import type { IncomingMessage } from 'node:http';
import type { EventEmitter } from 'node:events';
import { Server as TlsServer } from 'node:tls';

/**
 * Whether a request with an Upgrade header is told by 'upgrade', for good; otherwise it is an ordinary request, with its
 * body, its timeouts and what comes behind it.
 *
 * @param isWanted what Node or the host says by `server.shouldUpgradeCallback`
 */
export type UpgradeFilter = (request: IncomingMessage, isWanted: boolean) => boolean;

type ShouldUpgrade = (this: unknown, request: IncomingMessage) => unknown;

/** @returns undoes it */
export function filterUpgrades(server: EventEmitter, filter: UpgradeFilter): () => void {
  return hasSlot(server) ? throughSlot(server, filter) : throughParser(server, filter);
}

interface SlotServer extends EventEmitter {
  shouldUpgradeCallback: ShouldUpgrade;
}

/** Node 22.21 and 24.9 on. */
function hasSlot(server: EventEmitter): server is SlotServer {
  return 'shouldUpgradeCallback' in server && typeof server.shouldUpgradeCallback === 'function';
}

/**
 * There is one such callback, and others may have put theirs there, or may yet do so. Whoever writes it is asked first;
 * whoever reads it, to call it from their own, gets ours over what was there at that time.
 */
function throughSlot(server: SlotServer, filter: UpgradeFilter): () => void {
  const before = Object.getOwnPropertyDescriptor(server, 'shouldUpgradeCallback');
  const originals = new WeakMap<ShouldUpgrade, ShouldUpgrade>();
  let isActive = true;
  const over = (original: ShouldUpgrade): ShouldUpgrade => {
    // One of ours that is put back is not wrapped once more.
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
      // Node calls what is there: anything else would end the process with the next upgrade.
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

/** What Node's HTTP server calls for each request of a connection, as far as it is used here. */
interface RequestParser {
  onIncoming?: unknown;
}

/**
 * Older versions of Node take every Upgrade header for an upgrade as soon as somebody listens for them. They look at
 * `request.upgrade`, though, where they are told of the request. It is not public: where it is not as expected, nothing
 * is changed.
 */
function throughParser(server: EventEmitter, filter: UpgradeFilter): () => void {
  let isActive = true;
  // In both cases Node's own listener, which makes the parser, was there before.
  const event = server instanceof TlsServer ? 'secureConnection' : 'connection';
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
