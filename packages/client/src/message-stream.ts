import { Fifo } from '@serval/api/spi';

/** A message as `for await` receives it. */
export type ReceivedMessage = string | Buffer;

/**
 * Passes messages to a `for await` loop. It holds at most one message, and the session reads no further until the loop
 * takes it.
 */
export class MessageStream<M = ReceivedMessage> implements AsyncIterableIterator<M> {
  #held: { readonly message: M; readonly taken: () => void } | undefined;
  readonly #asking = new Fifo<(result: IteratorResult<M, undefined>) => void>();
  #hasEnded = false;

  /** Runs when the program leaves the loop before the end. */
  whenLeft: () => void = () => undefined;

  /** The message handler. The session's next message waits for the promise. */
  push(message: M): Promise<void> | undefined {
    if (this.#hasEnded) return undefined;
    const ask = this.#asking.take();
    if (ask !== undefined) {
      ask({ value: message, done: false });
      return undefined;
    }
    return new Promise((taken) => (this.#held = { message, taken }));
  }

  /** Ends the loop, and drops the message that it has not taken. */
  end(): void {
    this.#hasEnded = true;
    this.#held?.taken();
    this.#held = undefined;
    for (let tell = this.#asking.take(); tell !== undefined; tell = this.#asking.take())
      tell({ value: undefined, done: true });
  }

  next(): Promise<IteratorResult<M, undefined>> {
    const held = this.#held;
    if (held !== undefined) {
      this.#held = undefined;
      held.taken();
      return Promise.resolve({ value: held.message, done: false });
    }
    if (this.#hasEnded) return Promise.resolve({ value: undefined, done: true });
    return new Promise((tell) => void this.#asking.push(tell));
  }

  return(): Promise<IteratorResult<M, undefined>> {
    this.end();
    this.whenLeft();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
