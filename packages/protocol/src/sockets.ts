import type { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SendCallback } from '@serval/api/spi';

/** RFC 9113 7. */
const CANCEL = 0x8;

const NO_BYTES = Buffer.alloc(0);

/** Keeps an error of the socket from ending the process, which an 'error' event without a listener does. */
export function tolerateErrors(socket: EventEmitter): void {
  // One function for all sockets: a closure would keep the handshake alive as long as the session.
  socket.on('error', ignore);
}

/** Undoes {@link tolerateErrors}, for a socket that has another listener now. */
export function tolerateNoErrors(socket: EventEmitter): void {
  socket.off('error', ignore);
}

function ignore(): void {}

/** Turns off Nagle's delay and the HTTP server's timeouts. A plain Duplex has neither, an HTTP/2 stream only the timeout. */
export function tune(
  socket: Duplex & { setNoDelay?(noDelay: boolean): unknown; setTimeout?(ms: number): unknown },
): void {
  socket.setNoDelay?.(true);
  socket.setTimeout?.(0);
}

/** The bytes that Node keeps of a socket that nobody reads, or that is paused; of a destroyed one, too. */
export function readBuffered(socket: Duplex): Buffer {
  const bytes: unknown = socket.readableLength > 0 ? socket.read() : null;
  return Buffer.isBuffer(bytes) ? bytes : NO_BYTES;
}

/** Writes all chunks at once, and calls back when the last one is written. */
export function writeTogether(
  socket: Duplex,
  chunks: readonly Buffer[],
  callbacks: readonly SendCallback[] | undefined,
): void {
  const written =
    callbacks &&
    ((error?: Error | null): void => {
      // node:net calls a write that was under way when the socket was destroyed a success.
      const outcome = error ?? (socket.destroyed ? connectionClosed() : undefined);
      for (const callback of callbacks) callback(outcome);
    });
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) {
    socket.write(only, written);
    return;
  }
  socket.cork();
  for (const [index, chunk] of chunks.entries()) socket.write(chunk, index === chunks.length - 1 ? written : undefined);
  socket.uncork();
}

/** The error of a send that did not leave. */
export function connectionClosed(): Error {
  return new Error('the connection is closed');
}

/** Ends a connection without a handshake: a reset of HTTP/2's stream is RST_STREAM with CANCEL (RFC 8441 5). */
export function dropSocket(socket: Duplex & { readonly rstCode?: number; close?(code: number): void }): void {
  if (socket.rstCode !== undefined) socket.close?.(CANCEL);
  socket.destroy();
}

/** The part of a socket's handle that counts the bytes of the current write. Node's own socket timeout reads it too. */
interface WritingHandle {
  readonly writeQueueSize?: number;
}

/**
 * A number that grows while bytes come from the peer of a socket or leave for it. `bytesRead` alone misses the second, and
 * `writableLength` counts a large message as one step.
 *
 * @returns 0 for a stream that does not count, such as one of HTTP/2
 */
export function progressOf(socket: Duplex): number {
  if (!(socket instanceof Socket)) return 0;
  // Not public, so it may be missing.
  const handle: unknown = Reflect.get(socket, '_handle');
  return socket.bytesRead - ((handle as WritingHandle | null | undefined)?.writeQueueSize ?? 0);
}
