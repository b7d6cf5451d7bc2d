import { setImmediate } from 'node:timers'; // the real one, so that a test runner's fake timers do not affect it
import { Fifo } from '@serval/api/spi';

/** A session as its incoming messages use it. */
export interface IncomingHost {
  /** @returns false if nothing may follow the message */
  deliver(text: string): boolean;
}

/**
 * So many UTF-16 units of messages may wait for a paused listener. A request with further ones is answered only when there
 * is room again.
 */
const HELD_BACK_UNITS = 65_536;

/** The messages that the peer sent, in order, on their way to a listener that may be paused. */
export class Incoming {
  readonly #texts = new Fifo<string>();
  #units = 0;
  #phase: 'open' | 'stopped' = 'open';
  #isPaused = true;
  #isDelivering = false;
  #isScheduled = false;
  /** Called once there is room, in order. */
  #waiting: (() => void)[] = [];
  #whenEmpty: (() => void) | undefined;

  constructor(private readonly host: IncomingHost) {}

  get isEmpty(): boolean {
    return this.#texts.size === 0;
  }

  /** How many senders wait for room. */
  get waitingSenders(): number {
    return this.#waiting.length;
  }

  /** @param accepted called when there is room for further messages, perhaps at once */
  push(texts: readonly string[], accepted?: () => void): void {
    if (this.#phase === 'stopped') {
      accepted?.();
      return;
    }
    for (const text of texts) {
      this.#texts.push(text);
      this.#units += text.length;
    }
    this.#deliver();
    if (accepted === undefined) return;
    if (this.#units <= HELD_BACK_UNITS) accepted();
    else this.#waiting.push(accepted);
  }

  pause(): void {
    this.#isPaused = true;
  }

  /** Delivers in a later turn, because the listener may be the caller. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.isEmpty || this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#deliver();
    });
  }

  /** Calls back once everything is delivered, or at once if nothing waits. */
  whenEmpty(then: () => void): void {
    if (this.isEmpty) then();
    else this.#whenEmpty = then;
  }

  /** Drops what waits. Nothing is delivered any more. */
  stop(): void {
    this.#phase = 'stopped';
    while (this.#texts.take() !== undefined);
    this.#units = 0;
    this.#tellRoom();
    this.#tellEmpty();
  }

  #deliver(): void {
    // A message that arrives while the listener has one waits for its turn.
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    while (!this.#isPaused && this.#phase === 'open') {
      const text = this.#texts.take();
      if (text === undefined) break;
      this.#units -= text.length;
      if (!this.host.deliver(text)) this.stop();
    }
    this.#isDelivering = false;
    if (this.#units <= HELD_BACK_UNITS) this.#tellRoom();
    if (this.isEmpty) this.#tellEmpty();
  }

  #tellRoom(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const accepted of waiting) accepted();
  }

  #tellEmpty(): void {
    const then = this.#whenEmpty;
    this.#whenEmpty = undefined;
    then?.();
  }
}
