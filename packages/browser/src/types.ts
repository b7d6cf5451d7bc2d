// The public types: each has the name and the meaning that it has in Node.
import type {
  AnsweredMessage,
  Codec,
  Decoded,
  DiscriminatorOf,
  Encodable,
  ReplyTo,
  RequestOptions,
  TypedHandlers,
} from '@serval/api';
import type { PageSocket } from './page';

/** Why a session ended; a `CloseEvent` has this shape too. */
export interface CloseReason {
  /** The close code (RFC 6455 7.4); 1006 if the connection ended without a close frame. */
  readonly code: number;
  /** The phrase of the close frame; empty if it had none. */
  readonly reason: string;
  /** Whether the session ended with a close frame. */
  readonly wasClean: boolean;
}

/** A promise that you may ignore: its rejection never becomes an unhandled one, and lint rules accept that. */
export type SafePromise<T> = Pick<Promise<T>, keyof Promise<T>>;

/** A message of `send` without a codec. */
export type OutgoingMessage = string | ArrayBuffer | ArrayBufferView;

/** A message without a codec, as handlers receive it. */
export type ReceivedMessage = string | Uint8Array;

/** One open WebSocket. `connect` passes it to the handlers. */
export interface Session<Out = OutgoingMessage> {
  /** The subprotocol that the server chose; empty if there is none. */
  readonly subprotocol: string;
  /** Your own data, which belongs to this session. */
  readonly data: Record<string, unknown>;
  /** Aborts when the session ends. */
  readonly signal: AbortSignal;
  /** Sends a message like `client.send`, but never waits for another session. */
  send(message: Out): SafePromise<void>;
  /**
   * Ends the session and the connection: it does not reconnect.
   *
   * @param code 1000 or 3000 to 4999, which is all that browsers allow; default 1000
   * @param phrase at most 123 bytes
   * @throws the browser's error (as a rejection) for another code or a longer phrase; the session stays open
   */
  close(code?: number, phrase?: string): SafePromise<void>;
}

/** The address, or a function that returns one for each attempt. A path or `https:` is resolved against the page. */
export type ServerUri = string | URL | (() => string | URL | Promise<string | URL>);

/** `'open'`: sends messages. `'away'`: lost, and may reconnect. `'closed'`: has ended, or is about to. */
export type WebSocketClientState = 'open' | 'away' | 'closed';

/** The result of `connect`: one session or, with `reconnect`, one session after the other. */
export interface WebSocketClient<In = ReceivedMessage, Out = OutgoingMessage> extends AsyncIterable<In> {
  /** Resolves once the connection has ended and does not reconnect, to the reason of the last session. Never rejects. */
  readonly closed: Promise<CloseReason>;
  /** The open session, or undefined while the connection is away and after its end. */
  readonly session: Session<Out> | undefined;
  readonly state: WebSocketClientState;
  /** The error that ended the connection, if it was an error. */
  readonly error: Error | undefined;
  /**
   * Sends a string as text, bytes as a binary message, and anything else with the first codec. Messages leave in call order.
   * While the connection is away, `reconnect.whileAway` decides whether the message waits or the promise rejects.
   *
   * The promise resolves once at most 64 KiB wait in the browser. It rejects with WS_IO when the connection is lost or
   * ends first, with WS_ILLEGAL_STATE when too much waits, and with the codec's error. You need not await it.
   */
  send(message: Out): SafePromise<void>;
  /**
   * Ends the connection without reconnecting. You may call it at any time. Waiting sends reject.
   *
   * @param code 1000 or 3000 to 4999, which is all that browsers allow; default 1000
   * @param phrase at most 123 bytes
   * @throws the browser's error (as a rejection) for another code or a longer phrase; the connection stays open
   */
  close(code?: number, phrase?: string): SafePromise<void>;
  /** Iterates over the messages of one session after the other. Leaving the loop closes the client. */
  [Symbol.asyncIterator](): AsyncIterator<In, undefined>;
}

/** A lost connection, and the next attempt to connect again. */
export interface ReconnectAttempt {
  /** From 1; counted since the connection was last open for `minUptime`. */
  readonly attempt: number;
  /** Why the last session ended, or the last attempt failed. */
  readonly cause: CloseReason | Error;
  /** Milliseconds since the connection was lost; 0 the first time. */
  readonly elapsed: number;
  /** The decision without a `delay` function: milliseconds, or false for no further attempt. */
  readonly defaultDelay: number | false;
}

