import { IOException } from '@serval/api';
import { Fifo, type InboundRule, type Transport, type TransportListener } from '@serval/api/spi';
import { isStreaming, type EndpointPlan, type MessageRoute, type NativeType } from '@serval/plan';
import { inboundRules, type InboundRules, type InboundRulesHost } from './inbound-rules';
import { isAutomaticPong } from './keep-alive';
import { openBytes, openText, type MessagePipe } from './message-pipe';
import type { Settled } from './promises';
import { RunningHandlers } from './running-handlers';
import type { SessionTraffic } from './session-traffic';

/** A session as its inbox uses it. */
export interface InboxHost extends InboundRulesHost {
  readonly plan: Pick<EndpointPlan, 'inbound'>;
  readonly transport: Pick<Transport, 'pause' | 'resume'>;
  readonly limits: InboundRulesHost['limits'] & {
    /** How long a handler may take; Infinity for ever. */
    readonly handlerTimeoutMs: number;
    /** Something was read: a message, a part of one, or a pong. */
    read(): void;
    /** Something is being written. */
    wrote(): void;
    /** An automatic ping was answered, or reading goes on after a pause. */
    heard(): void;
  };
  readonly life: {
    peerLeaving(close?: { readonly code: number; readonly reason: string }): void;
    connectionClosing(code: number, reason: string): void;
    connectionClosed(code: number, reason: string): void;
    connectionFailed(error: Error): void;
    /** The message exceeds the limit of this side. */
    messageTooLarge(phrase: string): void;
    /** A handler took too long. */
    handlerOverdue(method: string | symbol, afterMs: number): void;
  };
  routeOf(native: NativeType): MessageRoute | undefined;
  /** Whether the session has open requests. */
  readonly awaitsReplies: boolean;
  /** Settles a request if the message is its reply. @returns whether it is a reply */
  takeReply(data: string | Buffer): boolean;
  /** Handles one message, or one part of it, or a stream. */
  dispatch(route: MessageRoute, arrived: unknown, last: boolean): Settled;
  /** Undefined unless the session is measured. */
  readonly traffic: Pick<SessionTraffic, 'received'> | undefined;
  /** A message has no handler. */
  dropped(messageType: 'text' | 'binary'): void;
}

/** With `inbound: 'concurrent'`, this many handlers of one session may run before its messages wait. */
const MAX_CONCURRENT = 256;

/** A streamed message may have this much waiting before the transport is paused: about one read from a socket. */
const PIPE_HIGH_WATER = 65_536;

/** Pongs that may wait for a busy handler; more are dropped, as no answer depends on them. */
const MAX_WAITING_PONGS = 64;

/** While the session has open requests, so many messages may wait for a busy handler, so that replies are read. */
const MAX_WAITING_WITH_REQUESTS = 64;

/**
 * `receiving`: messages arrive; `closing`: the last one arrived, and the close is answered behind it; `ended`: the session
 * is closing, and nothing is answered any more.
 */
type Phase = 'receiving' | 'closing' | 'ended';

type Arrival =
  | { readonly native: 'text'; readonly data: string; readonly last: boolean }
  | { readonly native: 'binary' | 'pong'; readonly data: Buffer; readonly last: boolean };

/**
 * Delivers the messages of a session in order and one at a time.
 *
 * While a handler is busy (or `@OnOpen` has not settled) arrivals wait here, and the first to wait pauses the transport;
 * so no more than the rest of one read ever waits. A streamed message is an exception: its later parts pass the waiting
 * ones by, because the busy handler is the one that reads them.
 */
export class Inbox implements TransportListener {
  #rules: InboundRules;
  #opening = true;
  /** From the first handler on that returned a promise. */
  #handlers: RunningHandlers | undefined;
  /** Ends the wait for `@OnOpen`. */
  #giveUpOpening: ((why: Error) => void) | undefined;
  /** The handlers' limit in a session that is closing, or whose peer is leaving. */
  #limitMs: number | undefined;
  /** A handler is being called, and has not returned yet. */
  #isCalling = false;
  #paused = true;
  #phase: Phase = 'receiving';
  #arrivals: Fifo<Arrival> | undefined;
  /** Runs when no more than so many handlers are busy and nothing waits any more: the answer to a close, or `@OnClose`. */
  #next: { readonly handlers: number; readonly run: () => void } | undefined;
  /** The same for a session that is to close once it is idle; the peer's own close goes before it. */
  #drained: (() => void) | undefined;
  /** The message that is arriving in parts keeps the route it began with. */
  #partsRoute: MessageRoute | undefined;
  #pipe: MessagePipe<string> | MessagePipe<Buffer> | undefined;

