import type { Extension } from '../extension';

/**
 * The seam between the protocol and the container: all that either knows of the other.
 *
 * A transport is one open WebSocket connection. It speaks RFC 6455 by itself: it answers pings, reassembles and checks
 * messages, and tells its listener, in order, that the peer closes or has broken a rule. It never throws from a method of
 * this interface and calls its listener only from the event loop, never from inside one of these methods.
 */
export interface Transport {
  /** The extensions in use, with the parameters that were agreed. */
  readonly extensions: readonly Extension[];

  /**
   * Begins to deliver to the listener. A new transport is paused: nothing is read before {@link Transport.resume}.
   */
  open(listener: TransportListener): void;

  /**
   * Sends a text message, or a part of one. Frames leave in the order of the calls; the caller keeps whole messages and
   * control frames apart from the parts of an unfinished message.
   *
   * @param done called once, with an error if the data could not be written; never from inside this call
   */
  sendText(text: string, last: boolean, done?: SendCallback): void;
  /** As {@link Transport.sendText}. The bytes are not copied and must not change until `done`. */
  sendBinary(data: Uint8Array, last: boolean, done?: SendCallback): void;
  /** @param data at most 125 bytes */
  ping(data: Uint8Array, done?: SendCallback): void;
  /** @param data at most 125 bytes */
  pong(data: Uint8Array, done?: SendCallback): void;

  /**
   * Starts the close handshake, or answers the peer's, once; later calls do nothing. What was sent before leaves before it.
   *
   * @param code a code that may stand on the wire; undefined for an empty close frame
   * @param reason at most 123 bytes of UTF-8
   */
  close(code: number | undefined, reason: string): void;
  /** Drops the connection without a handshake. */
  terminate(): void;

  /**
   * Delivers no more messages; some may be on their way. So that pings are answered and the peer's end is noticed, a bounded
   * amount is read on and held back.
   */
  pause(): void;
  resume(): void;

  /** Bytes accepted for sending and not yet written. */
  readonly bufferedBytes: number;
  /**
   * Grows while bytes come from the peer, or are taken by it, in the middle of a message as well; only that it grows has a
   * meaning. 0 where the transport does not know.
   */
  readonly progress: number;
  readonly isSecure: boolean;
  readonly remoteAddress: string | undefined;
}

export type SendCallback = (error?: Error | null) => void;

/** How the transport is to treat the messages of one native type; read again at the first frame of each message. */
export interface InboundRule {
  /** Deliver parts as they arrive. When false the listener receives each message whole, with `last` true. */
  readonly inParts: boolean;
  /** Bytes of a whole message, after inflation; a larger one is answered with 1009. Not applied to parts. */
  readonly maxBytes: number;
}

/** What a transport tells. Methods are called one after the other and must not throw. */
export interface TransportListener {
  readonly textRule: InboundRule;
  readonly binaryRule: InboundRule;

  onText(text: string, last: boolean): void;
  /** @param data belongs to the listener from now on */
  onBinary(data: Buffer, last: boolean): void;
  onPong(data: Buffer): void;
  /** A ping was received and answered. */
  onPing(): void;

  /**
   * The peer is leaving: it has ended its side, its connection is lost, or its close frame has been seen. Told as soon as
   * that is known, and so perhaps before messages that came earlier and are held back; at most once, and not behind
   * `onClosing` and `onClose`.
   *
   * @param close what its close frame says, where it has been seen and is valid
   */
  onPeerLeaving?(close?: { readonly code: number; readonly reason: string }): void;

  /**
   * Nothing more will be received: the peer's close frame has come, behind all that it sent before, or the peer has broken
   * a rule. What is sent from now on still leaves. The listener answers with `close` in its own time, and must bound that
   * time; `onClose` follows. Not called where `close` was called before, nor where the connection ended without a close
   * frame. A transport answers by itself, at once, for a listener without this method.
   *
   * @param code as in {@link TransportListener.onClose}
   */
  onClosing?(code: number, reason: string): void;

  /**
   * The conversation is over; called exactly once, whatever ended it, and nothing is called after it.
   *
   * @param code the peer's code (1005 for an empty close frame), the code for the rule that the peer broke, or 1006 when
   * the connection ended without a close frame
   */
  onClose(code: number, reason: string): void;

  /** The connection failed; `onClose` follows. */
  onError(error: Error): void;
}
