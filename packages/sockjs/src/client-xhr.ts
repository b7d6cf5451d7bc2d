import type { Readable } from 'node:stream';
import type { SendCallback } from '@serval/api/spi';
import { connectionClosed, nextTurn, requireStatus, toError } from './client-answers';
import type { Channel, ChannelListener } from './client-channel';
import { FrameError } from './client-frames';
import type { SockJsAnswer, SockJsConnections } from './client-requests';
import { XhrSender, type XhrSenderHost } from './client-xhr-sender';

/** How an XhrChannel reads: one long response after the other, or one response for each frame. */
export type XhrKind = 'xhr_streaming' | 'xhr';

/** So many responses in a row may hold no message and end early. Otherwise such a server gets request after request. */
const MAX_EMPTY_RESPONSES = 20;
const EARLY_MS = 100;

/** The settings of an {@link XhrChannel}. */
export interface XhrSettings {
  readonly kind: XhrKind;
  readonly isSecure: boolean;
  /** The server and the session: `/123/abc`. */
  readonly path: string;
  /** How long the server may take to accept messages. */
  readonly sendTimeoutMs: number;
}

/** Carries a session over HTTP: frames arrive in the responses of POST requests, one after the other. */
export class XhrChannel implements Channel, XhrSenderHost {
  readonly extensions = [];
  readonly isSecure: boolean;
  #remoteAddress: string | undefined;
  #listener: ChannelListener | undefined;
  readonly #abort = new AbortController();
  /** `closing`: messages still leave; `closed`: `onEnd` is called or about to be. */
  #phase: 'open' | 'closing' | 'closed' = 'open';
  #close: { readonly code: number; readonly reason: string } | undefined;
  #isPaused = false;
  /** Whether the server has a request to which it can answer. */
  #isAsked = false;
  #resumed: (() => void) | undefined;
  #body: Readable | undefined;
  readonly #sender = new XhrSender(this);
  #receivedBytes = 0;

  constructor(
    private readonly connections: SockJsConnections,
    private readonly settings: XhrSettings,
  ) {
    this.isSecure = settings.isSecure;
  }

  get remoteAddress(): string | undefined {
    return this.#remoteAddress;
  }

  get bufferedBytes(): number {
    return this.#sender.bufferedBytes;
  }

  get isFull(): boolean {
    return this.#sender.isFull;
  }

  get progress(): number {
    return this.#receivedBytes + this.#sender.acceptedBytes;
  }

  open(listener: ChannelListener): void {
    this.#listener = listener;
    void this.#receive();
  }

  sendText(text: string, done?: SendCallback): void {
    if (this.#phase === 'open') this.#sender.sendText(text, done);
    else this.#refuse(done);
  }

  ping(data: Uint8Array, done?: SendCallback): void {
    if (this.#phase === 'open') this.#sender.ping(data, done);
    else this.#refuse(done);
  }

  #refuse(done: SendCallback | undefined): void {
    if (done !== undefined) setImmediate(() => done(connectionClosed()));
  }

  /** Nothing depends on a pong that no ping has asked for. */
  pong(_data: Uint8Array, done?: SendCallback): void {
    if (done !== undefined) setImmediate(done);
  }

  pause(): void {
    this.#isPaused = true;
    this.#body?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#body?.resume();
    this.#resumed?.();
  }

  close(code: number | undefined, reason: string): void {
    if (this.#phase !== 'open') return;
    this.#phase = 'closing';
    this.#close = { code: code ?? 1005, reason };
    setImmediate(() => this.onFlushed());
  }

  terminate(): void {
    setImmediate(() => this.#end(1006, ''));
  }

  // --- receiving ----------------------------------------------------------------------------------------------------

  async #receive(): Promise<void> {
    const { kind, path } = this.settings;
    try {
      for (let empty = 0; empty < MAX_EMPTY_RESPONSES;) {
        if (this.#isPaused) await new Promise<void>((resume) => (this.#resumed = resume));
        if (this.#phase === 'closed') return;
        const answer = await this.connections.post({
          path: `${path}/${kind}`,
          signal: this.#abort.signal,
          onSent: () => this.#asked(),
        });
        this.#remoteAddress ??= answer.remoteAddress;
        requireStatus(answer, kind, [200]);
        const since = performance.now();
        const hasMessages = await this.#read(answer.body);
        empty = hasMessages || performance.now() - since >= EARLY_MS ? 0 : empty + 1;
        this.#isAsked = false;
        this.#listener?.onResponseEnd();
        await nextTurn();
      }
      throw new Error(`The server ended ${MAX_EMPTY_RESPONSES} responses to ${kind} at once, without a message.`);
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #asked(): void {
    this.#isAsked = true;
    this.onFlushed();
  }

  /**
   * Resolves when the response has ended as it should. Otherwise frames may be lost, and so is the session.
   *
   * @returns whether it held more than heartbeats
   */
  #read(body: Readable): Promise<boolean> {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    let hasMessages = false;
    let isOver = false;
    const decode = (bytes?: Buffer): void => {
      const piece = decoder.decode(bytes, { stream: bytes !== undefined });
      if (piece === '') return;
      hasMessages ||= /[^h\r\n]/.test(piece);
      this.#listener?.onFrames(piece);
    };
    return new Promise((resolve, reject) => {
      const end = (error?: Error): void => {
        if (isOver) return;
        isOver = true;
        this.#body = undefined;
        if (error === undefined) {
          resolve(hasMessages);
          return;
        }
        body.destroy();
        reject(error);
      };
      const read = (bytes?: Buffer): void => {
        try {
          decode(bytes);
        } catch {
          end(new FrameError(1007, 'The server sent text that is not UTF-8.'));
        }
      };
      body.on('data', (bytes: Buffer) => {
        this.#receivedBytes += bytes.length;
        if (!isOver) read(bytes);
      });
      body.on('end', () => {
        read();
        end();
      });
      body.on('error', end);
      body.on('close', () => end(new Error('The connection was lost in the middle of a response.')));
      this.#body = body;
      if (this.#isPaused) body.pause();
    });
  }

  // --- the end ------------------------------------------------------------------------------------------------------

  post(body: string): Promise<SockJsAnswer> {
    const { path, sendTimeoutMs: timeoutMs } = this.settings;
    return this.connections.post({ path: `${path}/xhr_send`, body, timeoutMs, signal: this.#abort.signal });
  }

  onPong(data: Buffer): void {
    this.#listener?.onPong(data);
  }

  onSendFailed(error: Error): void {
    this.#fail(error);
  }

  /** After close only the end of a request tells the server that the client is gone, so one has to be there. */
  onFlushed(): void {
    if (this.#close === undefined || !this.#sender.isIdle) return;
    if (this.#isAsked) this.#end(this.#close.code, this.#close.reason);
    else this.resume();
  }

  #fail(thrown: unknown): void {
    // The abort of a session that has ended is no failure.
    if (this.#phase === 'closed') return;
    if (this.#close !== undefined && this.#sender.isIdle) {
      this.#end(this.#close.code, this.#close.reason);
      return;
    }
    const error = toError(thrown);
    this.#listener?.onError(error);
    const code = 'closeCode' in error && typeof error.closeCode === 'number' ? error.closeCode : 1006;
    this.#end(code, code === 1006 ? '' : error.message);
  }

  #end(code: number, reason: string): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#abort.abort();
    this.#body?.destroy();
    this.#resumed?.();
    this.connections.close();
    this.#sender.end();
    this.#listener?.onEnd(code, reason);
  }
}
