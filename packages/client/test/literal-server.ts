import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { acceptValue } from '@serval/protocol';
import { LiteralSocket } from '@serval/testing';
import { afterTest } from '../../testing/test/toolbox';

/** An opening handshake as received. */
export interface ReceivedRequest {
  readonly requestLine: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** The connection of the request. */
  readonly connection: LiteralSocket;
}

/** The whole answer to a request, byte by byte; undefined for none. */
export type Answer = (request: ReceivedRequest) => string | Buffer | undefined;

/** The 101 of RFC 6455 4.2.2, with more header lines or none. */
export function accepting(...lines: readonly string[]): Answer {
  return ({ headers }) =>
    [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${acceptValue(headers.get('sec-websocket-key') ?? '')}`,
      ...lines,
      '\r\n',
    ].join('\r\n');
}

export function status(line: string, ...headers: readonly string[]): Answer {
  return () => [`HTTP/1.1 ${line}`, ...headers, 'Content-Length: 0', '\r\n'].join('\r\n');
}

/** A server of literal bytes on a free port of 127.0.0.1, until the test ends. */
export class LiteralServer {
  readonly requests: ReceivedRequest[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #waiting: (() => void)[] = [];

  private constructor(
    private readonly server: Server,
    private readonly scheme: string,
    private readonly answer: Answer,
  ) {
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        for (const look of this.#waiting) look();
      });
      socket.on('error', () => undefined);
    });
    server.on(scheme === 'wss' ? 'secureConnection' : 'connection', (socket: Socket) => this.#read(socket));
  }

  static async start(answer: Answer = accepting(), tls?: TlsOptions): Promise<LiteralServer> {
    const server = tls === undefined ? createServer() : createTlsServer(tls);
    const literal = new LiteralServer(server, tls === undefined ? 'ws' : 'wss', answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    afterTest(() => literal.#stop());
    return literal;
  }

  get port(): number {
    // It listens on a port.
    return (this.server.address() as AddressInfo).port;
  }

  url(path = '/', host = '127.0.0.1'): string {
    return `${this.scheme}://${host}:${this.port}${path}`;
  }

  get last(): ReceivedRequest {
    const request = this.requests.at(-1);
    if (request === undefined) throw new Error('No request has come.');
    return request;
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  /** Resolves once no client is connected. A leftover of a failed connect would prevent that. */
  async deserted(): Promise<void> {
    while (this.#sockets.size > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Runs for each connection after its TLS handshake. */
  onSecure(look: (socket: TLSSocket) => void): void {
    this.server.on('secureConnection', look);
  }

  #read(socket: Socket): void {
    const chunks: Buffer[] = [];
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk);
      const text = Buffer.concat(chunks).toString('latin1');
      if (!text.endsWith('\r\n\r\n')) return;
      socket.off('data', onData);
      const [requestLine = '', ...lines] = text.trimEnd().split('\r\n');
      const headers = new Map(
        lines.map((line): [string, string] => {
          const colon = line.indexOf(': ');
          return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)];
        }),
      );
      const request = { requestLine, headers, connection: LiteralSocket.over(socket) };
      this.requests.push(request);
      const answer = this.answer(request);
      if (answer !== undefined) socket.write(typeof answer === 'string' ? Buffer.from(answer, 'latin1') : answer);
    };
    socket.on('data', onData).on('error', () => undefined);
  }

  #stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}
