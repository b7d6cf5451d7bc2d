import type { Readable } from 'node:stream';
import { Fifo, type SendCallback } from '@serval/api/spi';
import type { Channel, ChannelListener } from './client-channel';
import { FrameError } from './client-frames';
import { isNativeError } from 'node:util/types';
import type { SockJsAnswer, SockJsConnections } from './client-requests';
import { formatSent } from './frames';

/** How an XhrChannel reads: one long response after the other, or one response for each frame. */
export type XhrKind = 'xhr_streaming' | 'xhr';

/** A message, or a ping, that the server has not accepted. */
interface Outgoing {
  /** Undefined for a ping. */
  readonly text: string | undefined;
  /** The data of a ping. */
  readonly data: Buffer | undefined;
  readonly bytes: number;
  readonly done: SendCallback | undefined;
}

/** The most bytes of messages in one request; a larger message has a separate request. */
const MAX_BATCH_BYTES = 131_072;

/** Short messages count by number. */
const MAX_WAITING = 1000;

/** How much of a body that nobody needs is read, so that its connection can carry another request. */
const MAX_DISCARDED_BYTES = 65_536;

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

/**
 * Carries a session over HTTP: frames arrive in the responses of POST requests, one after the other; messages leave in
 * `xhr_send` requests, one after the other, each with everything that waited.
 */
export class XhrChannel implements Channel {
  readonly extensions = [];
  readonly isSecure: boolean;
  #remoteAddress: string | undefined;
  #listener: ChannelListener | undefined;
  readonly #abort = new AbortController();
  /** `closing`: messages still leave; `closed`: `onEnd` is called or about to be. */
  #phase: 'open' | 'closing' | 'closed' = 'open';
  #close: { readonly code: number; readonly reason: string } | undefined;
  #isPaused = false;
  #resumed: (() => void) | undefined;
  #body: Readable | undefined;
  readonly #outgoing = new Fifo<Outgoing>();
  #bufferedBytes = 0;
  #isFlushing = false;
  #progress = 0;

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
    return this.#bufferedBytes;
  }

  get isFull(): boolean {
    return this.#outgoing.size >= MAX_WAITING;
  }

  get progress(): number {
    return this.#progress;
  }

  open(listener: ChannelListener): void {
    this.#listener = listener;
    void this.#receive();
  }

  sendText(text: string, done?: SendCallback): void {
    this.#send({ text, data: undefined, bytes: Buffer.byteLength(text), done });
  }

  /** SockJS has no pings. An empty list of messages, which the server accepts and drops, takes the same way. */
  ping(data: Uint8Array, done?: SendCallback): void {
    this.#send({ text: undefined, data: Buffer.from(data), bytes: 0, done });
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
    this.#flushLater();
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
        const answer = await this.connections.post({ path: `${path}/${kind}`, signal: this.#abort.signal });
        this.#remoteAddress ??= answer.remoteAddress;
        requireStatus(answer, kind, [200]);
        const since = performance.now();
        const hasMessages = await this.#read(answer.body);
        empty = hasMessages || performance.now() - since >= EARLY_MS ? 0 : empty + 1;
        this.#listener?.onResponseEnd();
      }
      throw new Error(`The server ended ${MAX_EMPTY_RESPONSES} responses to ${kind} at once, without a message.`);
    } catch (thrown) {
      this.#fail(thrown);
    }
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
        this.#progress += bytes.length;
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

  // --- sending ------------------------------------------------------------------------------------------------------

  #send(outgoing: Outgoing): void {
    if (this.#phase !== 'open') {
      setImmediate(() => outgoing.done?.(connectionClosed()));
      return;
    }
    this.#outgoing.push(outgoing);
    this.#bufferedBytes += outgoing.bytes;
    this.#flushLater();
  }

  /** Everything that is sent in one turn leaves together. */
  #flushLater(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => void this.#flush());
  }

  async #flush(): Promise<void> {
    const { path, sendTimeoutMs } = this.settings;
    for (let batch = this.#takeBatch(); batch.length > 0; batch = this.#takeBatch()) {
      const body = formatSent(batch.flatMap(({ text }) => (text === undefined ? [] : [text])));
      let error: Error | undefined;
      try {
        const signal = this.#abort.signal;
        const answer = await this.connections.post({
          path: `${path}/xhr_send`,
          body,
          timeoutMs: sendTimeoutMs,
          signal,
        });
        requireStatus(answer, 'xhr_send', [204, 200]);
        discard(answer.body);
      } catch (thrown) {
        error = toError(thrown);
      }
      this.#settle(batch, error);
      if (error !== undefined) {
        this.#fail(error);
        break;
      }
    }
    this.#isFlushing = false;
    if (this.#phase === 'closing' && this.#close !== undefined) this.#end(this.#close.code, this.#close.reason);
  }

  #takeBatch(): readonly Outgoing[] {
    const batch: Outgoing[] = [];
    let bytes = 0;
    for (let next = this.#outgoing.first; next !== undefined; next = this.#outgoing.first) {
      bytes += next.bytes;
      if (batch.length > 0 && bytes > MAX_BATCH_BYTES) break;
      batch.push(next);
      this.#outgoing.take();
    }
    return batch;
  }

  #settle(batch: readonly Outgoing[], error: Error | undefined): void {
    for (const { bytes, data, done } of batch) {
      this.#bufferedBytes -= bytes;
      this.#progress += bytes;
      done?.(error);
      if (error === undefined && data !== undefined) this.#listener?.onPong(data);
    }
  }

  // --- the end ------------------------------------------------------------------------------------------------------

  #fail(thrown: unknown): void {
    // The abort of a session that has ended is no failure.
    if (this.#phase === 'closed') return;
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
    const left: Outgoing[] = [];
    for (let next = this.#outgoing.take(); next !== undefined; next = this.#outgoing.take()) left.push(next);
    this.#settle(left, connectionClosed());
    this.#listener?.onEnd(code, reason);
  }
}

function requireStatus(answer: SockJsAnswer, what: string, accepted: readonly number[]): void {
  const { status, body } = answer;
  if (accepted.includes(status)) return;
  discard(body);
  if (status === 413) throw new FrameError(1009, 'The server refused the message, which is too large for it (413).');
  throw new AnswerError(what, answer);
}

/** A response that ends the session. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';

  constructor(
    what: string,
    readonly answer: SockJsAnswer,
  ) {
    super(
      `The server answered ${answer.status} to ${what}${answer.status === 404 ? ': it does not have the session' : ''}.`,
    );
  }
}

function discard(body: Readable): void {
  let left = MAX_DISCARDED_BYTES;
  body.on('data', (bytes: Buffer) => {
    left -= bytes.length;
    if (left < 0) body.destroy();
  });
}

/** The errors of Node's streams may be of another realm, as in Jest. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error || isNativeError(thrown) ? thrown : new Error(String(thrown));
}

function connectionClosed(): Error {
  return new Error('the connection is closed');
}
