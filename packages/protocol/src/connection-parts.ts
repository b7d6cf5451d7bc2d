import type { Duplex } from 'node:stream';
import type { MessageDeflate } from './message-deflate';

/** What a connection is made of. */
export interface ConnectionParts {
  /** Which side of the connection this is. */
  readonly role: 'server' | 'client';
  readonly socket: Duplex;
  /** What the peer sent right behind the handshake. */
  readonly head: Buffer;
  readonly isSecure: boolean;
  readonly remoteAddress: string | undefined;
  readonly deflate: MessageDeflate | undefined;
  readonly maxFragments: number;
  /** Bytes of the payload of a data frame that is sent; a longer message leaves in several frames. 0 or undefined for no limit. */
  readonly maxFrameBytes?: number | undefined;
  /** Whether to read into a buffer that all connections share, where the socket can. */
  readonly sharesReads: boolean;
  /** How long the peer may take to finish the TCP connection once both close frames are there. */
  readonly closeTimeoutMs: number;
}
