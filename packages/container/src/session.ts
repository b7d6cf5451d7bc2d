import { randomBytes } from 'node:crypto';
import {
  CloseReason,
  IllegalStateException,
  Session,
  type IOException,
  type AbstractClass,
  type EndpointConfig,
  type Extension,
  type MessageHandler,
  type PrimitiveType,
  type PrimitiveValue,
  type Principal,
  type RemoteEndpoint,
  type SendResult,
  type WebSocketContainer,
} from '@serval/api';
import { closeReasonOf, Deadline, type Transport } from '@serval/api/spi';
import type { EndpointPlan, MessageRoute, NativeType } from '@serval/plan';
import { AsyncScope } from './async-scope';
import { Broadcaster } from './broadcaster';
import { connectionLoss, wireClose } from './closing';
import type { ContainerContext } from './container-context';
import { dispatchClose, dispatchError, dispatchOpen, dispatchSendResult } from './dispatcher';
import { HandlerTable } from './handler-table';
import { inboundRule, inboundRuleOf } from './inbound-rule';
import { Inbox } from './inbox';
import { KeepAlive } from './keep-alive';
import { isThenable, rejected, type Settled } from './promises';
import { WsAsyncRemote, WsBasicRemote, WsRemote } from './remote-endpoint';
import { requestParameters } from './request-parameters';
import { RunningHandlers } from './running-handlers';
import type { SessionCodecs } from './session-codecs';
import { positiveOrNever, requireMilliseconds, requireSize } from './session-limits';
import type { SessionProperties } from './session-properties';
import type { SessionSetting } from './settings';

/** What a session keeps of its opening handshake. */
export interface SessionHandshake {
  /** Absolute, `ws:` or `wss:`, with the query. */
  readonly requestUri: string;
  /** Without the question mark; `null` when there is none. */
  readonly queryString: string | null;
  readonly pathParameters: ReadonlyMap<string, string>;
  /** The empty string for none. */
  readonly subprotocol: string;
  readonly userPrincipal: Principal | null;
}

/**
 * `ending`: `close` was called, and the close frame waits for other handlers; `closing`: nothing is sent any more, and
 * `@OnClose` is to come, or runs.
 */
type SessionState = 'open' | 'ending' | 'closing' | 'closed';

const OVERDUE = new CloseReason(1011, 'a handler took too long');

/** What a session is made of. */
export interface SessionParts {
  readonly context: ContainerContext;
  readonly plan: EndpointPlan;
  readonly endpoint: object;
  /** The connection's own configuration: user properties are its copy. */
  readonly endpointConfig: EndpointConfig;
  readonly codecs: SessionCodecs;
  readonly handshake: SessionHandshake;
  /** Made beforehand where the configuration has user properties, so that a bad setting among them refuses the handshake. */
  readonly userProperties: SessionProperties | undefined;
  readonly transport: Transport;
}

/**
 * A conversation. OPEN until either side closes; CLOSING until `@OnClose` has returned; then CLOSED.
 *
 * Everything that happens to it enters here: messages by the inbox, its end by `connectionClosed` and `close`.
 */
