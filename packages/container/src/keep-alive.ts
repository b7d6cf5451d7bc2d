import { randomBytes } from 'node:crypto';
import type { WsSession } from './session';

/** What automatic pings carry, and nothing else does: their pongs are known by it. */
const PING_DATA = randomBytes(16);

/** While a ping waits behind other data it is looked so many times within the pong timeout whether the peer takes any. */
const LOOKS_WHILE_UNWRITTEN = 8;

/** Whether a pong answers an automatic ping, and so is nobody else's. */
export function isAutomaticPong(data: Buffer): boolean {
  return PING_DATA.equals(data);
}

/**
 * Pings the peer of one session where one of the directions is silent, because proxies have an idle timer for each, and
 * finds out whether the peer is still there. One ping at a time is under way.
 *
 * Neither the pings nor their pongs count for the idle timeouts.
 */
export class KeepAlive {
  /** After how much silence of either direction a ping is sent. */
  intervalMs = Infinity;
  /** How long the peer may stay silent then; Infinity: it is pinged, and never given up. */
  pongTimeoutMs = Infinity;
  #heardAt = 0;
  #pingedAt = -Infinity;
  #isWritten = true;
  /** Since when the peer owes a sign of life: the ping was sent or written, or bytes of messages have moved since. */
  #owedSince = 0;
  #buffered = 0;
  #progress = 0;

  constructor(private readonly session: WsSession) {}

  /** A pong of ours has come, or reading goes on after a pause, in which nothing could be heard. */
  heard(): void {
    this.#heardAt = this.session.context.idleTimeouts.now;
  }

  /** What is to be done now: a time of the clock, up to which all has been read. @returns when to look again */
  look(now: number): number {
    const { session } = this;
    const heardAt = Math.max(this.#heardAt, session.lastRead);
    const isAwaited = this.#pingedAt > heardAt && this.pongTimeoutMs < Infinity;
    // While this side does not read, the silence is not the peer's; but it is still pinged, for the proxies between.
    if (isAwaited && session.isReading) return this.#judge(now, heardAt);
    const silentSince = Math.min(heardAt, session.lastWrite);
    const due = Math.max(silentSince, this.#pingedAt) + this.intervalMs;
    if (now < due) return due;
    // A peer that takes nothing gets no second ping behind the first.
    if (!this.#isWritten) return now + this.intervalMs;
    this.#ping();
    return now + Math.min(this.intervalMs, this.pongTimeoutMs);
  }

  #ping(): void {
    const { session } = this;
    this.#pingedAt = this.#owedSince = session.context.idleTimeouts.now;
    this.#isWritten = false;
    this.#buffered = session.transport.bufferedBytes;
    this.#progress = session.transport.progress;
    // Past the outbox: neither a batch nor a queue may hold it back (RFC 6455 5.4).
    session.transport.ping(PING_DATA, () => {
      this.#isWritten = true;
      this.#owedSince = session.context.idleTimeouts.now;
      this.#progress = session.transport.progress;
    });
  }

  #judge(now: number, heardAt: number): number {
    const { bufferedBytes, progress } = this.session.transport;
    // The peer takes what it is sent, or is in the middle of a message: ping and pong may not have had their turn.
    const takes = !this.#isWritten && bufferedBytes < this.#buffered;
    if (takes || progress > this.#progress) this.#owedSince = now;
    this.#buffered = bufferedBytes;
    this.#progress = progress;
    // It may be silent for an interval, also where the ping was for our own silence.
    const deadline = Math.max(this.#owedSince, heardAt + this.intervalMs) + this.pongTimeoutMs;
    if (now < deadline)
      return this.#isWritten ? deadline : Math.min(deadline, now + this.pongTimeoutMs / LOOKS_WHILE_UNWRITTEN);
    this.session.abandon('The peer has not answered a ping within the pong timeout.', true);
    return Infinity;
  }
}
