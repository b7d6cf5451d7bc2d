import { showAs } from './show-as';
import { brand } from './brand';
import type { AbstractClass, PrimitiveType, PrimitiveValue } from './class-type';
import type { CodecDeclaration } from './codec-declaration';
import type { CloseReason } from './close-reason';
import type { Extension } from './extension';
import type { MessageHandler } from './message-handler';
import type { Principal } from './principal';
import type { OutgoingMessage, RemoteEndpoint, SafePromise, SendResult, SendOptions } from './remote-endpoint';
import type { RequestOptions } from './request-message';
import type { SessionSelection, SessionTarget } from './rooms';
import type { WebSocketContainer } from './web-socket-container';

/** A session of any endpoint, for functions that take the sessions of all. */
export type AnySession = Session<object, unknown, object, never>;

/** The data of a session without a type argument: any names, with values of unknown type. */
export interface SessionData {
  [name: string]: unknown;
}

/** A session's user properties: a map that has the types of the session's data for its names. */
export interface UserProperties<Data extends object = SessionData> extends Map<string, unknown> {
  get<Name extends keyof Data & string>(name: Name): Data[Name] | undefined;
  get(name: string): unknown;
}

/** The path variables of a session without a type argument. */
export interface PathParameters {
  readonly [name: string]: string;
}

/** Copies the members of a type, so that an interface is as good as a type literal where names are open. */
type Members<T> = { [K in keyof T]: T[K] };

/**
 * One conversation between an endpoint and a peer.
 *
 * It is a class so that the container can recognise a parameter `session: Session`. Its members come in two forms: short
 * properties (`id`, `user`, `params`, `query`, `data`, `send`), and the methods of the specification (`getId` …). Both
 * read the same values. Once the session is closed and `@OnClose` has returned, every method of the specification except
 * `close`, `isOpen` and `getId` throws IllegalStateException; the short properties stay readable.
 *
 * The type arguments are for the compiler only; all of them have defaults. `Data` is the type of {@link data}, `User` that
 * of {@link user}, `Params` that of {@link params}, and `Outgoing` limits the messages of {@link send}.
 *
 * @example
 * class Chat {
 *   @OnOpen enter(session: Session<{ name: string }>) { session.data.name = session.query.get('name') ?? 'guest'; }
 *   @OnMessage say(text: string, session: Session<{ name: string }>) { return `${session.data.name}: ${text}`; }
 * }
 *
 * @see WSC-2.1.2
 */
export abstract class Session<
  Data extends object = SessionData,
  User = Principal | null,
  Params extends object = PathParameters,
  Outgoing = OutgoingMessage,
