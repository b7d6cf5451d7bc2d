import { IllegalStateException, type BinaryData } from '@serval/api';
import { tolerateNeglect } from '@serval/container';

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
  #sends: WaitingSend[] = [];
  #bytes = 0;

  constructor(private readonly limits: { readonly maxQueuedMessages: number; readonly maxQueuedBytes: number }) {}

  get isEmpty(): boolean {
    return this.#sends.length === 0;
  }

  /** @returns what the sender gets; a rejection with IllegalStateException where it does not fit */
  add(message: OutgoingMessage): Promise<void> {
    const { maxQueuedMessages, maxQueuedBytes } = this.limits;
    const bytes = sizeOf(message);
    return tolerateNeglect(
      new Promise<void>((resolve, reject) => {
        if (this.#sends.length >= maxQueuedMessages || this.#bytes + bytes > maxQueuedBytes) {
          reject(
            new IllegalStateException(
              `The message was not sent: ${this.#sends.length} messages of ${this.#bytes} bytes wait for the connection, ` +
                `and at most ${maxQueuedMessages} of ${maxQueuedBytes} may (reconnect.maxQueuedMessages, maxQueuedBytes).`,
            ),
          );
          return;
        }
        this.#sends.push({ message, bytes, resolve, reject });
        this.#bytes += bytes;
      }),
    );
  }

  /** The one that has waited longest. */
  take(): WaitingSend | undefined {
    const send = this.#sends.shift();
    if (send !== undefined) this.#bytes -= send.bytes;
    return send;
  }

  /** Senders need not wait for their messages any more, which stay. */
  release(): void {
    for (const { resolve } of this.#sends) resolve();
  }

  /** There will be no connection. */
  end(error: Error): void {
    const sends = this.#sends;
    this.#sends = [];
    this.#bytes = 0;
    for (const { reject } of sends) reject(error);
  }
}

/** Text by its characters, as in the queue of a session; an object has no size before it is encoded. */
function sizeOf(message: OutgoingMessage): number {
  if (typeof message === 'string') return message.length;
  return ArrayBuffer.isView(message) || message instanceof ArrayBuffer ? message.byteLength : 0;
}
