import { IllegalStateException, IOException, SocketTimeoutException } from '@serval/api';
import type { SendCallback } from '@serval/api/spi';
import { tolerateNeglect } from './promises';
import type { WsSession } from './session';

/** A send is accepted at once while no more than this is waiting to be written; beyond it the sender is made to wait. */
const LOW_WATER = 65_536;

/** Which message is unfinished; nothing else but control frames may be sent until it is finished. */
type Unfinished = 'partial text' | 'partial binary' | StreamKind;
export type StreamKind = 'send stream' | 'send writer';

interface PendingSend {
  /** When the send fails, in `performance.now()` time; Infinity for never. */
  readonly deadline: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** What a send returns: undefined when it was accepted at once, else a promise that nobody needs to await. */
export type Sending = Promise<void> | undefined;

/** The order and the bounds of what one session sends. Shared by its Basic and its Async remote endpoint. */
export class Outbox {
  #unfinished: Unfinished | undefined;
  /** The first half of a character that a text part was cut through. */
  #highSurrogate = '';
  #pending: Set<PendingSend> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly session: WsSession) {}

  sendText(text: string, timeoutMs: number): Sending {
    this.requireFinished();
    return this.#write(text.length, timeoutMs, (done) => this.session.transport.sendText(text, true, done));
  }

  sendBinary(data: Uint8Array, timeoutMs: number): Sending {
    this.requireFinished();
    return this.#write(data.byteLength, timeoutMs, (done) => this.session.transport.sendBinary(data, true, done));
  }

  sendTextPart(part: string, last: boolean, timeoutMs: number, as: Unfinished = 'partial text'): Sending {
    this.#continue(as, last);
    const text = this.#wholeCharacters(part, last);
    return this.#write(text.length, timeoutMs, (done) => this.session.transport.sendText(text, last, done));
  }

  sendBinaryPart(part: Uint8Array, last: boolean, timeoutMs: number, as: Unfinished = 'partial binary'): Sending {
    this.#continue(as, last);
    return this.#write(part.byteLength, timeoutMs, (done) => this.session.transport.sendBinary(part, last, done));
  }

  /** Control frames may stand between the parts of a message (RFC 6455 5.4). */
  sendControl(kind: 'ping' | 'pong', data: Uint8Array, timeoutMs: number): Sending {
    return this.#write(data.byteLength, timeoutMs, (done) => this.session.transport[kind](data, done));
  }

  /** A stream or writer takes the connection for one message. @throws IllegalStateException inside another message */
  reserve(as: StreamKind): void {
    this.requireFinished();
    this.#unfinished = as;
  }

  /** A stream or writer that has sent nothing gives the connection back. */
  release(): void {
    this.#unfinished = undefined;
  }

  /** @throws IllegalStateException in the middle of a message */
  requireFinished(): void {
    if (this.#unfinished === undefined) return;
    throw new IllegalStateException(
      `A ${this.#unfinished} message is unfinished; send its last part before another message.`,
    );
  }

  /** The session has ended: everything unfinished fails. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const pending = this.#pending;
    this.#pending = undefined;
    for (const send of pending ?? []) send.reject(closed());
  }

  #write(bytes: number, timeoutMs: number, write: (done?: SendCallback) => void): Sending {
    const { transport, context } = this.session;
    if (!this.session.canSend) return failed(closed());
    const buffered = transport.bufferedBytes;
    if (buffered > 0 && buffered + bytes > context.settings.maxBufferedBytes) return this.overflow();
    this.session.touch();
    if (buffered + bytes <= LOW_WATER) {
      write();
      return undefined;
    }
    return tolerateNeglect(
      new Promise<void>((resolve, reject) => {
        const send: PendingSend = { deadline: deadlineAfter(timeoutMs), resolve, reject };
        (this.#pending ??= new Set()).add(send);
        this.#watch(send.deadline);
        write((error) => this.#written(send, error));
      }),
    );
  }

  #written(send: PendingSend, error: Error | null | undefined): void {
    if (this.#pending?.delete(send) !== true) return;
    if (this.#pending.size === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    if (error === undefined || error === null) send.resolve();
    else send.reject(new IOException(`The message could not be written: ${error.message}`, { cause: error }));
  }

  /** One timer for all that is pending, set to the earliest deadline. */
  #watch(deadline: number): void {
    if (this.#timer !== undefined || deadline === Infinity) return;
    this.#timer = setTimeout(() => this.#expire(), Math.max(0, deadline - performance.now()));
    this.#timer.unref();
  }

  #expire(): void {
    this.#timer = undefined;
    const now = performance.now();
    let next = Infinity;
    for (const send of this.#pending ?? []) {
      if (send.deadline > now) {
        next = Math.min(next, send.deadline);
        continue;
      }
      this.#pending?.delete(send);
      send.reject(new SocketTimeoutException('The peer did not take the message within the send timeout.'));
      this.session.abandon('A message was not sent within the send timeout.');
      return;
    }
    this.#watch(next);
  }

  /** The bound on what waits to be sent: the session ends, and the send fails. */
  overflow(): Promise<void> {
    const { maxBufferedBytes } = this.session.context.settings;
    this.session.refuseSlowPeer();
    return failed(
      new IOException(`More than maxBufferedBytes (${maxBufferedBytes}) would wait to be sent; the session is closed.`),
    );
  }

  #continue(as: Unfinished, last: boolean): void {
    if (this.#unfinished !== undefined && this.#unfinished !== as) this.requireFinished();
    this.#unfinished = last ? undefined : as;
  }

  /** A part may end in the middle of a character; UTF-8 may not, so the half waits for the next part. */
  #wholeCharacters(part: string, last: boolean): string {
    const text = this.#highSurrogate + part;
    this.#highSurrogate = '';
    if (last || !endsWithHighSurrogate(text)) return text;
    this.#highSurrogate = text.slice(-1);
    return text.slice(0, -1);
  }
}

function endsWithHighSurrogate(text: string): boolean {
  const code = text.charCodeAt(text.length - 1);
  return code >= 0xd800 && code <= 0xdbff;
}

function deadlineAfter(timeoutMs: number): number {
  return timeoutMs === Infinity ? Infinity : performance.now() + timeoutMs;
}

function closed(): IOException {
  return new IOException('The message was not sent: the session is closed.');
}

function failed(error: Error): Promise<void> {
  return tolerateNeglect(Promise.reject<void>(error));
}
