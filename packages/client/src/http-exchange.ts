import { request as httpRequest, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import { HandshakeException, type ErrorCode } from '@serval/api';
import { afterReads } from '@serval/api/spi';
import { toError } from '@serval/container';
import { HeaderMap, tolerateErrors } from '@serval/protocol';
import type { Deadline } from './deadline';
import type { HandshakeSettings } from './handshake-settings';
import { isLocalSocket, socketPathOf } from './local-socket';
import { describeProxy } from './proxy';
import { describeUri, hostOf, portOf } from './server-uri';
import { certificateHint, isTlsFailure, withoutTrace } from './tls-failure';
import type { TlsOptions } from './tls-options';

/** The answer of a server, or of a proxy, to one request. */
export interface ServerAnswer {
  readonly status: number;
  /** Sealed. */
  readonly headers: HeaderMap;
  /** As they came: names and values in turn. */
  readonly rawHeaders: readonly string[];
  /** The connection, of an answer that turns it over: 101 with Upgrade and Connection, or 2xx to a CONNECT. */
  readonly upgraded: { readonly socket: Socket; readonly head: Buffer } | undefined;
}

/** A connection to a server by way of a proxy. */
export interface Tunnel {
  readonly socket: Socket;
  /** The proxy, for messages. */
  readonly via: string;
}

/** A request for an upgrade of a server, or for a tunnel of a proxy. */
export interface HttpRequest {
  readonly method: 'GET' | 'CONNECT';
  /** ws:, ws+unix: or http:, or wss: or https: for TLS. */
  readonly to: URL;
  /** As in the request line. */
  readonly target: string;
  readonly headers: HeaderMap;
  /** Beside the host. */
  readonly tls: TlsOptions;
  /** The connection to use; undefined for one of its own. It is gone if the request fails. */
  readonly tunnel: Tunnel | undefined;
}

/** What a request is sent under. */
export interface ExchangeTerms {
  readonly settings: HandshakeSettings;
  readonly deadline: Deadline;
}

/**
 * Sends one request and reads the head of the answer. The connection is gone then, unless it was turned over; its socket
 * has a listener for errors, {@link tolerateErrors}.
 *
 * @throws HandshakeException (as a rejection) when no answer comes
 */
export function exchange(asked: HttpRequest, { settings, deadline }: ExchangeTerms): Promise<ServerAnswer> {
  let isOver = false;
  return new Promise<ServerAnswer>((resolve, reject) => {
    const request = makeRequest(asked, settings);
    const fail = (error: HandshakeException | Error): void => {
      reject(error);
      request.destroy();
    };
    deadline.whenExpired = fail;
    request.on('timeout', () => {
      const read = request.socket?.bytesRead;
      // Where the event loop was blocked, the answer may be here and not read.
      afterReads(() => {
        if (isOver || request.socket?.bytesRead !== read) return;
        fail(
          new HandshakeException(
            `${nameOf(asked)} was silent for ${settings.ioTimeout} ms during the handshake (ioTimeout, IO_TIMEOUT_MS).`,
            undefined,
            'WS_CONNECT_TIMEOUT',
          ),
        );
      });
    });
    request.on('error', (error) => fail(explain(asked, error, settings)));
    let interim = 0;
    request.on('information', () => {
      interim += 1;
      if (interim > MOST_INTERIM) fail(endlessAnswer(asked));
    });
    const turnOver = (response: IncomingMessage, socket: Duplex, head: Buffer): void => {
      // A server's FIN must not end a socket whose first messages are here already.
      socket.allowHalfOpen = true;
      // Nobody else listens for them until the connection has been taken over.
      tolerateErrors(socket);
      resolve(answerOf(response, { socket, head }));
    };
    request.on('upgrade', turnOver);
    request.on('connect', (response, socket, head) => {
      const { statusCode = 0 } = response;
      if (statusCode >= 200 && statusCode < 300) return turnOver(response, socket, head);
      // Node turns the connection over whatever the answer is.
      tolerateErrors(socket);
      socket.destroy();
      resolve(answerOf(response, undefined));
    });
    request.on('response', (response) => {
      resolve(answerOf(response, undefined));
      tolerateErrors(response);
      request.destroy();
    });
    try {
      for (const [name, values] of asked.headers) request.setHeader(name, values);
      request.end();
    } catch (thrown) {
      // What cannot stand in a header. The request has begun to connect, and has to be taken back.
      fail(explain(asked, toError(thrown), settings));
    }
  })
    .catch((error: unknown) => {
      // TLS may have failed before it had taken it.
      asked.tunnel?.socket.destroy();
      throw error;
    })
    .finally(() => {
      isOver = true;
      deadline.whenExpired = undefined;
    });
}

/** Responses before the one that counts (RFC 9110 15.2): a 100 or a 103 perhaps, and some 102 of a slow server. */
const MOST_INTERIM = 100;

function endlessAnswer(asked: HttpRequest): HandshakeException {
  return new HandshakeException(
    `${nameOf(asked)} answered with more than ${MOST_INTERIM} interim responses (1xx) and no final one.`,
    undefined,
    'WS_CONNECT_BAD_ANSWER',
  );
}

/** @throws HandshakeException for TLS options that Node does not take */
function makeRequest(asked: HttpRequest, settings: HandshakeSettings): ClientRequest {
  try {
    return (isSecure(asked) ? httpsRequest : httpRequest)(requestOptions(asked, settings));
  } catch (thrown) {
    throw explain(asked, toError(thrown), settings);
  }
}

function isSecure({ to }: HttpRequest): boolean {
  return to.protocol === 'wss:' || to.protocol === 'https:';
}

function requestOptions(asked: HttpRequest, settings: HandshakeSettings): RequestOptions {
  const { to, tunnel } = asked;
  const host = hostOf(to);
  const servername = isIP(host) === 0 ? host : '';
  const tls = isSecure(asked) && { servername, ALPNProtocols: ['http/1.1'], ...asked.tls };
  const connect = (socket: Socket): Socket => {
    const connection = tls ? tlsConnect({ ...tls, host, socket }) : socket;
    return connection.setTimeout(settings.ioTimeout);
  };
  return {
    ...tls,
    ...(tunnel === undefined ? { agent: false } : { createConnection: () => connect(tunnel.socket) }),
    method: asked.method,
    ...(isLocalSocket(to) ? { socketPath: socketPathOf(to) } : { host, port: portOf(to) }),
    path: asked.target,
    setHost: false,
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

/** Who was asked, for the beginning of a message. */
function nameOf({ method, to, tunnel }: HttpRequest): string {
  if (method === 'CONNECT') return `The proxy ${describeProxy({ uri: to })}`;
  return tunnel === undefined ? describeUri(to) : `${describeUri(to)}, through the proxy ${tunnel.via},`;
}

function explain(
  asked: HttpRequest,
  error: Error & { code?: unknown },
  settings: HandshakeSettings,
): HandshakeException {
  const [code, what] = classify(asked, error.code, settings);
  const option = asked.method === 'CONNECT' ? 'proxy.tls' : 'sslContext';
  const hint = isSecure(asked) ? certificateHint(error, asked.tls, option) : '';
  return new HandshakeException(`${nameOf(asked)} ${what}: ${reasonOf(error)}.${hint}`, error, code);
}

function classify(
  asked: HttpRequest,
  code: unknown,
  { maxResponseHeaderBytes }: HandshakeSettings,
): [code: ErrorCode, what: string] {
  const isProxy = asked.method === 'CONNECT';
  const badAnswer = isProxy ? 'WS_CONNECT_PROXY' : 'WS_CONNECT_BAD_ANSWER';
  if (code === 'HPE_HEADER_OVERFLOW') {
    return [
      badAnswer,
      `answered with more than ${maxResponseHeaderBytes} bytes of headers (maxResponseHeaderBytes, MAX_HTTP_RESPONSE_HEADER_BYTES)`,
    ];
  }
  if (typeof code === 'string' && code.startsWith('HPE_')) return [badAnswer, 'answered what is not HTTP/1.1'];
  if (isProxy) return ['WS_CONNECT_PROXY', `could not be asked for a tunnel to ${asked.target}`];
  const isTls = isSecure(asked) && isTlsFailure(code);
  return [isTls ? 'WS_CONNECT_TLS' : 'WS_CONNECT_IO', 'could not be asked for a WebSocket'];
}

/** Of an attempt at several addresses Node says nothing in the message itself. */
function reasonOf(error: Error): string {
  const errors: unknown = 'errors' in error ? error.errors : undefined;
  const all = Array.isArray(errors) ? errors.map((one: Error) => one.message).join(', ') : '';
  return withoutTrace(error.message || all || error.name).replace(/\.$/, '');
}
