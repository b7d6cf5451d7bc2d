import { IllegalStateException } from '@serval/api';
import type { Outbox, Sending } from './outbox';
import { tolerateNeglect } from './promises';
import type { ContainerSettings } from './settings';

/**
 * Keeps sends in the order of their calls where one of them takes time before it reaches the transport: an encoder that
 * returned a promise, or one that writes a stream.
 */
export class SendOrder {
  /** The last of those that go before; undefined when a send may go at once. */
  #before: Promise<void> | undefined;
  #waitingBytes = 0;
  #waitingSends = 0;

  constructor(
    private readonly outbox: Outbox,
    private readonly settings: ContainerSettings,
  ) {}

  get isHeld(): boolean {
    return this.#before !== undefined;
  }

  /** Runs `send` once all that was called before it has gone. */
  after(bytes: number, isWhole: boolean, send: () => Sending): Promise<void> {
    const before = this.#before;
    if (before === undefined) return Promise.resolve(send());
    const { maxQueuedBytes, maxQueuedMessages } = this.settings;
    this.requireFree();
    if (this.#waitingBytes + bytes > maxQueuedBytes || this.#waitingSends >= maxQueuedMessages) {
      return this.outbox.refuse(isWhole);
    }
    this.#waitingBytes += bytes;
    this.#waitingSends += 1;
    return this.#hold(
      before.then(() => {
        this.#waitingBytes -= bytes;
        this.#waitingSends -= 1;
        return send();
      }),
    );
  }

  /** @throws IllegalStateException while something is held and `concurrentSends` is 'reject' */
  requireFree(): void {
    if (this.#before === undefined || this.settings.concurrentSends === 'queue') return;
    throw new IllegalStateException(
      'An object is being encoded; await its sending first (concurrentSends is "reject").',
    );
  }

  /** Runs `task`, and keeps what is sent after it waiting until it has settled. */
  exclusively(task: () => Promise<void>): Promise<void> {
    this.requireFree();
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