  constructor(private readonly host: InboxHost) {
    this.#rules = inboundRules(host);
  }

  get textRule(): InboundRule {
    return this.#rules.text;
  }

  get binaryRule(): InboundRule {
    return this.#rules.binary;
  }

  /** Reads the session's routes and limits again. */
  updateRules(): void {
    this.#rules = inboundRules(this.host);
  }

  get isReading(): boolean {
    return !this.#paused;
  }

  get #busy(): boolean {
    return this.#opening || this.running >= (this.host.plan.inbound === 'serial' ? 1 : MAX_CONCURRENT);
  }

  /** How many handlers are at work. */
  get running(): number {
    return this.#handlers?.size ?? 0;
  }

  /** Whether handlers are at work beside the one that may be the caller. */
  get hasOthers(): boolean {
    return this.running > (this.#isCalling ? 0 : 1);
  }

  /** Waits for `@OnOpen`. Resolves with its error, or with the reason for which the wait ended. */
  whileOpening(method: string | symbol, going: Promise<Error | undefined>): Promise<Error | undefined> {
    const handlers = this.#runningHandlers;
    const handler = handlers.begin(method);
    return new Promise((resolve) => {
      this.#giveUpOpening = resolve;
      void going.then((failure) => {
        handlers.settled(handler);
        resolve(failure);
      });
    });
  }

  /** `@OnOpen` has settled: deliver what waits, and begin to read. */
  start(): void {
    this.#opening = false;
    this.#giveUpOpening = undefined;
    this.#deliverWaiting();
    this.#regulate();
  }

  /** The session has its first open request, or none is left. */
  awaitsRepliesChanged(): void {
    this.#regulate();
  }

  /** Reads no more; calls `finish` once what has arrived is delivered and no handler is running. */
  drain(finish: () => void): void {
    if (this.#phase !== 'receiving') return;
    this.#drained = finish;
    this.#regulate();
    // Not at once: the caller may be a handler of this session.
    queueMicrotask(() => this.#deliverWaiting());
  }

  /** Nothing more comes. Calls `answer` once what has arrived is delivered and no handler is busy; at once if that is so. */
  close(answer: () => void): void {
    if (this.#phase !== 'receiving') return;
    this.#phase = 'closing';
    this.#next = { handlers: 0, run: answer };
    this.#deliverWaiting();
  }

  /** Takes nothing more. Calls `close` once at most one handler, which may be the one that calls this, is busy. */
  closeBehindOthers(close: () => void): void {
    this.#phase = 'closing';
    this.#arrivals = undefined;
    this.#next = { handlers: 1, run: close };
  }

  /**
   * No more messages: calls `finish` as soon as no handler is busy, so that `@OnClose` never overlaps one (WSC-5.1-2).
   *
   * @param keepWaiting deliver first what had arrived; false for a session that was closed on this side
   */
  end(keepWaiting: boolean, finish: () => void): void {
    this.#phase = 'ended';
    this.#next = { handlers: 0, run: finish };
    if (!keepWaiting) this.#arrivals = undefined;
    this.#failUnfinished();
    // Not at once: a handler that closes its own session is still running.
    queueMicrotask(() => this.#deliverWaiting());
  }

  /** From now on each handler may take this long and no longer. */
  limit(milliseconds: number): void {
    this.#limitMs = Math.min(this.#limitMs ?? Infinity, milliseconds);
    this.#handlers?.limit(milliseconds);
  }

  /** Waits for no handler any more, and delivers nothing more. */
  giveUp(): void {
    this.#handlers?.giveUp();
    this.#arrivals = undefined;
    this.#opening = false;
    this.#giveUpOpening?.(new Error('@OnOpen has not settled in time.'));
    this.#deliverWaiting();
  }

  onText(text: string, last: boolean): void {
    const { maxCharacters } = this.#rules;
    if (maxCharacters !== undefined && text.length > maxCharacters) {
      if (this.#phase !== 'receiving') return;
      this.host.transport.pause();
      this.host.life.messageTooLarge(`The message has ${text.length} characters; at most ${maxCharacters} are taken.`);
      this.onClosing(1009, `At most ${maxCharacters} characters are taken.`);
      return;
    }
    this.#arrive({ native: 'text', data: text, last });
  }

  onBinary(data: Buffer, last: boolean): void {
    this.#arrive({ native: 'binary', data, last });
  }

  onPong(data: Buffer): void {
    if (isAutomaticPong(data)) this.host.limits.heard();
    else this.#arrive({ native: 'pong', data, last: true });
  }

  /** Answered by the transport; it counts as traffic both ways, as in Tomcat. */
  onPing(): void {
    this.host.limits.read();
    this.host.limits.wrote();
  }

  onPeerLeaving(close?: { readonly code: number; readonly reason: string }): void {
    this.host.life.peerLeaving(close);
  }

  onClosing(code: number, reason: string): void {
    this.host.life.connectionClosing(code, reason);
  }

  onClose(code: number, reason: string): void {
    this.host.life.connectionClosed(code, reason);
  }

  onError(error: Error): void {
    this.host.life.connectionFailed(error);
  }

  #arrive(arrival: Arrival): void {
    this.host.limits.read();
    if (this.#phase !== 'receiving') return;
    const { traffic } = this.host;
    if (traffic !== undefined && arrival.native !== 'pong') traffic.received(arrival.data, arrival.last);
    if (this.#continuesPipe(arrival)) {
      this.#pushToPipe(arrival);
    } else if (this.host.awaitsReplies && this.#isEarlyReply(arrival)) {
      return;
    } else if (this.#busy) {
      if (!this.#isSparePong(arrival)) (this.#arrivals ??= new Fifo()).push(arrival);
    } else {
      this.#deliver(arrival);
    }
    this.#regulate();
  }

  /** A reply passes the messages that wait for the handler, which may wait for it. It needs no route. */
  #isEarlyReply({ native, data, last }: Arrival): boolean {
    if (native === 'pong' || !last || this.#partsRoute !== undefined) return false;
    // In its turn, the route's decoder finds it without a second look at each message.
    if (!this.#busy && this.host.routeOf(native)?.decoding.kind === 'decoders') return false;
    return this.host.takeReply(data);
  }

  /**
   * Whether the pong has no handler, or enough of them wait. While a streamed message arrives the socket must be read on,
   * so the pongs between its parts cannot hold it back.
   */
  #isSparePong({ native }: Arrival): boolean {
    if (native !== 'pong') return false;
    return this.host.routeOf('pong') === undefined || (this.#arrivals?.size ?? 0) >= MAX_WAITING_PONGS;
  }

  #deliver(arrival: Arrival): void {
    const route = this.#routeFor(arrival);
    if (route === undefined) {
      // A pong is the protocol's own business unless the endpoint asks for it.
      if (arrival.native !== 'pong') this.host.dropped(arrival.native);
      return;
    }
    this.#isCalling = true;
    const settled = isStreaming(route)
      ? this.#deliverStream(route, arrival)
      : this.host.dispatch(route, arrival.data, arrival.last);
    this.#isCalling = false;
    this.#occupyUntil(settled, route);
  }

  #routeFor({ native, last }: Arrival): MessageRoute | undefined {
    if (native === 'pong') return this.host.routeOf('pong');
    const route = this.#partsRoute ?? this.host.routeOf(native);
    this.#partsRoute = last ? undefined : route;
    return route;
  }

  /** Starts the handler of a streamed message with its first part. */
  #deliverStream(route: MessageRoute, arrival: Arrival): Settled {
    const onRead = (): void => this.#regulate();
    const { textBytes, binaryBytes } = this.host.limits;
    const { pipe, stream } = arrival.native === 'text' ? openText(textBytes, onRead) : openBytes(binaryBytes, onRead);
    this.#pipe = pipe;
    this.#pushToPipe(arrival);
    const settled = this.host.dispatch(route, stream, true);
    if (settled === undefined) pipe.abandon();
    return settled?.then(() => pipe.abandon());
  }

  #continuesPipe({ native }: Arrival): boolean {
    return this.#pipe !== undefined && native !== 'pong';
  }

  #pushToPipe({ data, last }: Arrival): void {
    // A message never changes its type in the middle, so the pipe holds what the arrival holds.
    (this.#pipe as MessagePipe<string | Buffer> | undefined)?.push(data, last);
    if (last) {
      this.#pipe = undefined;
      this.#partsRoute = undefined;
    }
  }

  #occupyUntil(settled: Settled, route: MessageRoute): void {
    if (settled === undefined) {
      // The handler closed the session, and is done itself.
      if (this.#next?.handlers === 1) this.#next = { handlers: 0, run: this.#next.run };
      return;
    }
    const handlers = this.#runningHandlers;
    const handler = handlers.begin(route.method, route.isUnhurried);
    void settled.then(() => {
      if (!handlers.settled(handler)) return;
      this.#deliverWaiting();
      this.#regulate();
    });
  }

  get #runningHandlers(): RunningHandlers {
    return (this.#handlers ??= new RunningHandlers(
      Math.min(this.#limitMs ?? Infinity, this.host.limits.handlerTimeoutMs),
      (handler, afterMs) => this.host.life.handlerOverdue(handler.method, afterMs),
    ));
  }

  #deliverWaiting(): void {
    while (!this.#busy || this.#pipe !== undefined) {
      const arrival = this.#nextWaiting();
      if (arrival === undefined) break;
      if (this.#continuesPipe(arrival)) this.#pushToPipe(arrival);
      else this.#deliver(arrival);
    }
    this.#failUnfinished();
    if (this.#opening || (this.#arrivals?.size ?? 0) > 0) return;
    const next = this.#next;
    if (next !== undefined && this.running <= next.handlers) {
      this.#next = undefined;
      next.run();
    } else if (next === undefined && this.running === 0) {
      const drained = this.#drained;
      this.#drained = undefined;
      drained?.();
    }
  }

  /**
   * After the end nothing completes a message whose parts are all delivered: neither one that was being read, nor one that
   * waited and began to be read since.
   */
  #failUnfinished(): void {
    if (this.#phase === 'receiving' || this.#pipe === undefined) return;
    // A pong that waits for the handler does not continue its message.
    for (const arrival of this.#arrivals ?? []) if (this.#continuesPipe(arrival)) return;
    this.#pipe.fail(new IOException('The session ended in the middle of the message.'));
    this.#pipe = undefined;
  }

  #nextWaiting(): Arrival | undefined {
    if (!this.#busy) return this.#arrivals?.take();
    // The busy handler waits for the rest of its message, and a pong may stand before that.
    return this.#arrivals?.takeFirst((arrival) => this.#continuesPipe(arrival));
  }

  /** Reads on only while nothing waits. */
  #regulate(): void {
    if (this.#phase !== 'receiving') return;
    // A session that is to close reads on only for the rest of a message that its handler is reading.
    const { awaitsReplies } = this.host;
    const isDraining = this.#drained !== undefined && this.#pipe === undefined && !awaitsReplies;
    const hasBacklog =
      this.#pipe === undefined
        ? (this.#arrivals?.size ?? 0) > (awaitsReplies ? MAX_WAITING_WITH_REQUESTS : 0)
        : this.#pipe.waiting > PIPE_HIGH_WATER;
    // Nothing is read before @OnOpen settles, unless it awaits a reply itself.
    const isOpening = this.#opening && !awaitsReplies;
    const shouldPause = isDraining || hasBacklog || isOpening;
    if (shouldPause === this.#paused) return;
    this.#paused = shouldPause;
    if (shouldPause) {
      this.host.transport.pause();
    } else {
      this.host.limits.heard();
      this.host.transport.resume();
    }
  }
}
