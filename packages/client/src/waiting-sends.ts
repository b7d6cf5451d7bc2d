import { IllegalStateException, type OutgoingMessage } from '@serval/api';
import { Fifo } from '@serval/api/spi';
import { isBytes, tolerateNeglect } from '@serval/container';

/** A send that waits for a connection. */
export interface WaitingSend {
  readonly message: OutgoingMessage;
  /** The size when it was added; a buffer may be detached or resized later. */
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The sends that wait for a connection, in order and up to a limit. */
export class WaitingSends {
  readonly #sends = new Fifo<WaitingSend>();
  /** Senders that are not released yet. */
  readonly #senders = new Fifo<() => void>();
  #bytes = 0;

  constructor(private readonly limits: { readonly maxQueuedMessages: number; readonly maxQueuedBytes: number }) {}

  get isEmpty(): boolean {
    return this.#sends.size === 0;
  }

  /** @returns the sender's promise, which rejects with IllegalStateException when the limit is reached */
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

  /** Removes and returns the oldest send. */
  take(): WaitingSend | undefined {
    const send = this.#sends.take();
    if (send === undefined) return undefined;
    this.#bytes -= send.bytes;
    if (this.#senders.first === send.resolve) this.#senders.take();
    return send;
  }

  /** Resolves the promises of all senders. Their messages stay in the queue. */
  release(): void {
    for (let resolve = this.#senders.take(); resolve !== undefined; resolve = this.#senders.take()) resolve();
  }

  /** Rejects every send, because no connection follows. */
  end(error: Error): void {
    for (let send = this.take(); send !== undefined; send = this.take()) send.reject(error);
  }
}

/** Counts the characters of a text, as a session's queue does. An object has no size before it is encoded. */
function sizeOf(message: OutgoingMessage): number {
  if (typeof message === 'string') return message.length;
  return isBytes(message) ? message.byteLength : 0;
}
