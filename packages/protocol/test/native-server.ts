import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Extension } from '@serval/api';
import type { Transport } from '@serval/api/spi';
import { LiteralSocket, RecordingListener } from '@serval/testing';
import { createNativeEngine, parseExtensions, trySharedReads, type EngineOptions } from '../src';

/** The sides of one connection: the server's transport on its socket, and a client of literal bytes. */
export interface Accepted {
  readonly transport: Transport;
  readonly listener: RecordingListener;
  readonly socket: Socket;
  readonly client: LiteralSocket;
}

export interface ConnectOptions {
  readonly listener?: RecordingListener;
  /** Sent in the same write as the request. */
  readonly head?: Uint8Array;
  /** Sec-WebSocket-Extensions of the request. */
  readonly extensions?: string;
  /** Whether the transport is opened and resumed; default true. */
  readonly open?: boolean;
}

/** A native engine behind a real port. */
export class NativeServer {
  readonly #http = createServer();
  readonly #sockets = new Set<Socket>();
  readonly #clients: LiteralSocket[] = [];
  #accepted: ((transport: Transport, socket: Socket) => void) | undefined;

  private constructor(options: EngineOptions, closeTimeoutMs: number) {
    const engine = createNativeEngine(options);
    this.#http.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#http.on('upgrade', (request, socket, head) => {
      const offered: readonly Extension[] = parseExtensions(request.headers['sec-websocket-extensions'] ?? 'none');
      const transport = engine.accept({
        socket,
        head,
        key: request.headers['sec-websocket-key'] ?? '',
        subprotocol: '',
        extensions: options.perMessageDeflate === true ? offered : [],
        headers: [],
        isSecure: false,
        remoteAddress: request.socket.remoteAddress,
        maxMessageBytes: 8192,
        closeTimeoutMs,
      });
      // The sockets of node:http are those of node:net.
      if (transport !== undefined) this.#accepted?.(transport, socket as Socket);
    });
  }

  static async start(options: EngineOptions & { readonly closeTimeoutMs?: number } = {}): Promise<NativeServer> {
    const server = new NativeServer(options, options.closeTimeoutMs ?? 5000);
    await trySharedReads();
    await new Promise<void>((resolve) => server.#http.listen(0, '127.0.0.1', resolve));
    return server;
  }

  /** Sockets that have not been closed. */
  get openSockets(): number {
    return this.#sockets.size;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  /** Opens a connection by literal bytes; the answer's head has been read. */
  async connect(options: ConnectOptions = {}): Promise<Accepted> {
    const { listener = new RecordingListener(), head = Buffer.alloc(0), extensions } = options;
    const client = await LiteralSocket.connect(this.port);
    this.#clients.push(client);
    const accepted = this.nextAccepted((transport) => {
      transport.open(listener);
      if (options.open !== false) transport.resume();
    });
    const lines = [
      'GET / HTTP/1.1',
      'Host: localhost',
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
      ...(extensions === undefined ? [] : [`Sec-WebSocket-Extensions: ${extensions}`]),
    ];
    client.send(`${lines.join('\r\n')}\r\n\r\n`, head);
    await client.readHead();
    return { ...(await accepted), listener, client };
  }

  /** The next connection, which is prepared in the turn in which it is accepted. */
  nextAccepted(prepare: (transport: Transport) => void): Promise<{ transport: Transport; socket: Socket }> {
    return new Promise((resolve) => {
      this.#accepted = (transport, socket) => {
        prepare(transport);
        resolve({ transport, socket });
      };
    });
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#http.close(resolve));
  }
}
