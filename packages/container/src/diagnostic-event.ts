import type { CloseReason, Session } from '@serval/api';
import type { SessionTraffic } from './session-traffic';

/** An event for the operator that no endpoint receives. docs/guides/observability.md has a table of all. */
export type DiagnosticEvent =
  | DeploymentEvent
  | HandshakeAccepted
  | HandshakeRefused
  | HandshakeFailed
  | HandshakeWarning
  | OriginRefused
  | SessionOpened
  | SessionClosed
  | SessionEvent
  | EndpointEvent
  | RoomListenerFailed
  | StopEvent
  | LimiterFailed
  | NodeEvent
  | ClientEvent;

type DeploymentEvent =
  | { readonly kind: 'deployed'; readonly endpoint: string; readonly path: string }
  | { readonly kind: 'deployment-warning'; readonly endpoint: string; readonly message: string }
  | { readonly kind: 'setting-warning'; readonly message: string };

/** The endpoint of a handshake. Both are undefined when there is none at the path. */
interface HandshakeEndpoint {
  /** The path that the client requested. */
  readonly path: string;
  /** The class's name. */
  readonly endpoint?: string | undefined;
  /** The endpoint's path as it was deployed, such as `/chat/{room}`: a label with few values, unlike `path`. */
  readonly template?: string | undefined;
}

interface HandshakeAccepted extends HandshakeEndpoint {
  readonly kind: 'handshake-accepted';
  /** 101, or 200 over HTTP/2. */
  readonly status: number;
}

/**
 * The rule that refused a handshake. `path`: there is no endpoint; `request`: it was no valid opening handshake;
 * `handshakeTimeout`: user code took too long; `security`: the user, or the transport, does not satisfy a security constraint,
 * or the credentials have expired; `application`: code of the application refused;
 * `paused` and `stopped`: the container accepts no sessions; `bus`: its bus is not connected yet; the others are the
 * options of the limits of connections.
 */
export type RefusalRule =
  | 'path'
  | 'request'
  | 'host'
  | 'origin'
  | 'paused'
  | 'stopped'
  | 'bus'
  | 'handshakeTimeout'
  | 'security'
  | 'application'
  | ConnectionLimitName;

/** A limit of connections, by the name of its option. */
export type ConnectionLimitName =
  'maxConnections' | 'maxConnectionsPerEndpoint' | 'maxConnectionsPerUser' | 'maxConnectionsPerAddress';

interface HandshakeRefused extends HandshakeEndpoint {
  readonly kind: 'handshake-refused';
  readonly status: number;
  /** For people; a client may have chosen parts of it. */
  readonly reason: string;
  readonly rule: RefusalRule;
  /** With the rule `application`: the code that refused, such as `authenticate` or `the handshake middleware session`. */
  readonly by?: string | undefined;
  /** The code of the close frame, when the server accepts the handshake and then closes (`HandshakeRejection.closeWith`). */
  readonly closeCode?: number | undefined;
  /** With the rule `path`: the template of an endpoint that the client probably meant. */
  readonly nearest?: string | undefined;
}

interface HandshakeFailed extends HandshakeEndpoint {
  readonly kind: 'handshake-failed';
  /** 500 if that was the answer; undefined for an error that came too late, or behind a refusal. */
  readonly status?: number | undefined;
  readonly error: Error;
}

interface HandshakeWarning extends HandshakeEndpoint {
  readonly kind: 'handshake-warning';
  readonly message: string;
}

interface OriginRefused extends HandshakeEndpoint {
  readonly kind: 'origin-refused';
  /** The Origin header; `null` for none. */
  readonly origin: string | null;
  /** The server's own host that it was compared with: the Host header, or X-Forwarded-Host of a trusted proxy. */
  readonly host: string;
}

/** The session that an event is about. */
export interface OfSession {
  /** The class's name. */
  readonly endpoint: string;
  /** The endpoint's path as it was deployed, such as `/chat/{room}`; undefined for a client. */
  readonly template?: string | undefined;
  readonly sessionId: string;
}

/** A session, for those who measure sessions. */
interface MeasuredSession extends OfSession {
  readonly side: 'server' | 'client';
  /** Once it is closed, only `getId` and `isOpen` work. */
  readonly session: Session;
  /** Counts on while the session lives. Undefined if nobody had subscribed when the session began. */
  readonly traffic: SessionTraffic | undefined;
}

/** A session begins; `@OnOpen` follows. */
export interface SessionOpened extends MeasuredSession {
  readonly kind: 'session-opened';
  readonly traffic: SessionTraffic;
}

