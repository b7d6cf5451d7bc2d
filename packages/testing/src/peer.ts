import type { MemoryTransport } from './memory-transport';
import { RecordingListener } from './recording-listener';

/** The other end of a session: what a test says as the client, and what it hears. */
export class Peer {
  /** All that was heard, in order. */
  readonly received = new RecordingListener();
  #taken = 0;
  #receiving: Promise<unknown> = Promise.resolve();

  /**
   * @param transport the peer's side of a pair
   * @param subprotocol the one that was negotiated, or the empty string
   * @param headers what the endpoint added to the response of the handshake
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
   * The next message: a text as string, a binary one as Buffer.
   *
   * @throws Error (as a rejection) when the session closes before one comes
   */
  receive(): Promise<string | Buffer> {
    // One after the other: each call takes the next message.
    const next = this.#receiving.then(() => this.#take());
    this.#receiving = next.catch(() => undefined);
    return next;
  }

  async #take(): Promise<string | Buffer> {
    for (;;) {
      const event = (await this.received.until(this.#taken + 1))[this.#taken];
      if (event?.kind === 'close') {
        throw new Error(
          `Expected a message, but the session was closed with ${event.code} ${event.reason}`.trim() + '.',
        );
      }
      this.#taken += 1;
      if (event?.kind === 'text') return event.text;
      if (event?.kind === 'binary') return Buffer.from(event.hex, 'hex');
    }
  }

  /** The next message, a text, parsed as JSON. */
  async receiveJson(): Promise<unknown> {
    return JSON.parse(String(await this.receive()));
  }

  /** Code and reason of the close that ended the conversation, once it has. */
  closed(): Promise<{ readonly code: number; readonly reason: string }> {
    return this.received.closed();
  }

  /** Starts the close handshake; an empty close frame without a code. */
  close(code?: number, reason = ''): Promise<{ readonly code: number; readonly reason: string }> {
    this.transport.close(code, reason);
    return this.closed();
  }

  /** Ends the connection without a close frame. */
  drop(): void {
    this.transport.terminate();
  }

  /** Stops reading, as a slow peer does. */
  pause(): void {
    this.transport.pause();
  }

  resume(): void {
    this.transport.resume();
  }
}
