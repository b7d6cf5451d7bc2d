import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** The most bytes that one read brings, as in Node itself. */
const READ_SIZE = 65_536;

/** All sockets share it: one read happens at a time. */
let buffer: Buffer | undefined;

/** The part of a socket's handle that serves net.Socket's option `onread`. */
interface ReadableHandle {
  useUserBuffer?(buffer: Buffer): void;
}

/**
 * Makes the socket read into a buffer that all sockets share, so that a read does not allocate 64 KiB.
 *
 * net.Socket has the option `onread` for this, but a server creates its sockets without options, so this function sets
 * the members that the option sets. They are not public: `shared-reads-trial.ts` proves on a separate connection that
 * they work before any other connection relies on them.
 *
 * @param onRead runs for each read, with the socket as `this`; the bytes are valid until it returns
 * @returns false where the socket lacks these members, or where another listener reads it and would miss the bytes; such a
 * socket emits 'data' as usual
 */
export function shareReads(socket: Duplex, onRead: (this: Duplex, bytes: Buffer) => void): boolean {
  if (!(socket instanceof Socket)) return false;
  if (socket.listenerCount('data') > 0 || socket.listenerCount('readable') > 0) return false;
  const symbols = Object.getOwnPropertySymbols(socket);
  const kBuffer = symbols.find(({ description }) => description === 'kBuffer');
  const kBufferCb = symbols.find(({ description }) => description === 'kBufferCb');
  const kBufferGen = symbols.find(({ description }) => description === 'kBufferGen');
  if (kBuffer === undefined || kBufferCb === undefined || kBufferGen === undefined) return false;
  // A socket is an object; only its symbols and its handle are read here, as unknown values.
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

/** All sockets share one function: a closure for each would weigh more than the rest. */
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
