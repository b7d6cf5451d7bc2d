import { randomBytes } from 'node:crypto';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { HandshakeException, type ClientEndpointConfig, type Extension } from '@serval/api';
import type { Transport } from '@serval/api/spi';
import { toError } from '@serval/container';
import { formatExtensions, HeaderMap, tolerateNoErrors, type ClientEngine } from '@serval/protocol';
import type { Credentials } from './credentials';
import type { Deadline } from './deadline';
import type { HandshakeSettings } from './handshake-settings';
import { Authentication } from './http-authentication';
import { exchange, type ServerAnswer } from './http-exchange';
import type { Proxy } from './proxy';
import { openTunnel } from './proxy-tunnel';
import { badAnswer, checkAnswer } from './server-answer';
import { describeUri, hostHeader, redirectTarget, requestTarget } from './server-uri';
import { withoutIdentity, type TlsOptions } from './tls-options';

/** What an opening handshake is made of. */
export interface HandshakeParts {
  readonly uri: URL;
  readonly config: ClientEndpointConfig;
  readonly engine: ClientEngine;
  readonly settings: HandshakeSettings;
  /** For a 401 of the first origin. */
  readonly credentials: Credentials | undefined;
  /** Whether the first origin is given them, by Basic, before it asks. */
  readonly sendsCredentials: boolean;
  /** Of requests for which `beforeRequest` sets none. */
  readonly origin: string | undefined;
  readonly tls: TlsOptions;
  /** Is asked for each server that a redirect leads to. */
  readonly proxyFor: (uri: URL) => Proxy | undefined;
  readonly deadline: Deadline;
  readonly closeTimeoutMs: number;
  readonly maxFrameBytes: number;
}

/** A WebSocket that a server has agreed to. */
export interface OpenedWebSocket {
  /** Paused. */
  readonly transport: Transport;
  /** Where redirects have led. */
  readonly uri: URL;
  /** The empty string for none. */
  readonly subprotocol: string;
}

/** Differs from Tomcat: 308 too, because it is 301 for requests that must stay what they are. */
const REDIRECTS: ReadonlySet<number> = new Set([300, 301, 302, 303, 305, 307, 308]);

/**
 * Opens a WebSocket by RFC 6455 4.1. The only function that calls a client's configurator.
 *
 * @throws HandshakeException (as a rejection); nothing is left of the connection then
 */
export async function openingHandshake(parts: HandshakeParts): Promise<OpenedWebSocket> {
  const visited = new Set<string>();
  let { uri, tls } = parts;
  let isAtHome = true;
  let authentication = authenticationAt(parts, uri);
  let authorization = parts.sendsCredentials ? authentication?.introduce() : undefined;
  for (;;) {
    visited.add(uri.href);
    const key = randomBytes(16).toString('base64');
    const target = requestTarget(uri);
    const headers = await requestHeaders(parts, uri, key, isAtHome);
    const hasOwnCredentials = headers.has('Authorization');
    if (authorization !== undefined && !hasOwnCredentials) headers.set('Authorization', [authorization]);
    const proxy = parts.proxyFor(uri);
    const tunnel = proxy && (await openTunnel(proxy, uri, parts));
    const answer = await exchange({ method: 'GET', to: uri, target, headers, tls, tunnel }, parts);
    try {
      await showAnswer(parts, uri, answer);
      if (answer.status === 401 && authentication !== undefined && !hasOwnCredentials) {
        authorization = authentication.authorize(answer, { method: 'GET', target });
        continue;
      }
      if (!REDIRECTS.has(answer.status)) return takeOver(parts, uri, key, answer);
      uri = nextUri(uri, answer, visited, parts.settings);
    } catch (error) {
      answer.upgraded?.socket.destroy();
      throw error;
    }
    // Once away it stays so: what comes back by way of another origin is that origin's request.
    if (isAtHome && uri.origin !== parts.uri.origin) {
      isAtHome = false;
      tls = withoutIdentity(tls);
    }
    // An answer to a challenge is for the request that was challenged.
    authentication = isAtHome ? authenticationAt(parts, uri) : undefined;
    authorization = parts.sendsCredentials ? authentication?.introduce() : undefined;
  }
}

function authenticationAt({ credentials }: HandshakeParts, uri: URL): Authentication | undefined {
  return (
    credentials && new Authentication({ name: describeUri(uri), challengeHeader: 'WWW-Authenticate' }, credentials)
  );
}

/** What the handshake decides itself; a configurator sees these headers and cannot change them. */
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
  // It is for a proxy, which is asked in a request of its own.
  'proxy-authorization',
]);

/**
 * What a configurator's headers may tell an origin that a redirect has led to. Any other may be a credential, and a
 * configurator does not know whom it is asked for.
 */
const TOLD_TO_ANYONE: ReadonlySet<string> = new Set(['origin', 'user-agent', 'accept-language']);

