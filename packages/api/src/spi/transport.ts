import type { Extension } from '../extension';

/**
 * The seam between the protocol and the container. Neither uses anything else of the other.
 *
 * A transport is one open WebSocket connection. It implements RFC 6455: it answers pings, reassembles and checks
 * messages, and reports to its listener, in order, that the peer closes or broke a rule. Its methods never throw. It
 * calls its listener only from the event loop, never from inside one of these methods.
 */
export interface Transport {
  /** The extensions in use, with the negotiated parameters. */
  readonly extensions: readonly Extension[];

  /**
   * Sets the listener. A new transport is paused: it reads nothing before {@link Transport.resume}.
   */
  open(listener: TransportListener): void;

  /**
   * Sends a text message, or a part of one. Frames leave in call order. The caller does not send a whole message between
   * the parts of an unfinished one.
   *
   * @param done called once, with an error if the data could not be written, and never from inside this call
   */
  sendText(text: string, last: boolean, done?: SendCallback): void;
  /** Like {@link Transport.sendText}. The transport does not copy the bytes; they must not change before `done`. */
  sendBinary(data: Uint8Array, last: boolean, done?: SendCallback): void;
  /** @param data at most 125 bytes */
  ping(data: Uint8Array, done?: SendCallback): void;
  /** @param data at most 125 bytes */
  pong(data: Uint8Array, done?: SendCallback): void;

  /**
   * Starts the closing handshake, or answers the peer's. Later calls do nothing. Everything sent earlier leaves first.
   *
   * @param code a code that is allowed on the wire; undefined for an empty close frame
   * @param reason at most 123 bytes of UTF-8
   */
  close(code: number | undefined, reason: string): void;
  /** Drops the connection without a closing handshake. */
  terminate(): void;

  /**
   * Stops delivering messages; a few may still arrive. The transport reads on up to a limit and keeps that data back, to
   * answer pings and to detect that the peer leaves.
   */
  pause(): void;
  resume(): void;

  /** Bytes accepted for sending and not yet written. */
  readonly bufferedBytes: number;
  /**
   * Grows while the peer sends or accepts bytes, also in the middle of a message. Only the growth has a meaning, not the
   * value. Stays 0 if the transport cannot measure it.
   */
  readonly progress: number;
  /**
   * Whether messages have arrived that the transport does not deliver yet, although it is not paused, such as beyond a rate
   * limit. The silence is then not the peer's. Default false.
   */
  readonly isHoldingBack?: boolean | undefined;
  /** Whether the transport carries only text, as SockJS does; the container then rejects binary messages. Default false. */
  readonly isTextOnly?: boolean | undefined;
  /**
   * Whether so many messages wait in the transport that further ones should wait in the container, although they have few
   * bytes. Default false.
   */
  readonly isFull?: boolean | undefined;
  readonly isSecure: boolean;
  readonly remoteAddress: string | undefined;
}

export type SendCallback = (error?: Error | null) => void;

/** How the transport handles the messages of one native type. It reads the rule at the first frame of each message. */
export interface InboundRule {
  /** Whether to deliver parts as they arrive. If false, the listener receives each message whole, with `last` true. */
  readonly inParts: boolean;
  /** Largest whole message in bytes, after inflation. A larger one ends with 1009. Does not apply to parts. */
  readonly maxBytes: number;
}

/** Receives a transport's events. The transport calls the methods one after the other; they must not throw. */
export interface TransportListener {
  readonly textRule: InboundRule;
  readonly binaryRule: InboundRule;

  onText(text: string, last: boolean): void;
  /** @param data belongs to the listener from now on; the transport does not reuse it */
  onBinary(data: Buffer, last: boolean): void;
  onPong(data: Buffer): void;
  /** The transport received a ping and answered it. */
  onPing(): void;

  /**
   * The peer is leaving: it ended its side, its connection is lost, or its close frame has arrived. The transport calls
   * this as soon as it detects that, which may be before it delivers messages that arrived earlier and are kept back. It
   * calls it at most once, and never after `onClosing` or `onClose`.
   *
   * @param close the contents of the peer's close frame, if one has arrived and is valid
   */
  onPeerLeaving?(close?: { readonly code: number; readonly reason: string }): void;

  /**
   * No more messages follow: the peer's close frame has arrived, after everything that the peer sent before it, or the
   * peer broke a rule. Sends still leave. The listener answers with `close` when it is ready, and must limit how long that
   * takes; `onClose` follows. The transport does not call this after `close`, or when the connection ends without a close
   * frame. If the listener has no such method, the transport answers at once.
   *
   * @param code as in {@link TransportListener.onClose}
   */
  onClosing?(code: number, reason: string): void;

  /**
   * The conversation is over. The transport calls this exactly once, whatever the cause, and calls nothing after it.
   *
   * @param code the peer's code (1005 for an empty close frame), the code for the rule that the peer broke, or 1006 if
   * the connection ended without a close frame
   */
  onClose(code: number, reason: string): void;

  /**
   * The connection failed, or the peer broke a rule; `onClose` follows.
   *
   * @param error for a broken rule, its property `closeCode` is the code that the rule demands, such as 1009
   */
  onError(error: Error): void;
}
