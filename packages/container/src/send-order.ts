import { IllegalStateException } from '@serval/api';
import { Deadlines, type DueEntry } from './deadlines';
import { rejected, tolerateNeglect, type Sending } from './promises';
import { dropped, fitsAlone, overflow, timedOut, type BoundsHost } from './send-bounds';
import { SendQueue, type QueuedSend } from './send-queue';
import type { ContainerSettings } from './settings';
import { goOnLater, mayGoOn, type LongWork } from './turns';

/** A session as the order of its sends uses it. */
export interface SendOrderHost extends BoundsHost {
  readonly settings: BoundsHost['settings'] & Pick<ContainerSettings, 'concurrentSends'>;
}

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
  /** The send whose turn it is. */
  #current: HeldSend | undefined;
  readonly #waiting = new SendQueue<HeldSend>();
  /** A sender's promise settles with the sending, with its timeout, or with the session. */
  readonly #deadlines = new Deadlines<HeldSend>((held) => this.#timedOut(held));
  #ended: Error | undefined;

  constructor(private readonly host: SendOrderHost) {}

  get isHeld(): boolean {
    return this.#current !== undefined || this.#waiting.size > 0;
  }

  /** Runs `send` behind all earlier sends. */
  after(bytes: number, isWhole: boolean, timeoutMs: number, send: () => Sending): Promise<void> {
    this.requireFree();
    return !this.isHeld || this.#hasRoomFor(bytes, isWhole)
      ? this.#hold(bytes, isWhole, timeoutMs, send)
      : rejected(overflow(this.host, isWhole));
  }

  /** @throws IllegalStateException while something is held and `concurrentSends` is 'reject' */
  requireFree(): void {
    if (!this.isHeld || this.host.settings.concurrentSends === 'queue') return;
    throw new IllegalStateException(
      'An object is being encoded; await its sending first (concurrentSends is "reject").',
    );
  }

  /** Runs `task`, and keeps later sends waiting until it has settled. */
  exclusively(timeoutMs: number, task: () => Promise<void>): Promise<void> {
    // An object has no size before it is encoded.
    return this.after(0, true, timeoutMs, task);
  }

  /** The connection is gone: an encoder may never settle, but the senders behind it do, and later ones too. */
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
    const { maxQueuedBytes, maxQueuedMessages, queueOverflow } = this.host.settings;
    const isFull = (): boolean =>
      this.#waiting.bytes + bytes > maxQueuedBytes || this.#waiting.size >= maxQueuedMessages;
    if (!isFull()) return true;
    if (queueOverflow !== 'drop-oldest' || !fitsAlone(this.host, bytes)) return false;
    const hasRoom = this.#waiting.dropWhile(isFull, (oldest) => {
      this.#deadlines.remove(oldest.due);
      oldest.reject(dropped(this.host));
    });
    return hasRoom || isWhole;
  }

  /** The others fail with the end of the session. */
  #timedOut(held: HeldSend): void {
    this.#deadlines.clear();
    held.reject(timedOut(this.host));
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
