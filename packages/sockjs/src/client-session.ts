import type { Extension } from '@serval/api';
import { Fifo, type InboundRule, type SendCallback, type Transport, type TransportListener } from '@serval/api/spi';
import type { Channel, ChannelListener, Close } from './client-channel';
import { FrameError, FrameReader, type FrameSink } from './client-frames';
import { SilenceWatch } from './client-silence';

/** A paused session reads on until it holds back this much. Each message counts a little more. */
const HELD_BACK_BYTES = 16_384;
const HELD_OVERHEAD = 64;

/** The most characters of a message that is sent in parts: SockJS has no parts, so they wait for the last one. */
const MAX_UNFINISHED = 16_777_216;

/** Before the frame `o` no message may arrive. */
const NO_MESSAGES: InboundRule = { inParts: false, maxBytes: 4096 };

/** An event that the listener may still have to receive. */
type Event =
  | { readonly kind: 'text'; readonly text: string; readonly last: boolean }
  | { readonly kind: 'pong'; readonly data: Buffer }
  | ({ readonly kind: 'close' | 'failure' | 'end' } & Close);

/**
 * `opening`: the frame `o` has not arrived; `open`: both sides send; `leaving`: the listener has to answer the server's
 * close; `closing`: the channel ends; `ended`: the listener received its last call.
 */
type Phase = 'opening' | 'open' | 'leaving' | 'closing' | 'ended';

/** Why a session did not begin. */
export interface Refusal {
  readonly close: Close;
  /** Undefined if the server closed the session. */
  readonly error: Error | undefined;
}

/** The session of a client, over any {@link Channel}. */
export class SockJsSession implements Transport, ChannelListener, FrameSink {
  readonly isTextOnly = true;
  readonly extensions: readonly Extension[];
  readonly isSecure: boolean;
  readonly #reader: FrameReader;
  #listener: TransportListener | undefined;
  #phase: Phase = 'opening';
  #begun: ((refusal?: Refusal) => void) | undefined;
  #paused = true;
  #isChannelPaused = false;
  /** No frame follows. */
  #isOver = false;
  readonly #held = new Fifo<Event>();
  #heldBytes = 0;
  #willRelease = false;
  /** Frames behind the `o`, until there is a listener. */
  #early = '';
  #error: Error | undefined;
  #farewell: Close | undefined;
  #leaving: { readonly close: Close | undefined } | undefined;
  /** The parts of an unfinished message that is being sent; undefined if there are too many of them. */
  #parts: string | undefined = '';
  #watch: SilenceWatch | undefined;

  /** @param heartbeatTimeoutMs how long the server may be silent; Infinity for any time */
  constructor(
    private readonly channel: Channel,
    private readonly heartbeatTimeoutMs: number,
  ) {
    this.extensions = channel.extensions;
    this.isSecure = channel.isSecure;
    this.#reader = new FrameReader(this);
  }

  get remoteAddress(): string | undefined {
    return this.channel.remoteAddress;
  }

