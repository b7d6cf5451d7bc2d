import { showAs } from './show-as';
import { brand } from './brand';
import { closeReasonOf, type CloseReason } from './close-reason';
import { describeValue } from './describe-value';
import { IllegalArgumentException } from './errors';
import type { Principal } from './principal';

/** Header names with their values in order; lookups ignore the case of the name. */
export type Headers = ReadonlyMap<string, readonly string[]>;

/** The HTTP request that opens a WebSocket. */
export abstract class HandshakeRequest {
  static readonly SEC_WEBSOCKET_KEY = 'Sec-WebSocket-Key';
  static readonly SEC_WEBSOCKET_PROTOCOL = 'Sec-WebSocket-Protocol';
  static readonly SEC_WEBSOCKET_VERSION = 'Sec-WebSocket-Version';
  static readonly SEC_WEBSOCKET_EXTENSIONS = 'Sec-WebSocket-Extensions';

  /** Read-only; names in any case. */
  abstract getHeaders(): Headers;
  /** The user whom the container's `authenticate` option recognised, or `null`. */
  abstract getUserPrincipal(): Principal | null;
  /** Absolute, `ws:` or `wss:`, with the query. */
  abstract getRequestURI(): URL;
  /** Whether the user has the role, by the container's `isUserInRole` option; false without a user. */
  abstract isUserInRole(role: string): boolean;
  /** The host's HTTP session, such as `request.session` of express-session, or `null`. */
  abstract getHttpSession(): unknown;
  /** Query and path parameters; a path parameter hides a query parameter of the same name. */
  abstract getParameterMap(): ReadonlyMap<string, readonly string[]>;
  /** Without the question mark; `null` when the request has none. */
  abstract getQueryString(): string | null;
  /** DER certificates of the client, its own first, or `null` where there is none, or nobody has verified it (WS 2.3). */
  abstract getUserX509CertificateChain(): readonly Buffer[] | null;
  abstract getLocalAddress(): string;
  abstract getLocalHostName(): string;
  /** The local port, or -1 when unknown. */
  abstract getLocalPort(): number;
  abstract getRemoteAddress(): string;
  abstract getRemoteHostName(): string;
  /** The peer's port, or -1 when unknown. */
  abstract getRemotePort(): number;
  /** The locale that the client likes best by Accept-Language, or the server's own (WS 2.3). */
  abstract getPreferredLocale(): Intl.Locale;
  /** The host's own request object, for what this class does not show. Not in the specification. */
  abstract getNativeRequest(): unknown;
}

/** The response to an opening handshake. On the server, headers put here are sent with the 101. */
export interface HandshakeResponse {
  getHeaders(): Map<string, string[]>;
}

export const HandshakeResponse = Object.freeze({ SEC_WEBSOCKET_ACCEPT: 'Sec-WebSocket-Accept' } as const);

/** What a refused handshake is answered with. */
export interface HandshakeRejectionResponse {
  /** Values with several lines become several header lines. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Sent as `text/plain; charset=utf-8` unless the headers say otherwise. Default: the status's own phrase. */
  readonly body?: string | undefined;
}

/**
 * Throw it from any method of a Configurator, or from `authenticate`, to refuse the handshake.
 *
 * A browser tells its page nothing but 1006 about a refused handshake. Where the page must know why, accept and close:
 * {@link HandshakeRejection.closeWith} completes the handshake and closes at once; the endpoint never sees it.
 *
 * @example
 * throw new HandshakeRejection(401, { headers: { 'WWW-Authenticate': 'Bearer' } });
 * throw HandshakeRejection.closeWith(new CloseReason(4401, 'token expired'));
 */
export class HandshakeRejection extends Error {
  override readonly name = 'HandshakeRejection';
  readonly code = 'WS_HANDSHAKE_REJECTED';
  /** Set when the handshake is to be accepted and then closed. */
  readonly closeReason: CloseReason | undefined;

  /**
   * @param status 300 to 599
   * @throws IllegalArgumentException for another status, and for a response or a close reason that is none
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
    super(reason === undefined ? `handshake refused with ${status}` : `handshake closed with ${reason.toString()}`);
    this.closeReason = reason;
  }

  /** Accepts the handshake and closes the connection with a reason that browsers show to their pages. */
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
  // JavaScript programs leave it out by null.
  if (typeof response === 'object' && !Array.isArray(response)) return;
  throw new IllegalArgumentException(
    `HandshakeRejection takes an object { headers?, body? } after the status; found ${describeValue(response)}.`,
  );
}

brand(HandshakeRequest, 'HandshakeRequest');
brand(HandshakeRejection, 'HandshakeRejection');
showAs(HandshakeRequest, 'HandshakeRequest', (request) => request.getRequestURI().pathname);
