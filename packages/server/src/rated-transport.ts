import { CloseReason, type Extension } from '@serval/api';
import { Deadline, Fifo, pause } from '@serval/api/spi';
import type { InboundRule, ReadRateLimit, SendCallback, Transport, TransportListener } from '@serval/api/spi';
import type { DiagnosticEvent, OfSession } from '@serval/container';
import { addressKey } from './client-address';
import { askLimiter } from './rate-limits';

/** A session as its rated transport uses it. */
export interface RatedSession {
  readonly endpointPath: string | undefined;
  readonly userName: string | undefined;
  readonly plan: { readonly name: string };
  readonly settings: { readonly sessionCloseTimeout: number };
  readonly context: { readonly diagnostics: { report(event: DiagnosticEvent): void } };
  getId(): string;
  close(reason: CloseReason): Promise<void>;
}

/** A message, or a part of one. */
type Arrival =
  | { readonly kind: 'text'; readonly data: string; readonly last: boolean }
  | { readonly kind: 'binary'; readonly data: Buffer; readonly last: boolean };

/** A limit of one session, with the key under which its messages count. */
interface Gate {
  readonly limit: ReadRateLimit;
  readonly key: string;
}

/** Once so many messages, or so many bytes of them, wait for the limiters, the connection is not read any more. */
const MAX_WAITING = 64;
const MAX_WAITING_BYTES = 65_536;

const TOO_FAST = new CloseReason(1008, 'Too many messages.');
const NO_LIMITER = new CloseReason(1013, 'The rate of messages cannot be checked. Try again later.');

/**
 * A transport whose messages pass rate limits before its listener gets them, in order. Sends, pings and pongs pass at once.
 *
 * Messages that wait for a limiter when the connection is lost are left out; those before a close frame of the peer are
 * delivered first, for as long as the close timeout.
 */
export class RatedTransport implements Transport, TransportListener {
  #listener: TransportListener | undefined;
  #session: RatedSession | undefined;
  #gates: readonly Gate[] = [];
  #waiting = new Fifo<Arrival>();
  #waitingBytes = 0;
  readonly #over = new AbortController();
  /** Whether the listener wants nothing at the moment. */
  #isPaused = true;
  #isInnerPaused = true;
  #isRunning = false;
  /** A message is under way, and its next arrival is a part of it. */
  #isInMessage = false;
  /** The rest of the message is left out. */
  #isDropping = false;
  #ending: { readonly tell: () => void; readonly limit: Deadline } | undefined;

  constructor(
    private readonly inner: Transport,
    private readonly limits: readonly ReadRateLimit[],
  ) {}

