import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What one read brings at most, as in Node itself. */
const READ_SIZE = 65_536;

/** Of all sockets, one read at a time. */
let buffer: Buffer | undefined;

/** Node's majors on which the tests have shown that it works. */
const TRIED_MAJORS: ReadonlySet<string | undefined> = new Set(['20', '22', '24']);

/** What net.Socket keeps of its option `onread`, and what its handle offers for it. */
interface ReadableHandle {
  useUserBuffer?(buffer: Buffer): void;
}

/**
 * Lets the socket read into a buffer that all sockets share, so that no read has to allocate 64 KiB.
 *
 * net.Socket has the option `onread` for that, but a server's sockets are made without options; so what the option sets
 * is set here. It is not public: it must be there as expected, on a Node on which it was tried.
 *
 * @param onRead called for each read, with the socket as `this`; the bytes are valid until it returns
 * @returns false when the socket cannot, or somebody else listens to what it reads, who would hear nothing; it then reads
 * as ever, by 'data'
 */
export function shareReads(socket: Duplex, onRead: (this: Duplex, bytes: Buffer) => void): boolean {
  if (!(socket instanceof Socket) || !TRIED_MAJORS.has(process.versions.node.split('.')[0])) return false;
  if (socket.listenerCount('data') > 0 || socket.listenerCount('readable') > 0) return false;
  const symbols = Object.getOwnPropertySymbols(socket);
  const kBuffer = symbols.find(({ description }) => description === 'kBuffer');
  const kBufferCb = symbols.find(({ description }) => description === 'kBufferCb');
  const kBufferGen = symbols.find(({ description }) => description === 'kBufferGen');
  if (kBuffer === undefined || kBufferCb === undefined || kBufferGen === undefined) return false;
  // A socket is an object; its symbols are looked at as such.
  const state = socket as unknown as Record<symbol, unknown> & { readonly _handle?: ReadableHandle | null };
  const handle = state._handle;
  if (typeof handle?.useUserBuffer !== 'function') return false;
  for (const symbol of [kBuffer, kBufferCb, kBufferGen]) if (state[symbol] !== null) return false;
  buffer ??= Buffer.allocUnsafeSlow(READ_SIZE);
  handle.useUserBuffer(buffer);
  state[kBuffer] = buffer;
  state[kBufferCb] = callbackFor(onRead);
  return true;
}

type ReadCallback = (this: Duplex, length: number, bytes: Buffer) => boolean;

const callbacks = new WeakMap<(this: Duplex, bytes: Buffer) => void, ReadCallback>();

/** One function for all sockets: a closure for each would weigh more than the rest. */
function callbackFor(onRead: (this: Duplex, bytes: Buffer) => void): ReadCallback {
  let callback = callbacks.get(onRead);
  if (callback === undefined) {
    callback = function (length, bytes) {
      onRead.call(this, bytes.subarray(0, length));
      return true;
    };
    callbacks.set(onRead, callback);
  }
  return callback;
}
