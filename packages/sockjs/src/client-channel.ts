import type { Extension } from '@serval/api';
import type { SendCallback } from '@serval/api/spi';

/** A way to carry a session, under the name that sockjs-client gives it. */
export type SockJsTransportName = 'websocket' | 'xhr-streaming' | 'xhr-polling';

/**
 * Carries the frames of a server and the messages to it. Its methods never throw, and none of them calls the listener
 * before it returns.
 */
export interface Channel {
  readonly extensions: readonly Extension[];
  readonly isSecure: boolean;
  readonly remoteAddress: string | undefined;
  /** Bytes of messages that the server has not accepted yet. */
  readonly bufferedBytes: number;
  /** Whether so many messages wait that further ones should wait elsewhere. */
  readonly isFull: boolean;
  /** As that of a Transport. */
  readonly progress: number;

  /** Begins to read. */
  open(listener: ChannelListener): void;
  sendText(text: string, done?: SendCallback): void;
  ping(data: Uint8Array, done?: SendCallback): void;
  pong(data: Uint8Array, done?: SendCallback): void;
  /** Stops reading; a little may still arrive. */
  pause(): void;
  resume(): void;
  /** Ends the session, behind everything that was sent before. */
  close(code: number | undefined, reason: string): void;
  /** Drops the session. */
  terminate(): void;
}

/** The end of a session. */
export interface Close {
  readonly code: number;
  readonly reason: string;
}

/** Receives the events of a {@link Channel}. */
export interface ChannelListener {
  /** A piece of the stream of frames; each frame has a line feed behind it. */
  onFrames(piece: string): void;
  /** The response that carried the frames is over, and another one follows. */
  onResponseEnd(): void;
  /** The server gave a sign of life other than a frame. */
  onPing(): void;
  onPong(data: Buffer): void;
  /** The server leaves, though the channel is paused. */
  onPeerLeaving(close?: Close): void;
  /** The server closed the WebSocket, or broke a rule of it. `close` answers. */
  onClosing(code: number, reason: string): void;
  onError(error: Error): void;
  /** The last call. */
  onEnd(code: number, reason: string): void;
}