  /** The session begins. */
  begin(session: RatedSession): void {
    this.#session = session;
    const values = { session: session.getId(), user: session.userName, address: addressKey(this.remoteAddress) };
    this.#gates = this.limits.flatMap((limit) => {
      const value = values[limit.by];
      return value === undefined ? [] : [{ limit, key: `${limit.by} ${value}` }];
    });
  }

  // --- Transport --------------------------------------------------------------------------------------------------

  get extensions(): readonly Extension[] {
    return this.inner.extensions;
  }
  get bufferedBytes(): number {
    return this.inner.bufferedBytes;
  }
  get progress(): number {
    return this.inner.progress;
  }
  get isTextOnly(): boolean | undefined {
    return this.inner.isTextOnly;
  }
  get isFull(): boolean | undefined {
    return this.inner.isFull;
  }
  get isSecure(): boolean {
    return this.inner.isSecure;
  }
  get isHoldingBack(): boolean {
    return !this.#isPaused && (this.#isRunning || this.#waiting.size > 0);
  }
  get remoteAddress(): string | undefined {
    return this.inner.remoteAddress;
  }

  open(listener: TransportListener): void {
    this.#listener = listener;
    this.inner.open(this);
  }

  sendText(text: string, last: boolean, done?: SendCallback): void {
    this.inner.sendText(text, last, done);
  }
  sendBinary(data: Uint8Array, last: boolean, done?: SendCallback): void {
    this.inner.sendBinary(data, last, done);
  }
  ping(data: Uint8Array, done?: SendCallback): void {
    this.inner.ping(data, done);
  }
  pong(data: Uint8Array, done?: SendCallback): void {
    this.inner.pong(data, done);
  }

  close(code: number | undefined, reason: string): void {
    this.#giveUp();
    this.inner.close(code, reason);
  }

  terminate(): void {
    this.#giveUp();
    this.inner.terminate();
  }

  pause(): void {
    this.#isPaused = true;
    this.#pauseInner(true);
  }

  resume(): void {
    this.#isPaused = false;
    this.#regulate();
    // Not inside this call.
    if (this.#waiting.size > 0) queueMicrotask(() => void this.#run());
  }

  // --- TransportListener ------------------------------------------------------------------------------------------

  get textRule(): InboundRule {
    return this.#to.textRule;
  }
  get binaryRule(): InboundRule {
    return this.#to.binaryRule;
  }

  onText(data: string, last: boolean): void {
    this.#arrive({ kind: 'text', data, last });
  }
  onBinary(data: Buffer, last: boolean): void {
    this.#arrive({ kind: 'binary', data, last });
  }
  onPong(data: Buffer): void {
    this.#to.onPong(data);
  }
  onPing(): void {
    this.#to.onPing();
  }
  onError(error: Error): void {
    this.#to.onError(error);
  }
  onPeerLeaving(close?: { readonly code: number; readonly reason: string }): void {
    this.#to.onPeerLeaving?.(close);
  }

  onClosing(code: number, reason: string): void {
    const tell = (): void => this.#to.onClosing?.(code, reason);
    if (this.#waiting.size === 0 && !this.#isRunning) {
      tell();
      return;
    }
    const giveUp = (): void => {
      this.#giveUp();
      tell();
    };
    this.#ending = { tell, limit: new Deadline(this.#session?.settings.sessionCloseTimeout ?? 0, giveUp) };
    void this.#run();
  }

  onClose(code: number, reason: string): void {
    this.#giveUp();
    this.#to.onClose(code, reason);
  }

  get #to(): TransportListener {
    if (this.#listener === undefined) throw new Error('A transport calls its listener only once it is open.');
    return this.#listener;
  }

  // --- the rate ---------------------------------------------------------------------------------------------------

  #arrive(arrival: Arrival): void {
    if (this.#over.signal.aborted) return;
    this.#waiting.push(arrival);
    this.#waitingBytes += arrival.data.length;
    this.#regulate();
    void this.#run();
  }

  #giveUp(): void {
    this.#over.abort();
    this.#waiting = new Fifo();
    this.#waitingBytes = 0;
    this.#ending?.limit.clear();
    this.#ending = undefined;
  }

  #regulate(): void {
    if (this.#isPaused || this.#over.signal.aborted) return;
    this.#pauseInner(this.#waiting.size >= MAX_WAITING || this.#waitingBytes >= MAX_WAITING_BYTES);
  }

  #pauseInner(isPaused: boolean): void {
    if (isPaused === this.#isInnerPaused) return;
    this.#isInnerPaused = isPaused;
    if (isPaused) this.inner.pause();
    else this.inner.resume();
  }

  /** Passes on what waits, in order. Never rejects. */
  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (!this.#isPaused || this.#ending !== undefined) {
      const next = this.#waiting.take();
      if (next === undefined) break;
      this.#waitingBytes -= next.data.length;
      const isAllowed = await this.#passes(next);
      if (this.#over.signal.aborted) break;
      if (isAllowed && next.kind === 'text') this.#to.onText(next.data, next.last);
      else if (isAllowed && next.kind === 'binary') this.#to.onBinary(next.data, next.last);
      this.#regulate();
    }
    this.#isRunning = false;
    if (this.#waiting.size > 0 || this.#ending === undefined) return;
    const { tell, limit } = this.#ending;
    this.#ending = undefined;
    limit.clear();
    tell();
  }

  /** @returns whether the listener gets it */
  async #passes({ data, last }: Arrival): Promise<boolean> {
    const isFirst = !this.#isInMessage;
    this.#isInMessage = !last;
    if (this.#isDropping) {
      this.#isDropping = !last;
      return false;
    }
    const bytes = typeof data === 'string' ? Buffer.byteLength(data) : data.byteLength;
    for (const gate of this.#gates) {
      const points = gate.limit.count === 'bytes' ? bytes : Number(isFirst);
      const verdict = points === 0 ? 'pass' : await this.#ask(gate, points, isFirst);
      if (verdict === 'pass') continue;
      if (verdict === 'drop') this.#isDropping = !last;
      return false;
    }
    return true;
  }

  async #ask(gate: Gate, points: number, isFirst: boolean): Promise<'pass' | 'drop' | 'end'> {
    const { limit, key } = gate;
    for (let attempt = 0; !this.#over.signal.aborted; attempt += 1) {
      const answer = await askLimiter(limit, key, points);
      // The session ended while the limiter thought about it.
      if (this.#over.signal.aborted) break;
      if (answer.kind === 'granted') return 'pass';
      if (answer.kind === 'failed') return this.#limiterFailed(limit, answer.error);
      const action = limit.excess === 'drop' && !isFirst ? 'delay' : limit.excess;
      if (attempt === 0) this.#report(limit, action);
      if (action === 'drop') return 'drop';
      if (action === 'close') return this.#end(TOO_FAST);
      // The abort ends the wait; nothing else rejects it.
      await pause(answer.waitMs, this.#over.signal).catch(() => undefined);
    }
    return 'end';
  }

  #limiterFailed({ failure, rest }: ReadRateLimit, error: Error | undefined): 'pass' | 'end' {
    const session = this.#session;
    if (error !== undefined && session !== undefined)
      session.context.diagnostics.report({
        kind: 'limiter-failed',
        ...placeOf(session),
        failure,
        restMs: rest,
        error,
      });
    return failure === 'open' ? 'pass' : this.#end(NO_LIMITER);
  }

  #end(reason: CloseReason): 'end' {
    this.#giveUp();
    void this.#session?.close(reason);
    return 'end';
  }

  #report({ by, count }: ReadRateLimit, action: 'delay' | 'close' | 'drop'): void {
    const session = this.#session;
    if (session === undefined) return;
    const what = { delay: 'reading waits', close: 'it closes with 1008', drop: 'a message is left out' }[action];
    const message = `${what}, because the rate limit of ${count} by ${by} is exceeded. See rateLimits.`;
    session.context.diagnostics.report({
      kind: 'limit-hit',
      ...placeOf(session),
      limit: 'rateLimits',
      action,
      message,
    });
  }
}

function placeOf(session: RatedSession): OfSession {
  const { plan, endpointPath: template } = session;
  return { endpoint: plan.name, template, sessionId: session.getId() };
}
