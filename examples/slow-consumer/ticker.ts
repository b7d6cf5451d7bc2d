import { SendDroppedException, type RemoteEndpoint } from 'serval';

/** This many shares make a tick of about 100 KB. */
const SHARES = 16_000;

/** Publishes the prices of all shares to its listeners, and waits for none of them. */
export class Ticker {
  readonly #listeners = new Set<RemoteEndpoint.Async>();
  readonly #cents = Array.from({ length: SHARES }, (_, share) => 1000 + share);
  #count = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;

  /** How many ticks have been published, to how many listeners, and how many messages were dropped on their way. */
  get state(): { readonly ticks: number; readonly listeners: number; readonly dropped: number } {
    return { ticks: this.#count, listeners: this.#listeners.size, dropped: this.#dropped };
  }

  add(listener: RemoteEndpoint.Async): void {
    this.#listeners.add(listener);
  }

  remove(listener: RemoteEndpoint.Async): void {
    this.#listeners.delete(listener);
  }

  start(intervalMs: number): void {
    this.#timer = setInterval(() => this.publish(), intervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  publish(): void {
    this.#count += 1;
    for (const share of this.#cents.keys()) this.#cents[share] = 1000 + ((share * 7 + this.#count * 13) % 9000);
    const text = JSON.stringify({ tick: this.#count, at: Date.now(), prices: this.#cents.map((cents) => cents / 100) });
    for (const listener of this.#listeners) {
      // Not awaited, because a slow reader must not hold up the others.
      listener.sendText(text).catch((error: unknown) => {
        if (error instanceof SendDroppedException) this.#dropped += 1;
      });
    }
  }
}
