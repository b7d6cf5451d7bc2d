import { randomBytes } from 'node:crypto';
import type { Transport } from '@serval/api/spi';
import type { LimitName } from './diagnostic-event';

/** A session as its keep-alive uses it. Times are those of the clock of the idle timeouts. */
export interface KeepAliveHost {
  readonly transport: Pick<Transport, 'ping' | 'bufferedBytes' | 'progress'>;
  readonly now: number;
  readonly lastRead: number;
  readonly lastWrite: number;
  /** False while the inbox is full: nothing is heard of the peer then. */
  readonly isReading: boolean;
  /** Ends the session, whose peer is gone. */
  abandon(limit: LimitName, phrase: string, isGone: boolean): void;
}

/** The data of automatic pings, by which their pongs are recognised. */
const PING_DATA = randomBytes(16);

/** How often to check, within the pong timeout, that the peer is still draining while a ping waits behind other data. */
const LOOKS_WHILE_UNWRITTEN = 8;

/** Whether a pong answers an automatic ping. The endpoint does not get such a pong. */
export function isAutomaticPong(data: Buffer): boolean {
  return PING_DATA.equals(data);
}

/**
 * Pings the peer of one session while one of the directions is silent, because proxies have an idle timer for each, and
 * ends the session when the peer does not answer. One ping at a time is under way.
 *
 * Neither the pings nor their pongs count for the idle timeouts.
 */
export class KeepAlive {
  #intervalMs = Infinity;
  #pongTimeoutMs = Infinity;
  #heardAt = 0;
  #pingedAt = -Infinity;
  #isWritten = true;
  /** Since when the peer owes a sign of life: the ping was sent or written, or bytes of messages have moved since. */
  #owedSince = 0;
  #buffered = 0;
  #progress = 0;

  constructor(private readonly session: KeepAliveHost) {}

  /**
   * @param intervalMs how long a direction is silent before a ping leaves
   * @param pongTimeoutMs how long the peer may stay silent then; Infinity: it is pinged, and never given up
   */
  configure(intervalMs: number, pongTimeoutMs: number): void {
    this.#intervalMs = intervalMs;
    this.#pongTimeoutMs = pongTimeoutMs;
  }

  /** The peer answered our ping, or reading continues after a pause in which nothing could arrive. */
  heard(): void {
    this.#heardAt = this.session.now;
  }

  /** Pings or judges the peer where it is time. @param now up to when everything is read @returns when to look again */
  look(now: number): number {
    const { session } = this;
    const heardAt = Math.max(this.#heardAt, session.lastRead);
    const isAwaited = this.#pingedAt > heardAt && this.#pongTimeoutMs < Infinity;
    // While this side does not read, the silence is not the peer's. It is still pinged, for the proxies between.
    if (isAwaited && session.isReading) return this.#judge(now, heardAt);
    const silentSince = Math.min(heardAt, session.lastWrite);
    const due = Math.max(silentSince, this.#pingedAt) + this.#intervalMs;
    if (now < due) return due;
    // A peer that takes nothing gets no second ping behind the first.
    if (!this.#isWritten) return now + this.#intervalMs;
    this.#ping();
    return now + Math.min(this.#intervalMs, this.#pongTimeoutMs);
  }

  #ping(): void {
    const { session } = this;
    this.#pingedAt = this.#owedSince = session.now;
    this.#isWritten = false;
    this.#buffered = session.transport.bufferedBytes;
    this.#progress = session.transport.progress;
    // Past the outbox: neither a batch nor a queue may hold it back (RFC 6455 5.4).
    session.transport.ping(PING_DATA, () => {
      this.#isWritten = true;
      this.#owedSince = session.now;
      this.#progress = session.transport.progress;
    });
  }

  #judge(now: number, heardAt: number): number {
    const { bufferedBytes, progress } = this.session.transport;
    // The peer drains, or is in the middle of a message: ping and pong may not have had their turn.
    const takes = !this.#isWritten && bufferedBytes < this.#buffered;
    if (takes || progress > this.#progress) this.#owedSince = now;
    this.#buffered = bufferedBytes;
    this.#progress = progress;
    // It may be silent for an interval, also where the ping was for our own silence.
    const deadline = Math.max(this.#owedSince, heardAt + this.#intervalMs) + this.#pongTimeoutMs;
    if (now < deadline)
      return this.#isWritten ? deadline : Math.min(deadline, now + this.#pongTimeoutMs / LOOKS_WHILE_UNWRITTEN);
    this.session.abandon('pongTimeout', 'The peer has not answered a ping within the pong timeout.', true);
    return Infinity;
  }
}