export class WsSession extends Session {
  readonly context: ContainerContext;
  readonly plan: EndpointPlan;
  readonly endpoint: object;
  readonly endpointConfig: EndpointConfig;
  readonly codecs: SessionCodecs;
  readonly transport: Transport;
  /** Where its handlers run: the AsyncLocalStorage context in which the handshake, or the call that connects, ended. */
  readonly scope = AsyncScope.capture();
  readonly #handshake: SessionHandshake;
  #id: string | undefined;
  readonly #inbox: Inbox;
  #state: SessionState = 'open';
  #connectionGone = false;
  /** Why this side closes, from the first call of `close` on. */
  #localReason: CloseReason | undefined;
  #peerLeaves = false;
  /** What its close frame says, which has been seen behind messages that wait. */
  #peersReason: CloseReason | undefined;
  /** Once somebody has asked for its signal. */
  #aborting: AbortController | undefined;
  /** With what the session closes once its handlers are done. */
  #pendingClose: CloseReason | undefined;
  /** How the caller of `close` learns that the close frame has been handed over. */
  #whenClosing: (() => void) | undefined;
  #handlers: HandlerTable | undefined;
  /** From the first send on; most sessions of many only listen. */
  #remote: WsRemote | undefined;
  #basic: WsBasicRemote | undefined;
  #async: WsAsyncRemote | undefined;
  #broadcaster: Broadcaster | undefined;
  #userProperties: SessionProperties | undefined;
  #maxTextBytes: number;
  #maxBinaryBytes: number;
  #maxIdleTimeoutMs: number;
  /** What the session’s Async remote begins with: the container’s default when the session began. */
  readonly asyncSendTimeoutMs: number;
  #closeTimer: Deadline | undefined;
  #connectionError: Error | undefined;
  /** For `@OnError`, before `@OnClose`. */
  #loss: IOException | undefined;
  #isClosedHere = false;
  /** Is told once, when the session is CLOSED, and whether by a call of `close`. It must not throw. */
  onClosed: ((reason: CloseReason, isClosedHere: boolean) => void) | undefined;
  /** By the clock of the idle timeouts, which ticks only while a session of the container has one. */
  lastRead = 0;
  lastWrite = 0;
  /** Where the session pings its peer. */
  keepAlive: KeepAlive | undefined;

  constructor(parts: SessionParts) {
    super();
    this.context = parts.context;
    this.plan = parts.plan;
    this.endpoint = parts.endpoint;
    this.endpointConfig = parts.endpointConfig;
    this.codecs = parts.codecs;
    this.transport = parts.transport;
    this.#handshake = parts.handshake;
    this.#maxTextBytes = this.context.settings.textBufferSize;
    this.#maxBinaryBytes = this.context.settings.binaryBufferSize;
    this.#maxIdleTimeoutMs = this.context.settings.maxSessionIdleTimeout;
    this.asyncSendTimeoutMs = this.context.settings.asyncSendTimeout;
    this.#userProperties = parts.userProperties;
    this.#userProperties?.onSettingChange(() => this.#watchIdle());
    this.#inbox = new Inbox(this);
    this.#updateRules();
  }

