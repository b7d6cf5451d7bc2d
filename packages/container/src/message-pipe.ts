import { InputStream, IOException, Reader } from '@serval/api';
import { Fifo } from '@serval/api/spi';
import { tolerateNeglect } from './promises';

const READ_TOO_LATE =
  'The handler of this message has returned, and what it had not read is gone. Return or await the promise of the read.';

interface Read<T> {
  resolve(part: T | null): void;
  reject(error: Error): void;
}

/**
 * One streamed message on its way from the transport to the handler that reads it.
 *
 * Parts wait here until they are read; the inbox pauses the transport while more than a read's worth is waiting.
 */
export class MessagePipe<T extends string | Buffer> {
  #parts = new Fifo<T>();
  #bytes = 0;
  #ended = false;
  #failure: IOException | undefined;
  #abandoned = false;
  #reading: Read<T> | undefined;

  /** @param onRead called after parts have been taken out */
  constructor(private readonly onRead: () => void) {}

  /** Characters or bytes that wait to be read. */
  get waiting(): number {
    return this.#bytes;
  }

  push(part: T, last: boolean): void {
    if (last) this.#ended = true;
    if (this.#abandoned) return;
    if (this.#reading !== undefined && part.length > 0) {
      this.#take()?.resolve(part);
      return;
    }
    if (part.length > 0) {
      this.#parts.push(part);
      this.#bytes += part.length;
    } else if (last && this.#reading !== undefined) {
      this.#take()?.resolve(null);
    }
  }

  /** The session ended in mid-message. */
  fail(error: IOException): void {
    if (this.#ended) return;
    this.#failure ??= error;
    this.#take()?.reject(error);
  }

  /** The handler is done; what it has not read and what still arrives is dropped, and no later read takes that for the end. */
  abandon(): void {
    this.#abandoned = true;
    if (!this.#ended || this.#parts.size > 0) this.#failure ??= new IOException(READ_TOO_LATE);
    this.#parts = new Fifo();
    this.#bytes = 0;
    if (this.#failure !== undefined) this.#take()?.reject(this.#failure);
  }

  /** The next part, null after the last one. Nobody has to await it: a handler may start a read and await it later. */
  read(): Promise<T | null> {
    return tolerateNeglect(this.#next());
  }

  async #next(): Promise<T | null> {
    const part = this.#parts.take();
    if (part !== undefined) {
      this.#bytes -= part.length;
      this.onRead();
      return part;
    }
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#ended) return null;
    if (this.#reading !== undefined)
      throw new IOException('The stream is being read already; await one read at a time.');
    return new Promise((resolve, reject) => {
      this.#reading = { resolve, reject };
    });
  }

  /** The read that waits, which waits no longer. */
  #take(): Read<T> | undefined {
    const reading = this.#reading;
    this.#reading = undefined;
    return reading;
  }
}

/** A {@link Reader} on a message in parts. */
export class WsReader extends Reader {
  #rest = '';
  #limit: number;

  /** @param limit what {@link Reader.readAll} and one line may hold, in characters */
  constructor(
    private readonly pipe: MessagePipe<string>,
    limit: number,
  ) {
    super();
    this.#limit = limit;
  }

  override read(): Promise<string | null> {
    if (this.#rest === '') return this.pipe.read();
    const rest = this.#rest;
    this.#rest = '';
    return Promise.resolve(rest);
  }

  override readLine(): Promise<string | null> {
    return tolerateNeglect(this.#line());
  }

  override readAll(): Promise<string> {
    return tolerateNeglect(this.#all());
  }

  async #line(): Promise<string | null> {
    let line = '';
    for (let chunk = await this.read(); chunk !== null; chunk = await this.read()) {
      const end = chunk.indexOf('\n');
      if (end >= 0) {
        this.#rest = chunk.slice(end + 1);
        return withoutReturn(line + chunk.slice(0, end));
      }
      line = this.#bounded(line, chunk);
    }
    return line === '' ? null : withoutReturn(line);
  }

  async #all(): Promise<string> {
    let all = '';
    for (let chunk = await this.read(); chunk !== null; chunk = await this.read()) all = this.#bounded(all, chunk);
    return all;
  }

  #bounded(head: string, tail: string): string {
    if (head.length + tail.length > this.#limit) throw tooLong(this.#limit, 'characters');
    return head + tail;
  }
}

/** An {@link InputStream} on a message in parts. */
export class WsInputStream extends InputStream {
  /** @param limit what {@link InputStream.readAll} may hold, in bytes */
  constructor(
    private readonly pipe: MessagePipe<Buffer>,
    private readonly limit: number,
  ) {
    super();
  }

  override read(): Promise<Buffer | null> {
    return this.pipe.read();
  }

  override readAll(): Promise<Buffer> {
    return tolerateNeglect(this.#all());
  }

  async #all(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let length = 0;
    for (let chunk = await this.read(); chunk !== null; chunk = await this.read()) {
      length += chunk.length;
      if (length > this.limit) throw tooLong(this.limit, 'bytes');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, length);
  }
}

/** A streamed text: the pipe for its parts, and the reader for its handler. */
export function openText(limit: number, onRead: () => void): { pipe: MessagePipe<string>; stream: WsReader } {
  const pipe = new MessagePipe<string>(onRead);
  return { pipe, stream: new WsReader(pipe, limit) };
}

/** A streamed binary message: the pipe for its parts, and the stream for its handler. */
export function openBytes(limit: number, onRead: () => void): { pipe: MessagePipe<Buffer>; stream: WsInputStream } {
  const pipe = new MessagePipe<Buffer>(onRead);
  return { pipe, stream: new WsInputStream(pipe, limit) };
}

/** A message that arrived whole, for a decoder that reads a stream. */
export function wholeAsStream(message: string | Buffer): WsReader | WsInputStream {
  const onRead = (): void => undefined;
  if (typeof message === 'string') {
    const { pipe, stream } = openText(message.length, onRead);
    pipe.push(message, true);
    return stream;
  }
  const { pipe, stream } = openBytes(message.length, onRead);
  pipe.push(message, true);
  return stream;
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function tooLong(limit: number, unit: string): IOException {
  return new IOException(
    `The streamed message holds more than ${limit} ${unit} in one piece. Read it in chunks, or raise the session's buffer size.`,
  );
}