  get bufferedBytes(): number {
    return this.channel.bufferedBytes + (this.#parts?.length ?? 0);
  }

  get isFull(): boolean {
    return this.channel.isFull;
  }

  get progress(): number {
    return this.channel.progress;
  }

  /** Begins the session. @returns undefined once the frame `o` has arrived, or the reason for which it does not */
  begin(): Promise<Refusal | undefined> {
    return new Promise((resolve) => {
      this.#begun = resolve;
      this.channel.open(this);
    });
  }

  open(listener: TransportListener): void {
    this.#listener = listener;
    this.#watch = new SilenceWatch(this.heartbeatTimeoutMs, () => this.#isSilent());
    // The server may have left already.
    if (this.#leaving !== undefined) setImmediate(() => listener.onPeerLeaving?.(this.#leaving?.close));
  }

  // --- sending ------------------------------------------------------------------------------------------------------

  sendText(text: string, last: boolean, done?: SendCallback): void {
    const whole = this.#parts === undefined ? undefined : this.#parts + text;
    const isTooLong = whole === undefined || (whole.length > MAX_UNFINISHED && whole.length > text.length);
    this.#parts = last ? '' : isTooLong ? undefined : whole;
    if (isTooLong)
      later(done, new Error(`SockJS sends a message whole. Its parts have more than ${MAX_UNFINISHED} characters.`));
    else if (last) this.channel.sendText(whole, done);
    else later(done);
  }

  sendBinary(_data: Uint8Array, _last: boolean, done?: SendCallback): void {
    later(done, new Error('SockJS has no binary messages. Send text.'));
  }

  ping(data: Uint8Array, done?: SendCallback): void {
    this.channel.ping(data, done);
  }

  pong(data: Uint8Array, done?: SendCallback): void {
    this.channel.pong(data, done);
  }

  close(code: number | undefined, reason: string): void {
    if (this.#phase === 'closing' || this.#phase === 'ended') return;
    this.#phase = 'closing';
    this.channel.close(code, reason);
    // The end must be read, whatever stopped the reading before.
    this.resume();
  }

  terminate(): void {
    this.#isOver = true;
    this.#paused = false;
    this.#early = '';
    this.#heldBytes = 0;
    for (let event = this.#held.take(); event !== undefined; event = this.#held.take())
      if (event.kind === 'end') setImmediate(() => this.#end(1006, ''));
    this.channel.terminate();
  }

  // --- reading ------------------------------------------------------------------------------------------------------

  pause(): void {
    if (this.#phase !== 'closing' && this.#phase !== 'ended') this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#releaseLater();
  }

  #releaseLater(): void {
    if (this.#willRelease) return;
    this.#willRelease = true;
    setImmediate(() => {
      this.#willRelease = false;
      this.#release();
    });
  }

  #release(): void {
    for (let event = this.#takeHeld(); event !== undefined; event = this.#takeHeld()) this.#deliver(event);
    if (this.#paused || this.#phase === 'ended') return;
    const early = this.#early;
    this.#early = '';
    this.#readFrames(early);
    if (this.#paused || !this.#isChannelPaused) return;
    this.#isChannelPaused = false;
    this.channel.resume();
  }

  #takeHeld(): Event | undefined {
    const event = this.#paused ? undefined : this.#held.take();
    if (event !== undefined) this.#heldBytes -= sizeOf(event);
    return event;
  }

  get textRule(): InboundRule {
    return this.#listener?.textRule ?? NO_MESSAGES;
  }

  onFrames(piece: string): void {
    this.#watch?.heard();
    if (this.#early !== '') this.#early += piece;
    else this.#readFrames(piece);
  }

  #readFrames(piece: string): void {
    this.#tryToRead(() => {
      for (let at = 0; at < piece.length && !this.#isOver;) {
        at = this.#reader.read(piece, at);
        if (this.#phase !== 'open' || this.#listener !== undefined) continue;
        this.#early = piece.slice(at);
        return;
      }
    });
  }

  onResponseEnd(): void {
    if (this.#early !== '') this.#early += '\n';
    else if (!this.#isOver) this.#tryToRead(() => this.#reader.endResponse());
  }

  #tryToRead(read: () => void): void {
    try {
      read();
    } catch (thrown) {
      if (!(thrown instanceof FrameError)) throw thrown;
      this.onError(thrown);
      this.onClosing(thrown.closeCode, thrown.message);
    }
  }

  onOpenFrame(): void {
    if (this.#phase !== 'opening') {
      // The server restarted, or the session was away for too long.
      this.#lose(new Error('The server lost the session: it began another one.'));
      return;
    }
    this.#phase = 'open';
    this.#pauseChannel();
    this.#begun?.();
    this.#begun = undefined;
  }

  onMessage(text: string, last: boolean): void {
    if (this.#phase === 'opening') throw new FrameError(1002, 'The server sent a message before the frame o.');
    this.#arrive({ kind: 'text', text, last });
  }

  onCloseFrame(code: number, reason: string): void {
    this.#refuse({ code, reason }, undefined);
    this.#arrive({ kind: 'close', code, reason });
  }

  onClosing(code: number, reason: string): void {
    this.#refuse({ code, reason }, this.#error);
    this.#arrive({ kind: this.#error === undefined ? 'close' : 'failure', code, reason });
  }

  onEnd(code: number, reason: string): void {
    this.#refuse({ code, reason }, this.#error);
    this.#arrive({ kind: 'end', code, reason });
  }

  onError(error: Error): void {
    this.#error = error;
    this.#listener?.onError(error);
  }

  onPing(): void {
    this.#watch?.heard();
    this.#listener?.onPing();
  }

  onPong(data: Buffer): void {
    this.#watch?.heard();
    this.#arrive({ kind: 'pong', data });
  }

  onPeerLeaving(close?: Close): void {
    if (this.#leaving !== undefined || this.#phase !== 'open') return;
    this.#leaving = { close };
    this.#listener?.onPeerLeaving?.(close);
  }

  #refuse(close: Close, error: Error | undefined): void {
    this.#begun?.({ close, error });
    this.#begun = undefined;
  }

  #arrive(event: Event): void {
    if (this.#isOver && event.kind !== 'end') return;
    if (event.kind === 'close' || event.kind === 'failure') this.#isOver = true;
    if (!this.#paused && this.#held.size === 0) {
      this.#deliver(event);
      return;
    }
    if (event.kind === 'close') this.onPeerLeaving({ code: event.code, reason: event.reason });
    else if (event.kind === 'failure' || event.kind === 'end') this.onPeerLeaving();
    this.#held.push(event);
    this.#heldBytes += sizeOf(event);
    if (this.#heldBytes >= HELD_BACK_BYTES) this.#pauseChannel();
  }

  #pauseChannel(): void {
    if (this.#isChannelPaused || this.#isOver) return;
    this.#isChannelPaused = true;
    this.channel.pause();
  }

  #deliver(event: Event): void {
    if (event.kind === 'text') this.#listener?.onText(event.text, event.last);
    else if (event.kind === 'pong') this.#listener?.onPong(event.data);
    else if (event.kind === 'end') this.#end(event.code, event.reason);
    else this.#endReceiving(event);
  }

  // --- the end ------------------------------------------------------------------------------------------------------

  #endReceiving({ code, reason }: Close): void {
    this.#farewell = { code, reason };
    // After close the channel ends by itself.
    if (this.#phase !== 'open') return;
    this.#phase = 'leaving';
    this.#paused = false;
    if (this.#listener?.onClosing === undefined) this.close(code === 1005 ? undefined : code, reason);
    else this.#listener.onClosing(code, reason);
  }

  #end(code: number, reason: string): void {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#phase = 'ended';
    this.#watch?.clear();
    listener?.onClose(this.#farewell?.code ?? code, this.#farewell?.reason ?? reason);
  }

  #isSilent(): void {
    // While this side does not read, the silence is not the server's.
    if (this.#isChannelPaused) this.#watch?.heard();
    else if (this.#phase === 'open' && !this.#isOver)
      this.#lose(new Error(`The server sent no frame for ${this.heartbeatTimeoutMs} ms (sockJs.heartbeatTimeout).`));
  }

  /** The session cannot go on. */
  #lose(error: Error): void {
    this.#isOver = true;
    this.onError(error);
    this.channel.terminate();
  }
}

function sizeOf(event: Event): number {
  if (event.kind === 'text') return HELD_OVERHEAD + event.text.length;
  return HELD_OVERHEAD + (event.kind === 'pong' ? event.data.length : 0);
}

function later(done: SendCallback | undefined, error?: Error): void {
  if (done !== undefined) setImmediate(() => done(error));
}
