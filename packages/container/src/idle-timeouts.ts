import type { LimitName } from './diagnostic-event';

/** The clock's step: how exact idle timeouts are, and how often the process wakes up for them. */
const TICK_MS = 20;

/** A longer step, as of an event loop that was blocked or a process that slept, counts for no more. */
const LONGEST_STEP_MS = 2 * TICK_MS;

/** After how long a session is idle, in milliseconds; Infinity for never. */
export interface IdleLimits {
  readonly readMs: number;
  readonly writeMs: number;
  /** Nothing read and nothing written. */
  readonly bothMs: number;
}

type IdleCause = Extract<LimitName, 'readIdleTimeout' | 'writeIdleTimeout' | 'maxSessionIdleTimeout'>;

const WORDS: { readonly [C in IdleCause]: string } = {
  readIdleTimeout: 'read idle',
  writeIdleTimeout: 'write idle',
  maxSessionIdleTimeout: 'idle',
};

/** The activity of one session. */
export interface WatchedSession {
  /** In the time of {@link IdleTimeouts.now}, as the others. */
  readonly lastRead: number;
  readonly lastWrite: number;
  readonly keepAlive: { look(now: number): number } | undefined;
  /** From now on the session is watched. */
  watchedFrom(now: number): void;
  /** Ends the session. */
  abandon(limit: LimitName, phrase: string): void;
}

/**
 * Closes sessions that have been idle too long, and has silent peers pinged.
 *
 * One clock ticks for all sessions of a container while any of them has a limit; a message costs its session one copy of
 * `now`. The timer does not keep the process alive.
 */
export class IdleTimeouts {
  /**
   * The time of the last tick; at most one tick old while anything is watched. It counts the time in which the event loop
   * turned: while it is blocked nobody is heard, and nothing is written.
   */
  now = performance.now();
  /** When the last tick was, in `performance.now()` time. */
  #tickedAt = 0;
  readonly #watched = new Map<WatchedSession, IdleLimits>();
  #timer: NodeJS.Timeout | undefined;
  /** No watched session can be idle before this time. */
  #nextLook = Infinity;

  /** Replaces the limits of a session. It is no longer watched when all are Infinity, unless its peer is pinged. */
  watch(session: WatchedSession, limits: IdleLimits): void {
    const shortest = Math.min(limits.readMs, limits.writeMs, limits.bothMs);
    if (shortest === Infinity && session.keepAlive === undefined) {
      this.forget(session);
      return;
    }
    if (this.#timer === undefined) {
      this.now = this.#tickedAt = performance.now();
      this.#timer = setInterval(() => this.#tick(), TICK_MS);
      this.#timer.unref();
    }
    if (!this.#watched.has(session)) session.watchedFrom(this.now);
    this.#watched.set(session, limits);
    this.#nextLook = 0;
  }

  forget(session: WatchedSession): void {
    if (!this.#watched.delete(session) || this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    // Everything that came by the last tick is read by now, however late this one is.
    const judged = this.now;
    const ticked = performance.now();
    // At least its own period: a test's mocked timers may tick without a clock that goes with them.
    this.now += Math.min(Math.max(ticked - this.#tickedAt, TICK_MS), LONGEST_STEP_MS);
    this.#tickedAt = ticked;
    if (judged < this.#nextLook) return;
    let next = Infinity;
    for (const [session, limits] of this.#watched) {
      const { cause, at } = earliest(session, limits);
      // A read within a tick carries the time of the tick's beginning. Wait for one more, so that no timeout is early.
      if (at + TICK_MS <= judged) session.abandon(cause, `The session’s ${WORDS[cause]} timeout has passed.`);
      else next = Math.min(next, at + TICK_MS, session.keepAlive?.look(judged) ?? Infinity);
    }
    this.#nextLook = next;
  }
}

/** When a session becomes idle if nothing more happens, and by which limit; in Tomcat's order where they coincide. */
function earliest(session: WatchedSession, limits: IdleLimits): { readonly cause: IdleCause; readonly at: number } {
  const read = session.lastRead + limits.readMs;
  const write = session.lastWrite + limits.writeMs;
  const both = Math.max(session.lastRead, session.lastWrite) + limits.bothMs;
  const at = Math.min(read, write, both);
  return { at, cause: at === read ? 'readIdleTimeout' : at === write ? 'writeIdleTimeout' : 'maxSessionIdleTimeout' };
}
