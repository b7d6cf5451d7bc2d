import { IllegalArgumentException, IOException, OutputStream, Writer } from '@serval/api';
import { describeValue, showAs } from '@serval/api/spi';
import { asBytes } from './binary-data';
import { rejected, type Sending } from './promises';
import type { StreamKind } from './send-state';

/** The destination of a stream's fragments. */
export interface FragmentSink {
  sendTextPart(part: string, last: boolean, timeoutMs: number, as: StreamKind): Sending;
  sendBinaryPart(part: Uint8Array, last: boolean, timeoutMs: number, as: StreamKind): Sending;
  /** The stream has sent nothing and will send nothing. */
  release(): void;
}

/** Collects a message that an encoder writes to a stream, for many sessions. */
export class CollectedMessage implements FragmentSink {
  #text = '';
  readonly #chunks: Uint8Array[] = [];
  /** The written message, once it is complete; undefined when nothing was written. */
  message: string | Uint8Array | undefined;

  sendTextPart(part: string, last: boolean): Sending {
    this.#text += part;
    if (last) this.message = this.#text;
    return undefined;
  }

  sendBinaryPart(part: Uint8Array, last: boolean): Sending {
    this.#chunks.push(part);
    if (last) this.message = Buffer.concat(this.#chunks);
    return undefined;
  }

  release(): void {}
}

/** The common part of both streams: fragments leave as they fill, the last one with `close`, none if nothing was written. */
class FragmentedMessage<T> {
  #state: 'unused' | 'used' | 'closed' = 'unused';
  /** Whether a fragment has left, after which the message cannot be taken back. */
  hasSent = false;

  /**
   * @param buffered how much is buffered, in characters or bytes
   * @param take empties the buffer
   */
  constructor(
    private readonly sink: FragmentSink,
    private readonly fragmentSize: number,
    private readonly buffered: () => number,
    private readonly take: () => T,
    private readonly send: (part: T, last: boolean) => Sending,
  ) {}

  /** @param append puts the piece into the buffer */
  write(append: () => void): Promise<void> {
    if (this.#state === 'closed') return closedStream();
    this.#state = 'used';
    append();
    return this.buffered() < this.fragmentSize ? Promise.resolve() : this.#sendBuffered(false);
  }

  flush(): Promise<void> {
    if (this.#state === 'closed') return closedStream();
    return this.buffered() === 0 ? Promise.resolve() : this.#sendBuffered(false);
  }

  close(): Promise<void> {
    const before = this.#state;
    this.#state = 'closed';
    if (before === 'used') return this.#sendBuffered(true);
    if (before === 'unused') this.sink.release();
    return Promise.resolve();
  }

  discard(): void {
    this.#state = 'closed';
    this.take();
    this.sink.release();
  }

  #sendBuffered(last: boolean): Promise<void> {
    this.hasSent = true;
    try {
      return this.send(this.take(), last) ?? Promise.resolve();
    } catch (error) {
      return rejected(error);
    }
  }
}

/** A {@link Writer} on one text message. */
export class WsWriter extends Writer {
  readonly #message: FragmentedMessage<string>;
  #buffered = '';

  /**
   * An outbox must be reserved for a 'send writer'.
   *
   * @param fragmentSize a fragment leaves once this many characters are buffered
   */
  constructor(sink: FragmentSink, timeoutMs: number, fragmentSize: number) {
    super();
    const take = (): string => {
      const text = this.#buffered;
      this.#buffered = '';
      return text;
    };
    const send = (part: string, last: boolean): Sending => sink.sendTextPart(part, last, timeoutMs, 'send writer');
    this.#message = new FragmentedMessage(sink, fragmentSize, () => this.#buffered.length, take, send);
  }

  /** Whether a fragment has left, after which the message cannot be taken back. */
  get hasSent(): boolean {
    return this.#message.hasSent;
  }

  override write(text: string): Promise<void> {
    if (typeof text !== 'string') return notWritten('a string', text);
    return this.#message.write(() => (this.#buffered += text));
  }

  override flush(): Promise<void> {
    return this.#message.flush();
  }

  override close(): Promise<void> {
    return this.#message.close();
  }

  /** Drops the buffer; possible while nothing has left. */
  discard(): void {
    this.#message.discard();
  }
}

/** An {@link OutputStream} on one binary message. */
export class WsOutputStream extends OutputStream {
  readonly #message: FragmentedMessage<Buffer>;
  #chunks: Buffer[] = [];
  #length = 0;

  /**
   * An outbox must be reserved for a 'send stream'.
   *
   * @param fragmentSize a fragment leaves once this many bytes are buffered
   */
  constructor(sink: FragmentSink, timeoutMs: number, fragmentSize: number) {
    super();
    const take = (): Buffer => {
      const bytes = Buffer.concat(this.#chunks, this.#length);
      this.#chunks = [];
      this.#length = 0;
      return bytes;
    };
    const send = (part: Buffer, last: boolean): Sending => sink.sendBinaryPart(part, last, timeoutMs, 'send stream');
    this.#message = new FragmentedMessage(sink, fragmentSize, () => this.#length, take, send);
  }

  get hasSent(): boolean {
    return this.#message.hasSent;
  }

  override write(bytes: Uint8Array): Promise<void> {
    let copy: Buffer;
    try {
      const given = asBytes(bytes);
      if (given === undefined) return notWritten('a Buffer, Uint8Array, ArrayBuffer or DataView', bytes);
      // A copy: the caller may use its buffer again at once, as with Java's OutputStream.
      copy = Buffer.from(given);
    } catch (error) {
      return rejected(error);
    }
    return this.#message.write(() => {
      this.#chunks.push(copy);
      this.#length += copy.byteLength;
    });
  }

  override flush(): Promise<void> {
    return this.#message.flush();
  }

  override close(): Promise<void> {
    return this.#message.close();
  }

  /** Drops the buffer; possible while nothing has left. */
  discard(): void {
    this.#message.discard();
  }
}

function notWritten(expected: string, found: unknown): Promise<void> {
  return rejected(new IllegalArgumentException(`write takes ${expected}; found ${describeValue(found)}.`));
}

function closedStream(): Promise<void> {
  return rejected(new IOException('The stream is closed; its message has ended.'));
}

showAs(WsWriter, 'Writer', ({ hasSent }) => (hasSent ? 'begun' : 'new'));
showAs(WsOutputStream, 'OutputStream', ({ hasSent }) => (hasSent ? 'begun' : 'new'));
