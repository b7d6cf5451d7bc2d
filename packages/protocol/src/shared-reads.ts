import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { allocateMaskable, type MaskableMemory, type MaskMemory } from './mask';

/** The most bytes that one read brings are 64 KiB, as in Node itself. */
const READ_PAGES = 1;

/** All sockets share it: one read happens at a time. */
let shared: MaskableMemory | undefined;

/**
 * Runs for each read, with the socket as `this`.
 *
 * @param buffer whose first `length` bytes were read; they are valid until the function returns
 * @param maskMemory masks the buffer
 */
export type SharedReadListener = (this: Duplex, buffer: Buffer, length: number, maskMemory: MaskMemory) => void;

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
 * @returns false where the socket lacks these members, or where another listener reads it and would miss the bytes; such a
 * socket emits 'data' as usual
 */
export function shareReads(socket: Duplex, onRead: SharedReadListener): boolean {
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
  const { buffer } = (shared ??= allocateMaskable(READ_PAGES));
  handle.useUserBuffer(buffer);
  state[kBuffer] = buffer;
  state[kBufferCb] = callbackFor(onRead);
  return true;
}

type ReadCallback = (this: Duplex, length: number, buffer: Buffer) => boolean;

const callbacks = new WeakMap<SharedReadListener, ReadCallback>();

/** All sockets share one function: a closure for each would weigh more than the rest. */
function callbackFor(onRead: SharedReadListener): ReadCallback {
  let callback = callbacks.get(onRead);
  if (callback === undefined) {
    const { mask } = (shared ??= allocateMaskable(READ_PAGES));
    callback = function (length, buffer) {
      onRead.call(this, buffer, length, mask);
      return true;
    };
    callbacks.set(onRead, callback);
  }
  return callback;
}
