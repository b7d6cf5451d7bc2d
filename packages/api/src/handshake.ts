import { showAs } from './show-as';
import { brand } from './brand';
import { closeReasonOf, type CloseReason } from './close-reason';
import { describeValue } from './describe-value';
import { IllegalArgumentException } from './errors';
import type { Headers } from './headers';
import type { Principal } from './principal';

/** The HTTP request that opens a WebSocket. */
export abstract class HandshakeRequest {
  static readonly SEC_WEBSOCKET_KEY = 'Sec-WebSocket-Key';
  static readonly SEC_WEBSOCKET_PROTOCOL = 'Sec-WebSocket-Protocol';
  static readonly SEC_WEBSOCKET_VERSION = 'Sec-WebSocket-Version';
  static readonly SEC_WEBSOCKET_EXTENSIONS = 'Sec-WebSocket-Extensions';

  /** Read-only. Lookups accept a name in any case. */
  abstract getHeaders(): Headers;
  /** The user that the container's `authenticate` option returned, or `null`. */
  abstract getUserPrincipal(): Principal | null;
  /** Absolute, with scheme `ws:` or `wss:`, and with the query. */
  abstract getRequestURI(): URL;
  /** Whether the user has the role, according to the container's `isUserInRole` option. False without a user. */
  abstract isUserInRole(role: string): boolean;
  /** The host's HTTP session, such as `request.session` of express-session, or `null`. */
  abstract getHttpSession(): unknown;
  /** Query and path parameters. A path parameter replaces a query parameter of the same name. */
  abstract getParameterMap(): ReadonlyMap<string, readonly string[]>;
  /** The query without its question mark, or `null` if the request has none. */
  abstract getQueryString(): string | null;
  /**
   * The client's certificate chain in DER, its own certificate first. `null` if the client sent none, or if the
   * certificate was not verified (WS 2.3).
   */
  abstract getUserX509CertificateChain(): readonly Buffer[] | null;
  abstract getLocalAddress(): string;
  abstract getLocalHostName(): string;
  /** The local port, or -1 if unknown. */
  abstract getLocalPort(): number;
  abstract getRemoteAddress(): string;
  abstract getRemoteHostName(): string;
  /** The peer's port, or -1 if unknown. */
  abstract getRemotePort(): number;
  /** The client's first choice in Accept-Language, or the server's own locale (WS 2.3). */
  abstract getPreferredLocale(): Intl.Locale;
  /** The host's own request object, for anything this class does not expose. Not in the specification. */
  abstract getNativeRequest(): unknown;
}

/** The response to an opening handshake. A server sends the headers that you set here with the 101. */
export interface HandshakeResponse {
  getHeaders(): Map<string, string[]>;
}

export const HandshakeResponse = Object.freeze({ SEC_WEBSOCKET_ACCEPT: 'Sec-WebSocket-Accept' } as const);

/** The HTTP response to a refused handshake. */
export interface HandshakeRejectionResponse {
  /** A list of values becomes several header lines. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Sent as `text/plain; charset=utf-8` unless the headers say otherwise. Default: the status's own phrase. */
  readonly body?: string | Uint8Array | undefined;
  /** The error behind the refusal. The client never sees it. With a status from 500 the container logs it as an error. */
  readonly cause?: unknown;
}

/**
 * Throw it from any method of a Configurator, or from `authenticate`, to refuse the handshake.
 *
 * A browser reports only 1006 to its page when a handshake is refused. If the page needs the reason, use
 * {@link HandshakeRejection.closeWith}: the server completes the handshake and closes at once. No method of the endpoint
 * runs.
 *
 * @example
 * throw new HandshakeRejection(401, { headers: { 'WWW-Authenticate': 'Bearer' } });
 * throw HandshakeRejection.closeWith(new CloseReason(4401, 'token expired'));
 */
export class HandshakeRejection extends Error {
  override readonly name = 'HandshakeRejection';
  readonly code = 'WS_HANDSHAKE_REJECTED';
  /** Set when the server accepts the handshake and then closes; see {@link HandshakeRejection.closeWith}. */
  readonly closeReason: CloseReason | undefined;

  /**
   * @param status 300 to 599
   * @throws IllegalArgumentException when the status is out of range, the response is not an object, or the close reason
   * is not a CloseReason
   */
  constructor(
    readonly status: number,
    readonly response: HandshakeRejectionResponse = {},
    closeReason?: CloseReason | null,
  ) {
    const reason =
      closeReason === undefined || closeReason === null ? undefined : closeReasonOf('HandshakeRejection', closeReason);
    requireStatus(status);
    requireResponse(response);
    super(
      reason === undefined ? `handshake refused with ${status}` : `handshake closed with ${reason.toString()}`,
      response?.cause === undefined ? undefined : { cause: response.cause },
    );
    this.closeReason = reason;
  }

  /** Accepts the handshake and closes the connection with a reason that the browser passes to its page. */
  static closeWith(closeReason: CloseReason): HandshakeRejection {
    return new HandshakeRejection(403, {}, closeReasonOf('HandshakeRejection.closeWith', closeReason));
  }
}

function requireStatus(status: unknown): void {
  if (Number.isInteger(status) && Number(status) >= 300 && Number(status) <= 599) return;
  throw new IllegalArgumentException(
    `A handshake is refused with a status from 300 to 599; found ${describeValue(status)}.`,
  );
}

function requireResponse(response: unknown): void {
  // JavaScript programs may pass null to leave it out.
  if (typeof response === 'object' && !Array.isArray(response)) return;
  throw new IllegalArgumentException(
    `HandshakeRejection takes an object { headers?, body?, cause? } after the status; found ${describeValue(response)}.`,
  );
}

/**
 * Returns the user of a handshake request, or `null` for none. It may throw a HandshakeRejection to refuse. The type of the
 * user is that of `session.user` where the compiler infers it.
 */
export type Authenticate<User extends Principal | null = Principal | null> = (
  request: HandshakeRequest,
) => User | Promise<User>;

brand(HandshakeRequest, 'HandshakeRequest');
brand(HandshakeRejection, 'HandshakeRejection');
showAs(HandshakeRequest, 'HandshakeRequest', (request) => request.getRequestURI().pathname);
