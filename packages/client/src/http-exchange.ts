import { request as httpRequest, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { HandshakeException, type ErrorCode } from '@serval/api';
import { toError } from '@serval/container';
import { HeaderMap, tolerateErrors } from '@serval/protocol';
import type { Deadline } from './deadline';
import type { HandshakeSettings } from './handshake-settings';
import { describeUri } from './server-uri';
import type { TlsOptions } from './tls-options';

/** A server's answer to one request. */
export interface ServerAnswer {
  readonly status: number;
  /** Sealed. */
  readonly headers: HeaderMap;
  /** As they came: names and values in turn. */
  readonly rawHeaders: readonly string[];
  /** The connection, of an answer that turns it over: 101 with Upgrade and Connection. */
  readonly upgraded: { readonly socket: Socket; readonly head: Buffer } | undefined;
}

/** What a request is sent under. */
export interface ExchangeTerms {
  readonly settings: HandshakeSettings;
  readonly tls: TlsOptions;
  readonly deadline: Deadline;
}

/**
 * Sends one request for an upgrade and reads the head of the answer. The connection is gone then, unless it was upgraded;
 * its socket has a listener for errors, {@link tolerateErrors}.
 *
 * @throws HandshakeException (as a rejection) when no answer comes
 */
export function exchange(uri: URL, headers: HeaderMap, terms: ExchangeTerms): Promise<ServerAnswer> {
  const { settings, deadline } = terms;
  return new Promise<ServerAnswer>((resolve, reject) => {
    const request = makeRequest(uri, terms);
    const fail = (error: HandshakeException | Error): void => {
      reject(error);
      request.destroy();
    };
    for (const [name, values] of headers) request.setHeader(name, values);
    deadline.whenExpired = fail;
    request.on('timeout', () =>
      fail(
        new HandshakeException(
          `${describeUri(uri)} was silent for ${settings.ioTimeout} ms during the handshake (ioTimeout, IO_TIMEOUT_MS).`,
          undefined,
          'WS_CONNECT_TIMEOUT',
        ),
      ),
    );
    request.on('error', (error) => fail(explain(uri, error, settings)));
    request.on('upgrade', (response, socket, head) => {
      // Nobody else listens for them until the connection has been taken over.
      tolerateErrors(socket);
      resolve(answerOf(response, { socket, head }));
    });
    request.on('response', (response) => {
      resolve(answerOf(response, undefined));
      tolerateErrors(response);
      request.destroy();
    });
    request.end();
  }).finally(() => (deadline.whenExpired = undefined));
}

/** @throws HandshakeException for TLS options that Node does not take */
function makeRequest(uri: URL, terms: ExchangeTerms): ClientRequest {
  try {
    return (uri.protocol === 'wss:' ? httpsRequest : httpRequest)(requestOptions(uri, terms));
  } catch (thrown) {
    throw explain(uri, toError(thrown), terms.settings);
  }
}

function requestOptions(uri: URL, { settings, tls }: ExchangeTerms): RequestOptions {
  // An IPv6 address stands in brackets in a URI.
  const host = uri.hostname.replace(/^\[|\]$/g, '');
  const servername = isIP(host) === 0 ? host : '';
  return {
    ...(uri.protocol === 'wss:' && { servername, ALPNProtocols: ['http/1.1'], ...tls }),
    method: 'GET',
    host,
    port: uri.port || (uri.protocol === 'wss:' ? 443 : 80),
    path: uri.pathname + uri.search,
    setHost: false,
    agent: false,
    timeout: settings.ioTimeout,
    maxHeaderSize: settings.maxResponseHeaderBytes,
  };
}

function answerOf(
  { statusCode = 0, rawHeaders }: IncomingMessage,
  upgraded: { readonly socket: unknown; readonly head: Buffer } | undefined,
): ServerAnswer {
  return {
    status: statusCode,
    headers: HeaderMap.fromRawHeaders(rawHeaders).seal(),
    rawHeaders,
    // Typed as a Duplex, because an agent may bring any; ours is Node's own.
    upgraded: upgraded && { socket: upgraded.socket as Socket, head: upgraded.head },
  };
}

function explain(uri: URL, error: Error & { code?: unknown }, settings: HandshakeSettings): HandshakeException {
  const [code, what] = classify(error.code, settings);
  return new HandshakeException(`${describeUri(uri)} ${what}: ${reasonOf(error)}.`, error, code);
}

function classify(code: unknown, { maxResponseHeaderBytes }: HandshakeSettings): [code: ErrorCode, what: string] {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return [
      'WS_CONNECT_BAD_ANSWER',
      `answered with more than ${maxResponseHeaderBytes} bytes of headers (maxResponseHeaderBytes, MAX_HTTP_RESPONSE_HEADER_BYTES)`,
    ];
  }
  if (typeof code === 'string' && code.startsWith('HPE_'))
    return ['WS_CONNECT_BAD_ANSWER', 'answered what is not HTTP/1.1'];
  return ['WS_CONNECT_IO', 'could not be asked for a WebSocket'];
}

/** Of an attempt at several addresses Node says nothing in the message itself. */
function reasonOf(error: Error): string {
  const errors: unknown = 'errors' in error ? error.errors : undefined;
  const all = Array.isArray(errors) ? errors.map((one: Error) => one.message).join(', ') : '';
  return (error.message || all || error.name).replace(/\.$/, '');
}
