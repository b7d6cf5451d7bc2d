import type { Duplex } from 'node:stream';
import type { Extension } from '@serval/api';
import type { Transport } from '@serval/api/spi';

export type HeaderLine = readonly [name: string, value: string];

/** The decisions about a connection whose opening handshake is accepted. */
export interface AcceptedConnection {
  /** The empty string for none. */
  readonly subprotocol: string;
  /** The offers that the endpoint wants to take; the engine may still decline one that it cannot serve. */
  readonly extensions: readonly Extension[];
  /** Further header lines of the answer. */
  readonly headers: readonly HeaderLine[];
  readonly isSecure: boolean;
  readonly remoteAddress: string | undefined;
  /** Bytes of the largest message that the endpoint may ask for as things stand. */
  readonly maxMessageBytes: number;
  /** How long to wait for the peer to finish closing before the connection is dropped. */
  readonly closeTimeoutMs: number;
  /** Bytes of the payload of a data frame that is sent; a longer message leaves in several frames. 0 or undefined for no limit. */
  readonly maxFrameBytes?: number | undefined;
  /** To be called when a message that the listener wants in parts is delivered whole, once in the life of a transport. */
  readonly deliveredWhole?: (() => void) | undefined;
}

/** An HTTP/1.1 upgrade that the server has decided to accept. */
export interface AcceptedUpgrade extends AcceptedConnection {
  readonly socket: Duplex;
  /** The bytes that the client sent right behind its request. */
  readonly head: Buffer;
  /** The client's Sec-WebSocket-Key, checked. */
  readonly key: string;
}

/** A stream that the server has decided to accept, and that its host answers: an extended CONNECT of HTTP/2 (RFC 8441). */
export interface AcceptedStream extends AcceptedConnection {
  readonly stream: Duplex;
  /** Sends the answer with these headers, once, before anything is written to the stream. */
  answer(headers: readonly HeaderLine[]): void;
}

/** Speaks RFC 6455 on accepted connections. */
export interface Engine {
  /** The extensions that the handshake may choose from. */
  readonly installedExtensions: readonly Extension[];
  /** Sends the 101 and takes the socket over, paused; undefined when the socket is already gone. */
  accept(upgrade: AcceptedUpgrade): Transport | undefined;
  /**
   * Has the stream answered and takes it over, paused; undefined when it is already gone. The server answers extended
   * CONNECT with 501 if the engine lacks this method.
   */
  acceptStream?(accepted: AcceptedStream): Transport | undefined;
}
