import { showAs } from './show-as';
import { brand } from './brand';
import type { AbstractClass, PrimitiveType, PrimitiveValue } from './class-type';
import type { CloseReason } from './close-reason';
import type { Extension } from './extension';
import type { MessageHandler } from './message-handler';
import type { Principal } from './principal';
import type { RemoteEndpoint, SendResult } from './remote-endpoint';
import type { WebSocketContainer } from './web-socket-container';

/**
 * One conversation between an endpoint and a peer.
 *
 * A class, so that `session: Session` tells the container what a method wants. Once the session is closed and its
 * `@OnClose` has returned, all members but `close`, `isOpen` and `getId` throw IllegalStateException.
 *
 * @see WSC-2.1.2
 */
export abstract class Session {
  /** The container the session lives in; the same object for every session of an application. */
  abstract getContainer(): WebSocketContainer;

  /**
   * Registers a handler for incoming messages: at most one each for text, binary and pong.
   *
   * The class says what the handler receives: `String` text, `Buffer`, `Uint8Array` or `ArrayBuffer` binary, `Reader`
   * and `InputStream` streams, `PongMessage` pongs, anything else what the endpoint's decoders make. Without a class the
   * handler receives text. A handler that declares two parameters receives parts.
   *
   * @throws IllegalStateException when the native type already has a handler, or no decoder makes the class
   */
  abstract addMessageHandler(handler: MessageHandler<string>): void;
  abstract addMessageHandler<P extends PrimitiveType>(type: P, handler: MessageHandler<PrimitiveValue<P>>): void;
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

  /** Whether the session has not ended yet; still true inside `@OnClose`. */
  abstract isOpen(): boolean;

  /** Milliseconds without traffic after which the container closes the session; 0 or less means never. */
  abstract getMaxIdleTimeout(): number;
  abstract setMaxIdleTimeout(milliseconds: number): void;

  /** Bytes of a whole binary message; a larger one closes the session with 1009. Applies from the next message on. */
  abstract setMaxBinaryMessageBufferSize(length: number): void;
  abstract getMaxBinaryMessageBufferSize(): number;

  /** UTF-8 bytes of a whole text message; a larger one closes the session with 1009. Applies from the next message on. */
  abstract setMaxTextMessageBufferSize(length: number): void;
  abstract getMaxTextMessageBufferSize(): number;

  abstract getAsyncRemote(): RemoteEndpoint.Async;
  abstract getBasicRemote(): RemoteEndpoint.Basic;

  /** Unique and not guessable: 128 random bits as 32 hexadecimal digits. */
  abstract getId(): string;

  /**
   * Closes the conversation, with 1000 when no reason is given. The promise resolves once the close frame is handed to
   * the connection. Closing twice does nothing. A code and a phrase are short for a CloseReason; not in the specification.
   *
   * @throws IllegalArgumentException (as a rejection) for what is no reason; the session stays open then
   *
   * @example
   * await session.close(new CloseReason(4001, 'kicked'));
   * await session.close(4001, 'kicked');
   */
  abstract close(closeReason?: CloseReason): Promise<void>;
  abstract close(code: number, reasonPhrase?: string): Promise<void>;

  /**
   * Aborts when the conversation ends: the peer has closed, has hung up, or was lost, or this side closes. For handlers that
   * take long, such as one that streams an answer; the same object for the life of the session, and made when it is first
   * asked for. Not in the specification.
   *
   * It may abort while messages that arrived earlier still wait for the handler. A peer that leaves behind more than
   * 16 KiB of them is noticed when they have been taken.
   *
   * A handler that rejects with the signal's reason, as `fetch` does, is no error for `@OnError`.
   *
   * @example
   * for await (const token of model.stream(question, { signal: session.signal })) await remote.sendText(token);
   */
  abstract get signal(): AbortSignal;

  /** The absolute URI of the opening handshake, `ws:` or `wss:`, with its query. */
  abstract getRequestURI(): URL;

  /** Query and path parameters by name; a path parameter hides a query parameter of the same name. */
  abstract getRequestParameterMap(): ReadonlyMap<string, readonly string[]>;

  /** The query without its question mark, or `null`. */
  abstract getQueryString(): string | null;

  /** The values of the URI template's variables, percent-decoded. */
  abstract getPathParameters(): ReadonlyMap<string, string>;

  /** Developer data, kept until `@OnClose` has returned. */
  abstract getUserProperties(): Map<string, unknown>;

  /** The user that the handshake request was authenticated as, or `null`. */
  abstract getUserPrincipal(): Principal | null;

  /** The sessions open on the same endpoint, this one included: an unmodifiable copy. */
  abstract getOpenSessions(): ReadonlySet<Session>;

  /**
   * Sends one message to many sessions: a string or bytes as they are, any other object by this endpoint's encoders, once
   * for all. Each session has its own queue, send timeout and limits, as with `getAsyncRemote`. Not in the specification;
   * Tyrus has the like.
   *
   * @param to default: all open sessions of this endpoint, this one included
   * @returns the sendings that failed, once each has been accepted or has failed; it rejects only for the message's sake
   * @throws EncodeException (as a rejection) when nothing encodes the message, or what the encoder throws
   *
   * @example
   * void session.broadcast(`${name} has joined.`);
   */
  abstract broadcast(message: unknown, to?: Iterable<Session>): Promise<readonly SendResult[]>;

  /** The peer's address as the socket knows it, such as `'127.0.0.1'`, or undefined. Not in the specification. */
  abstract getRemoteAddress(): string | undefined;

  /** As {@link close}: `await using session = await container.connectToServer(…)`. Not in the specification. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

brand(Session, 'Session');
showAs(Session, 'Session', (session) => `${session.getId()}, ${session.isOpen() ? 'open' : 'closed'}`);
