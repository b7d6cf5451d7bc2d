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
  /** How the senders that wait here are told that their session has ended. */
  readonly #waiting = new Set<(error: Error) => void>();
  #ended: Error | undefined;

  constructor(
    private readonly outbox: Outbox,
    private readonly settings: ContainerSettings,
  ) {}

  get isHeld(): boolean {
    return this.#before !== undefined;
  }

  /** Runs `send` once all that was called before it has gone. */
  after(bytes: number, isWhole: boolean, timeoutMs: number, send: () => Sending): Promise<void> {
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
      timeoutMs,
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
  exclusively(timeoutMs: number, task: () => Promise<void>): Promise<void> {
    this.requireFree();
    return this.#hold(this.#before === undefined ? task() : this.#before.then(task), timeoutMs);
  }

  /** The connection is gone: an encoder may never settle, but the senders behind it do, and those that come later. */
  end(error: Error): void {
    this.#ended = error;
    for (const reject of this.#waiting) reject(error);
    this.#waiting.clear();
  }

  #hold(sending: Promise<void>, timeoutMs: number): Promise<void> {
    const open = (): void => {
      if (this.#before === gate) this.#before = undefined;
    };
    const gate: Promise<void> = sending.then(open, open);
    this.#before = gate;
    return tolerateNeglect(this.#bounded(sending, timeoutMs));
  }

  /** What the sender sees: it settles with the sending, or with its time, or with the session. */
  #bounded(sending: Promise<void>, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) reject(this.#ended);
      const timer = timeoutMs === Infinity ? undefined : setTimeout(() => reject(this.outbox.timeOut()), timeoutMs);
      timer?.unref();
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(reject);
      };
      this.#waiting.add(reject);
      sending.then(resolve, reject);
      sending.then(done, done);
    });
  }
}
