import { IOException } from '@serval/api';
import { Fifo, type InboundRule, type TransportListener } from '@serval/api/spi';
import { isStreaming, type MessageRoute } from '@serval/plan';
import { dispatchMessage } from './dispatcher';
import { isAutomaticPong } from './keep-alive';
import { MessagePipe, WsInputStream, WsReader } from './message-pipe';
import type { Settled } from './promises';
import { RunningHandlers } from './running-handlers';
import type { WsSession } from './session';

/** With `inbound: 'concurrent'`, so many handlers of one session may run before its messages wait. */
const MAX_CONCURRENT = 256;

/** A streamed message may have so much waiting before the transport is paused: about what one read from a socket gives. */
const PIPE_HIGH_WATER = 65_536;

/** Until the session has set its rules. */
const NOTHING: InboundRule = { inParts: false, maxBytes: 0 };

/** Pongs that may wait for a busy handler; more are dropped, as no answer depends on them. */
const MAX_WAITING_PONGS = 64;

/**
 * `receiving`: messages come in; `closing`: the last one has come, and the close is answered behind it; `ended`: the session
 * is closing, and nothing is answered any more.
 */
type Phase = 'receiving' | 'closing' | 'ended';

type Arrival =
  | { readonly native: 'text'; readonly data: string; readonly last: boolean }
  | { readonly native: 'binary' | 'pong'; readonly data: Buffer; readonly last: boolean };

/**
 * What a session receives, in order and one at a time.
 *
 * While a handler is busy (or `@OnOpen` has not settled) arrivals wait here, and the first to wait pauses the transport;
 * so no more than what one read had already brought is ever waiting. A streamed message is an exception: its later
 * parts pass the waiting ones by, because the busy handler is the one that reads them.
 */
export class Inbox implements TransportListener {
  textRule: InboundRule = NOTHING;
  binaryRule: InboundRule = NOTHING;
  /** Of a whole text, where characters are counted. */
  maxCharacters = Infinity;

  #opening = true;
  /** From the first handler on that returned a promise. */
  #handlers: RunningHandlers | undefined;
  /** How `begin` of the session learns that its `@OnOpen` is not waited for any more. */
  #giveUpOpening: ((why: Error) => void) | undefined;
  /** Of a session that is closing, or whose peer is leaving. */
  #limitMs = Infinity;
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

  constructor(private readonly session: WsSession) {}

  get isReading(): boolean {
    return !this.#paused;
  }

