import { IllegalStateException, SocketTimeoutException } from '@serval/api';
import { Deadline } from '@serval/api/spi';
import { rejected, tolerateNeglect } from './promises';

/** The limits of the messages that wait for their encoders. */
export interface EncodingLimits {
  readonly maxQueuedMessages: number;
  /** An encoder that never settles holds up the later messages for no longer than a send may take. */
  readonly blockingTimeoutMs: number;
}

/** Keeps the order of messages whose encoders take their time. */
export class EncodingOrder {
  /** Settles once the messages that wait for an encoder are encoded. */
  #encoding: Promise<void> | undefined;
  /** How many messages wait for that. */
  #waiting = 0;

  /** Whether a further message must wait for an earlier one. */
  get isHeld(): boolean {
    return this.#encoding !== undefined;
  }

  /** @returns the encoded message, once those of earlier calls are settled */
  inTurn<T>(encoding: Promise<T>, { maxQueuedMessages, blockingTimeoutMs }: EncodingLimits): Promise<T> {
    if (this.#waiting >= maxQueuedMessages) {
      void tolerateNeglect(encoding);
      return rejected(tooManyWait(maxQueuedMessages));
    }
    this.#waiting += 1;
    const before = this.#encoding;
    const inTime = withinTime(encoding, blockingTimeoutMs);
    const inTurn = Promise.all([inTime, before]).then(([encoded]) => encoded);
    // Behind the caller's own continuation of `inTurn`, which sends.
    const mine: Promise<void> = Promise.allSettled([before, inTurn]).then(() => {
      this.#waiting -= 1;
      if (this.#encoding === mine) this.#encoding = undefined;
    });
    this.#encoding = mine;
    return inTurn;
  }
}

function withinTime<T>(encoding: Promise<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const deadline = new Deadline(timeoutMs, () =>
      reject(
        new SocketTimeoutException(
          `The message was sent to nobody: its encoder has not settled within ${timeoutMs} ms (blockingSendTimeout).`,
        ),
      ),
    );
    encoding.then(resolve, reject).finally(() => deadline.clear());
  });
}

function tooManyWait(most: number): IllegalStateException {
  return new IllegalStateException(
    `The message was sent to nobody: ${most} broadcasts of this endpoint wait for an encoder, and no more may (maxQueuedMessages). Await them.`,
  );
}
