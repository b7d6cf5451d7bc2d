import { IllegalStateException } from '@serval/api';
import { Deadlines, type DueEntry } from './deadlines';
import { LOW_WATER, type Outbox, type Sending } from './outbox';
import { rejected, tolerateNeglect } from './promises';
import { SendQueue, type QueuedSend } from './send-queue';
import type { ContainerSettings } from './settings';
import { goOnLater, mayGoOn, type LongWork } from './turns';

/** A send that waits for its turn, or whose turn it is. */
interface HeldSend extends QueuedSend {
  readonly send: () => Sending;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  due: DueEntry<HeldSend> | undefined;
}

/**
 * Keeps sends in the order of their calls where one of them takes time before it reaches the transport: an encoder that
 * returned a promise, or one that writes a stream.
 */
export class SendOrder implements LongWork {
  /** Whose turn it is. */
  #current: HeldSend | undefined;
  readonly #waiting = new SendQueue<HeldSend>();
  /** What the senders see settles with the sending, or with its time, or with the session. */
  readonly #deadlines = new Deadlines<HeldSend>((held) => this.#timedOut(held));
  #ended: Error | undefined;

  constructor(
    private readonly outbox: Outbox,
    private readonly settings: ContainerSettings,
  ) {}

  get isHeld(): boolean {
    return this.#current !== undefined || this.#waiting.size > 0;
  }

  /** Runs `send` once all that was called before it has gone. */
  after(bytes: number, isWhole: boolean, timeoutMs: number, send: () => Sending): Promise<void> {
    this.requireFree();
    return !this.isHeld || this.#hasRoomFor(bytes, isWhole)
      ? this.#hold(bytes, isWhole, timeoutMs, send)
      : this.outbox.refuse(isWhole);
  }

  /** @throws IllegalStateException while something is held and `concurrentSends` is 'reject' */
  requireFree(): void {
    if (!this.isHeld || this.settings.concurrentSends === 'queue') return;
    throw new IllegalStateException(
      'An object is being encoded; await its sending first (concurrentSends is "reject").',
    );
  }

  /** Runs `task`, and keeps what is sent after it waiting until it has settled. */
  exclusively(timeoutMs: number, task: () => Promise<void>): Promise<void> {
    // An object has no size before it is encoded.
    return this.after(0, true, timeoutMs, task);
  }

  /** The connection is gone: an encoder may never settle, but the senders behind it do, and those that come later. */
  end(error: Error): void {
    this.#ended = error;
    this.#deadlines.clear();
    this.#current?.reject(error);
    for (let next = this.#waiting.take(); next !== undefined; next = this.#waiting.take()) next.reject(error);
  }

  /** A long queue takes turns with everything else. */
  goOn(): void {
    while (this.#current === undefined && this.#waiting.size > 0) {
      if (!mayGoOn()) {
        goOnLater(this);
        return;
      }
      this.#current = this.#waiting.take();
      if (this.#current !== undefined) this.#run(this.#current);
    }
  }

  /** Bounded like the queue of the outbox. */
  #hasRoomFor(bytes: number, isWhole: boolean): boolean {
    const { maxQueuedBytes, maxQueuedMessages, queueOverflow } = this.settings;
    const isFull = (): boolean =>
      this.#waiting.bytes + bytes > maxQueuedBytes || this.#waiting.size >= maxQueuedMessages;
    if (!isFull()) return true;
    if (queueOverflow !== 'drop-oldest' || bytes > Math.max(maxQueuedBytes, LOW_WATER)) return false;
    const hasRoom = this.#waiting.dropWhile(isFull, (oldest) => {
      this.#deadlines.remove(oldest.due);
      oldest.reject(this.outbox.dropped());
    });
    return hasRoom || isWhole;
  }

  /** The others learn it with the end of the session. */
  #timedOut(held: HeldSend): void {
    this.#deadlines.clear();
    held.reject(this.outbox.timeOut());
  }

  #hold(bytes: number, isDroppable: boolean, timeoutMs: number, send: () => Sending): Promise<void> {
    if (this.#ended !== undefined) return rejected(this.#ended);
    return tolerateNeglect(
      new Promise<void>((resolve, reject) => {
        const held: HeldSend = { bytes, isDroppable, send, resolve, reject, due: undefined };
        held.due = this.#deadlines.add(held, timeoutMs);
        if (this.isHeld) {
          this.#waiting.push(held);
          return;
        }
        this.#run(held);
      }),
    );
  }

  #run(held: HeldSend): void {
    const done = (): void => {
      this.#deadlines.remove(held.due);
      if (this.#current === held) this.#current = undefined;
    };
    let sending: Sending;
    try {
      sending = held.send();
    } catch (error) {
      done();
      held.reject(error as Error);
      return;
    }
    if (sending === undefined) {
      done();
      held.resolve();
      return;
    }
    this.#current = held;
    sending.then(held.resolve, held.reject);
    const goOn = (): void => {
      done();
      this.goOn();
    };
    sending.then(goOn, goOn);
  }
}
