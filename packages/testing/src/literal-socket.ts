import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Timer } from '@serval/api/spi';

/** How long a read waits for bytes before it fails: long enough for a slow machine, short enough for a test. */
const PATIENCE_MS = 5000;

/** Data to send: text as UTF-8, bytes, or a list of byte values. */
export type Literal = string | Uint8Array | readonly number[];

/** A response head: status line and headers, names in lower case. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

/** One end of a TCP connection that sends and reads literal bytes, for tests of the wire format. */
export class LiteralSocket {
  #received = Buffer.alloc(0);
  #ended = false;
  #wake: (() => void) | undefined;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake?.();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake?.();
    };
    socket.on('end', end).on('close', end).on('error', end);
  }

  /** @param options.ca makes this a TLS connection that trusts the given certificate (PEM) */
  static async connect(
    port: number,
    options: { readonly host?: string; readonly ca?: string } = {},
  ): Promise<LiteralSocket> {
    const { host = '127.0.0.1', ca } = options;
    const socket =
      ca === undefined ? connectTcp({ port, host }) : connectTls({ port, host, ca, servername: 'localhost' });
    await new Promise<void>((resolve, reject) => {
      socket.once(ca === undefined ? 'connect' : 'secureConnect', () => resolve());
      socket.once('error', reject);
    });
    socket.setNoDelay(true);
    return new LiteralSocket(socket);
  }

  /** Wraps the server's side of an accepted connection. */
  static over(socket: Socket): LiteralSocket {
    return new LiteralSocket(socket);
  }

  /** Whether the peer ended the connection or its side of it. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Sends all parts in one write. */
  send(...parts: readonly Literal[]): this {
    this.socket.write(Buffer.concat(parts.map(toBytes)));
    return this;
  }

  /** Sends an opening handshake, with the sample key of RFC 6455 1.2, and reads the response head. */
  async upgrade(path: string, headers: Readonly<Record<string, string>> = {}): Promise<ResponseHead> {
    const lines = Object.entries({
      Host: 'localhost',
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version': '13',
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    this.send(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
    return this.readHead();
  }

  /** The next `count` bytes. Rejects if the connection ends first, or if the bytes do not arrive within 5 seconds. */
  async read(count: number): Promise<Buffer> {
    await this.#until(() => this.#received.length >= count, `${count} bytes`);
    const bytes = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return bytes;
  }

  async readHead(): Promise<ResponseHead> {
    await this.#until(() => this.#received.includes('\r\n\r\n'), 'a response head');
    const end = this.#received.indexOf('\r\n\r\n');
    const [statusLine = '', ...lines] = this.#received.toString('latin1', 0, end).split('\r\n');
    this.#received = this.#received.subarray(end + 4);
    const headers = new Map<string, string[]>();
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).toLowerCase();
      headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
    }
    return { status: Number(statusLine.split(' ')[1]), headers };
  }

  /** All remaining bytes, once the peer has ended the connection. */
  async readToEnd(): Promise<Buffer> {
    await this.#until(() => this.#ended, 'the end of the connection');
    const rest = this.#received;
    this.#received = Buffer.alloc(0);
    return rest;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Ends the connection without a close frame. */
  end(): void {
    this.socket.end();
  }

  /** Drops the connection with a TCP reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  destroy(): void {
    this.socket.destroy();
  }

  async #until(condition: () => boolean, expected: string): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!condition()) {
      const left = deadline - Date.now();
      if (this.#ended || left <= 0) {
        const why = this.#ended ? 'the connection ended' : `nothing came for ${PATIENCE_MS} ms`;
        throw new Error(
          `Expected ${expected}, but ${why}; received so far: ${this.#received.toString('hex') || 'nothing'}.`,
        );
      }
      await new Promise<void>((resolve) => {
        const timer = new Timer(left, resolve, { keepsAlive: true });
        this.#wake = () => {
          timer.clear();
          resolve();
        };
      });
    }
  }
}

/**
 * Builds a client frame, masked with zeros so that its payload stays readable in a test.
 *
 * @param first the first byte: 0x81 whole text message, 0x82 whole binary message, 0x88 close, 0x89 ping
 */
export function clientFrame(first: number, payload: Literal = ''): Buffer {
  const bytes = toBytes(payload);
  const mask = [0, 0, 0, 0];
  if (bytes.length < 126) return Buffer.from([first, 0x80 | bytes.length, ...mask, ...bytes]);
  const length = Buffer.alloc(bytes.length < 65_536 ? 2 : 8);
  if (length.length === 2) length.writeUInt16BE(bytes.length);
  else length.writeBigUInt64BE(BigInt(bytes.length));
  return Buffer.concat([
    Buffer.from([first, 0x80 | (length.length === 2 ? 126 : 127)]),
    length,
    Buffer.from(mask),
    bytes,
  ]);
}

function toBytes(literal: Literal): Buffer {
  return typeof literal === 'string' ? Buffer.from(literal) : Buffer.from(literal);
}