/** How to connect again after a connection is lost; everything has a default. The names are those of `connect` in Node. */
export interface ReconnectOptions {
  /**
   * Decides when the next attempt is made: a number of milliseconds from now, or false for none; may be async. It runs
   * whenever the connection ends, unless you closed it. An exception ends the connection. Default: `defaultDelay`.
   *
   * @example
   * delay: ({ cause, defaultDelay }) => ('code' in cause && cause.code === 4000 ? 0 : defaultDelay)
   */
  readonly delay?: ((attempt: ReconnectAttempt) => number | false | Promise<number | false>) | undefined;
  /** The shortest delay of any attempt, in milliseconds. Default 100. */
  readonly minDelay?: number | undefined;
  /** The longest delay of the first attempt, in milliseconds; it doubles with each further one. Default 1000. */
  readonly initialDelay?: number | undefined;
  /** The longest delay of any attempt, in milliseconds; also that of a hidden page. Default 30000. */
  readonly maxDelay?: number | undefined;
  /** After this many attempts without success the connection ends. Default Infinity. */
  readonly maxAttempts?: number | undefined;
  /** A connection that was open for less than this, in milliseconds, does not reset the count. Default 5000. */
  readonly minUptime?: number | undefined;
  /** Whether to repeat the first connection too; otherwise `connect` rejects. Default false. */
  readonly retryInitial?: boolean | undefined;
  /** Whether sends while the connection is away wait for it (`queue`) or reject. Default `'queue'`. */
  readonly whileAway?: 'queue' | 'reject' | undefined;
  /** The most sends that wait for the connection; one more rejects. Default 1000. */
  readonly maxQueuedMessages?: number | undefined;
  /** The most bytes of waiting texts and binary messages; a text counts its characters. Default 1048576. */
  readonly maxQueuedBytes?: number | undefined;
}

/** Turns values into messages and back. An instance of `json(schema)` is one. */
export interface MessageCodec<In, Out> {
  /** It may be async; the next message then waits. */
  decode(data: never): In | Promise<In>;
  /** It may be async; later messages then wait. */
  encode(value: Out): OutgoingMessage | Promise<OutgoingMessage>;
  /** Receives each message before it waits for a handler. @returns whether it is no message for handlers */
  takes?(data: unknown): boolean;
}

/** A codec, or a class of codecs such as `json(schema)`, of which each connection creates an instance. */
export type PageCodec<In, Out> = MessageCodec<In, Out> | CodecClass<In, Out>;

export interface CodecClass<In, Out> {
  new (): MessageCodec<In, Out>;
  /** The messages that it decodes; all if it does not say so. */
  readonly decodes?: { readonly format: string } | undefined;
}

/** A client that connects. */
export interface OpeningClient<In, Out> {
  readonly client: WebSocketClient<In, Out>;
  readonly opened: Promise<void>;
}

export type OpenClient = <In, Out>(uri: ServerUri, options: ConnectOptions<In, Out>) => OpeningClient<In, Out>;

/** Options whose first codec may open the client. */
export interface OpeningOptions {
  readonly codecs?:
    readonly { readonly open?: Opener; readonly encode?: unknown; readonly decodes?: unknown }[] | undefined;
}

export type Opener = <In, Out>(
  uri: ServerUri,
  options: ConnectOptions<In, Out>,
  open: OpenClient,
) => OpeningClient<In, Out>;

/** The second argument of `onOpen`. */
export interface OpenInfo {
  /** 0 for the first connection; after a loss, the number of the attempt that succeeded. */
  readonly attempt: number;
}

/** The options of `connect`, all of which have a default. Each has the name that it has in Node. */
export interface ConnectOptions<In = ReceivedMessage, Out = OutgoingMessage> {
  /** Runs when a session opens: log in or subscribe here. No message is read before its promise settles. */
  readonly onOpen?: ((session: Session<Out>, info: OpenInfo) => unknown) | undefined;
  /** Receives a text message, and no codec decodes it. */
  readonly onText?: ((text: string, session: Session<Out>) => unknown) | undefined;
  /** Receives a binary message, and no codec decodes it. */
  readonly onBinary?: ((bytes: Uint8Array, session: Session<Out>) => unknown) | undefined;
  /** Receives every other message, decoded by a codec if one takes it. */
  readonly onMessage?: ((message: In, session: Session<Out>) => unknown) | undefined;
  /** Runs when a session ends, for any reason; another one may follow it. */
  readonly onClose?: ((reason: CloseReason, session: Session<Out>) => unknown) | undefined;
  /** Receives errors of the other handlers and of codecs. Default: they are logged. */
  readonly onError?: ((error: Error, session: Session<Out>) => unknown) | undefined;
  /** The codecs of messages. The first one encodes all that `send` takes but strings and bytes. Default: none. */
  readonly codecs?: readonly PageCodec<In, Out>[] | undefined;
  /** In order of preference, favourite first. Default: none. */
  readonly subprotocols?: readonly string[] | undefined;
  /** Ends the connection like `close()`, at any time. A pending `connect` rejects with its reason. Default: none. */
  readonly signal?: AbortSignal | undefined;
  /** Whether and how to reconnect after a connection is lost. Default false. */
  readonly reconnect?: boolean | ReconnectOptions | undefined;
  /** How long each attempt may take, with the function that returns the URI, in milliseconds. Default 30000. */
  readonly handshakeTimeout?: number | undefined;
  /**
   * Ends a session with 1006 after this time without a message from the server, in milliseconds; 0 means never. A page does
   * not see pings, so set it only if the server sends messages that often. Default 0.
   */
  readonly readIdleTimeout?: number | undefined;
  /**
   * A message that the server answers with any message. The page sends it after `pingInterval` without a message from the
   * server, and when it wakes up. The session ends with 1006 after `pongTimeout` without one. It replaces
   * `readIdleTimeout`. Default: none.
   */
  readonly pingMessage?: Out | undefined;
  /** In milliseconds; 0 sends `pingMessage` only when the page wakes up. Default 0. */
  readonly pingInterval?: number | undefined;
  /** In milliseconds. Default 20000. */
  readonly pongTimeout?: number | undefined;
  /** The bytes that may wait in the browser for the network; beyond them a send rejects. Default 16777216. */
  readonly maxQueuedBytes?: number | undefined;
  /**
   * The bytes of messages that may wait for a handler or the loop; a text counts its characters. Beyond them the connection
   * ends: a page cannot stop reading, except with `streamSocket`. Default 16777216.
   */
  readonly maxUnreadBytes?: number | undefined;
  /**
   * Opens a socket. `streamSocket` is one that stops reading while a handler is busy. Default: the global `WebSocket`.
   */
  readonly socket?: ((url: string, subprotocols: string[]) => PageSocket) | undefined;
}

