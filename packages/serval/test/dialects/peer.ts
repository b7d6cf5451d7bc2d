import { WebSocket } from 'ws';

/** A client that takes messages one after the other; text as it is, bytes in hexadecimal. */
export class Peer {
  readonly #received: string[] = [];
  #waiting: { resolve(message: string): void; reject(error: Error): void } | undefined;

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data: Buffer, isBinary) =>
      this.#receive(isBinary ? `0x${data.toString('hex')}` : String(data)),
    );
    socket.on('close', (code) => this.#waiting?.reject(new Error(`The server closed the connection with ${code}.`)));
  }

  static async connect(port: number, path: string): Promise<Peer> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
    const peer = new Peer(socket);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return peer;
  }

  send(message: string | Buffer): void {
    this.socket.send(message);
  }

  pong(data: string): void {
    this.socket.pong(data);
  }

  /** The next message; rejects when the server closes instead. */
  next(): Promise<string> {
    const message = this.#received.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** Closes, and resolves when the server has closed too. */
  async close(code: number, reason: string): Promise<void> {
    const closed = new Promise((resolve) => this.socket.once('close', resolve));
    this.socket.close(code, reason);
    await closed;
  }

  #receive(message: string): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#received.push(message);
    else waiting.resolve(message);
  }
}
