import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';

const YEAR_S = 31_536_000;

/** The protocol requires exactly this for everything that is made for one request. */
export const NOT_CACHED = 'no-store, no-cache, no-transform, must-revalidate, max-age=0';

/** The settings that decide the headers of a response. */
export interface HeaderSettings {
  /** Whether responses set JSESSIONID, for load balancers that send a client to the same server by it. */
  readonly sessionCookieNeeded: boolean;
  /** Whether something else, such as a proxy, adds the headers of CORS. */
  readonly suppressCors: boolean;
}

/** The headers of every response that is made for one request. */
export function dynamicHeaders(
  request: IncomingMessage,
  contentType: string,
  settings: Pick<HeaderSettings, 'suppressCors'>,
): OutgoingHttpHeaders {
  return { 'Content-Type': contentType, 'Cache-Control': NOT_CACHED, ...corsHeaders(request, settings) };
}

/** Headers for resources that stay the same for a year. */
export function cachedHeaders(): OutgoingHttpHeaders {
  return {
    'Cache-Control': `public, max-age=${YEAR_S}`,
    Expires: new Date(Date.now() + YEAR_S * 1000).toUTCString(),
  };
}

/** The origin is allowed already. */
export function corsHeaders(
  { headers }: IncomingMessage,
  { suppressCors }: Pick<HeaderSettings, 'suppressCors'>,
): OutgoingHttpHeaders {
  if (suppressCors) return {};
  const { origin } = headers;
  if (origin === undefined) return { 'Access-Control-Allow-Origin': '*', Vary: 'Origin' };
  return { 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Credentials': 'true', Vary: 'Origin' };
}

/** The answer to a preflight request. */
export function preflightHeaders(
  request: IncomingMessage,
  method: 'GET' | 'POST',
  settings: Pick<HeaderSettings, 'suppressCors'>,
): OutgoingHttpHeaders {
  const asked = request.headers['access-control-request-headers'] ?? '';
  return {
    ...cachedHeaders(),
    ...corsHeaders(request, settings),
    ...(settings.suppressCors || asked === '' ? {} : { 'Access-Control-Allow-Headers': asked }),
    ...(settings.suppressCors
      ? {}
      : { 'Access-Control-Allow-Methods': `OPTIONS, ${method}`, 'Access-Control-Max-Age': YEAR_S }),
  };
}

/** A cookie for load balancers only: the client's own, or a fixed one. */
export function sessionCookie({ headers }: IncomingMessage, { sessionCookieNeeded }: HeaderSettings): string[] {
  if (!sessionCookieNeeded) return [];
  const own = /(?:^|;)\s*JSESSIONID=([^;,\s]*)/.exec(headers.cookie ?? '')?.[1];
  return [`JSESSIONID=${own ?? 'dummy'}; path=/`];
}
