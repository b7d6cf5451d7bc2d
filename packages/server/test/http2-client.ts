import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { afterTest } from '../../testing/test/toolbox';

/** How long a read waits before it fails: long enough for a slow machine, short enough for a test. */
// Shorter than a test's limit, so that the failure shows the data found.
const PATIENCE_MS = 30_000;

/** One HTTP/2 connection, until the test is over. With `ca` over TLS. */
export async function connectHttp2(port: number, ca?: string, more: object = {}): Promise<ClientHttp2Session> {
  const session = connect(`${ca === undefined ? 'http' : 'https'}://localhost:${port}`, {
    lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
    ...(ca !== undefined && { ca }),
    ...more,
  });
  afterTest(() => session.destroy());
  session.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    session.once('remoteSettings', () => resolve());
    session.once('close', () => reject(new Error('the connection ended before the server’s settings came')));
  });
  return session;
}

/** One extended CONNECT that sends literal frames and reads the answers. `null` omits a header. */
export class Http2Client {
  #received = Buffer.alloc(0);
  #changed: (() => void) | undefined;
  #ended = false;
  #closed = false;
  /** Set once there is an answer. */
  headers: IncomingHttpHeaders | undefined;

  constructor(readonly stream: ClientHttp2Stream) {
    stream.on('response', (headers) => {
      this.headers = headers;
      this.#changed?.();
    });
    stream.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#changed?.();
    });
    stream.on('end', () => {
      this.#ended = true;
      this.#changed?.();
    });
    stream.on('close', () => {
      this.#closed = true;
      this.#changed?.();
    });
    stream.on('error', () => undefined);
  }

  static request(
    session: ClientHttp2Session,
    path: string,
    changes: Readonly<Record<string, string | string[] | null>> = {},
  ): Http2Client {
    const headers: OutgoingHttpHeaders = {};
    const all = {
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':path': path,
      'sec-websocket-version': '13',
      ...changes,
    };
    for (const [name, value] of Object.entries(all)) if (value !== null) headers[name] = value;
    return new Http2Client(session.request(headers));
  }

  /** Opens a WebSocket. */
  static async open(
    session: ClientHttp2Session,
    path: string,
    changes?: Readonly<Record<string, string | null>>,
  ): Promise<Http2Client> {
    const client = Http2Client.request(session, path, changes);
    const status = await client.status();
    if (status !== 200) throw new Error(`Expected 200 for ${path}; found ${status} ${await client.body()}`);
    return client;
  }

  async status(): Promise<number> {
    await this.#until('an answer', () => this.headers !== undefined);
    return Number(this.headers?.[':status']);
  }

  /** All bytes until the server ends its side. */
  async body(): Promise<string> {
    await this.#until('the end of the body', () => this.#ended);
    return this.#take(this.#received.length).toString();
  }

  send(...parts: readonly Buffer[]): void {
    this.stream.write(Buffer.concat(parts));
  }

  /** The next frame of the server. */
  async frame(): Promise<{ readonly first: number; readonly payload: Buffer }> {
    const read = async (count: number): Promise<Buffer> => {
      await this.#until(`${count} bytes`, () => this.#received.length >= count);
      return this.#take(count);
    };
    const [first = 0, short = 0] = await read(2);
    const length =
      short === 126
        ? (await read(2)).readUInt16BE()
        : short === 127
          ? Number((await read(8)).readBigUInt64BE())
          : short;
    return { first, payload: await read(length) };
  }

  /** The next message, which must be a text in one frame. */
  async text(): Promise<string> {
    const { first, payload } = await this.frame();
    if (first === 0x81) return payload.toString();
    throw new Error(`Expected a text frame; found 0x${first.toString(16)} ${payload.toString('latin1')}.`);
  }

  /** The code and reason of the next frame, which must be a close frame. */
  async close(): Promise<string> {
    const { first, payload } = await this.frame();
    if (first !== 0x88) throw new Error(`Expected a close frame; found 0x${first.toString(16)} ${payload.toString()}.`);
    return payload.length === 0 ? '' : `${payload.readUInt16BE()} ${payload.toString('utf8', 2)}`.trimEnd();
  }

  /** Ends our side (END_STREAM). */
  finish(): void {
    this.stream.end();
  }

  /** RST_STREAM, by default with CANCEL. */
  reset(code: number = constants.NGHTTP2_CANCEL): void {
    this.stream.close(code);
  }

  /** Waits for the server's END_STREAM. */
  async ended(): Promise<void> {
    await this.#until('the end of the server’s side', () => this.#ended);
  }

  /** Waits for the end of the stream. @returns the code of its RST_STREAM, 0 for none */
  async closed(): Promise<number> {
    await this.#until('the end of the stream', () => this.#closed);
    return this.stream.rstCode ?? 0;
  }

  #take(count: number): Buffer {
    const taken = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return taken;
  }

  async #until(expected: string, condition: () => boolean): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!condition()) {
      const left = deadline - Date.now();
      if (this.#closed || left <= 0) {
        const found = this.#received.length === 0 ? 'nothing' : this.#received.toString('latin1');
        throw new Error(`Expected ${expected}; found ${found}, then ${this.#closed ? 'the end' : 'silence'}.`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