> {
  // --- short forms --------------------------------------------------------------------------------------------------

  /** {@link getId}. */
  get id(): string {
    return this.getId();
  }

  /** The object that `authenticate` returned for the handshake, or `null`. {@link getUserPrincipal}. */
  abstract get user(): User;

  /**
   * The values of the URI template's variables, percent-decoded: an object without a prototype that cannot change.
   * {@link getPathParameters}.
   */
  abstract get params(): Params;

  /** The query of the handshake's URI. It is the same object for the life of the session. {@link getQueryString}. */
  abstract get query(): URLSearchParams;

  /**
   * Your own data, kept until `@OnClose` has returned. It is a view of {@link getUserProperties}: `session.data.name`
   * reads and writes the property `name`. Not copied between sessions.
   */
  abstract get data(): Members<Data>;

  /**
   * Sends a string as a text message, bytes as a binary message, and any other value with the first encoder that accepts
   * it. Without one it sends a number, a boolean or a bigint as text. Messages leave in call order.
   *
   * The promise resolves once the message is accepted for sending, as with {@link getBasicRemote}. Await it to match the
   * peer's pace. You need not await it, and lint rules such as `no-floating-promises` accept that.
   *
   * @throws EncodeException (as a rejection) when no encoder accepts the value, or the encoder's own error
   * @throws IllegalArgumentException (as a rejection) for undefined and null, and for unknown options
   * @throws IllegalStateException (as a rejection) in the middle of a partial message, and when too much waits
   * @throws IOException (as a rejection) when the session is closed
   *
   * @example
   * session.send('hello');
   * await session.send(new Price('tea', 3));
   * session.send(price, { coalesce: 'price:tea' });
   */
  abstract send(message: Outgoing, options?: SendOptions): SafePromise<void>;

  // --- the specification's names ------------------------------------------------------------------------------------

  /** The session's container: the same object for every session of an application. */
  abstract getContainer(): WebSocketContainer;

  /**
   * Registers a handler for incoming messages. A session has at most one handler each for text, binary and pong.
   *
   * The class selects the messages: `String` is text; `Buffer`, `Uint8Array` or `ArrayBuffer` is binary; `Reader` and
   * `InputStream` are streams; `PongMessage` is pongs; any other class is an object from one of the endpoint's decoders,
   * and a decoder class or codec, such as `json(schema)`, is the object that it decodes.
   * Without a class the handler receives text. A handler that declares two parameters receives messages in parts.
   *
   * @throws IllegalStateException when the native type already has a handler, or no decoder produces the class
   */
  abstract addMessageHandler(handler: MessageHandler<string>): void;
  abstract addMessageHandler<P extends PrimitiveType>(type: P, handler: MessageHandler<PrimitiveValue<P>>): void;
  abstract addMessageHandler<T>(decoder: { readonly decodes: CodecDeclaration<T> }, handler: MessageHandler<T>): void;
  abstract addMessageHandler<T>(type: AbstractClass<T>, handler: MessageHandler<T>): void;

  /** An unmodifiable copy of the registered handlers. */
  abstract getMessageHandlers(): ReadonlySet<MessageHandler>;

  /** @throws IllegalStateException when the handler is not registered */
  abstract removeMessageHandler(handler: MessageHandler): void;

  /** `'13'`. */
  abstract getProtocolVersion(): string;

  /** The negotiated subprotocol, or the empty string. */
  abstract getNegotiatedSubprotocol(): string;

  abstract getNegotiatedExtensions(): readonly Extension[];

  /** Whether the connection is encrypted. */
  abstract isSecure(): boolean;

  /** Whether the session has not ended yet. Still true inside `@OnClose`. */
  abstract isOpen(): boolean;

  /** Milliseconds without traffic after which the container closes the session; 0 or less means never. */
  abstract getMaxIdleTimeout(): number;
  abstract setMaxIdleTimeout(milliseconds: number): void;

  /** Largest whole binary message in bytes; a larger one closes the session with 1009. Applies to the next message. */
  abstract setMaxBinaryMessageBufferSize(length: number): void;
  abstract getMaxBinaryMessageBufferSize(): number;

  /** Largest whole text message in UTF-8 bytes; a larger one closes the session with 1009. Applies to the next message. */
  abstract setMaxTextMessageBufferSize(length: number): void;
  abstract getMaxTextMessageBufferSize(): number;

  abstract getAsyncRemote(): RemoteEndpoint.Async;
  abstract getBasicRemote(): RemoteEndpoint.Basic;

  /** A unique, unguessable ID: 128 random bits as 32 hexadecimal digits. */
  abstract getId(): string;

  /**
   * Closes the session, with 1000 if you pass no reason. The promise resolves once the connection has accepted the close
   * frame, and you need not await it. Closing twice does nothing. A code and a phrase are short for a CloseReason; this
   * form is not in the specification.
   *
   * @throws IllegalArgumentException (as a rejection) for an invalid reason; the session then stays open
   *
   * @example
   * await session.close(new CloseReason(4001, 'kicked'));
   * await session.close(4001, 'kicked');
   */
  abstract close(closeReason?: CloseReason): SafePromise<void>;
  abstract close(code: number, reasonPhrase?: string): SafePromise<void>;

  /**
   * Aborts when the session ends: the peer closes or disconnects, the connection is lost, or this side closes. Use it in
   * handlers that take long, such as one that streams an answer. It is the same object for the life of the session,
   * created on first use. Not in the specification.
   *
   * It may abort while messages that arrived earlier still wait for the handler. If more than 16 KiB of them wait, the
   * container detects that the peer has left only after the handler has taken them.
   *
   * When a handler rejects with the signal's reason, as `fetch` does, `@OnError` does not run.
   *
   * @example
   * for await (const token of model.stream(question, { signal: session.signal })) await remote.sendText(token);
   */
  abstract get signal(): AbortSignal;

  /** The absolute URI of the opening handshake, `ws:` or `wss:`, with its query. */
  abstract getRequestURI(): URL;

  /** Query and path parameters by name. A path parameter replaces a query parameter of the same name. */
  abstract getRequestParameterMap(): ReadonlyMap<string, readonly string[]>;

  /** The query without its question mark, or `null`. */
  abstract getQueryString(): string | null;

  /** The values of the URI template's variables, percent-decoded. */
  abstract getPathParameters(): ReadonlyMap<string, string>;

  /** Your own data, kept until `@OnClose` has returned. {@link data} is a view of it. */
  abstract getUserProperties(): UserProperties<Members<Data>>;

  /** The authenticated user of the handshake request, or `null`. */
  abstract getUserPrincipal(): (User & Principal) | null;

  /** The open sessions of the same endpoint, including this one: an unmodifiable copy. */
  abstract getOpenSessions(): ReadonlySet<Session<Data, User, Params, Outgoing>>;

  /**
   * Sends one message to many sessions. It sends a string or bytes unchanged, and encodes any other object once, with
   * this endpoint's encoders. Each session has its own queue, send timeout and limits, as with `getAsyncRemote`. Not in
   * the specification; Tyrus has a similar method.
   *
   * @param to default: all open sessions of this endpoint, including this one
   * @returns the failed sends, once every send is accepted or has failed; the promise rejects only if the message itself
   * is the problem
   * @throws EncodeException (as a rejection) when no encoder accepts the message; an error of the encoder rejects it too
   *
   * @example
   * session.broadcast(`${name} has joined.`);
   */
  abstract broadcast(
    message: Outgoing,
    to?: Iterable<AnySession>,
    options?: SendOptions,
  ): SafePromise<readonly SendResult[]>;

  /**
   * Sends an object and waits for the reply: what the peer's handler returns. It needs a codec with `requests: true` on both
   * sides. You may call it in any handler: while requests are open, replies are read past messages that wait for a busy
   * handler; up to 64 such messages wait. A session has at most 1000 open requests. Not in the specification.
   *
   * @returns the reply; you need not await it
   * @throws ReplyException (as a rejection) when the peer answers with an error, or the reply does not match `schema`
   * @throws ReplyTimeoutException (as a rejection) when no reply arrives in time
   * @throws IOException (as a rejection) when the session is closed or ends first
   * @throws EncodeException (as a rejection) when the object does not match the codec's schema
   * @throws IllegalStateException (as a rejection) when no encoder with `requests: true` takes the object, or too many
   * requests are open
   *
   * @example
   * const answer = await session.request({ type: 'ready?' }, { timeout: 5000 });
   */
  abstract request<T = unknown>(value: object, options?: RequestOptions<T>): Promise<T>;

  /**
   * Joins rooms, to which `to` sends. A room exists while it has a member. The session leaves its rooms when it begins to
   * close; joining after that does nothing. Not in the specification.
   *
   * @param rooms names of 1 to 1024 characters; joining a room twice does nothing
   * @throws IllegalArgumentException for an invalid name; the session then joins none
   * @throws IllegalStateException when the session would be in more rooms than `maxRoomsPerSession`; it then joins none
   *
   * @example
   * session.join('blue');
   * session.to('blue').send(`${name} has joined.`);
   */
  abstract join(...rooms: readonly string[]): void;

  /** Leaves rooms. Leaving a room in which the session is not does nothing. Not in the specification. */
  abstract leave(...rooms: readonly string[]): void;

  /**
   * The names of the session's rooms: a read-only view. From `@OnClose` on, those in which it was until it began to close.
   * Not in the specification.
   */
  abstract get rooms(): ReadonlySet<string>;

  /** Like `to` of the container, but without this session. Not in the specification. */
  abstract to(...targets: readonly SessionTarget[]): SessionSelection;

  /** The peer's address as the socket reports it, such as `'127.0.0.1'`, or undefined. Not in the specification. */
  abstract getRemoteAddress(): string | undefined;

  /** Calls {@link close}: `await using session = await container.connectToServer(…)`. Not in the specification. */
  [Symbol.asyncDispose](): SafePromise<void> {
    return this.close();
  }
}

brand(Session, 'Session');
showAs(Session, 'Session', (session: Session) => {
  if (!session.isOpen()) return `${session.getId()}, closed`;
  const user = session.getUserPrincipal();
  const parts = [session.getId(), session.getRequestURI().pathname, 'open'];
  // The quotes show where a name ends, and keep it on the line.
  if (user !== null) parts.push(`user ${JSON.stringify(user.getName())}`);
  return [...parts, session.getRemoteAddress() ?? []].flat().join(', ');
});
