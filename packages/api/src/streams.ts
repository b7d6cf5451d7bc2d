import { brand } from './brand';

/**
 * A text message as a stream of characters.
 *
 * Read it once, in one of the three ways: `for await`, {@link Reader.readLine}, or {@link Reader.readAll}. The handler
 * may return, or its promise settle, before the end; what it did not read is dropped, and a read after that rejects.
 *
 * @example
 * @OnMessage async log(reader: Reader) {
 *   for await (const chunk of reader) file.write(chunk);
 * }
 */
export abstract class Reader implements AsyncIterable<string> {
  /** The next characters, or `null` at the end. Rejects with IOException when the session ends in mid-message or the handler has returned. */
  abstract read(): Promise<string | null>;

  /** The next line without its `\n` or `\r\n`, or `null` at the end. */
  abstract readLine(): Promise<string | null>;

  /** All that is left, as one string. The session's text limit bounds it. */
  abstract readAll(): Promise<string>;

  async *[Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    for (let chunk = await this.read(); chunk !== null; chunk = await this.read()) yield chunk;
  }
}

/** A binary message as a stream of bytes. Read it once; see {@link Reader}. */
export abstract class InputStream implements AsyncIterable<Buffer> {
  /** The next bytes, or `null` at the end. Rejects with IOException when the session ends in mid-message or the handler has returned. */
  abstract read(): Promise<Buffer | null>;

  /** All that is left, as one buffer. The session's binary limit bounds it. */
  abstract readAll(): Promise<Buffer>;

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    for (let chunk = await this.read(); chunk !== null; chunk = await this.read()) yield chunk;
  }
}

/**
 * Writes one text message in pieces. {@link Writer.close} ends the message; a writer that was never written to sends
 * nothing.
 *
 * Each promise settles when the piece is accepted for writing; await it to keep the pace of a slow peer.
 */
export abstract class Writer {
  /** @throws IOException (as a rejection) once the writer or the session is closed */
  abstract write(text: string): Promise<void>;

  /** Sends what is buffered as a fragment, if anything is. */
  abstract flush(): Promise<void>;

  /** Sends the final fragment. Closing twice does nothing. */
  abstract close(): Promise<void>;

  /** Same as {@link Writer.write}, and chains. */
  append(text: string): this {
    void this.write(text);
    return this;
  }
}

/** Writes one binary message in pieces; see {@link Writer}. */
export abstract class OutputStream {
  /** @throws IOException (as a rejection) once the stream or the session is closed */
  abstract write(bytes: Uint8Array): Promise<void>;

  /** Sends what is buffered as a fragment, if anything is. */
  abstract flush(): Promise<void>;

  /** Sends the final fragment. Closing twice does nothing. */
  abstract close(): Promise<void>;
}

brand(Reader, 'Reader');
brand(InputStream, 'InputStream');
brand(Writer, 'Writer');
brand(OutputStream, 'OutputStream');
