import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws';
import { afterTest, Inbox } from '../../testing/test/toolbox';

/** A client from the server's point of view. */
export interface PeerClient {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  /** Texts; binary messages in hexadecimal digits. */
  readonly received: Inbox;
  /** Its close code, once. */
  readonly closed: Promise<number>;
}

/** A server of the ws library on a port of 127.0.0.1, until the test ends. */
export class PeerServer {
  readonly clients = new Inbox<PeerClient>();

  private constructor(private readonly server: WebSocketServer) {
    server.on('connection', (socket, request) => {
      const received = new Inbox();
      socket.on('message', (data: Buffer, isBinary) => received.add(data.toString(isBinary ? 'hex' : 'utf8')));
      socket.on('error', () => undefined);
      const closed = new Promise<number>((resolve) => socket.once('close', resolve));
      this.clients.add({ socket, request, received, closed });
    });
  }

  static async start(options: ServerOptions = {}): Promise<PeerServer> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
    await once(server, 'listening');
    const peer = new PeerServer(server);
    afterTest(() => peer.stop());
    return peer;
  }

  get port(): number {
    // It listens on a port.
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/`;
  }

  /** Drops every client without a close frame, and stops listening. */
  async stop(): Promise<void> {
    for (const { socket } of this.clients.all) socket.terminate();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}
