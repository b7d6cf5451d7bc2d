import type { MemoryTransport } from './memory-transport';
import { RecordingListener } from './recording-listener';

/** The other end of a session. A test sends and receives with it as the client. */
export class Peer {
  /** Everything that the peer received, in order. */
  readonly received = new RecordingListener();
  #taken = 0;
  #receiving: Promise<unknown> = Promise.resolve();

  /**
   * @param transport the peer's side of a pair
   * @param subprotocol the negotiated subprotocol, or the empty string
   * @param headers the headers that the endpoint added to the handshake response
   */
  constructor(
    readonly transport: MemoryTransport,
    readonly subprotocol = '',
    readonly headers: readonly (readonly [name: string, value: string])[] = [],
  ) {
    transport.open(this.received);
    transport.resume();
  }

  /** Sends a whole message. */
  send(message: string | Uint8Array): this {
    if (typeof message === 'string') this.transport.sendText(message, true);
    else this.transport.sendBinary(message, true);
    return this;
  }

  /** Sends one message in parts. */
  sendParts(...parts: readonly string[] | readonly Uint8Array[]): this {
    parts.forEach((part: string | Uint8Array, index) => {
      const last = index === parts.length - 1;
      if (typeof part === 'string') this.transport.sendText(part, last);
      else this.transport.sendBinary(part, last);
    });
    return this;
  }

  ping(data: Uint8Array = new Uint8Array(0)): this {
    this.transport.ping(data);
    return this;
  }

  pong(data: Uint8Array = new Uint8Array(0)): this {
    this.transport.pong(data);
    return this;
  }

  /**
   * The next message: text as string, binary as Buffer.
   *
   * @throws Error (as a rejection) when the session closes first
   */
  receive(): Promise<string | Buffer> {
    // Calls run one after the other, and each takes the next message.
    const next = this.#receiving.then(() => this.#take());
    this.#receiving = next.catch(() => undefined);
    return next;
  }

  async #take(): Promise<string | Buffer> {
    for (;;) {
      const event = (await this.received.until(this.#taken + 1))[this.#taken];
      if (event?.kind === 'close') {
        throw new Error(`Expected a message, but the session closed with ${event.code} ${event.reason}`.trim() + '.');
      }
      this.#taken += 1;
      if (event?.kind === 'text') return event.text;
      if (event?.kind === 'binary') return Buffer.from(event.hex, 'hex');
    }
  }

  /** The next message, which must be text, parsed as JSON. */
  async receiveJson(): Promise<unknown> {
    return JSON.parse(String(await this.receive()));
  }

  /** The code and reason of the close, once the session has ended. */
  closed(): Promise<{ readonly code: number; readonly reason: string }> {
    return this.received.closed();
  }

  /** Starts the closing handshake. Without a code it sends an empty close frame. */
  close(code?: number, reason = ''): Promise<{ readonly code: number; readonly reason: string }> {
    this.transport.close(code, reason);
    return this.closed();
  }

  /** Ends the connection without a close frame. */
  drop(): void {
    this.transport.terminate();
  }

  /** Stops reading, like a slow peer. */
  pause(): void {
    this.transport.pause();
  }

  resume(): void {
    this.transport.resume();
  }
}
