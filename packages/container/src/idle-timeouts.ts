import type { WsSession } from './session';

/** How often idle sessions are looked for: a tenth of the shortest timeout, within these bounds. */
const MIN_PERIOD_MS = 10;
const MAX_PERIOD_MS = 1000;

/** Closes sessions that have been idle too long, by one timer for all of them that does not keep the process alive. */
export class IdleTimeouts {
  readonly #watched = new Map<WsSession, number>();
  #timer: NodeJS.Timeout | undefined;
  #periodMs = MAX_PERIOD_MS;

  /** @param timeoutMs 0 or less stops watching */
  watch(session: WsSession, timeoutMs: number): void {
    if (timeoutMs <= 0) {
      this.forget(session);
      return;
    }
    this.#watched.set(session, timeoutMs);
    const periodMs = Math.min(MAX_PERIOD_MS, Math.max(MIN_PERIOD_MS, timeoutMs / 10));
    if (this.#timer !== undefined && periodMs >= this.#periodMs) return;
    clearInterval(this.#timer);
    this.#periodMs = periodMs;
    this.#timer = setInterval(() => this.#sweep(), periodMs);
    this.#timer.unref();
  }

  forget(session: WsSession): void {
    if (!this.#watched.delete(session) || this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #sweep(): void {
    const now = performance.now();
    for (const [session, timeoutMs] of this.#watched) {
      if (now - session.lastActivity > timeoutMs) session.idle();
    }
  }
}