async function requestHeaders(
  { config, engine, origin, deadline }: HandshakeParts,
  uri: URL,
  key: string,
  isAtHome: boolean,
): Promise<HeaderMap> {
  const headers = new HeaderMap();
  headers.add('Host', hostHeader(uri));
  headers.add('Upgrade', 'websocket');
  headers.add('Connection', 'Upgrade');
  headers.add('Sec-WebSocket-Key', key);
  headers.add('Sec-WebSocket-Version', '13');
  const subprotocols = config.getPreferredSubprotocols();
  if (subprotocols.length > 0) headers.add('Sec-WebSocket-Protocol', subprotocols.join(', '));
  const extensions = offers(config, engine);
  if (extensions.length > 0) headers.add('Sec-WebSocket-Extensions', formatExtensions(extensions));

  const edited = copyOf(headers);
  try {
    await deadline.within(config.getConfigurator().beforeRequest(edited));
    for (const [name, values] of edited) {
      const wanted = name.toLowerCase();
      if (OWN_HEADERS.has(wanted) || (!isAtHome && !TOLD_TO_ANYONE.has(wanted))) continue;
      if (!Array.isArray(values)) throw new TypeError(`The value of ${name} is a list of strings.`);
      validateHeaderName(name);
      for (const value of values) validateHeaderValue(name, value);
      if (values.length > 0) headers.set(name, [...values]);
    }
  } catch (thrown) {
    throw configuratorFailed('beforeRequest', uri, thrown);
  }
  if (origin !== undefined && !headers.has('Origin')) headers.add('Origin', origin);
  return headers;
}

/** The endpoint's own first, as on the server; compression the engine offers in its own words, or not at all. */
function offers(config: ClientEndpointConfig, engine: ClientEngine): readonly Extension[] {
  return [...config.getExtensions().filter((extension) => extension.getName() !== COMPRESSION), ...engine.offers];
}

/** RFC 7692 7. */
const COMPRESSION = 'permessage-deflate';

/** `afterResponse`, with headers that are the developer's own to change. */
async function showAnswer({ config, deadline }: HandshakeParts, uri: URL, answer: ServerAnswer): Promise<void> {
  const headers = HeaderMap.fromRawHeaders(answer.rawHeaders);
  try {
    await deadline.within(config.getConfigurator().afterResponse({ getHeaders: () => headers }));
  } catch (thrown) {
    throw configuratorFailed('afterResponse', uri, thrown, answer);
  }
}

function configuratorFailed(method: string, uri: URL, thrown: unknown, answer?: ServerAnswer): HandshakeException {
  // The deadline that has passed while the configurator was waited for.
  if (thrown instanceof HandshakeException) return thrown;
  const cause = toError(thrown);
  return new HandshakeException(
    `${method} failed for ${describeUri(uri)}: ${cause.message}`,
    cause,
    'WS_CONNECT_ENDPOINT',
    answer,
  );
}

function takeOver(parts: HandshakeParts, uri: URL, key: string, answer: ServerAnswer): OpenedWebSocket {
  const { config, engine } = parts;
  const { subprotocol, extensions } = checkAnswer(answer, {
    uri,
    key,
    subprotocols: config.getPreferredSubprotocols(),
  });
  const { upgraded } = answer;
  // It may have gone while the configurator was asked.
  if (upgraded === undefined || upgraded.socket.destroyed) {
    throw new HandshakeException(
      `${describeUri(uri)} has agreed to the WebSocket, and ended the connection.`,
      undefined,
      'WS_CONNECT_IO',
      answer,
    );
  }
  const transport = engine.open({
    ...upgraded,
    extensions,
    isSecure: uri.protocol === 'wss:',
    remoteAddress: upgraded.socket.remoteAddress,
    closeTimeoutMs: parts.closeTimeoutMs,
    maxFrameBytes: parts.maxFrameBytes,
  });
  if (transport === undefined) {
    const offered = formatExtensions(offers(config, engine));
    throw badAnswer(
      uri,
      answer,
      `Sec-WebSocket-Extensions: ${answer.headers.list('Sec-WebSocket-Extensions') ?? ''}`,
      engine.offers.length > 0
        ? `an answer to the offer ${formatExtensions(engine.offers)}`
        : `none, because this client speaks none${offered === '' ? '' : ` of ${offered}`}`,
    );
  }
  tolerateNoErrors(upgraded.socket);
  return { transport, uri, subprotocol };
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
    throw refuse(`and no more than ${maxRedirections} are followed (maxRedirections, MAX_REDIRECTIONS)`);
  const target = redirectTarget(from, answer);
  if (visited.has(target.href)) throw refuse(`to ${describeUri(target)}, where the client has been before`);
  return target;
}

function copyOf(headers: HeaderMap): HeaderMap {
  const copy = new HeaderMap();
  for (const [name, values] of headers) copy.set(name, [...values]);
  return copy;
}
