import type { Extension } from '@serval/api';
import type { InboundRule, SendCallback, Transport, TransportListener } from '@serval/api/spi';
import type { Channel, ChannelListener } from './client-channel';
import { FrameError } from './client-frames';
import { formatSent } from './frames';

/** A frame may have any size, because it holds any number of messages. */
const IN_PARTS: InboundRule = { inParts: true, maxBytes: 0 };

/** Carries a session over a WebSocket: one frame in each message. */
export class WebSocketChannel implements Channel {
  readonly extensions: readonly Extension[];
  readonly isSecure: boolean;
  readonly remoteAddress: string | undefined;

  /** @param webSocket paused, without a listener */
  constructor(private readonly webSocket: Transport) {
    this.extensions = webSocket.extensions;
    this.isSecure = webSocket.isSecure;
    this.remoteAddress = webSocket.remoteAddress;
  }

  open(listener: ChannelListener): void {
    this.webSocket.open(new FrameListener(listener));
    this.webSocket.resume();
  }

  sendText(text: string, done?: SendCallback): void {
    this.webSocket.sendText(formatSent([text]), true, done);
  }

  ping(data: Uint8Array, done?: SendCallback): void {
    this.webSocket.ping(data, done);
  }

  pong(data: Uint8Array, done?: SendCallback): void {
    this.webSocket.pong(data, done);
  }

  pause(): void {
    this.webSocket.pause();
  }

  resume(): void {
    this.webSocket.resume();
  }

  get bufferedBytes(): number {
    return this.webSocket.bufferedBytes;
  }

  get isFull(): boolean {
    return this.webSocket.isFull === true;
  }

  get progress(): number {
    return this.webSocket.progress;
  }

  close(code: number | undefined, reason: string): void {
    this.webSocket.close(code, reason);
  }

  terminate(): void {
    this.webSocket.terminate();
  }
}

/** Passes the messages of the WebSocket on as a stream of frames. */
class FrameListener implements TransportListener {
  readonly textRule = IN_PARTS;
  readonly binaryRule = IN_PARTS;
  #hasBinary = false;

  constructor(private readonly listener: ChannelListener) {}

  onText(text: string, last: boolean): void {
    this.listener.onFrames(last ? `${text}\n` : text);
  }

  onBinary(): void {
    if (this.#hasBinary) return;
    this.#hasBinary = true;
    const error = new FrameError(1003, 'The server sent a binary message, which SockJS does not have.');
    this.listener.onError(error);
    this.listener.onClosing(error.closeCode, error.message);
  }

  onPing(): void {
    this.listener.onPing();
  }

  onPong(data: Buffer): void {
    this.listener.onPong(data);
  }

  onPeerLeaving(close?: { readonly code: number; readonly reason: string }): void {
    this.listener.onPeerLeaving(close);
  }

  onClosing(code: number, reason: string): void {
    this.listener.onClosing(code, reason);
  }

  onError(error: Error): void {
    this.listener.onError(error);
  }

  onClose(code: number, reason: string): void {
    this.listener.onEnd(code, reason);
  }
}
