import { randomBytes } from 'node:crypto';
import {
  CloseReason,
  IllegalArgumentException,
  IllegalStateException,
  Session,
  type AbstractClass,
  type EndpointConfig,
  type Extension,
  type MessageHandler,
  type PrimitiveType,
  type Principal,
  type RemoteEndpoint,
  type SendResult,
  type WebSocketContainer,
} from '@serval/api';
import type { Transport } from '@serval/api/spi';
import { closeReasonOf, wireClose } from './closing';
import type { ContainerContext } from './container-context';
import { dispatchClose, dispatchError, dispatchOpen } from './dispatcher';
import type { EndpointPlan } from './endpoint-plan';
import { HandlerTable } from './handler-table';
import { Inbox } from './inbox';
import type { MessageRoute, NativeType } from './message-route';
import { WsAsyncRemote, WsBasicRemote, WsRemote } from './remote-endpoint';
import { requestParameters } from './request-parameters';
import type { SessionCodecs } from './session-codecs';

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

/** What a session is made of. */
export interface SessionParts {
  readonly context: ContainerContext;
  readonly plan: EndpointPlan;
  readonly endpoint: object;
  /** The connection's own configuration: user properties are its copy. */
  readonly endpointConfig: EndpointConfig;
  readonly codecs: SessionCodecs;
  readonly handshake: SessionHandshake;
  readonly transport: Transport;
}

/**
 * A conversation. OPEN until either side closes; CLOSING until `@OnClose` has returned; then CLOSED.
 *
 * Everything that happens to a session enters here: messages by its inbox, the end of the connection by
 * `connectionClosed`, and its own closing by `close`.
 */
