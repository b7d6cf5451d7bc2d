import { validateHeaderName, validateHeaderValue, type Agent } from 'node:http';
import { HandshakeException, type ClientEndpointConfig } from '@serval/api';
import { toError } from '@serval/container';
import { HeaderMap } from '@serval/protocol';
import type { Credentials } from './credentials';
import type { Deadline } from './deadline';
import type { HandshakeSettings } from './handshake-settings';
import { Authentication } from './http-authentication';
import { dropAnswer, exchange, passOver, type ServerAnswer } from './http-exchange';
import type { Proxy } from './proxy';
import { openTunnel } from './proxy-tunnel';
import { describeUri, redirectTarget, requestTarget } from './server-uri';
import type { SessionCookies } from './session-cookies';
import { withoutIdentity, type TlsOptions } from './tls-options';

/** The settings of an endpoint for its requests to one server. */
export interface RequestParts {
  readonly uri: URL;
  readonly config: ClientEndpointConfig;
  readonly settings: HandshakeSettings;
  /** The credentials for a 401 of the first origin. */
  readonly credentials: Credentials | undefined;
  /** Whether the client sends the credentials to the first origin, by Basic, before a challenge. */
  readonly sendsCredentials: boolean;
  /** The Origin of requests for which `beforeRequest` sets none. */
  readonly origin: string | undefined;
  readonly tls: TlsOptions;
  /** Runs for each server that a redirect leads to. */
  readonly proxyFor: (uri: URL) => Proxy | undefined;
  readonly deadline: Deadline;
  /** Whether a redirect of an earlier request led to another origin, which gets no credentials. Default false. */
  readonly isForeign?: boolean | undefined;
  /** The cookies that several requests share. Default: none. */
  readonly cookies?: SessionCookies | undefined;
  /** The server, for messages. Default: its URI. */
  readonly name?: string | undefined;
}

/** A request, apart from everything that its {@link RequestParts} add to it. */
export interface PlainRequest {
  /** A redirect of a POST is its answer. */
  readonly method: 'GET' | 'POST';
  /** The configurator sees them but cannot change those of {@link OWN_HEADERS}. */
  readonly headers: HeaderMap;
  readonly body?: string | undefined;
  readonly keepsBody?: boolean | undefined;
  /** As in {@link HttpRequest}. They use the proxy themselves. */
  readonly connections?: Agent | undefined;
  readonly onSent?: (() => void) | undefined;
}

/** The server that answered, and what it may receive in further requests. */
export interface Reached {
  readonly uri: URL;
  readonly tls: TlsOptions;
  readonly isForeign: boolean;
  /** Whether the server accepted the credentials by Basic, or did not need them again. */
  readonly sendsCredentials: boolean;
}

/** Differs from Tomcat: includes 308, which is a 301 that must not change the request's method. */
const REDIRECTS: ReadonlySet<number> = new Set([300, 301, 302, 303, 305, 307, 308]);

/**
 * Sends a request with the headers of the endpoint's configurator, answers challenges with the credentials, uses the
 * proxy and follows redirects. No other function calls a client's configurator.
 *
 * @param requestFor makes the request to one server
 * @param take reads the answer that is neither a challenge nor a redirect. If it throws, the connection ends
 * @throws HandshakeException (as a rejection) when it fails; it then leaves no connection behind
 */
export async function configuredRequest<T>(
  parts: RequestParts,
  requestFor: (uri: URL) => PlainRequest,
  take: (reached: Reached, answer: ServerAnswer) => T,
): Promise<T> {
  const visited = new Set<string>();
  let { uri, tls } = parts;
  let isSameOrigin = parts.isForeign !== true;
  let authentication = isSameOrigin ? authenticationAt(parts, uri) : undefined;
  let authorization = parts.sendsCredentials ? authentication?.introduce() : undefined;
  for (;;) {
    visited.add(uri.href);
    const target = requestTarget(uri);
    const { headers, ...request } = requestFor(uri);
    const { method } = request;
    await editHeaders(parts, uri, headers, isSameOrigin);
    const hasOwnCredentials = headers.has('Authorization');
    if (authorization !== undefined && !hasOwnCredentials) headers.set('Authorization', [authorization]);
    const proxy = request.connections === undefined ? parts.proxyFor(uri) : undefined;
    const tunnel = proxy && (await openTunnel(proxy, uri, parts));
    const answer = await exchange({ ...request, to: uri, target, headers, tls, tunnel, name: parts.name }, parts);
    try {
      parts.cookies?.store(uri, answer.headers);
      await showAnswer(parts, uri, answer);
      if (answer.status === 401 && authentication !== undefined && !hasOwnCredentials) {
        authorization = authentication.authorize(answer, { method, target });
        if (request.connections === undefined) dropAnswer(answer);
        else await parts.deadline.within(passOver(answer));
        continue;
      }
      if (method === 'POST' || !REDIRECTS.has(answer.status)) {
        const sendsCredentials = authorization?.startsWith('Basic ') === true;
        return take({ uri, tls, isForeign: !isSameOrigin, sendsCredentials }, answer);
      }
      uri = nextUri(uri, answer, visited, parts.settings);
      dropAnswer(answer);
    } catch (error) {
      dropAnswer(answer);
      throw error;
    }
    // Once redirected off-origin, never send credentials again, even if a later redirect returns.
    if (isSameOrigin && uri.origin !== parts.uri.origin) {
      isSameOrigin = false;
      tls = withoutIdentity(tls);
    }
    // The answer to a challenge is only for the request that was challenged.
    authentication = isSameOrigin ? authenticationAt(parts, uri) : undefined;
    authorization = parts.sendsCredentials ? authentication?.introduce() : undefined;
  }
}

