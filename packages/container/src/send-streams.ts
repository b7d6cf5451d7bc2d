import { IOException, OutputStream, Writer } from '@serval/api';
import type { Outbox, Sending } from './outbox';
import { tolerateNeglect } from './promises';

/** A {@link Writer} on one text message. */
export class WsWriter extends Writer {
  #buffered = '';
  #state: 'unused' | 'used' | 'closed' = 'unused';

  /**
   * The outbox must be reserved for a 'send writer'.
   *
   * @param fragmentSize a fragment is sent once so much is buffered, in characters
   */
  constructor(
    private readonly outbox: Outbox,
    private readonly timeoutMs: number,
    private readonly fragmentSize: number,
  ) {
    super();
    this.hasSent = false;
  }

  /** Whether a fragment has left, so that the message cannot be taken back any more. */
  hasSent: boolean;

  override write(text: string): Promise<void> {
    if (this.#state === 'closed') return closedStream('writer');
    this.#state = 'used';
    this.#buffered += text;
    return this.#buffered.length < this.fragmentSize ? Promise.resolve() : this.flush();
  }

  override flush(): Promise<void> {
    if (this.#state === 'closed') return closedStream('writer');
    if (this.#buffered === '') return Promise.resolve();
    return this.#send(false);
  }

  override close(): Promise<void> {
    if (this.#state === 'closed') return Promise.resolve();
    const unused = this.#state === 'unused';
    this.#state = 'closed';
    if (!unused) return this.#send(true);
    this.outbox.release();
    return Promise.resolve();
  }

  /** Forgets what is buffered; possible while nothing has been sent. */
  discard(): void {
    this.#state = 'closed';
    this.#buffered = '';
    this.outbox.release();
  }

  #send(last: boolean): Promise<void> {
    const part = this.#buffered;
    this.#buffered = '';
    this.hasSent = true;
    return settled(() => this.outbox.sendTextPart(part, last, this.timeoutMs, 'send writer'));
  }
}

/** An {@link OutputStream} on one binary message. */
export class WsOutputStream extends OutputStream {
  #chunks: Uint8Array[] = [];
  #length = 0;
  #state: 'unused' | 'used' | 'closed' = 'unused';
  hasSent = false;

  /**
   * The outbox must be reserved for a 'send stream'.
   *
   * @param fragmentSize a fragment is sent once so much is buffered, in bytes
   */
  constructor(
    private readonly outbox: Outbox,
    private readonly timeoutMs: number,
    private readonly fragmentSize: number,
  ) {
    super();
  }

  override write(bytes: Uint8Array): Promise<void> {
    if (this.#state === 'closed') return closedStream('stream');
    this.#state = 'used';
    // A copy: the caller may use its buffer again at once, as with Java's OutputStream.
    this.#chunks.push(Buffer.from(bytes));
    this.#length += bytes.byteLength;
    return this.#length < this.fragmentSize ? Promise.resolve() : this.flush();
  }

  override flush(): Promise<void> {
    if (this.#state === 'closed') return closedStream('stream');
    if (this.#length === 0) return Promise.resolve();
    return this.#send(false);
  }

  override close(): Promise<void> {
    if (this.#state === 'closed') return Promise.resolve();
    const unused = this.#state === 'unused';
    this.#state = 'closed';
    if (!unused) return this.#send(true);
    this.outbox.release();
    return Promise.resolve();
  }

  /** Forgets what is buffered; possible while nothing has been sent. */
  discard(): void {
    this.#state = 'closed';
    this.#chunks = [];
    this.outbox.release();
  }

  #send(last: boolean): Promise<void> {
    const part = Buffer.concat(this.#chunks, this.#length);
    this.#chunks = [];
    this.#length = 0;
    this.hasSent = true;
    return settled(() => this.outbox.sendBinaryPart(part, last, this.timeoutMs, 'send stream'));
  }
}

function settled(send: () => Sending): Promise<void> {
  try {
    return send() ?? Promise.resolve();
  } catch (error) {
    return tolerateNeglect(Promise.reject<void>(error as Error));
  }
}

function closedStream(kind: 'stream' | 'writer'): Promise<void> {
  return tolerateNeglect(Promise.reject<void>(new IOException(`The ${kind} is closed; its message has ended.`)));
}
