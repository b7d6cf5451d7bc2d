import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What a socket's handle tells of the write that is under way. Node's own socket timeout asks it the same. */
interface WritingHandle {
  readonly writeQueueSize?: number;
}

/**
 * A number that grows while bytes come from the peer of a socket or leave for it. `bytesRead` alone knows nothing of the
 * second, and `writableLength` has a large message as one step.
 *
 * @returns 0 where the stream does not tell, as those of HTTP/2
 */
export function progressOf(socket: Duplex): number {
  if (!(socket instanceof Socket)) return 0;
  // Not public, so it may be missing.
  const handle: unknown = Reflect.get(socket, '_handle');
  return socket.bytesRead - ((handle as WritingHandle | null | undefined)?.writeQueueSize ?? 0);
}
