import { IllegalStateException, type BinaryData } from '@serval/api';
import { Fifo } from '@serval/api/spi';
import { isBytes, tolerateNeglect } from '@serval/container';

/** A message of `Connection.send`: text, bytes, or an object for an encoder. */
export type OutgoingMessage = string | BinaryData | object | number | boolean | bigint;

/** A send that waits for a connection. */
export interface WaitingSend {
  readonly message: OutgoingMessage;
  /** As counted when it was added: a buffer may be detached, or resized, meanwhile. */
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What was sent while the connection was away, in order and bounded. */
export class WaitingSends {
  readonly #sends = new Fifo<WaitingSend>();
  /** Senders that were not released yet. */
  readonly #senders = new Fifo<() => void>();
  #bytes = 0;

  constructor(private readonly limits: { readonly maxQueuedMessages: number; readonly maxQueuedBytes: number }) {}

  get isEmpty(): boolean {
    return this.#sends.size === 0;
  }

  /** @returns what the sender gets; a rejection with IllegalStateException where it does not fit */
  add(message: OutgoingMessage): Promise<void> {
    const { maxQueuedMessages, maxQueuedBytes } = this.limits;
    const bytes = sizeOf(message);
    return tolerateNeglect(
      new Promise<void>((resolve, reject) => {
        if (this.#sends.size >= maxQueuedMessages || this.#bytes + bytes > maxQueuedBytes) {
          reject(
            new IllegalStateException(
              `The message was not sent: ${this.#sends.size} messages of ${this.#bytes} bytes wait for the connection, ` +
                `and at most ${maxQueuedMessages} of ${maxQueuedBytes} may (reconnect.maxQueuedMessages, maxQueuedBytes).`,
            ),
          );
          return;
        }
        this.#sends.push({ message, bytes, resolve, reject });
        this.#senders.push(resolve);
        this.#bytes += bytes;
      }),
    );
  }

  /** The one that has waited longest. */
  take(): WaitingSend | undefined {
    const send = this.#sends.take();
    if (send === undefined) return undefined;
    this.#bytes -= send.bytes;
    if (this.#senders.first === send.resolve) this.#senders.take();
    return send;
  }

  /** Senders need not wait for their messages any more, which stay. */
  release(): void {
    for (let resolve = this.#senders.take(); resolve !== undefined; resolve = this.#senders.take()) resolve();
  }

  /** There will be no connection. */
  end(error: Error): void {
    for (let send = this.take(); send !== undefined; send = this.take()) send.reject(error);
  }
}

/** Text by its characters, as in the queue of a session; an object has no size before it is encoded. */
function sizeOf(message: OutgoingMessage): number {
  if (typeof message === 'string') return message.length;
  return isBytes(message) ? message.byteLength : 0;
}
