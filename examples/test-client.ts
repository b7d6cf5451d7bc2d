import { once } from 'node:events';
import { WebSocket, type ClientOptions } from 'ws';

/** A WebSocket that tests of the examples read message by message. */
export class TestClient {
  readonly #arrived: (string | Buffer)[] = [];
  #wake: () => void = () => undefined;
  /** Resolves to code and reason. */
  readonly closed: Promise<string>;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer, isBinary) => {
      this.#arrived.push(isBinary ? data : data.toString());
      this.#wake();
    });
    this.closed = new Promise((resolve) =>
      socket.once('close', (code, reason) => resolve(`${code} ${reason.toString()}`.trim())),
    );
    void this.closed.then(() => this.#wake());
  }

  /** Rejects with ws's error, such as `Unexpected server response: 401`, when the server refuses the handshake. */
  static async open(url: string, subprotocols: string[] = [], options: ClientOptions = {}): Promise<TestClient> {
    const client = new TestClient(new WebSocket(url, subprotocols, options));
    await once(client.socket, 'open');
    return client;
  }

  send(message: string | Buffer): void {
    this.socket.send(message);
  }

  /** The next message; rejects when the connection closes instead. */
  async next(): Promise<string | Buffer> {
    while (this.#arrived.length === 0) {
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error(`closed: ${await this.closed}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    // The loop guarantees it.
    return this.#arrived.shift() as string | Buffer;
  }

  async nextJson(): Promise<unknown> {
    return JSON.parse(String(await this.next()));
  }

  async close(): Promise<void> {
    this.socket.close(1000);
    await this.closed;
  }
}
