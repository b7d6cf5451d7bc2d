import { Fifo } from '@serval/api/spi';

/** A message as `for await` gets it. */
export type ReceivedMessage = string | Buffer;

/**
 * Messages for a loop that asks for them. At most one is here, and the session reads no further until the loop has
 * taken it.
 */
export class MessageStream implements AsyncIterableIterator<ReceivedMessage> {
  #held: { readonly message: ReceivedMessage; readonly taken: () => void } | undefined;
  readonly #asking = new Fifo<(result: IteratorResult<ReceivedMessage, undefined>) => void>();
  #hasEnded = false;

  /** Is called when the loop is left before the end. */
  whenLeft: () => void = () => undefined;

  /** As a message handler: the session's next message waits for the promise. */
  push(message: ReceivedMessage): Promise<void> | undefined {
    if (this.#hasEnded) return undefined;
    const ask = this.#asking.take();
    if (ask !== undefined) {
      ask({ value: message, done: false });
      return undefined;
    }
    return new Promise((taken) => (this.#held = { message, taken }));
  }

  /** No more messages; one that was not taken is dropped. */
  end(): void {
    this.#hasEnded = true;
    this.#held?.taken();
    this.#held = undefined;
    for (let tell = this.#asking.take(); tell !== undefined; tell = this.#asking.take())
      tell({ value: undefined, done: true });
  }

  next(): Promise<IteratorResult<ReceivedMessage, undefined>> {
    const held = this.#held;
    if (held !== undefined) {
      this.#held = undefined;
      held.taken();
      return Promise.resolve({ value: held.message, done: false });
    }
    if (this.#hasEnded) return Promise.resolve({ value: undefined, done: true });
    return new Promise((tell) => void this.#asking.push(tell));
  }

  return(): Promise<IteratorResult<ReceivedMessage, undefined>> {
    this.end();
    this.whenLeft();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
