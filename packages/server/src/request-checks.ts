import type { ConnectionSeat } from './connection-limits';
import { WsHandshakeRequest } from './handshake-request';
import { hostOf, requestUri, type RoutedRequest, type UpgradeContext } from './routed-request';
import type { PendingHandshake } from './pending-handshake';
import { foreignHost } from './upgrade-refusal';
import { badRequest } from './upgrade-reply';

// The steps of a handshake that call no user code.

/** @throws HandshakeRejection while the container is paused or stopping */
export function checkAvailable(context: UpgradeContext): void {
  const rejection = context.unavailable();
  if (rejection !== undefined) throw rejection;
}

/** Counts the connection, until the handshake or its session is over. @throws HandshakeRejection beyond a limit */
export function checkConnections(
  { limits }: UpgradeContext,
  { endpoint, request }: RoutedRequest,
  pending: PendingHandshake<ConnectionSeat>,
): void {
  pending.hold(limits.admit({ config: endpoint.config, address: request.remoteAddress }));
}

/** @throws HandshakeRejection when the request names no host, more than one, or one that is not allowed */
export function handshakeRequest(context: UpgradeContext, routed: RoutedRequest): WsHandshakeRequest {
  const { headers, forwardedHost } = routed.request;
  const hosts = headers.get('Host') ?? [];
  // RFC 9112 3.2: two Host headers are invalid, and a component that reads the other one would check another origin.
  if (hosts.length !== 1 || !isHost(hosts[0])) throw badRequest('The request must have one Host header, with a host.');
  if (forwardedHost !== undefined && !isHost(forwardedHost))
    throw badRequest('The X-Forwarded-Host header must end with a host.');
  if (context.isAllowedHost?.(hostOf(routed.request)) === false) throw foreignHost(context, routed);
  return new WsHandshakeRequest(routed.request, {
    uri: requestUri(routed),
    query: routed.target.query,
    pathParameters: routed.pathParameters,
    isUserInRole: context.isUserInRole,
  });
}

function isHost(host = ''): boolean {
  return /^[^\s/?#@\\]+$/.test(host) && URL.canParse(`ws://${host}/`);
}

/** RFC 6454 7.3: at most one. If there were two, another component might have checked the other one. */
export function originOf({ http }: WsHandshakeRequest): string | null {
  const [origin = null, second] = http.headers.get('Origin') ?? [];
  if (second !== undefined) throw badRequest('The request may have only one Origin header.');
  return origin;
}
