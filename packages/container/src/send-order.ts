import type { Outbox, Sending } from './outbox';
import { tolerateNeglect } from './promises';

/**
 * Keeps sends in the order of their calls where one of them takes time before it reaches the transport: an encoder that
 * returned a promise, or one that writes a stream.
 */
export class SendOrder {
  /** The last of those that go before; undefined when a send may go at once. */
  #before: Promise<void> | undefined;
  #waitingBytes = 0;

  constructor(
    private readonly outbox: Outbox,
    private readonly maxWaitingBytes: number,
  ) {}

  get isHeld(): boolean {
    return this.#before !== undefined;
  }

  /** Runs `send` once all that was called before it has gone. */
  after(bytes: number, send: () => Sending): Promise<void> {
    const before = this.#before;
    if (before === undefined) return Promise.resolve(send());
    if (this.#waitingBytes + bytes > this.maxWaitingBytes) return this.outbox.overflow();
    this.#waitingBytes += bytes;
    return this.#hold(
      before.then(() => {
        this.#waitingBytes -= bytes;
        return send();
      }),
    );
  }

  /** Runs `task`, and keeps what is sent after it waiting until it has settled. */
  exclusively(task: () => Promise<void>): Promise<void> {
    return this.#hold(this.#before === undefined ? task() : this.#before.then(task));
  }

  #hold(sending: Promise<void>): Promise<void> {
    const open = (): void => {
      if (this.#before === gate) this.#before = undefined;
    };
    const gate: Promise<void> = sending.then(open, open);
    this.#before = gate;
    return tolerateNeglect(sending);
  }
}
