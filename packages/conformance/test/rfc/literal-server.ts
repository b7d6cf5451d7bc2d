import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { acceptValue, type ClientEngine } from '@serval/protocol';
import type { Transport } from '@serval/api/spi';
import { LiteralSocket, RecordingListener } from '@serval/testing';
import { openTransport } from './open-transport';

/** An opening handshake of a client, as its bytes came. */
export interface ReceivedRequest {
  readonly requestLine: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Makes the whole answer to a request. */
export type Answer = (request: ReceivedRequest) => string;

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

/** A server of literal bytes: it reads one request on each connection, and answers as the test says. */
export class LiteralServer {
  readonly requests: ReceivedRequest[] = [];
  readonly #connections: LiteralSocket[] = [];
  #answer: Answer = accepting();

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => this.#read(socket));
  }

  static async start(): Promise<LiteralServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new LiteralServer(server);
  }

  get url(): URL {
    // It listens on a port.
    return new URL(`ws://127.0.0.1:${(this.server.address() as AddressInfo).port}/`);
  }

  /** The address whose connections are answered in this way. */
  answering(answer: Answer): URL {
    this.#answer = answer;
    return new URL('/a?b=c', this.url);
  }

  /** Opens a connection of the client's engine, without a container. */
  async open(
    answer: Answer = accepting(),
    engine?: ClientEngine,
  ): Promise<{
    readonly transport: Transport;
    readonly listener: RecordingListener;
    readonly server: LiteralSocket;
  }> {
    const transport = await openTransport(this.answering(answer), engine);
    const server = this.#connections.at(-1);
    if (server === undefined) throw new Error('A client that is answered has connected.');
    const listener = new RecordingListener();
    transport.open(listener);
    transport.resume();
    return { transport, listener, server };
  }

  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  #read(socket: Socket): void {
    const chunks: Buffer[] = [];
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk);
      const text = Buffer.concat(chunks).toString('latin1');
      if (!text.endsWith('\r\n\r\n')) return;
      socket.off('data', onData);
      this.#connections.push(LiteralSocket.over(socket));
      const [requestLine = '', ...lines] = text.trimEnd().split('\r\n');
      const headers = new Map(
        lines.map((line): [string, string] => {
          const colon = line.indexOf(': ');
          return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)];
        }),
      );
      const request = { requestLine, headers };
      this.requests.push(request);
      socket.write(this.#answer(request), 'latin1');
    };
    socket.on('data', onData).on('error', () => undefined);
  }
}