export class WsSession extends Session {
  readonly context: ContainerContext;
  readonly plan: EndpointPlan;
  readonly endpoint: object;
  readonly endpointConfig: EndpointConfig;
  readonly codecs: SessionCodecs;
  readonly transport: Transport;
  readonly remote: WsRemote;
  readonly #handshake: SessionHandshake;
  readonly #id = randomBytes(16).toString('hex');
  readonly #inbox: Inbox;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #connectionGone = false;
  #handlers: HandlerTable | undefined;
  #basic: WsBasicRemote | undefined;
  #async: WsAsyncRemote | undefined;
  #userProperties: Map<string, unknown> | undefined;
  #maxTextBytes: number;
  #maxBinaryBytes: number;
  #maxIdleTimeoutMs = 0;
  #closeTimer: NodeJS.Timeout | undefined;
  /** When something was last read or written, in `performance.now()` time; kept only while an idle timeout is set. */
  lastActivity = 0;

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
    this.remote = new WsRemote(this);
    this.#inbox = new Inbox(this);
    this.#updateRules();
  }

  /** Registers the session, calls `@OnOpen`, and reads once that has settled. Resolves then; never rejects. */
  async begin(): Promise<void> {
    this.context.registry.add(this);
    this.transport.open(this.#inbox);
    this.setMaxIdleTimeout(this.context.settings.maxSessionIdleTimeout);
    const opened = await dispatchOpen(this);
    if (!opened)
      void this.close(new CloseReason(CloseReason.CloseCodes.UNEXPECTED_CONDITION, 'the endpoint could not open'));
    this.#inbox.start();
  }

  // --- what the inbox, the outbox and the timers tell -------------------------------------------------------------

  get pathParameters(): ReadonlyMap<string, string> {
    return this.#handshake.pathParameters;
  }

  get canSend(): boolean {
    return this.#state === 'open' && !this.#connectionGone;
  }

  /** Something was read or written. */
  touch(): void {
    if (this.#maxIdleTimeoutMs > 0) this.lastActivity = performance.now();
  }

  routeOf(native: NativeType): MessageRoute | undefined {
    return this.plan[native] ?? this.#handlers?.routeOf(native);
  }

  /** A message for which there is no handler. */
  dropped(messageType: 'text' | 'binary'): void {
    this.context.diagnostics.report({ kind: 'message-dropped', endpoint: this.plan.name, messageType });
  }

  connectionFailed(error: Error): void {
    this.context.diagnostics.report({ kind: 'connection-error', endpoint: this.plan.name, sessionId: this.#id, error });
  }

  /** The transport's last word. What had arrived before is still delivered, then `@OnClose`. */
  connectionClosed(code: number, phrase: string): void {
    this.#connectionGone = true;
    clearTimeout(this.#closeTimer);
    this.remote.outbox.end();
    this.#finishClosing(closeReasonOf(code, phrase), true);
    this.#endIfOver();
  }

  /** The idle timeout has passed (WSC-2.1.5: 1006 locally). */
  idle(): void {
    this.#closeLocally(
      closeReasonOf(1006, `The session was idle for more than ${this.#maxIdleTimeoutMs} ms.`),
      new CloseReason(1001, 'idle timeout'),
    );
  }

  /** The peer takes nothing any more: a close frame is tried, but not waited for. */
  abandon(phrase: string): void {
    this.#closeLocally(closeReasonOf(1006, phrase), new CloseReason(1001, 'send timeout'));
    this.transport.terminate();
  }

  /** More is waiting for this peer than the container allows. */
  refuseSlowPeer(): void {
    const reason = new CloseReason(1008, 'too much is waiting to be sent');
    this.#closeLocally(reason, reason);
    this.transport.terminate();
  }

  /** Tells a SendHandler, from the event loop and never from inside the call that sent. */
  tellResult(handler: (result: SendResult) => void, result: SendResult): void {
    try {
      handler(result);
    } catch (error) {
      void dispatchError(this, error);
    }
  }

  // --- Session ----------------------------------------------------------------------------------------------------

  override getContainer(): WebSocketContainer {
    this.requireNotClosed();
    return this.context.container;
  }

  override addMessageHandler(handler: MessageHandler<string>): void;
  override addMessageHandler(type: PrimitiveType | AbstractClass<unknown>, handler: MessageHandler): void;
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
    return this.transport.extensions;
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
    if (!Number.isFinite(milliseconds)) {
      throw new IllegalArgumentException(
        `setMaxIdleTimeout takes a number of milliseconds; found ${String(milliseconds)}.`,
      );
    }
    this.#maxIdleTimeoutMs = milliseconds;
    this.touch();
    this.context.idleTimeouts.watch(this, milliseconds);
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
    return this.#id;
  }

  override close(closeReason: CloseReason = new CloseReason(1000)): Promise<void> {
    this.#closeLocally(closeReason, closeReason);
    return Promise.resolve();
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
    return this.#handshake.pathParameters;
  }

  override getUserProperties(): Map<string, unknown> {
    this.requireNotClosed();
    return (this.#userProperties ??= new Map(this.endpointConfig.getUserProperties()));
  }

  override getUserPrincipal(): Principal | null {
    this.requireNotClosed();
    return this.#handshake.userPrincipal;
  }

  override getOpenSessions(): ReadonlySet<Session> {
    this.requireNotClosed();
    return this.context.registry.openSessions(this.plan);
  }

  override getRemoteAddress(): string | undefined {
    this.requireNotClosed();
    return this.transport.remoteAddress;
  }

  /** @throws IllegalStateException once the session is closed */
  requireNotClosed(): void {
    if (this.#state === 'closed') throw new IllegalStateException(`Session ${this.#id} is closed.`);
  }

  // --- closing ----------------------------------------------------------------------------------------------------

  #closeLocally(local: CloseReason, wire: CloseReason): void {
    if (this.#state !== 'open') return;
    const { code, phrase } = wireClose(wire);
    this.transport.close(code, phrase);
    if (!this.#connectionGone) {
      this.#closeTimer = setTimeout(() => this.transport.terminate(), this.context.settings.sessionCloseTimeout);
      this.#closeTimer.unref();
    }
    this.#finishClosing(local, false);
  }

  /** OPEN to CLOSING, once: `@OnClose` follows as soon as no handler is busy. */
  #finishClosing(reason: CloseReason, deliverWaiting: boolean): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.context.registry.closing(this);
    this.context.idleTimeouts.forget(this);
    this.#inbox.end(deliverWaiting, () => void this.#callOnClose(reason));
  }

  /** CLOSING to CLOSED. */
  async #callOnClose(reason: CloseReason): Promise<void> {
    await dispatchClose(this, reason);
    for (const error of this.codecs.destroy()) await dispatchError(this, error);
    this.#state = 'closed';
    this.#endIfOver();
  }

  #endIfOver(): void {
    if (this.#state === 'closed' && this.#connectionGone) this.context.registry.ended(this);
  }

  #updateRules(): void {
    this.#inbox.textRule = ruleFor(this.routeOf('text'), this.#maxTextBytes);
    this.#inbox.binaryRule = ruleFor(this.routeOf('binary'), this.#maxBinaryBytes);
  }
}

function ruleFor(route: MessageRoute | undefined, sessionBytes: number): { inParts: boolean; maxBytes: number } {
  if (route === undefined) return { inParts: false, maxBytes: sessionBytes };
  return {
    inParts: route.inParts || route.decoding.kind === 'stream' || route.decoding.kind === 'stream-decoder',
    maxBytes: route.maxMessageSize >= 0 ? route.maxMessageSize : sessionBytes,
  };
}

function requireSize(call: string, length: number): number {
  if (Number.isInteger(length) && length >= 0) return length;
  throw new IllegalArgumentException(`${call} takes a whole number of bytes, 0 or more; found ${String(length)}.`);
}
