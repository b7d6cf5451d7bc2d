import { randomBytes } from 'node:crypto';
import {
  IllegalStateException,
  ServerEndpointConfig,
  Session,
  type AbstractClass,
  type CloseReason,
  type AnySession,
  type CodecDeclaration,
  type EndpointConfig,
  type Extension,
  type MessageHandler,
  type OutgoingMessage,
  type PrimitiveType,
  type PrimitiveValue,
  type Principal,
  type RemoteEndpoint,
  type SafePromise,
  type RequestOptions,
  type SendOptions,
  type SendResult,
  type SessionSelection,
  type SessionTarget,
  type WebSocketContainer,
} from '@serval/api';
import { closeReasonOf, type ReplyMessage, type Transport } from '@serval/api/spi';
import type { EndpointPlan, MessageRoute, NativeType } from '@serval/plan';
import { AsyncScope } from './async-scope';
import { sessionsOf, type BroadcastHost } from './broadcaster';
import type { ContainerContext } from './container-context';
import { decodeReply } from './decoders';
import { dispatchMessage, dispatchPrincipalName, dispatchSendResult, type DispatchHost } from './dispatcher';
import { HandlerTable } from './handler-table';
import { Inbox, type InboxHost } from './inbox';
import { ACCEPTED, rejected, type Sending, type Settled } from './promises';
import { OpenRequests, type RequestsHost } from './open-requests';
import { WsAsyncRemote, WsBasicRemote, type RemoteHost } from './remote-endpoint';
import { RoomMembership, type MembershipHost } from './room-membership';
import { coalesceKey, wrongArgument } from './send-arguments';
import { Sender, type SenderHost } from './sender';
import type { SessionCodecs } from './session-codecs';
import { requestParameters, type SessionHandshake } from './session-handshake';
import { SessionLife, type LifeHost, type SessionEnd } from './session-life';
import { SessionLimits, type LimitsHost } from './session-limits';
import type { SessionProperties } from './session-properties';
import { SessionView } from './session-view';
import { placeOfSession, reportRefusedSend } from './session-report';
import type { ConnectionPlace } from './session-registry';
import { SessionTraffic } from './session-traffic';
import type { ContainerSettings } from './settings';

/** The parts that a session is made of. */
export interface SessionParts {
  readonly context: ContainerContext;
  readonly plan: EndpointPlan;
  readonly endpoint: object;
  /** Destroys the endpoint instance. Undefined if nothing does. */
  readonly lease?: DispatchHost['lease'];
  /** The connection's own configuration: user properties are its copy. */
  readonly endpointConfig: EndpointConfig;
  readonly codecs: SessionCodecs;
  readonly handshake: SessionHandshake;
  /** Undefined where the configuration has no user properties. */
  readonly userProperties: SessionProperties | undefined;
  readonly transport: Transport;
}

/** The members through which the parts of a session reach each other. */
type Hosts = BroadcastHost &
  InboxHost &
  LifeHost &
  LimitsHost &
  MembershipHost &
  RemoteHost &
  RequestsHost &
  SenderHost;

/**
 * A conversation. The session is the roof over its parts: its life, its limits, the inbox, the dispatcher and the sender.
 * It imports them; none of them imports it.
 */
export class WsSession extends Session implements Hosts {
  readonly context: ContainerContext;
  readonly plan: EndpointPlan;
  readonly endpoint: object;
  readonly lease: DispatchHost['lease'];
  readonly endpointConfig: EndpointConfig;
  readonly codecs: SessionCodecs;
  readonly transport: Transport;
  /** The AsyncLocalStorage context of its handlers: the one in which the handshake, or the call that connects, ended. */
  readonly scope = AsyncScope.capture();
  readonly life: SessionLife;
  readonly limits: SessionLimits;
  readonly inbox: Inbox;
  /** Undefined unless somebody measures; see {@link SessionTraffic}. */
  readonly traffic: SessionTraffic | undefined;
  #handshake: SessionHandshake;
  #id: string | undefined;
  #handlers: HandlerTable | undefined;
  /** From the first send on; most sessions of many only listen. */
  #sender: Sender | undefined;
  #basic: WsBasicRemote | undefined;
  #async: WsAsyncRemote | undefined;
  #view: SessionView | undefined;
  #requests: OpenRequests | undefined;
  /** From the first room on. */
  #membership: RoomMembership | undefined;
  #place: ConnectionPlace | undefined;

