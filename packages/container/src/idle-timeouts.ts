import type { WsSession } from './session';

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

/** Which limit has passed. */
type IdleCause = 'read idle' | 'write idle' | 'idle';

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
  readonly #watched = new Map<WsSession, IdleLimits>();
  #timer: NodeJS.Timeout | undefined;
  /** No watched session can be idle before this time. */
  #nextLook = Infinity;

  /** Replaces what is watched of a session; limits that are all Infinity end it, unless its peer is pinged. */
  watch(session: WsSession, limits: IdleLimits): void {
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
    if (!this.#watched.has(session)) session.lastRead = session.lastWrite = this.now;
    this.#watched.set(session, limits);
    this.#nextLook = 0;
  }

  forget(session: WsSession): void {
    if (!this.#watched.delete(session) || this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    // What had come by the last tick has been read since, however late this one is.
    const judged = this.now;
    const ticked = performance.now();
    // By its own period at the least: a test's mocked timers may tick without a clock that goes with them.
    this.now += Math.min(Math.max(ticked - this.#tickedAt, TICK_MS), LONGEST_STEP_MS);
    this.#tickedAt = ticked;
    if (judged < this.#nextLook) return;
    let next = Infinity;
    for (const [session, limits] of this.#watched) {
      const { cause, at } = earliest(session, limits);
      // What was read within a tick carries the time of its beginning: wait for one more, so that none is early.
      if (at + TICK_MS <= judged) session.abandon(`The session’s ${cause} timeout has passed.`);
      else next = Math.min(next, at + TICK_MS, session.keepAlive?.look(judged) ?? Infinity);
    }
    this.#nextLook = next;
  }
}

/** When a session becomes idle if nothing more happens, and by which limit; in Tomcat's order where they coincide. */
function earliest(session: WsSession, limits: IdleLimits): { readonly cause: IdleCause; readonly at: number } {
  const read = session.lastRead + limits.readMs;
  const write = session.lastWrite + limits.writeMs;
  const both = Math.max(session.lastRead, session.lastWrite) + limits.bothMs;
  const at = Math.min(read, write, both);
  return { at, cause: at === read ? 'read idle' : at === write ? 'write idle' : 'idle' };
}