  /**
   * Registers the session, calls `@OnOpen`, and reads once that has settled. Resolves then; never rejects.
   *
   * @returns what `@OnOpen` has thrown, and `@OnError` was told; the session is closing then
   */
  async begin(): Promise<Error | undefined> {
    const { registry, settings } = this.context;
    registry.add(this);
    const isEarly = settings.sessionRegistration === 'before-open';
    if (isEarly) registry.opened(this);
    this.transport.open(this.#inbox);
    this.#watchIdle();
    const opening = dispatchOpen(this);
    const failure = isThenable(opening)
      ? await this.#inbox.whileOpening(this.plan.open?.method ?? 'onOpen', opening)
      : opening;
    if (failure !== undefined) this.endpointFailed('the endpoint could not open');
    else if (!isEarly && this.#state === 'open') registry.opened(this);
    this.#inbox.start();
    return failure;
  }

  // --- what the inbox, the outbox and the timers tell -------------------------------------------------------------

  get pathParameters(): ReadonlyMap<string, string> {
    return this.#handshake.pathParameters;
  }

  get remote(): WsRemote {
    return (this.#remote ??= new WsRemote(this));
  }

  /** Whether the peer is heard if it says something: not while the inbox is full. */
  get isReading(): boolean {
    return this.#inbox.isReading;
  }

  get canSend(): boolean {
    return this.#isUnclosed && !this.#connectionGone;
  }

  /** Whether no close frame of ours has been sent. */
  get #isUnclosed(): boolean {
    return this.#state === 'open' || this.#state === 'ending';
  }

  /** Something was read: a message, a part of one, or a pong. */
  read(): void {
    this.lastRead = this.context.idleTimeouts.now;
  }

  /** Something is being written. */
  wrote(): void {
    this.lastWrite = this.context.idleTimeouts.now;
  }

  get blockingTimeoutMs(): number {
    const timeout = this.#setting('blockingSendTimeout');
    return timeout < 0 ? Infinity : timeout;
  }

  sendDropped(): void {
    this.context.diagnostics.report({ kind: 'send-dropped', endpoint: this.plan.name, sessionId: this.getId() });
  }

  routeOf(native: NativeType): MessageRoute | undefined {
    return this.plan[native] ?? this.#handlers?.routeOf(native);
  }

  /** A message for which there is no handler. */
  dropped(messageType: 'text' | 'binary'): void {
    this.context.diagnostics.report({ kind: 'message-dropped', endpoint: this.plan.name, messageType });
  }

  connectionFailed(error: Error): void {
    this.#connectionError = error;
    this.context.diagnostics.report({
      kind: 'connection-error',
      endpoint: this.plan.name,
      sessionId: this.getId(),
      error,
    });
  }

  /** The endpoint has thrown, and the session cannot go on. */
  endpointFailed(phrase: string): void {
    void this.close(CloseReason.truncated(this.context.settings.errorCloseCode, phrase));
  }

  /** How long a handler may take; Infinity for ever. */
  get handlerTimeoutMs(): number {
    return positiveOrNever(this.context.settings.handlerTimeout);
  }

  /** A handler has taken too long: the session ends without it. */
  handlerOverdue(method: string | symbol, afterMs: number): void {
    this.#reportOverdue(method, afterMs);
    this.#closeNow();
    if (this.#peersReason !== undefined) this.#closeLocally(this.#peersReason, this.#peersReason);
    else if (this.#peerLeaves) this.abandon('The peer has left, and a handler took too long.', true);
    else this.#closeLocally(OVERDUE, OVERDUE);
    this.#inbox.giveUp();
  }

  /** The peer has gone, or goes, though messages of it may still wait. */
  peerLeaving(close?: { readonly code: number; readonly reason: string }): void {
    this.#peerLeaves = true;
    if (close !== undefined) this.#peersReason = this.#peersCloseReason(close.code, close.reason);
    this.#abort();
    this.#inbox.limit(this.#setting('sessionCloseTimeout'));
  }

  #abort(): void {
    this.#aborting?.abort();
  }

  /** Whether a handler has failed by the abort of {@link signal}, which is nobody's error. */
  isAbort(thrown: unknown): boolean {
    const signal = this.#aborting?.signal;
    if (signal?.aborted !== true || thrown === undefined || thrown === null) return false;
    const reason: unknown = signal.reason;
    try {
      return thrown === reason || (thrown instanceof Error && thrown.name === 'AbortError' && thrown.cause === reason);
    } catch {
      // A proxy or a getter may throw.
      return false;
    }
  }

  /**
   * The peer closes, or has broken a rule. What it sent before is handled and answered first (RFC 6455 5.5.1), for as long
   * as the close timeout.
   */
  connectionClosing(code: number, phrase: string): void {
    this.#abort();
    // Else it closes with its own reason already, behind its handlers.
    if (this.#state === 'open') this.#closeBehindHandlers(this.#peersCloseReason(code, phrase));
  }

  #peersCloseReason(code: number, phrase: string): CloseReason {
    return CloseReason.truncated(code === 1005 && this.context.settings.emptyCloseIsNormal ? 1000 : code, phrase);
  }

  /** The transport's last word. What had arrived before is still delivered, then `@OnClose`. */
  connectionClosed(code: number, phrase: string): void {
    this.#connectionGone = true;
    this.#closeTimer?.clear();
    this.#remote?.end();
    if (this.#state === 'open') this.#loss = connectionLoss(this, code, this.#connectionError);
    this.#finishClosing(this.#localReason ?? this.#peersCloseReason(code, phrase), true);
    this.#endIfOver();
  }

  /**
   * An idle timeout has passed, or the peer takes nothing, or answers nothing, any more (WSC-2.1.5: 1006 locally).
   *
   * @param isGone the peer's close frame is not waited for
   */
  abandon(phrase: string, isGone = false): void {
    this.#closeAbnormally(CloseReason.truncated(1006, phrase), CloseReason.truncated(1001, phrase), isGone);
  }

  /** More is waiting for this peer than the container allows. */
  refuseSlowPeer(): void {
    const reason = new CloseReason(this.context.settings.queueOverflowCloseCode, 'Too much is waiting to be sent.');
    this.#closeAbnormally(reason, reason);
  }

  /** Takes no more from the peer, lets the handler that is running and what has arrived finish, and closes then. */
  closeWhenIdle(reason: CloseReason): void {
    this.#inbox.drain(() => void this.close(reason));
  }

  /** Tells a SendHandler, from the event loop and never from inside the call that sent. */
  tellResult(handler: (result: SendResult) => unknown, result: SendResult): void {
    dispatchSendResult(this, handler, result);
  }

  // --- Session ----------------------------------------------------------------------------------------------------

  override getContainer(): WebSocketContainer {
    this.requireNotClosed();
    return this.context.container;
  }

  override addMessageHandler(handler: MessageHandler<string>): void;
  override addMessageHandler<P extends PrimitiveType>(type: P, handler: MessageHandler<PrimitiveValue<P>>): void;
  override addMessageHandler<T>(type: AbstractClass<T>, handler: MessageHandler<T>): void;
  override addMessageHandler(
    first: MessageHandler<string> | PrimitiveType | AbstractClass<unknown>,
    second?: MessageHandler,
  ): void {
    this.requireNotClosed();
    this.#handlers ??= new HandlerTable(this.plan);
    if (arguments.length === 1) this.#handlers.add(String, first as MessageHandler);
    else this.#handlers.add(first as PrimitiveType | AbstractClass<unknown>, second);
    this.#updateRules();
  }

  override getMessageHandlers(): ReadonlySet<MessageHandler> {
    this.requireNotClosed();
    return new Set(this.#handlers?.handlers());
  }

  override removeMessageHandler(handler: MessageHandler): void {
    this.requireNotClosed();
    if (this.#handlers?.remove(handler) !== true) {
      throw new IllegalStateException('removeMessageHandler: the handler is not registered with this session.');
    }
    this.#updateRules();
  }

  override getProtocolVersion(): string {
    this.requireNotClosed();
    return '13';
  }

  override getNegotiatedSubprotocol(): string {
    this.requireNotClosed();
    return this.#handshake.subprotocol;
  }

  override getNegotiatedExtensions(): readonly Extension[] {
    this.requireNotClosed();
    return [...this.transport.extensions];
  }

  override isSecure(): boolean {
    this.requireNotClosed();
    return this.transport.isSecure;
  }

  override isOpen(): boolean {
    return this.#state !== 'closed';
  }

  override getMaxIdleTimeout(): number {
    this.requireNotClosed();
    return this.#maxIdleTimeoutMs;
  }

  override setMaxIdleTimeout(milliseconds: number): void {
    this.requireNotClosed();
    this.#maxIdleTimeoutMs = requireMilliseconds('setMaxIdleTimeout', milliseconds);
    this.#watchIdle();
  }

  override setMaxBinaryMessageBufferSize(length: number): void {
    this.requireNotClosed();
    this.#maxBinaryBytes = requireSize('setMaxBinaryMessageBufferSize', length);
    this.#updateRules();
  }

  override getMaxBinaryMessageBufferSize(): number {
    this.requireNotClosed();
    return this.#maxBinaryBytes;
  }

  override setMaxTextMessageBufferSize(length: number): void {
    this.requireNotClosed();
    this.#maxTextBytes = requireSize('setMaxTextMessageBufferSize', length);
    this.#updateRules();
  }

  override getMaxTextMessageBufferSize(): number {
    this.requireNotClosed();
    return this.#maxTextBytes;
  }

  override getAsyncRemote(): RemoteEndpoint.Async {
    this.requireNotClosed();
    return (this.#async ??= new WsAsyncRemote(this, this.remote));
  }

  override getBasicRemote(): RemoteEndpoint.Basic {
    this.requireNotClosed();
    return (this.#basic ??= new WsBasicRemote(this, this.remote));
  }

  override getId(): string {
    return (this.#id ??= randomBytes(16).toString('hex'));
  }

  override close(closeReason?: CloseReason): Promise<void>;
  override close(code: number, reasonPhrase?: string): Promise<void>;
  override close(reason: CloseReason | number = 1000, phrase?: string): Promise<void> {
    let closeReason: CloseReason;
    try {
      closeReason = closeReasonOf('session.close', reason, phrase);
    } catch (error) {
      return rejected(error);
    }
    if (this.#state !== 'open') return Promise.resolve();
    this.#isClosedHere = true;
    this.#localReason = closeReason;
    if (!this.#inbox.hasOthers) {
      this.#handOverAndClose(closeReason);
      return Promise.resolve();
    }
    // What the other handlers answer still leaves; the one that calls this may await it.
    this.#state = 'ending';
    this.#abort();
    this.context.registry.closing(this);
    return new Promise((resolve) => {
      this.#whenClosing = resolve;
      this.#closeBehindHandlers(closeReason);
    });
  }

  override get signal(): AbortSignal {
    if (this.#aborting === undefined) {
      this.#aborting = new AbortController();
      if (this.#peerLeaves || this.#state !== 'open' || this.#pendingClose !== undefined) this.#abort();
    }
    return this.#aborting.signal;
  }

  override getRequestURI(): URL {
    this.requireNotClosed();
    return new URL(this.#handshake.requestUri);
  }

  override getRequestParameterMap(): ReadonlyMap<string, readonly string[]> {
    this.requireNotClosed();
    return requestParameters(this.#handshake.queryString, this.#handshake.pathParameters);
  }

  override getQueryString(): string | null {
    this.requireNotClosed();
    return this.#handshake.queryString;
  }

  override getPathParameters(): ReadonlyMap<string, string> {
    this.requireNotClosed();
    // A copy: what a caller changes in it must not reach @PathParam.
    return new Map(this.#handshake.pathParameters);
  }

  override getUserProperties(): Map<string, unknown> {
    this.requireNotClosed();
    if (this.#userProperties === undefined) {
      this.#userProperties = this.context.sessionProperties(this.endpointConfig.getUserProperties());
      this.#userProperties.onSettingChange(() => this.#watchIdle());
    }
    return this.#userProperties;
  }

  override getUserPrincipal(): Principal | null {
    this.requireNotClosed();
    return this.#handshake.userPrincipal;
  }

  override getOpenSessions(): ReadonlySet<Session> {
    this.requireNotClosed();
    return this.context.registry.openSessions(this.plan);
  }

  override broadcast(message: unknown, to?: Iterable<Session>): Promise<readonly SendResult[]> {
    return (this.#broadcaster ??= new Broadcaster(this)).broadcast(message, to);
  }

  override getRemoteAddress(): string | undefined {
    this.requireNotClosed();
    return this.transport.remoteAddress;
  }

  /** @throws IllegalStateException once the session is closed */
  requireNotClosed(): void {
    if (this.#state === 'closed') throw new IllegalStateException(`Session ${this.getId()} is closed.`);
  }

  // --- closing ----------------------------------------------------------------------------------------------------

  /** Closes once the inbox is done with what came before, or the close timeout has passed. */
  #closeBehindHandlers(reason: CloseReason): void {
    this.#pendingClose = reason;
    const close = (): void => this.#closeNow();
    if (this.#localReason === undefined) this.#inbox.close(close);
    else this.#inbox.closeBehindOthers(close);
    if (this.#pendingClose === undefined) return;
    this.context.idleTimeouts.forget(this);
    const timeoutMs = this.#setting('sessionCloseTimeout');
    this.#inbox.limit(timeoutMs);
    this.#closeTimer?.clear();
    this.#closeTimer = new Deadline(timeoutMs, close);
  }

  /** Closes with what waits for handlers, if anything does. */
  #closeNow(): void {
    const reason = this.#pendingClose;
    if (reason !== undefined) this.#handOverAndClose(reason);
  }

  /** What was sent before leaves before the close frame. */
  #handOverAndClose(reason: CloseReason): void {
    if (this.canSend) this.#remote?.outbox.handOver();
    // What has arrived before the peer's close is still handled, if there is no time left to answer it.
    this.#closeLocally(reason, reason, this.#localReason === undefined);
  }

  #closeLocally(local: CloseReason, wire: CloseReason, keepWaiting = false): void {
    if (!this.#isUnclosed) return;
    this.#pendingClose = undefined;
    this.#closeTimer?.clear();
    const { code, phrase } = wireClose(wire);
    this.transport.close(code, phrase);
    if (!this.#connectionGone) {
      this.#closeTimer = new Deadline(this.#setting('sessionCloseTimeout'), () => this.transport.terminate());
    }
    this.#finishClosing(local, keepWaiting);
  }

  /** As {@link #closeLocally}, for a session that cannot go on: its close frame gets little time to be written. */
  #closeAbnormally(local: CloseReason, wire: CloseReason, isPeerGone = false): void {
    if (!this.#isUnclosed) {
      this.transport.terminate();
      return;
    }
    this.#closeLocally(local, wire);
    new Deadline(this.#setting('abnormalCloseSendTimeout'), () => {
      if (isPeerGone || this.transport.bufferedBytes > 0) this.transport.terminate();
    });
  }

  /** OPEN to CLOSING, once: `@OnClose` follows as soon as no handler is busy. */
  #finishClosing(reason: CloseReason, deliverWaiting: boolean): void {
    if (!this.#isUnclosed) return;
    this.#state = 'closing';
    this.#abort();
    this.#pendingClose = undefined;
    this.#whenClosing?.();
    this.context.registry.closing(this);
    this.context.idleTimeouts.forget(this);
    this.#inbox.end(deliverWaiting, () => void this.#callOnClose(reason));
    this.#inbox.limit(this.#setting('sessionCloseTimeout'));
  }

  /** CLOSING to CLOSED. */
  async #callOnClose(reason: CloseReason): Promise<void> {
    if (this.#loss !== undefined) await dispatchError(this, this.#loss);
    await this.#withinHandlerTimeout(dispatchClose(this, reason));
    for (const error of await this.codecs.destroy()) await dispatchError(this, error);
    this.#state = 'closed';
    this.#endIfOver();
    this.onClosed?.(reason, this.#isClosedHere);
  }

  async #withinHandlerTimeout(closing: Settled): Promise<void> {
    if (closing === undefined) return;
    const method = this.plan.close?.method ?? 'onClose';
    await new Promise<void>((resolve) => {
      const handlers = new RunningHandlers(this.handlerTimeoutMs, (_handler, limitMs) => {
        this.#reportOverdue(method, limitMs);
        resolve();
      });
      const handler = handlers.begin(method);
      void closing.then(() => {
        handlers.settled(handler);
        handlers.giveUp();
        resolve();
      });
    });
  }

  #reportOverdue(method: string | symbol, afterMs: number): void {
    // A container that was stopped waited for it already.
    if (this.context.registry.isAbandoned) return;
    this.context.diagnostics.report({
      kind: 'handler-overdue',
      endpoint: this.plan.name,
      method: String(method),
      sessionId: this.getId(),
      afterMs,
    });
  }

  #endIfOver(): void {
    if (this.#state === 'closed' && this.#connectionGone) this.context.registry.ended(this);
  }

  #setting(name: SessionSetting): number {
    return this.#userProperties?.setting(name) ?? this.context.settings[name];
  }

  #watchIdle(): void {
    if (this.#state !== 'open' || this.#pendingClose !== undefined) return;
    this.#configureKeepAlive();
    this.context.idleTimeouts.watch(this, {
      readMs: positiveOrNever(this.#setting('readIdleTimeout')),
      writeMs: positiveOrNever(this.#setting('writeIdleTimeout')),
      bothMs: positiveOrNever(this.#maxIdleTimeoutMs),
    });
  }

  #configureKeepAlive(): void {
    const intervalMs = positiveOrNever(this.#setting('pingInterval'));
    if (intervalMs === Infinity) {
      this.keepAlive = undefined;
      return;
    }
    this.keepAlive ??= new KeepAlive(this);
    this.keepAlive.intervalMs = intervalMs;
    this.keepAlive.pongTimeoutMs = positiveOrNever(this.#setting('pongTimeout'));
  }

  #updateRules(): void {
    const text = inboundRuleOf(this.routeOf('text'), this.#maxTextBytes);
    const byCharacters = this.context.settings.textLimitUnit === 'characters' && !text.inParts;
    // Of a UTF-16 unit come at most three bytes; the inbox then counts exactly.
    this.#inbox.textRule = byCharacters ? inboundRule(false, text.maxBytes * 3) : text;
    this.#inbox.maxCharacters = byCharacters ? text.maxBytes : Infinity;
    this.#inbox.binaryRule = inboundRuleOf(this.routeOf('binary'), this.#maxBinaryBytes);
  }
}
