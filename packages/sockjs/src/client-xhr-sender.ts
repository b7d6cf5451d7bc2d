import { Fifo, type SendCallback } from '@serval/api/spi';
import { connectionClosed, discard, nextTurn, requireStatus, toError } from './client-answers';
import type { SockJsAnswer } from './client-requests';
import { formatSent } from './frames';

/** The channel of an {@link XhrSender}. */
export interface XhrSenderHost {
  /** Sends the body to the server. */
  post(body: string): Promise<SockJsAnswer>;
  onPong(data: Buffer): void;
  /** The server did not accept messages. */
  onSendFailed(error: Error): void;
  /** Nothing is left to send. */
  onFlushed(): void;
}

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

/** Sends messages in `xhr_send` requests, one after the other, each with everything that waited. */
export class XhrSender {
  readonly #outgoing = new Fifo<Outgoing>();
  #bufferedBytes = 0;
  #acceptedBytes = 0;
  #phase: 'idle' | 'flushing' | 'ended' = 'idle';

  constructor(private readonly host: XhrSenderHost) {}

  /** Bytes that the server has not accepted. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  get acceptedBytes(): number {
    return this.#acceptedBytes;
  }

  get isFull(): boolean {
    return this.#outgoing.size >= MAX_WAITING;
  }

  get isIdle(): boolean {
    return this.#phase !== 'flushing';
  }

  sendText(text: string, done?: SendCallback): void {
    this.#send({ text, data: undefined, bytes: Buffer.byteLength(text), done });
  }

  /** SockJS has no pings. An empty list of messages, which the server accepts and drops, takes the same way. */
  ping(data: Uint8Array, done?: SendCallback): void {
    this.#send({ text: undefined, data: Buffer.from(data), bytes: 0, done });
  }

  /** Everything that waits fails. */
  end(): void {
    this.#phase = 'ended';
    const left: Outgoing[] = [];
    for (let next = this.#outgoing.take(); next !== undefined; next = this.#outgoing.take()) left.push(next);
    this.#settle(left, connectionClosed());
  }

  /** Everything that is sent in one turn leaves together. */
  #send(outgoing: Outgoing): void {
    this.#outgoing.push(outgoing);
    this.#bufferedBytes += outgoing.bytes;
    if (this.#phase !== 'idle') return;
    this.#phase = 'flushing';
    setImmediate(() => void this.#flush());
  }

  async #flush(): Promise<void> {
    for (let batch = this.#takeBatch(); batch.length > 0; batch = this.#takeBatch()) {
      const texts = batch.flatMap(({ text }) => (text === undefined ? [] : [text]));
      try {
        const answer = await this.host.post(formatSent(texts));
        requireStatus(answer, 'xhr_send', [204, 200]);
        discard(answer.body);
      } catch (thrown) {
        const error = toError(thrown);
        this.#settle(batch, error);
        this.host.onSendFailed(error);
        return;
      }
      this.#settle(batch, undefined);
      await nextTurn();
    }
    if (this.#phase === 'ended') return;
    this.#phase = 'idle';
    this.host.onFlushed();
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
      if (error === undefined) this.#acceptedBytes += bytes;
      done?.(error);
      if (error === undefined && data !== undefined) this.host.onPong(data);
    }
  }
}