/** A session is over: `@OnClose` returned, and the connection is gone. */
export interface SessionClosed extends MeasuredSession {
  readonly kind: 'session-closed';
  /** The close code, as `@OnClose` got it. */
  readonly code: number;
  /** The reason phrase; the peer may have chosen it. */
  readonly reason: string;
  /** Whether a call of `close` on this side ended it. */
  readonly isClosedHere: boolean;
  /** From the begin of the session, in milliseconds. Undefined if nobody had subscribed then. */
  readonly durationMs: number | undefined;
}

/**
 * The limit that was hit, by the name of its option. `queueOverflow` stands for `maxQueuedBytes`, `maxQueuedMessages` and
 * `maxQueueTime`; `sendTimeout` for the timeouts of blocking and asynchronous sends.
 */
export type LimitName =
  | 'maxMessageSize'
  | 'rateLimits'
  | 'queueOverflow'
  | 'sendTimeout'
  | 'maxSessionIdleTimeout'
  | 'readIdleTimeout'
  | 'writeIdleTimeout'
  | 'pongTimeout';

type SessionEvent =
  | (OfSession & { readonly kind: 'unhandled-error'; readonly error: Error })
  | (OfSession & { readonly kind: 'error-handler-failed'; readonly error: Error })
  | (OfSession & {
      readonly kind: 'handler-overdue';
      readonly method: string;
      /** The limit that has passed, in milliseconds. */
      readonly afterMs: number;
    })
  | (OfSession & { readonly kind: 'send-dropped' })
  | (OfSession & { readonly kind: 'connection-error'; readonly error: Error })
  | (OfSession & {
      readonly kind: 'unknown-message-type';
      /** The value of the discriminator: a string in quotes, cut to 64 characters; a number; or the kind of another value. */
      readonly type: string;
    })
  | (OfSession & { readonly kind: 'message-refused'; readonly error: Error })
  | (OfSession & {
      readonly kind: 'reply-dropped';
      /** `'late'`: after the time limit, or a second reply; `'unknown'`: to a request that was never sent. */
      readonly reason: 'late' | 'unknown';
    })
  | (OfSession & {
      readonly kind: 'limit-hit';
      readonly limit: LimitName;
      /** With `rateLimits`: the message waits, is left out, or ends its session. */
      readonly action?: 'delay' | 'drop' | 'close' | undefined;
      readonly message: string;
    });

type EndpointEvent =
  | (OfSession & { readonly kind: 'message-dropped'; readonly messageType: 'text' | 'binary' })
  | { readonly kind: 'delivered-whole'; readonly endpoint: string };

/** A listener of `container.rooms` threw or rejected. */
interface RoomListenerFailed {
  readonly kind: 'room-listener-failed';
  readonly roomEvent: 'joined' | 'left';
  readonly room: string;
  readonly error: Error;
}

/** How far a stop is; see `StopProgress`. */
export type StopPhase = 'draining' | 'closing' | 'forcing' | 'stopped';

/** The limiter of `rateLimits` failed, or did not answer in time, for a message of the session. */
interface LimiterFailed extends OfSession {
  readonly kind: 'limiter-failed';
  /** `open`: messages pass; `close`: their sessions end. */
  readonly failure: 'open' | 'close';
  /** So long the same applies to all messages of the limiter, without another event. */
  readonly restMs: number;
  readonly error: Error;
}

type StopEvent =
  | { readonly kind: 'stopping'; readonly phase: StopPhase; readonly sessions: number }
  /** A function of the application threw, rejected, or took too long. */
  | { readonly kind: 'hook-failed'; readonly hook: 'onStop' | 'onProgress'; readonly error: Error };

/** The container's part in a cluster. */
type NodeEvent =
  /** The bus did not take a call for other nodes, or carried one that this node cannot read. */
  | { readonly kind: 'bus-failed'; readonly error: Error }
  | { readonly kind: 'bus-lost'; readonly node: string; readonly messages: number }
  | { readonly kind: 'bus-unanswered'; readonly nodes: readonly string[] }
  | { readonly kind: 'message-undeliverable'; readonly endpoint: string }
  | { readonly kind: 'join-refused'; readonly error: Error };

type ClientEvent =
  | {
      readonly kind: 'reconnecting';
      readonly endpoint: string;
      /** From 1. */
      readonly attempt: number;
      /** In milliseconds. */
      readonly delay: number;
      readonly cause: CloseReason | Error;
    }
  | {
      readonly kind: 'reconnect-given-up';
      readonly endpoint: string;
      /** The one that was not made. */
      readonly attempt: number;
      readonly cause: CloseReason | Error;
    };