/** `request` of a client and of its sessions. */
export interface Requests<Out, Codecs = never> {
  /**
   * Sends a message and awaits the reply. The codec needs `requests: true`.
   *
   * A handler may await it: a reply passes the messages that wait. A request does not wait for a connection.
   *
   * If the codec's `replies` have the type of the message, the reply is the output of that schema.
   *
   * @throws ReplyException (as a rejection) when the server replies with an error, or the reply does not match its schema
   * @throws WS_REPLY_TIMEOUT (as a rejection) after `timeout`, and WS_IO when no connection is open, or it ends first
   * @throws WS_ILLEGAL_STATE (as a rejection) when 1000 requests wait, or the codec has no requests
   */
  request<M extends AnsweredMessage<Out, Codecs>>(
    value: M,
    options?: RequestOptions & { readonly schema?: undefined },
  ): SafePromise<ReplyTo<M, Codecs>>;
  request<T = unknown>(value: Out, options?: RequestOptions<T>): SafePromise<T>;
}

/** A session whose first codec is one of `json`. */
export type TypedSession<Out = OutgoingMessage, Codecs = never> = Session<Out> &
  Requests<Exclude<Out, OutgoingMessage>, Codecs>;

/** The client of `connect` with a codec of `json`. */
export type TypedClient<In = unknown, Out = OutgoingMessage, Codecs = never> = WebSocketClient<In, Out> &
  Requests<Exclude<Out, OutgoingMessage>, Codecs>;

type Handlers = 'onOpen' | 'onText' | 'onBinary' | 'onMessage' | 'onClose' | 'onError';

/** The messages that a client with this codec sends. */
export type Sent<C extends Codec> = Encodable<[C]> | OutgoingMessage;

/** The options of `connect` with a codec of `json`. */
export interface TypedConnectOptions<C extends Codec> extends Omit<
  ConnectOptions<Decoded<[C]>, Sent<C>>,
  Handlers | 'codecs'
> {
  readonly codecs: readonly [C];
  /**
   * One function for each type of message, by the value of the discriminator: `{ say: (message) => … }`. The result is the
   * reply to a request. `onMessage` receives all other types. Default: none.
   */
  readonly messages?: TypedHandlers<TypedSession<Sent<C>, C>, Decoded<[C]>, DiscriminatorOf<[C]>, C> | undefined;
  readonly onOpen?: ((session: TypedSession<Sent<C>, C>, info: OpenInfo) => unknown) | undefined;
  /** Receives a text message, and the codec decodes none. */
  readonly onText?: ((text: string, session: TypedSession<Sent<C>, C>) => unknown) | undefined;
  /** Receives a binary message. */
  readonly onBinary?: ((bytes: Uint8Array, session: TypedSession<Sent<C>, C>) => unknown) | undefined;
  /** Receives every message that `messages` has no function for. The result is the reply to a request. */
  readonly onMessage?: ((message: Decoded<[C]>, session: TypedSession<Sent<C>, C>) => unknown) | undefined;
  readonly onClose?: ((reason: CloseReason, session: TypedSession<Sent<C>, C>) => unknown) | undefined;
  readonly onError?: ((error: Error, session: TypedSession<Sent<C>, C>) => unknown) | undefined;
}
