import { DeploymentException, type HandshakeRequest } from '@serval/api';
import { badOption, type OptionKind } from '@serval/api/spi';

/**
 * The foreign origins that may open a WebSocket: a list (`https://app.example.com`), `'*'` for all, or a function. The
 * server's own origin and requests without an Origin header are always allowed.
 */
export type AllowedOrigins =
  '*' | readonly string[] | ((origin: string, request: HandshakeRequest) => boolean | Promise<boolean>);

export type OriginPolicy = (origin: string | null, request: HandshakeRequest) => boolean | Promise<boolean>;

export const ALLOWED_ORIGINS: OptionKind<OriginPolicy> = {
  expected: "'*', a list of origins or a function",
  read(allowed) {
    if (allowed !== '*' && typeof allowed !== 'function' && !Array.isArray(allowed))
      throw badOption('allowedOrigins', ALLOWED_ORIGINS.expected, allowed);
    // originPolicy checks the entries of a list.
    return originPolicy(allowed as AllowedOrigins);
  },
};

/** @throws DeploymentException for a list entry that is not an origin */
export function originPolicy(allowed: AllowedOrigins = []): OriginPolicy {
  const isAllowed = foreignOriginTest(allowed);
  // RFC 6455 4.2.2: a browser always sends the header, and an attacker's page cannot control any other client.
  return (origin, request) => origin === null || isOwnOrigin(origin, request) || isAllowed(origin, request);
}

function foreignOriginTest(
  allowed: AllowedOrigins,
): (origin: string, request: HandshakeRequest) => boolean | Promise<boolean> {
  if (allowed === '*') return () => true;
  if (typeof allowed === 'function') return allowed;
  const origins = new Set((allowed as readonly unknown[]).map(parseOrigin));
  return (origin) => origins.has(asPageOrigin(origin));
}

/**
 * Browsers send the origin of a page. Other clients may send that of the server's `ws:` or `wss:` URI, as ws4py does by
 * default. Both name the same server.
 */
function asPageOrigin(origin: string): string {
  return origin.toLowerCase().replace(/^ws(?=s?:\/\/)/, 'http');
}

function parseOrigin(entry: unknown): string {
  if (entry === 'null') return entry;
  if (typeof entry !== 'string') throw badOption('allowedOrigins', 'a list of texts', entry);
  const url = URL.canParse(entry) ? new URL(entry) : undefined;
  const origin = url && `${url.protocol}//${url.host}`;
  // A pattern may also be a valid URL, but no Origin header ever equals it.
  if (origin?.includes('*') === false && entry.toLowerCase().replace(/\/$/, '') === origin) return asPageOrigin(origin);
  throw badOrigin(
    `allowedOrigins contains ${JSON.stringify(entry)}, which is not an origin; write scheme, host and port only, such as "https://app.example.com", or pass a function.`,
  );
}

/** Whether the Origin has the host of the request. It does not compare schemes, because TLS may end at a proxy. */
function isOwnOrigin(origin: string, request: HandshakeRequest): boolean {
  const pageOrigin = asPageOrigin(origin);
  const url = URL.canParse(pageOrigin) ? new URL(pageOrigin) : undefined;
  // An app's own scheme (capacitor://localhost) is never that of a page from this server.
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') return false;
  // RFC 6454 6.2: an origin is scheme, host and port. A browser sends nothing more.
  if (url.username !== '' || url.password !== '' || !/^https?:\/\/[^/?#]+$/.test(pageOrigin)) return false;
  const own = request.getRequestURI();
  return url.hostname === own.hostname && effectivePort(url) === effectivePortOf(own, url);
}

function effectivePort(url: URL): string {
  return url.port !== '' ? url.port : url.protocol === 'https:' ? '443' : '80';
}

/** A Host header without a port means the default port of the scheme that the browser used. */
function effectivePortOf(own: URL, origin: URL): string {
  if (own.port !== '') return own.port;
  return origin.protocol === 'https:' ? '443' : '80';
}

function badOrigin(message: string): DeploymentException {
  return new DeploymentException(message, undefined, 'WS_DEPLOY_BAD_OPTION');
}
