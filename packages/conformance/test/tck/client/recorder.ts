import type { CloseReason } from 'serval';

/** The calls of a client endpoint, in order. */
export class Recorder {
  readonly messages: unknown[] = [];
  readonly errors: Error[] = [];
  readonly #waiting: (() => void)[] = [];
  #tellClosed: (reason: CloseReason) => void = () => undefined;
  /** The reason for the session's end, once `@OnClose` has run. */
  readonly closed = new Promise<CloseReason>((resolve) => {
    this.#tellClosed = resolve;
  });

  message(message: unknown): void {
    this.messages.push(message);
    this.#wake();
  }

  error(error: Error): void {
    this.errors.push(error);
    this.#wake();
  }

  close(reason: CloseReason): void {
    this.#tellClosed(reason);
  }

  /** Waits for so many messages and errors. */
  async until(messages: number, errors = 0): Promise<void> {
    while (this.messages.length < messages || this.errors.length < errors)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
