import { channel, tracingChannel, type Channel } from 'node:diagnostics_channel';
import {
  DIAGNOSTICS_CHANNEL,
  MESSAGE_CHANNEL,
  type DiagnosticEvent,
  type HandledMessage,
  type SessionClosed,
  type SessionOpened,
  type SessionTraffic,
} from '@serval/container';

/** So many endpoints are told apart; programs that make templates at run time share one label beyond them. */
const MAX_ENDPOINTS = 500;
const OTHERS = '(others)';

/** Seconds, cumulative, as Prometheus counts them. */
export class Buckets {
  readonly counts: number[];
  count = 0;
  sum = 0;

  constructor(readonly bounds: readonly number[]) {
    this.counts = bounds.map(() => 0);
  }

  observe(seconds: number): void {
    this.count += 1;
    this.sum += seconds;
    for (let index = 0; index < this.bounds.length; index += 1) {
      if (seconds > (this.bounds[index] ?? 0)) continue;
      this.counts[index] = (this.counts[index] ?? 0) + 1;
      return;
    }
  }
}

/** Counts by the values of one label. */
export class Counts<K> {
  readonly #counts = new Map<K, number>();

  add(key: K): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  [Symbol.iterator](): IterableIterator<[K, number]> {
    return this.#counts.entries();
  }
}

/** The messages and bytes of sessions, in both directions. */
export interface Totals {
  receivedMessages: number;
  receivedBytes: number;
  sentMessages: number;
  sentBytes: number;
  coalescedMessages: number;
}

