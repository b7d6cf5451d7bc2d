import { HandshakeException, type HandshakeAnswer } from '@serval/api';
import { describeValue } from '@serval/api/spi';
import { toError } from '@serval/container';
import { checkCredentials, type Credentials } from './credentials';
import { isLocalSocket, LOCAL_HOST, localTarget, mistakeOf, withTarget } from './local-socket';

const SCHEME_INSTEAD = new Map([
  ['http:', 'ws:'],
  ['https:', 'wss:'],
]);

/** A server, and the client's credentials for it. */
export interface ServerTarget {
  /** Without user information. */
  readonly uri: URL;
  /** From the user information of the given URI. */
  readonly credentials: Credentials | undefined;
}

/**
 * Parses the URI of a WebSocket server (RFC 6455 3): `ws:` or `wss:`, or `ws+unix:` for a Unix domain socket. An endpoint of
 * SockJS may have `http:` or `https:`, which become `ws:` and `wss:`.
 *
 * @param method the caller, for messages
 * @throws HandshakeException with WS_CONNECT_BAD_URI when it is invalid
 */
export function parseServerUri(given: unknown, method = 'connectToServer', isSockJs = false): ServerTarget {
  const text = given instanceof URL ? given.href : given;
  if (typeof text !== 'string' || !URL.canParse(text)) {
    throw badUri(
      `${method} takes an absolute ws: or wss: URI, as string or URL; found ${typeof text === 'string' ? 'a string that is not a URI' : describeValue(text)}.`,
    );
  }
  const uri = new URL(text);
  const instead = SCHEME_INSTEAD.get(uri.protocol);
  if (instead !== undefined && isSockJs) uri.protocol = instead;
  else if (instead !== undefined)
    throw badUri(`The scheme of a WebSocket is ws: or wss:; found ${uri.protocol}, so use ${instead} instead.`);
  if (isLocalSocket(uri)) {
    const mistake = mistakeOf(uri);
    if (mistake !== undefined) throw badUri(`${describeUri(uri)} ${mistake}`);
    return { uri: withTarget(uri, requestTarget(uri)), credentials: undefined };
  }
  requireScheme(uri);
  // RFC 6455 3: a fragment has no meaning and must not be used.
  if (text.includes('#')) throw badUri(`${describeUri(uri)} has a fragment; remove it, or write its # as %23.`);
  const credentials = userInformation(uri);
  uri.username = '';
  uri.password = '';
  return { uri, credentials };
}

/**
 * The target of a redirect. `http:` becomes `ws:`, `https:` becomes `wss:`, and a relative Location is resolved. A redirect
 * from a Unix domain socket with a relative Location leads to the same socket.
 *
 * @throws HandshakeException with WS_CONNECT_BAD_URI, or WS_CONNECT_REDIRECT without a usable Location
 */
export function redirectTarget(from: URL, answer: HandshakeAnswer): URL {
  const location = answer.headers.get('Location')?.[0];
  const base = isLocalSocket(from) ? new URL(requestTarget(from), `ws://${LOCAL_HOST}`) : from;
  if (location === undefined || !URL.canParse(location, base.href)) {
    throw new HandshakeException(
      `${describeUri(from)} answered ${answer.status}, but its Location is ${location === undefined ? 'missing' : 'not a URI'}.`,
      undefined,
      'WS_CONNECT_REDIRECT',
      answer,
    );
  }
  const target = new URL(location, base);
  target.protocol = SCHEME_INSTEAD.get(target.protocol) ?? target.protocol;
  // A fragment selects a part of a page and has no meaning here.
  target.hash = '';
  // A server on the network must not redirect to a socket of this machine.
  requireScheme(target, answer);
  if (target.username !== '' || target.password !== '') {
    throw badUri(
      `${describeUri(from)} answered ${answer.status}, a redirect with user information to ${describeUri(target)}; only the client may choose credentials.`,
      answer,
    );
  }
  if (!isLocalSocket(from) || URL.canParse(location) || target.host !== LOCAL_HOST) return target;
  return withTarget(from, requestTarget(target));
}

function requireScheme(uri: URL, answer?: HandshakeAnswer): void {
  if (uri.protocol !== 'ws:' && uri.protocol !== 'wss:')
    throw badUri(`The scheme of a WebSocket is ws: or wss:; found ${uri.protocol}`, answer);
}

function userInformation(uri: URL): Credentials | undefined {
  const { username, password } = uri;
  if (username === '' && password === '') return undefined;
  const wrong = (why: string): HandshakeException =>
    badUri(`The user information of ${describeUri(uri)} cannot be used: ${why}`);
  const decoded = [username, password].map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      throw wrong('it is not percent-encoded; write a % in it as %25.');
    }
  });
  try {
    return checkCredentials('it', { username: decoded[0], password: decoded[1] });
  } catch (thrown) {
    throw wrong(toError(thrown).message);
  }
}

/** The URI for messages, without user information and query, which may hold secrets. */
export function describeUri(uri: URL): string {
  return isLocalSocket(uri) ? uri.href.replace(/[?#].*$/, '') : `${uri.protocol}//${uri.host}${uri.pathname}`;
}

/** The request target in the request line. */
export function requestTarget(uri: URL): string {
  return pathOf(uri) + uri.search;
}

/** The URI of a path below that of another, with the same query. */
export function uriBelow(uri: URL, path: string): URL {
  return withPath(uri, `${pathOf(uri).replace(/\/+$/, '')}${path}`);
}

/** @returns undefined unless the path of the URI ends like this */
export function uriAbove(uri: URL, path: string): URL | undefined {
  const whole = pathOf(uri);
  return whole.endsWith(path) ? withPath(uri, whole.slice(0, -path.length) || '/') : undefined;
}

function withPath(uri: URL, path: string): URL {
  if (isLocalSocket(uri)) return withTarget(uri, path + uri.search);
  const changed = new URL(uri);
  changed.pathname = path;
  return changed;
}

/** The path of the request, without the query. */
export function pathOf(uri: URL): string {
  return isLocalSocket(uri) ? localTarget(uri) : uri.pathname;
}

/** The value of the Host header. */
export function hostHeader(uri: URL): string {
  return isLocalSocket(uri) ? LOCAL_HOST : uri.host;
}

/** The host name without the brackets of an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([
  ['ws:', 80],
  ['http:', 80],
  ['wss:', 443],
  ['https:', 443],
]);

/** The port of a server or proxy. */
export function portOf({ protocol, port }: URL): number {
  // All other schemes are SOCKS (RFC 1928 3).
  return port === '' ? (DEFAULT_PORTS.get(protocol) ?? 1080) : Number(port);
}

function badUri(message: string, answer?: HandshakeAnswer): HandshakeException {
  return new HandshakeException(message, undefined, 'WS_CONNECT_BAD_URI', answer);
}