  constructor(parts: SessionParts) {
    super();
    this.context = parts.context;
    this.plan = parts.plan;
    this.endpoint = parts.endpoint;
    this.lease = parts.lease;
    this.endpointConfig = parts.endpointConfig;
    this.codecs = parts.codecs;
    this.transport = parts.transport;
    this.#handshake = parts.handshake;
    this.life = new SessionLife(this);
    this.limits = new SessionLimits(this, parts.userProperties);
    this.inbox = new Inbox(this);
    this.traffic = this.context.diagnostics.hasSubscribers ? new SessionTraffic(() => this.#waiting()) : undefined;
  }

  // --- the parts of the session ------------------------------------------------------------------------------------

  get settings(): ContainerSettings {
    return this.limits.settings;
  }

  get pathParameters(): ReadonlyMap<string, string> {
    return this.#handshake.pathParameters;
  }

  get sender(): Sender {
    return (this.#sender ??= new Sender(this));
  }

  routeOf(native: NativeType): MessageRoute | undefined {
    return this.plan[native] ?? this.#handlers?.routeOf(native);
  }

  dispatch(route: MessageRoute, arrived: unknown, last: boolean): Settled {
    return dispatchMessage(this, route, arrived, last);
  }

  reply(value: unknown): Sending {
    // The peer may have left while the method ran. A reply to nobody is no error of the endpoint.
    return this.life.canSend ? this.sender.reply(value) : undefined;
  }

  /** Calls it from the event loop and never from inside the call that sent. */
  tellResult(handler: (result: SendResult) => unknown, result: SendResult): void {
    dispatchSendResult(this, handler, result);
  }

  get awaitsReplies(): boolean {
    return this.#requests !== undefined && this.#requests.size > 0;
  }

  takeReply(data: string | Buffer): boolean {
    const reply = decodeReply(this.codecs, this.plan.codecs.decoders, data);
    if (reply !== undefined) this.settleReply(reply);
    return reply !== undefined;
  }

  settleReply(reply: ReplyMessage): void {
    (this.#requests ??= new OpenRequests(this)).settle(reply);
  }

  handOver(): void {
    this.#sender?.outbox.handOver();
  }

  connectionGone(): void {
    this.#sender?.end();
    this.#place?.releaseWithin(this.limits.setting('sessionCloseTimeout'));
  }

  /** The same user has newer credentials. */
  renewUser(userPrincipal: Principal): void {
    this.#handshake = { ...this.#handshake, userPrincipal };
  }

  closeWhenIdle(reason: CloseReason): void {
    this.inbox.drain(() => void this.close(reason));
  }

  sendDropped(): void {
    this.context.diagnostics.report({ kind: 'send-dropped', ...placeOfSession(this) });
  }

  sendRefused(): void {
    reportRefusedSend(this);
  }

  dropped(messageType: 'text' | 'binary'): void {
    this.context.diagnostics.report({ kind: 'message-dropped', ...placeOfSession(this), messageType });
  }

  /** The session is one of the container's, and `@OnOpen` follows. */
  begun(): void {
    const { traffic } = this;
    if (traffic !== undefined)
      this.context.diagnostics.report({ kind: 'session-opened', ...this.#measured(), traffic });
  }

  /** Keeps the place until the session is over, or the close timeout has passed since the end of its connection. */
  hold(place: ConnectionPlace): void {
    this.#place = place;
  }

  ended({ reason, isClosedHere }: SessionEnd): void {
    this.#place?.release();
    this.context.registry.ended(this);
    const { diagnostics } = this.context;
    if (!diagnostics.hasSubscribers) return;
    const { traffic } = this;
    diagnostics.report({
      kind: 'session-closed',
      ...this.#measured(),
      traffic,
      code: reason.getCloseCode().getCode(),
      reason: reason.getReasonPhrase(),
      isClosedHere,
      durationMs: traffic === undefined ? undefined : performance.now() - traffic.openedAt,
    });
  }

  #measured() {
    const side = this.endpointConfig instanceof ServerEndpointConfig ? ('server' as const) : ('client' as const);
    return { ...placeOfSession(this), session: this, side };
  }

  #waiting(): { readonly messages: number; readonly bytes: number } {
    const outbox = this.#sender?.outbox;
    return {
      messages: outbox?.waitingMessages ?? 0,
      bytes: (outbox?.queuedBytes ?? 0) + this.transport.bufferedBytes,
    };
  }

  /** The path of its endpoint as declared; undefined for a client's. */
  get endpointPath(): string | undefined {
    return this.endpointConfig instanceof ServerEndpointConfig ? this.endpointConfig.getPath() : undefined;
  }

  get userName(): string | undefined {
    const principal = this.#handshake.userPrincipal;
    return principal === null ? undefined : dispatchPrincipalName(this, principal);
  }

  /** No selection contains it from now on. */
  startsToClose(reason: CloseReason): void {
    this.context.registry.closing(this, this.#id);
    this.#membership?.end(reason);
  }

  /** @throws IllegalStateException once the session is closed */
  requireNotClosed(): void {
    if (this.life.isClosed) throw new IllegalStateException(`Session ${this.getId()} is closed.`);
  }

  // --- Session: short forms -----------------------------------------------------------------------------------------

  override get user(): Principal | null {
    return this.#handshake.userPrincipal;
  }

  override get params(): Readonly<Record<string, string>> {
    return this.#shown.params;
  }

  override get query(): URLSearchParams {
    return this.#shown.query;
  }

  override get data(): Record<string, unknown> {
    return this.#shown.data;
  }

  get #shown(): SessionView {
    return (this.#view ??= new SessionView(this.#handshake, this.limits));
  }

  override send(message: OutgoingMessage, options?: SendOptions): SafePromise<void> {
    try {
      if (message === undefined || message === null)
        throw wrongArgument('send', 'a string, bytes or a value for an encoder', message);
      const key = coalesceKey('send', options);
      return (key === undefined ? this.sender.sendAny(message) : this.sender.sendLatest(message, key)) ?? ACCEPTED;
    } catch (error) {
      return rejected(error);
    }
  }

  // --- Session: the specification's names ---------------------------------------------------------------------------

  override getContainer(): WebSocketContainer {
    this.requireNotClosed();
    return this.context.container;
  }

  override addMessageHandler(handler: MessageHandler<string>): void;
  override addMessageHandler<P extends PrimitiveType>(type: P, handler: MessageHandler<PrimitiveValue<P>>): void;
  override addMessageHandler<T>(decoder: { readonly decodes: CodecDeclaration<T> }, handler: MessageHandler<T>): void;
  override addMessageHandler<T>(type: AbstractClass<T>, handler: MessageHandler<T>): void;
  override addMessageHandler(
    first:
      MessageHandler<string> | PrimitiveType | AbstractClass<unknown> | { readonly decodes: CodecDeclaration<unknown> },
    second?: MessageHandler,
  ): void {
    this.requireNotClosed();
    this.#handlers ??= new HandlerTable(this.plan);
    if (arguments.length === 1) this.#handlers.add(String, first as MessageHandler);
    else this.#handlers.add(first as PrimitiveType | AbstractClass<unknown>, second);
    this.inbox.updateRules();
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
    this.inbox.updateRules();
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
    return !this.life.isClosed;
  }

  override getMaxIdleTimeout(): number {
    this.requireNotClosed();
    return this.limits.maxIdleTimeoutMs;
  }

  override setMaxIdleTimeout(milliseconds: number): void {
    this.requireNotClosed();
    this.limits.setMaxIdleTimeout(milliseconds);
  }

  override setMaxBinaryMessageBufferSize(length: number): void {
    this.requireNotClosed();
    this.limits.setBinaryBytes(length);
    this.inbox.updateRules();
  }

  override getMaxBinaryMessageBufferSize(): number {
    this.requireNotClosed();
    return this.limits.binaryBytes;
  }

  override setMaxTextMessageBufferSize(length: number): void {
    this.requireNotClosed();
    this.limits.setTextBytes(length);
    this.inbox.updateRules();
  }

  override getMaxTextMessageBufferSize(): number {
    this.requireNotClosed();
    return this.limits.textBytes;
  }

  override getAsyncRemote(): RemoteEndpoint.Async {
    this.requireNotClosed();
    return (this.#async ??= new WsAsyncRemote(this));
  }

  override getBasicRemote(): RemoteEndpoint.Basic {
    this.requireNotClosed();
    return (this.#basic ??= new WsBasicRemote(this));
  }

  override getId(): string {
    if (this.#id !== undefined) return this.#id;
    this.#id = randomBytes(16).toString('hex');
    if (this.life.isOpen) this.context.registry.named(this, this.#id);
    return this.#id;
  }

  override close(closeReason?: CloseReason): SafePromise<void>;
  override close(code: number, reasonPhrase?: string): SafePromise<void>;
  override close(reason: CloseReason | number = 1000, phrase?: string): SafePromise<void> {
    let closeReason: CloseReason;
    try {
      closeReason = closeReasonOf('session.close', reason, phrase);
    } catch (error) {
      return rejected(error);
    }
    return this.life.close(closeReason);
  }

  override get signal(): AbortSignal {
    return this.life.signal;
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
    // A copy: a caller's change must not reach @PathParam.
    return new Map(this.#handshake.pathParameters);
  }

  override getUserProperties(): Map<string, unknown> {
    this.requireNotClosed();
    return this.limits.userProperties;
  }

  override getUserPrincipal(): Principal | null {
    this.requireNotClosed();
    return this.#handshake.userPrincipal;
  }

  override getOpenSessions(): ReadonlySet<Session> {
    this.requireNotClosed();
    return this.context.registry.openSessions(this.plan);
  }

  override broadcast(
    message: unknown,
    to?: Iterable<AnySession>,
    options?: SendOptions,
  ): SafePromise<readonly SendResult[]> {
    try {
      const key = coalesceKey('broadcast', options);
      this.requireNotClosed();
      const sessions = to === undefined ? this.getOpenSessions() : sessionsOf(to);
      return this.context.local.broadcasterOf(this.plan).send(this, message, sessions, key);
    } catch (error) {
      return rejected(error);
    }
  }

  override join(...rooms: readonly string[]): void {
    this.requireNotClosed();
    this.#rooms.join(rooms);
  }

  override leave(...rooms: readonly string[]): void {
    this.requireNotClosed();
    this.#rooms.leave(rooms);
  }

  override get rooms(): ReadonlySet<string> {
    return this.#rooms.names;
  }

  get #rooms(): RoomMembership {
    return (this.#membership ??= new RoomMembership(this));
  }

  override to(...targets: readonly SessionTarget[]): SessionSelection {
    this.requireNotClosed();
    return this.context.to(targets).except(this);
  }

  override request<T = unknown>(value: object, options?: RequestOptions<T>): Promise<T> {
    // The schema, if there is one, has checked that the reply is a T; without one the caller vouches for it.
    return (this.#requests ??= new OpenRequests(this)).send(value, options) as Promise<T>;
  }

  override getRemoteAddress(): string | undefined {
    this.requireNotClosed();
    return this.transport.remoteAddress;
  }
}