/** Everything measured at one endpoint. */
export class EndpointMeasurements {
  /** The traffic of the sessions that are not over. */
  readonly live = new Set<SessionTraffic>();
  readonly closes = new Counts<string>();
  readonly limits = new Counts<string>();
  readonly drops = new Counts<'queue' | 'no_handler' | 'rate_limit'>();
  /** Messages beyond a rate limit. */
  readonly rateLimited = new Counts<'delay' | 'drop' | 'close'>();
  readonly sessionSeconds: Buckets;
  readonly handlerSeconds: Buckets;
  handlerErrors = 0;
  limiterFailures = 0;
  readonly #ended: Totals = {
    receivedMessages: 0,
    receivedBytes: 0,
    sentMessages: 0,
    sentBytes: 0,
    coalescedMessages: 0,
  };

  constructor(
    /** The endpoint's template; for a client its class's name. */
    readonly endpoint: string,
    bounds: Bounds,
  ) {
    this.sessionSeconds = new Buckets(bounds.session);
    this.handlerSeconds = new Buckets(bounds.handler);
  }

  /** Of all sessions, those that are over included. */
  get totals(): Totals {
    const totals = { ...this.#ended };
    for (const traffic of this.live) add(totals, traffic);
    return totals;
  }

  get queued(): { readonly messages: number; readonly bytes: number } {
    let messages = 0;
    let bytes = 0;
    for (const traffic of this.live) {
      messages += traffic.queuedMessages;
      bytes += traffic.queuedBytes;
    }
    return { messages, bytes };
  }

  ended(traffic: SessionTraffic): void {
    if (this.live.delete(traffic)) add(this.#ended, traffic);
  }
}

function add(totals: Totals, traffic: Totals): void {
  totals.receivedMessages += traffic.receivedMessages;
  totals.receivedBytes += traffic.receivedBytes;
  totals.sentMessages += traffic.sentMessages;
  totals.sentBytes += traffic.sentBytes;
  totals.coalescedMessages += traffic.coalescedMessages;
}

/** The upper bounds of the buckets, in seconds, ascending. */
export interface Bounds {
  readonly handler: readonly number[];
  readonly session: readonly number[];
}

/** The endpoint, the status and the rule of handshakes; the rule is empty for those that were accepted. */
export interface HandshakeLabels {
  readonly endpoint: string;
  readonly status: string;
  readonly rule: string;
}

/** Observers of single values, for exporters that make their own histograms. */
export interface Observers {
  readonly handled?: ((at: EndpointMeasurements, seconds: number, error: Error | undefined) => void) | undefined;
  readonly closed?: ((at: EndpointMeasurements, seconds: number, code: string) => void) | undefined;
}

/**
 * Measures all sessions and handshakes of the process, from `start` to `stop`, by the diagnostics channels. The exporters
 * read it when they are read themselves, so that a message costs them little.
 */
export class Measurements {
  readonly #endpoints = new Map<string, EndpointMeasurements>();
  readonly #handshakes = new Map<string, { readonly labels: HandshakeLabels; count: number }>();
  /** The endpoint of each session that began since the start. */
  readonly #places = new WeakMap<object, EndpointMeasurements>();
  readonly #subscribed: (readonly [Channel, (event: unknown) => void])[] = [];

  /** @param onError for the exceptions of observers; by default they are lost */
  constructor(
    private readonly bounds: Bounds,
    private readonly observers: Observers = {},
    private readonly onError: (error: unknown) => void = () => undefined,
  ) {}

  /** @param handlers whether the durations of handlers are measured */
  start({ handlers = true } = {}): void {
    this.#subscribe(channel(DIAGNOSTICS_CHANNEL), (event) => this.#onEvent(event as DiagnosticEvent));
    if (!handlers) return;
    const messages = tracingChannel(MESSAGE_CHANNEL);
    this.#subscribe(messages.end, (message) => this.#onEnd(message as HandledMessage));
    this.#subscribe(messages.asyncEnd, (message) => this.#onSettled(message as HandledMessage));
  }

  stop(): void {
    for (const [channel, listener] of this.#subscribed.splice(0)) channel.unsubscribe(listener);
  }

  /** An exception of a subscriber would end the process. */
  #subscribe(channel: Channel, listener: (event: unknown) => void): void {
    const guarded = (event: unknown): void => {
      try {
        listener(event);
      } catch (error) {
        this.onError(error);
      }
    };
    channel.subscribe(guarded);
    this.#subscribed.push([channel, guarded]);
  }

  get endpoints(): Iterable<EndpointMeasurements> {
    return this.#endpoints.values();
  }

  get handshakes(): Iterable<{ readonly labels: HandshakeLabels; readonly count: number }> {
    return this.#handshakes.values();
  }

  #at(endpoint: string): EndpointMeasurements {
    const label = this.#labelOf(endpoint);
    let found = this.#endpoints.get(label);
    if (found === undefined) this.#endpoints.set(label, (found = new EndpointMeasurements(label, this.bounds)));
    return found;
  }

  #labelOf(endpoint: string): string {
    return this.#endpoints.has(endpoint) || this.#endpoints.size < MAX_ENDPOINTS ? endpoint : OTHERS;
  }

  #onEvent(event: DiagnosticEvent): void {
    switch (event.kind) {
      case 'session-opened':
        this.#opened(event);
        return;
      case 'session-closed':
        this.#closed(event);
        return;
      case 'handshake-accepted':
        this.#handshake(event.template, String(event.status), '');
        return;
      case 'handshake-refused':
        this.#handshake(event.template, String(event.status), event.rule);
        return;
      case 'handshake-failed':
        if (event.status !== undefined) this.#handshake(event.template, String(event.status), 'error');
        return;
      case 'limit-hit':
        this.#limitHit(this.#at(nameOf(event)), event);
        return;
      case 'limiter-failed':
        this.#at(nameOf(event)).limiterFailures += 1;
        return;
      case 'handler-overdue':
        this.#at(nameOf(event)).limits.add('handlerTimeout');
        return;
      case 'send-dropped':
        this.#at(nameOf(event)).drops.add('queue');
        return;
      case 'message-dropped':
        this.#at(nameOf(event)).drops.add('no_handler');
        return;
      default:
    }
  }

  #limitHit(at: EndpointMeasurements, { limit, action }: Extract<DiagnosticEvent, { kind: 'limit-hit' }>): void {
    at.limits.add(limit);
    if (action === undefined) return;
    at.rateLimited.add(action);
    if (action === 'drop') at.drops.add('rate_limit');
  }

  #opened(event: SessionOpened): void {
    const at = this.#at(nameOf(event));
    at.live.add(event.traffic);
    this.#places.set(event.session, at);
  }

  #closed(event: SessionClosed): void {
    const at = this.#at(nameOf(event));
    if (event.traffic !== undefined) at.ended(event.traffic);
    const code = codeLabel(event);
    at.closes.add(code);
    if (event.durationMs === undefined) return;
    const seconds = event.durationMs / 1000;
    at.sessionSeconds.observe(seconds);
    this.observers.closed?.(at, seconds, code);
  }

  #handshake(template: string | undefined, status: string, rule: string): void {
    const endpoint = template === undefined ? '' : this.#labelOf(template);
    const key = `${status} ${rule} ${endpoint}`;
    const known = this.#handshakes.get(key);
    if (known !== undefined) known.count += 1;
    else if (this.#handshakes.size < MAX_ENDPOINTS)
      this.#handshakes.set(key, { labels: { endpoint, status, rule }, count: 1 });
  }

  #onEnd(message: HandledMessage): void {
    if (!message.isAsync) this.#onSettled(message);
  }

  #onSettled(message: HandledMessage): void {
    const seconds = (performance.now() - message.startedAt) / 1000;
    const at = this.#places.get(message.session) ?? this.#at(nameOf(message));
    if (message.error !== undefined) at.handlerErrors += 1;
    at.handlerSeconds.observe(seconds);
    this.observers.handled?.(at, seconds, message.error);
  }
}

/** A template for a server's endpoint, the class's name for a client's. */
function nameOf(event: { readonly endpoint: string; readonly template?: string | undefined }): string {
  return event.template ?? event.endpoint;
}

/** A peer may close with any of 2000 codes, so those that it chose itself share two labels. */
function codeLabel({ code, isClosedHere }: SessionClosed): string {
  return code < 3000 || isClosedHere ? String(code) : `${Math.floor(code / 1000)}xxx`;
}
