import { HandshakeException, type HandshakeAnswer } from '@serval/api';

const SCHEME_INSTEAD = new Map([
  ['http:', 'ws:'],
  ['https:', 'wss:'],
]);

/**
 * The URI of a WebSocket server (RFC 6455 3).
 *
 * @throws HandshakeException with WS_CONNECT_BAD_URI
 */
export function parseServerUri(uri: unknown): URL {
  const text = uri instanceof URL ? uri.href : uri;
  if (typeof text !== 'string' || !URL.canParse(text)) {
    throw badUri(
      `connectToServer takes an absolute ws: or wss: URI, as string or URL; found ${typeof text === 'string' ? 'a string that is none' : String(text)}.`,
    );
  }
  const parsed = new URL(text);
  const instead = SCHEME_INSTEAD.get(parsed.protocol);
  if (instead !== undefined)
    throw badUri(`The scheme of a WebSocket is ws: or wss:; found ${parsed.protocol}, so use ${instead} instead.`);
  // RFC 6455 3: a fragment has no meaning and must not be used.
  if (text.includes('#')) throw badUri(`${describeUri(parsed)} has a fragment; remove it, or write its # as %23.`);
  return requireServer(parsed);
}

/**
 * Where a redirect leads: `http:` becomes `ws:`, `https:` becomes `wss:`, and a relative Location is resolved.
 *
 * @throws HandshakeException with WS_CONNECT_BAD_URI, or WS_CONNECT_REDIRECT without a usable Location
 */
export function redirectTarget(from: URL, answer: HandshakeAnswer): URL {
  const location = answer.headers.get('Location')?.[0];
  if (location === undefined || !URL.canParse(location, from.href)) {
    throw new HandshakeException(
      `${describeUri(from)} answered ${answer.status}, but its Location is ${location === undefined ? 'missing' : 'no URI'}.`,
      undefined,
      'WS_CONNECT_REDIRECT',
      answer,
    );
  }
  const target = new URL(location, from);
  target.protocol = SCHEME_INSTEAD.get(target.protocol) ?? target.protocol;
  // It says what to show of a page, and this is none.
  target.hash = '';
  return requireServer(target, answer);
}

function requireServer(uri: URL, answer?: HandshakeAnswer): URL {
  if (uri.protocol !== 'ws:' && uri.protocol !== 'wss:')
    throw badUri(`The scheme of a WebSocket is ws: or wss:; found ${uri.protocol}`, answer);
  if (uri.username !== '' || uri.password !== '') {
    throw badUri(
      `${describeUri(uri)} was given with user information, which a WebSocket URI has none of (RFC 6455 3); use the option credentials, or the user properties WS_AUTHENTICATION_USER_NAME and _PASSWORD.`,
      answer,
    );
  }
  return uri;
}

/** For messages: without user information and query, which may hold secrets. */
export function describeUri(uri: URL): string {
  return `${uri.protocol}//${uri.host}${uri.pathname}`;
}

function badUri(message: string, answer?: HandshakeAnswer): HandshakeException {
  return new HandshakeException(message, undefined, 'WS_CONNECT_BAD_URI', answer);
}