function authenticationAt(parts: RequestParts, uri: URL): Authentication | undefined {
  const { credentials } = parts;
  const name = nameOf(parts, uri);
  return credentials && new Authentication({ name, challengeHeader: 'WWW-Authenticate' }, credentials);
}

function nameOf({ name }: RequestParts, uri: URL): string {
  return name ?? describeUri(uri);
}

/** The client itself sets these headers. A configurator sees them but cannot change them. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'host',
  'upgrade',
  'connection',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
  'content-length',
  'transfer-encoding',
  'expect',
  // It is for a proxy, which receives a separate request.
  'proxy-authorization',
]);

/**
 * The headers of a configurator that another origin receives after a redirect. Any other may be a credential, and a
 * configurator cannot see for which origin it runs.
 */
const SENT_TO_ANY_ORIGIN: ReadonlySet<string> = new Set(['origin', 'user-agent', 'accept-language']);

async function editHeaders(parts: RequestParts, uri: URL, headers: HeaderMap, isSameOrigin: boolean): Promise<void> {
  const { config, origin, deadline, cookies } = parts;
  const edited = copyOf(headers);
  try {
    await deadline.within(config.getConfigurator().beforeRequest(edited));
    for (const [name, values] of edited) {
      const wanted = name.toLowerCase();
      if (OWN_HEADERS.has(wanted) || (!isSameOrigin && !SENT_TO_ANY_ORIGIN.has(wanted))) continue;
      if (!Array.isArray(values)) throw new TypeError(`The value of ${name} is a list of strings.`);
      validateHeaderName(name);
      for (const value of values) validateHeaderValue(name, value);
      if (values.length > 0) headers.set(name, [...values]);
    }
  } catch (thrown) {
    throw configuratorFailed('beforeRequest', nameOf(parts, uri), thrown);
  }
  if (origin !== undefined && !headers.has('Origin')) headers.add('Origin', origin);
  const cookie = cookies?.headerFor(uri, headers.get('Cookie') ?? []);
  if (cookie !== undefined) headers.set('Cookie', [cookie]);
}

/** Calls `afterResponse` with a copy of the headers. */
async function showAnswer(parts: RequestParts, uri: URL, answer: ServerAnswer): Promise<void> {
  const { config, deadline } = parts;
  const headers = HeaderMap.fromRawHeaders(answer.rawHeaders);
  try {
    await deadline.within(config.getConfigurator().afterResponse({ getHeaders: () => headers }));
  } catch (thrown) {
    throw configuratorFailed('afterResponse', nameOf(parts, uri), thrown, answer);
  }
}

function configuratorFailed(
  method: string,
  server: string,
  thrown: unknown,
  answer?: ServerAnswer,
): HandshakeException {
  // The deadline passed during the wait for the configurator.
  if (thrown instanceof HandshakeException) return thrown;
  const cause = toError(thrown);
  return new HandshakeException(
    `${method} failed for ${server}: ${cause.message}`,
    cause,
    'WS_CONNECT_ENDPOINT',
    answer,
  );
}

/** @throws HandshakeException with WS_CONNECT_REDIRECT, or WS_CONNECT_BAD_URI */
function nextUri(
  from: URL,
  answer: ServerAnswer,
  visited: ReadonlySet<string>,
  { maxRedirections }: HandshakeSettings,
): URL {
  const refuse = (why: string): HandshakeException =>
    new HandshakeException(
      `${describeUri(from)} answered ${answer.status}, a redirect, ${why}.`,
      undefined,
      'WS_CONNECT_REDIRECT',
      answer,
    );
  if (visited.size > maxRedirections)
    throw refuse(`but the client follows at most ${maxRedirections} (maxRedirections, MAX_REDIRECTIONS)`);
  const target = redirectTarget(from, answer);
  if (visited.has(target.href)) throw refuse(`to ${describeUri(target)}, which the client has already visited`);
  return target;
}

function copyOf(headers: HeaderMap): HeaderMap {
  const copy = new HeaderMap();
  for (const [name, values] of headers) copy.set(name, [...values]);
  return copy;
}
