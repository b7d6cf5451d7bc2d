import { setImmediate } from 'node:timers'; // the real one, so that a test runner's fake timers do not affect it
import type { Extension } from '@serval/api';
import { Timer, type InboundRule, type SendCallback, type Transport, type TransportListener } from '@serval/api/spi';
import { formatClose, formatMessages, HEARTBEAT_FRAME, OPEN_FRAME, parseSent } from './frames';
import { Incoming } from './incoming';
import { Joined } from './outgoing';
import { deliverText, errorOf, type BrokenRule } from './received-text';

/** The settings of a session over a WebSocket. */
export interface FramedSessionFacts {
  /** How long nothing is sent before a heartbeat; Infinity for none. */
  readonly heartbeatMs: number;
  /** Largest message of the WebSocket, which may hold many messages of the session. */
  readonly maxBodyBytes: number;
}

/** SockJS knows no binary messages. */
const NO_BINARY: InboundRule = { inParts: false, maxBytes: 0 };

/**
 * A session over one WebSocket, with the frames of SockJS as its messages. Everything else is the WebSocket's: pings, limits
 * of time, the closing handshake.
 */
export class FramedSession implements Transport, TransportListener {
  readonly isTextOnly = true;
  readonly textRule: InboundRule;
  readonly binaryRule = NO_BINARY;
  #listener: TransportListener | undefined;
  readonly #incoming = new Incoming({ deliver: (text) => this.#deliver(text) });
  readonly #joined = new Joined();
  #isClosing = false;
  #isBroken = false;
  /** Whether the client began to close the WebSocket; it reads no frame any more. */
  #isLeaving = false;
  #heartbeat: Timer | undefined;
  #lastFrameAt = 0;

  /** @param webSocket an accepted WebSocket that nobody has opened */
  constructor(
    private readonly webSocket: Transport,
    private readonly facts: FramedSessionFacts,
  ) {
    this.textRule = { inParts: false, maxBytes: facts.maxBodyBytes };
    this.#send(OPEN_FRAME);
    this.#beat(facts.heartbeatMs);
  }

  // --- the transport ----------------------------------------------------------------------------------------------

  get extensions(): readonly Extension[] {
    return this.webSocket.extensions;
  }

  get isSecure(): boolean {
    return this.webSocket.isSecure;
  }

  get remoteAddress(): string | undefined {
    return this.webSocket.remoteAddress;
  }

  get bufferedBytes(): number {
    return this.webSocket.bufferedBytes + this.#joined.units;
  }

  get progress(): number {
    return this.webSocket.progress;
  }

  open(listener: TransportListener): void {
    this.#listener = listener;
    this.webSocket.open(this);
  }

  sendText(text: string, last: boolean, done?: SendCallback): void {
    const whole = this.#joined.add(text, last);
    if (whole.kind === 'whole') this.#send(formatMessages([whole.text]), done);
    else if (whole.kind === 'part') setImmediate(() => done?.());
    else {
      setImmediate(() => done?.(new Error('SockJS sends messages whole, and this one is too long.')));
      this.terminate();
    }
  }

  sendBinary(_data: Uint8Array, _last: boolean, done?: SendCallback): void {
    setImmediate(() => done?.(new Error('SockJS carries only text.')));
  }

  ping(data: Uint8Array, done?: SendCallback): void {
    this.webSocket.ping(data, done);
  }

  pong(data: Uint8Array, done?: SendCallback): void {
    this.webSocket.pong(data, done);
  }

  close(code: number | undefined, reason: string): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#heartbeat?.clear();
    this.#incoming.resume();
    if (!this.#isLeaving) this.#send(formatClose(code ?? 1005, reason));
    this.webSocket.close(code, reason);
  }

  terminate(): void {
    this.webSocket.terminate();
  }

  pause(): void {
    if (this.#isClosing || this.#isBroken) return;
    this.#incoming.pause();
    this.webSocket.pause();
  }

  resume(): void {
    this.#incoming.resume();
    this.webSocket.resume();
  }

  #send(frame: string, done?: SendCallback): void {
    this.#lastFrameAt = performance.now();
    this.webSocket.sendText(frame, true, done);
  }

  /** A ping of the WebSocket does not reach the page, so heartbeats are frames of SockJS. */
  #beat(delayMs: number): void {
    this.#heartbeat = new Timer(delayMs, () => {
      const { heartbeatMs } = this.facts;
      const silentMs = performance.now() - this.#lastFrameAt;
      // A timer may fire a little early.
      const isDue = silentMs > heartbeatMs - 1;
      if (isDue) this.#send(HEARTBEAT_FRAME);
      this.#beat(isDue ? heartbeatMs : heartbeatMs - silentMs);
    });
  }

  // --- the listener of the WebSocket --------------------------------------------------------------------------------

  onText(message: string): void {
    if (this.#isBroken || message === '') return;
    const sent = parseSent(message);
    if (sent.kind === 'messages') {
      // The protocol's heartbeat of a client.
      if (sent.texts.length === 0) this.#listener?.onPing();
      else this.#incoming.push(sent.texts);
      return;
    }
    const text = singleText(message);
    if (text !== undefined) this.#incoming.push([text]);
    else this.#incoming.whenEmpty(() => this.#break({ code: 1007, reason: 'Broken JSON encoding.' }));
  }

  /** Only an empty one arrives. */
  onBinary(): void {
    this.#incoming.whenEmpty(() => this.#break({ code: 1003, reason: 'SockJS carries only text.' }));
  }

  onPing(): void {
    this.#listener?.onPing();
  }

  onPong(data: Buffer): void {
    this.#listener?.onPong(data);
  }

  onPeerLeaving(close?: { readonly code: number; readonly reason: string }): void {
    this.#listener?.onPeerLeaving?.(close);
  }

  onClosing(code: number, reason: string): void {
    this.#isLeaving = !this.#isBroken;
    this.#incoming.whenEmpty(() => this.#tellClosing(code, reason));
  }

  onClose(code: number, reason: string): void {
    this.#heartbeat?.clear();
    this.#incoming.whenEmpty(() => this.#listener?.onClose(code, reason));
  }

  /** `onClosing` follows if the WebSocket's message was too long. */
  onError(error: Error): void {
    this.#isBroken = true;
    this.#listener?.onError(error);
  }

  /** @returns false after a message that breaks a rule */
  #deliver(text: string): boolean {
    const broken = this.#listener && deliverText(this.#listener, text);
    if (broken === undefined) return true;
    this.#break(broken);
    return false;
  }

  #break(broken: BrokenRule): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#listener?.onError(errorOf(broken));
    this.#tellClosing(broken.code, broken.reason);
  }

  #tellClosing(code: number, reason: string): void {
    if (this.#isClosing) return;
    if (this.#listener?.onClosing === undefined) this.close(code === 1005 ? undefined : code, reason);
    else this.#listener.onClosing(code, reason);
  }
}

/** The protocol allows one text in place of a list. */
function singleText(message: string): string | undefined {
  try {
    const value: unknown = JSON.parse(message);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
