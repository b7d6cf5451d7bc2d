import { brand } from './brand';

/** Data for a binary message or a ping. The container does not copy it: do not change it before the send settles. */
export type BinaryData = Uint8Array | ArrayBuffer | DataView;

/**
 * A text message as a stream of characters.
 *
 * Read it once, in one of three ways: `for await`, {@link Reader.readLine}, or {@link Reader.readAll}. The handler may
 * return, or its promise settle, before the end. The container then drops the rest, and a later read rejects.
 *
 * @example
 * @OnMessage async log(reader: Reader) {
 *   for await (const chunk of reader) file.write(chunk);
 * }
 */
export abstract class Reader implements AsyncIterable<string> {
  /**
   * The next characters, or `null` at the end.
   *
   * @throws IOException (as a rejection) when the session ends in mid-message or the handler has returned
   */
  abstract read(): Promise<string | null>;

  /** The next line without its `\n` or `\r\n`, or `null` at the end. */
  abstract readLine(): Promise<string | null>;

  /** The rest of the message as one string. The session's text limit applies. */
  abstract readAll(): Promise<string>;

  async *[Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    for (let chunk = await this.read(); chunk !== null; chunk = await this.read()) yield chunk;
  }
}

/** A binary message as a stream of bytes. Read it once; see {@link Reader}. */
export abstract class InputStream implements AsyncIterable<Buffer> {
  /**
   * The next bytes, or `null` at the end.
   *
   * @throws IOException (as a rejection) when the session ends in mid-message or the handler has returned
   */
  abstract read(): Promise<Buffer | null>;

  /** The rest of the message as one buffer. The session's binary limit applies. */
  abstract readAll(): Promise<Buffer>;

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    for (let chunk = await this.read(); chunk !== null; chunk = await this.read()) yield chunk;
  }
}

/**
 * Writes one text message in pieces. {@link Writer.close} ends the message. A writer that you never write to sends
 * nothing.
 *
 * Each promise settles when the piece is accepted for writing. Await it to match the pace of a slow peer.
 */
export abstract class Writer {
  /** @throws IOException (as a rejection) once the writer or the session is closed */
  abstract write(text: string): Promise<void>;

  /** Sends buffered data as a fragment. Does nothing if there is none. */
  abstract flush(): Promise<void>;

  /** Sends the final fragment. Closing twice does nothing. */
  abstract close(): Promise<void>;

  /** Like {@link Writer.write}, but returns the writer, so that calls can be chained. */
  append(text: string): this {
    void this.write(text);
    return this;
  }
}

/** Writes one binary message in pieces; see {@link Writer}. */
export abstract class OutputStream {
  /** @throws IOException (as a rejection) once the stream or the session is closed */
  abstract write(bytes: Uint8Array): Promise<void>;

  /** Sends buffered data as a fragment. Does nothing if there is none. */
  abstract flush(): Promise<void>;

  /** Sends the final fragment. Closing twice does nothing. */
  abstract close(): Promise<void>;
}

brand(Reader, 'Reader');
brand(InputStream, 'InputStream');
brand(Writer, 'Writer');
brand(OutputStream, 'OutputStream');
