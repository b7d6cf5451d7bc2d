import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

/** How long a read waits before it fails: long enough for a slow machine, short enough for a test. */
// Shorter than a test's limit, so that the failure shows the data found.
const PATIENCE_MS = 30_000;

/** The example key of RFC 6455 1.2; its Sec-WebSocket-Accept is `s3pPLMBiTxaQ9kYGzzhZRbK+xOo=`. */
export const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

export interface RawResponse {
  readonly status: number;
  /** The header lines as received, in order. */
  readonly lines: readonly string[];
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
}

export interface RawFrame {
  /** The first byte: 0x81 is a whole text, 0x88 a close frame. */
  readonly first: number;
  readonly payload: Buffer;
}

/** Headers that replace the usual ones: `null` omits one, a list makes several lines. */
export type HeaderChanges = Readonly<Record<string, string | readonly string[] | null>>;

/** The text of a request that opens a WebSocket; `start` is the method and target, or the whole request line. */
export function upgradeRequest(start: string, changes: HeaderChanges = {}): string {
  const headers: HeaderChanges = {
    Host: 'localhost',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': KEY,
    ...changes,
  };
  const lines = Object.entries(headers).flatMap(([name, values]) => {
    const list = values === null ? [] : typeof values === 'string' ? [values] : values;
    return list.map((value) => `${name}: ${value}`);
  });
  const requestLine = start.startsWith('/') ? `GET ${start} HTTP/1.1` : start;
  return `${[requestLine, ...lines].join('\r\n')}\r\n\r\n`;
}

/** A client's frame, masked with zeros so that its payload can be read. */
export function clientFrame(first: number, payload: string | Buffer = ''): Buffer {
  const bytes = Buffer.from(payload);
  return Buffer.concat([Buffer.from([first, 0x80 | bytes.length, 0, 0, 0, 0]), bytes]);
}

/** A client's close frame. */
export function closeFrame(code: number, reason = ''): Buffer {
  return clientFrame(0x88, Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]));
}

/** A TCP connection that sends literal bytes and reads the answers. */
export class RawConnection {
  #received = Buffer.alloc(0);
  #ended = false;
  #changed: (() => void) | undefined;

  private constructor(private readonly socket: Socket) {
    const changed = (): void => this.#changed?.();
    const ended = (): void => {
      this.#ended = true;
      changed();
    };
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      changed();
    });
    socket.on('end', ended).on('close', ended).on('error', ended);
  }

  /** @param tls makes it a TLS connection */
  static async open(port: number, tls?: ConnectionOptions): Promise<RawConnection> {
    const at = { port, host: '127.0.0.1', allowHalfOpen: true };
    const socket = tls === undefined ? connect(at) : connectTls({ ...at, servername: 'localhost', ...tls });
    await new Promise<void>((resolve, reject) => {
      socket.once(tls === undefined ? 'connect' : 'secureConnect', resolve).once('error', reject);
    });
    return new RawConnection(socket);
  }

  send(...parts: readonly (string | Buffer)[]): void {
    this.socket.write(
      Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part))),
    );
  }

  async response(): Promise<RawResponse> {
    await this.#until('a response', () => this.#received.includes('\r\n\r\n'));
    const [statusLine = '', ...lines] = this.#take(this.#received.indexOf('\r\n\r\n') + 4)
      .toString('latin1', 0)
      .trimEnd()
      .split('\r\n');
    const headers = new Map<string, string[]>();
    for (const line of lines) {
      const colon = line.indexOf(': ');
      const name = line.slice(0, colon).toLowerCase();
      headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 2)]);
    }
    const length = Number(headers.get('content-length')?.[0] ?? 0);
    await this.#until(`a body of ${length} bytes`, () => this.#received.length >= length);
    return { status: Number(statusLine.split(' ')[1]), lines, headers, body: this.#take(length).toString() };
  }

  /** The next frame of the server. Its frames are short and never masked. */
  async frame(): Promise<RawFrame> {
    const length = (): number => (this.#received[1] ?? 0) & 0x7f;
    await this.#until('a frame', () => this.#received.length >= 2 && this.#received.length >= 2 + length());
    const [first = 0] = this.#received;
    return { first, payload: this.#take(2 + length()).subarray(2) };
  }

  /** The next frame, which must be a text message. */
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

  /** Waits until the server has ended the connection. @returns the unread bytes */
  async end(): Promise<string> {
    await this.#until('the end of the connection', () => this.#ended);
    return this.#take(this.#received.length).toString('latin1');
  }

  /** Ends only our side of the connection. */
  finish(): void {
    this.socket.end();
  }

  /** Drops the connection with a TCP reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  destroy(): void {
    this.socket.destroy();
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
      if (this.#ended || left <= 0) {
        const found = this.#received.length === 0 ? 'nothing' : this.#received.toString('latin1');
        throw new Error(`Expected ${expected}; found ${found}, then ${this.#ended ? 'the end' : 'silence'}.`);
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
