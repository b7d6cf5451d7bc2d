import type { Headers } from '@serval/api';
import { pathOf } from './server-uri';

/** A session of SockJS needs one, for the balancer that leads its requests to one server. */
const MAX_COOKIES = 50;
const MAX_CHARACTERS = 4096;

interface Cookie {
  readonly value: string;
  readonly origin: string;
  readonly path: string;
  readonly isSecure: boolean;
}

/**
 * The cookies that the requests of one session share, so that they reach the same server. Nothing is kept for another
 * session, so a cookie has no time: it is there, or was removed.
 *
 * @see RFC 6265 5
 */
export class SessionCookies {
  readonly #cookies = new Map<string, Cookie>();

  /** Reads the Set-Cookie headers of a response. */
  store(uri: URL, headers: Headers): void {
    for (const line of headers.get('Set-Cookie') ?? []) this.#storeOne(uri.origin, pathOf(uri), line);
  }

  /**
   * The Cookie header for a request.
   *
   * @param given the values of the header so far; their cookies stay, and replace those with the same name
   * @returns undefined for none
   */
  headerFor(uri: URL, given: readonly string[]): string | undefined {
    const path = pathOf(uri);
    const isSecure = uri.protocol === 'wss:';
    const known = new Set(given.flatMap((value) => value.split(';').map((pair) => (pair.split('=')[0] ?? '').trim())));
    const pairs = [...this.#cookies]
      .filter(([name, one]) => {
        const isHere = one.origin === uri.origin && matches(path, one.path);
        return isHere && (isSecure || !one.isSecure) && !known.has(name);
      })
      .map(([name, { value }]) => `${name}=${value}`);
    const all = [...given, ...pairs];
    return all.length === 0 ? undefined : all.join('; ');
  }

  #storeOne(origin: string, requestPath: string, line: string): void {
    if (line.length > MAX_CHARACTERS) return;
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const equals = pair.indexOf('=');
    if (equals < 1) return;
    const name = pair.slice(0, equals).trim();
    const attribute = (wanted: string): string | undefined =>
      attributes.findLast((one) => one.split('=')[0]?.trim().toLowerCase() === wanted)?.replace(/^[^=]*=?/, '');
    const maxAge = attribute('max-age');
    const expires = attribute('expires');
    const isGone =
      maxAge === undefined ? expires !== undefined && Date.parse(expires) <= Date.now() : Number(maxAge) <= 0;
    if (isGone) {
      this.#cookies.delete(name);
      return;
    }
    if (!this.#cookies.has(name) && this.#cookies.size >= MAX_COOKIES) return;
    const path = attribute('path');
    this.#cookies.set(name, {
      value: pair.slice(equals + 1).trim(),
      origin,
      path: path?.startsWith('/') === true ? path : defaultPath(requestPath),
      isSecure: attribute('secure') !== undefined,
    });
  }
}

/** RFC 6265 5.1.4: all but the last segment. */
function defaultPath(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

function matches(path: string, cookiePath: string): boolean {
  if (!path.startsWith(cookiePath)) return false;
  return path.length === cookiePath.length || cookiePath.endsWith('/') || path[cookiePath.length] === '/';
}