  get #busy(): boolean {
    return this.#opening || this.running >= (this.session.plan.inbound === 'serial' ? 1 : MAX_CONCURRENT);
  }

  /** How many handlers are at work. */
  get running(): number {
    return this.#handlers?.size ?? 0;
  }

  /** Whether others are at work beside the handler that may be what asks. */
  get hasOthers(): boolean {
    return this.running > (this.#isCalling ? 0 : 1);
  }

  /** `@OnOpen` takes its time. @returns what it settles to, or why it is not waited for any more */
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

  /** Whether something has arrived that is not handled yet. */
  get isAtWork(): boolean {
    return this.#opening || this.running > 0 || (this.#arrivals?.size ?? 0) > 0;
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

  /** From now on each handler may take so long and no longer. */
  limit(milliseconds: number): void {
    this.#limitMs = Math.min(this.#limitMs, milliseconds);
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
    if (text.length > this.maxCharacters) {
      if (this.#phase !== 'receiving') return;
      this.session.transport.pause();
      this.onClosing(1009, `At most ${this.maxCharacters} characters are taken.`);
      return;
    }
    this.#arrive({ native: 'text', data: text, last });
  }

  onBinary(data: Buffer, last: boolean): void {
    this.#arrive({ native: 'binary', data, last });
  }

  onPong(data: Buffer): void {
    if (isAutomaticPong(data)) this.session.keepAlive?.heard();
    else this.#arrive({ native: 'pong', data, last: true });
  }

  /** Answered by the transport; it counts as traffic both ways, as in Tomcat. */
  onPing(): void {
    this.session.read();
    this.session.wrote();
  }

  onPeerLeaving(close?: { readonly code: number; readonly reason: string }): void {
    this.session.peerLeaving(close);
  }

  onClosing(code: number, reason: string): void {
    this.session.connectionClosing(code, reason);
  }

  onClose(code: number, reason: string): void {
    this.session.connectionClosed(code, reason);
  }

  onError(error: Error): void {
    this.session.connectionFailed(error);
  }

  #arrive(arrival: Arrival): void {
    this.session.read();
    if (this.#phase !== 'receiving') return;
    if (this.#continuesPipe(arrival)) {
      this.#pushToPipe(arrival);
    } else if (this.#busy) {
      if (!this.#isSparePong(arrival)) (this.#arrivals ??= new Fifo()).push(arrival);
    } else {
      this.#deliver(arrival);
    }
    this.#regulate();
  }

  /**
   * Nobody wants the pong, or enough of them wait. While a streamed message arrives the socket must be read on, so the
   * pongs between its parts cannot hold it back.
   */
  #isSparePong({ native }: Arrival): boolean {
    if (native !== 'pong') return false;
    return this.session.routeOf('pong') === undefined || (this.#arrivals?.size ?? 0) >= MAX_WAITING_PONGS;
  }

  #deliver(arrival: Arrival): void {
    const route = this.#routeFor(arrival);
    if (route === undefined) {
      // A pong is the protocol's own business unless the endpoint asks for it.
      if (arrival.native !== 'pong') this.session.dropped(arrival.native);
      return;
    }
    this.#isCalling = true;
    const settled = isStreaming(route)
      ? this.#deliverStream(route, arrival)
      : dispatchMessage(this.session, route, arrival.data, arrival.last);
    this.#isCalling = false;
    this.#occupyUntil(settled, route);
  }

  #routeFor({ native, last }: Arrival): MessageRoute | undefined {
    if (native === 'pong') return this.session.routeOf('pong');
    const route = this.#partsRoute ?? this.session.routeOf(native);
    this.#partsRoute = last ? undefined : route;
    return route;
  }

  /** Starts the handler of a streamed message with its first part. */
  #deliverStream(route: MessageRoute, arrival: Arrival): Settled {
    const onRead = (): void => this.#regulate();
    let stream: WsReader | WsInputStream;
    if (arrival.native === 'text') {
      const pipe = new MessagePipe<string>(onRead);
      stream = new WsReader(pipe, this.session.getMaxTextMessageBufferSize());
      this.#pipe = pipe;
    } else {
      const pipe = new MessagePipe<Buffer>(onRead);
      stream = new WsInputStream(pipe, this.session.getMaxBinaryMessageBufferSize());
      this.#pipe = pipe;
    }
    const pipe = this.#pipe;
    this.#pushToPipe(arrival);
    const settled = dispatchMessage(this.session, route, stream, true);
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
      // It closed the session, and is done itself.
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
    const limitMs = Math.min(this.#limitMs, this.session.handlerTimeoutMs);
    return (this.#handlers ??= new RunningHandlers(limitMs, (handler, afterMs) =>
      this.session.handlerOverdue(handler.method, afterMs),
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
   * After the end nothing completes a message whose parts have all been delivered: neither one that was being read, nor
   * one that waited and began to be read since.
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
    const isDraining = this.#drained !== undefined && this.#pipe === undefined;
    const hasBacklog =
      this.#pipe === undefined ? (this.#arrivals?.size ?? 0) > 0 : this.#pipe.waiting > PIPE_HIGH_WATER;
    const shouldPause = isDraining || hasBacklog;
    if (shouldPause === this.#paused) return;
    this.#paused = shouldPause;
    if (shouldPause) {
      this.session.transport.pause();
    } else {
      this.session.keepAlive?.heard();
      this.session.transport.resume();
    }
  }
}
