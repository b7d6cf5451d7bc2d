import { HandshakeException } from '@serval/api';
import type { ReadOptions } from '@serval/api/spi';
import { HeaderMap } from '@serval/protocol';
import {
  connectSockJs,
  type SockJsAnswer,
  type SockJsAttempt,
  type SockJsConnections,
  type SockJsPost,
  type SockJsRequests,
  type SockJsTransportName,
} from '@serval/sockjs';
import type { Agent } from 'node:http';
import { configuredRequest, type Reached } from './configured-request';
import { Deadline } from './deadline';
import type { ServerAnswer } from './http-exchange';
import { openingHandshake, type HandshakeParts, type OpenedWebSocket } from './opening-handshake';
import { describeProxy } from './proxy';
import { describeUri, hostHeader, uriAbove, uriBelow } from './server-uri';
import { SessionCookies } from './session-cookies';
import { sharedConnections } from './shared-connections';
import type { SOCKJS_OPTIONS } from './sockjs-options';

/** A session of SockJS, as a WebSocket. */
export interface OpenedSockJs extends OpenedWebSocket {
  readonly name: SockJsTransportName;
}

/**
 * Opens a session of SockJS with the same settings as a WebSocket.
 *
 * @throws HandshakeException (as a rejection) when it fails; it then leaves no connection behind
 */
export async function sockJsHandshake(
  parts: HandshakeParts,
  { transports, timeout, heartbeatTimeout }: ReadOptions<typeof SOCKJS_OPTIONS>,
): Promise<OpenedSockJs> {
  const requests = new EndpointRequests(parts);
  const { transport, name, subprotocol } = await connectSockJs(requests, {
    transports,
    timeoutMs: timeout,
    heartbeatTimeoutMs: heartbeatTimeout > 0 ? heartbeatTimeout : Infinity,
    sendTimeoutMs: parts.settings.handshakeTimeout,
  });
  return { transport, name, subprotocol, uri: requests.uri };
}

/** The requests to one endpoint. */
class EndpointRequests implements SockJsRequests {
  /** Those of the endpoint where a redirect led. */
  #parts: HandshakeParts;

  constructor(parts: HandshakeParts) {
    this.#parts = { ...parts, cookies: new SessionCookies() };
  }

  get isSecure(): boolean {
    return this.#parts.uri.protocol === 'wss:';
  }

  /** The endpoint's, with `http:` or `https:`. */
  get uri(): URL {
    const { uri } = this.#parts;
    const shown = new URL(uri);
    if (uri.protocol === 'ws:' || uri.protocol === 'wss:') shown.protocol = uri.protocol === 'ws:' ? 'http:' : 'https:';
    return shown;
  }

  get name(): string {
    return describeUri(this.uri).replace(/\/+$/, '');
  }

  get error(): Error | undefined {
    return this.#parts.deadline.error;
  }

  info(): Promise<{ readonly answer: SockJsAnswer; readonly since: number }> {
    let since = 0;
    return configuredRequest(
      { ...this.#parts, uri: uriBelow(this.#parts.uri, INFO) },
      (uri) => {
        since = performance.now();
        return { method: 'GET', headers: headersFor(uri), keepsBody: true };
      },
      (reached, answer) => {
        this.#moveTo(reached, answer);
        return { answer: this.#withBody(answer), since };
      },
    );
  }

  within<T>(going: Promise<T>): Promise<T> {
    return this.#parts.deadline.within(going);
  }

  attempt(milliseconds: number, tooLate: () => Error): SockJsAttempt {
    const deadline = this.#parts.deadline.part(milliseconds, tooLate);
    return {
      openWebSocket: (path) => openingHandshake({ ...this.#parts, uri: uriBelow(this.#parts.uri, path), deadline }),
      within: (going) => deadline.within(going),
      clear: () => deadline.clear(),
    };
  }

  openConnections(): SockJsConnections {
    const { uri, tls, settings, proxyFor } = this.#parts;
    const proxy = proxyFor(uri);
    const via = proxy === undefined ? '' : `, through the proxy ${describeProxy(proxy)},`;
    const agent = sharedConnections({ uri, tls, settings, proxy });
    return {
      // The last segment alone: the one before it is the secret of the session.
      post: (post) => this.#post(post, agent, `${this.name} (${post.path.replace(/^.*\//, '')})${via}`),
      close: () => agent.destroy(),
    };
  }

  async #post(
    { path, body, timeoutMs = Infinity, signal, onSent }: SockJsPost,
    connections: Agent,
    name: string,
  ): Promise<SockJsAnswer> {
    const deadline = new Deadline(timeoutMs, () => tookTooLong(name, timeoutMs));
    const abort = (): void => deadline.abort(aborted(name));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    const parts = this.#parts;
    try {
      return await configuredRequest(
        // The session watches the silence of the server.
        { ...parts, name, uri: uriBelow(parts.uri, path), deadline, settings: { ...parts.settings, ioTimeout: 0 } },
        (uri) => ({ method: 'POST', headers: headersFor(uri, body), body, keepsBody: true, connections, onSent }),
        (_reached, answer) => this.#withBody(answer),
      );
    } finally {
      signal.removeEventListener('abort', abort);
      deadline.clear();
    }
  }

  #withBody(answer: ServerAnswer): SockJsAnswer {
    const { status, headers, body } = answer;
    if (body !== undefined) return { status, headers, body, remoteAddress: body.socket.remoteAddress };
    throw new HandshakeException(
      `${this.name} answered ${status} and changed the protocol, which was not requested.`,
      undefined,
      'WS_CONNECT_BAD_ANSWER',
      answer,
    );
  }

  #moveTo({ uri, tls, isForeign, sendsCredentials }: Reached, answer: ServerAnswer): void {
    const endpoint = uriAbove(uri, INFO);
    if (endpoint === undefined) {
      throw new HandshakeException(
        `${this.name}/info was redirected to ${describeUri(uri)}; expected a path that ends in /info.`,
        undefined,
        'WS_CONNECT_REDIRECT',
        answer,
      );
    }
    const { credentials } = this.#parts;
    this.#parts = {
      ...this.#parts,
      uri: endpoint,
      tls,
      isForeign,
      sendsCredentials: sendsCredentials && credentials !== undefined,
    };
  }
}

const INFO = '/info';

function headersFor(uri: URL, body?: string): HeaderMap {
  const headers = new HeaderMap();
  headers.add('Host', hostHeader(uri));
  // Servers read the list in the body whatever its type; a browser sends this one.
  if (body !== undefined) headers.add('Content-Type', 'text/plain;charset=UTF-8');
  return headers;
}

function tookTooLong(name: string, milliseconds: number): HandshakeException {
  return new HandshakeException(
    `${name} did not answer within ${milliseconds} ms (handshakeTimeout).`,
    undefined,
    'WS_CONNECT_TIMEOUT',
  );
}

function aborted(name: string): HandshakeException {
  return new HandshakeException(`The request to ${name} was aborted.`, undefined, 'WS_CONNECT_IO');
}
