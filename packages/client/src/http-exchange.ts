import {
  request as httpRequest,
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
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

/** The response of a server or proxy to one request. */
export interface ServerAnswer {
  readonly status: number;
  /** Sealed. */
  readonly headers: HeaderMap;
  /** As received: names and values in turn. */
  readonly rawHeaders: readonly string[];
  /** The connection, if the response hands it over: 101 with Upgrade and Connection, or 2xx to a CONNECT. */
  readonly upgraded: { readonly socket: Socket; readonly head: Buffer } | undefined;
  /** The rest of the response, if the request keeps it. Its owner reads or destroys it. */
  readonly body?: IncomingMessage | undefined;
}

/** Ends the connection that a response hands over, or the rest of the response. */
export function dropAnswer({ upgraded, body }: ServerAnswer): void {
  upgraded?.socket.destroy();
  body?.destroy();
}

/** How much of a body that nobody needs is read, so that a shared connection can carry another request. */
const MAX_PASSED_OVER_BYTES = 65_536;

/** As {@link dropAnswer}, but a shared connection stays if the rest of the response is short. Never rejects. */
export async function passOver({ body }: ServerAnswer): Promise<void> {
  let left = MAX_PASSED_OVER_BYTES;
  try {
    // Without an encoding a response gives Buffers. A break destroys it.
    for await (const bytes of (body ?? []) as AsyncIterable<Buffer>) {
      left -= bytes.length;
      if (left < 0) break;
    }
  } catch {
    // The next request gets another connection.
  }
  // The connection is free a little after the end of the response.
  await new Promise<void>((resolve) => setImmediate(resolve));
}

/** A connection to a server through a proxy. */
export interface Tunnel {
  readonly socket: Socket;
  /** The proxy, for messages. */
  readonly via: string;
}

/** A request to a server, or to a proxy for a tunnel. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'CONNECT';
  /** With scheme `ws:`, `ws+unix:` or `http:`; `wss:` or `https:` for TLS. */
  readonly to: URL;
  /** As in the request line. */
  readonly target: string;
  readonly headers: HeaderMap;
  /** TLS options other than the host. */
  readonly tls: TlsOptions;
  /** The connection to use; undefined opens a new one. It is closed if the request fails. */
  readonly tunnel: Tunnel | undefined;
  /** Undefined for none. */
  readonly body?: string | undefined;
  /** Whether the caller reads the body of the response. */
  readonly keepsBody?: boolean | undefined;
  /** The connections that requests share, in place of a tunnel or a new connection. */
  readonly connections?: Agent | undefined;
  /** The server, for messages. Default: its URI. */
  readonly name?: string | undefined;
  /** Called once the request has been written. */
  readonly onSent?: (() => void) | undefined;
}

/** The limits of a request. */
export interface ExchangeTerms {
  readonly settings: HandshakeSettings;
  readonly deadline: Deadline;
}

/**
 * Sends one request and reads the head of the response. It then closes the connection, unless the response hands it over
 * or its body is kept; that socket, or that body, has an error listener, {@link tolerateErrors}.
 *
 * @throws HandshakeException (as a rejection) when no response arrives
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
      // If the event loop was blocked, the response may have arrived but not been read.
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
      // A server's FIN must not end a socket whose first messages have already arrived.
      socket.allowHalfOpen = true;
      // No one else listens for errors until the WebSocket takes over the connection.
      tolerateErrors(socket);
      resolve(answerOf(response, { socket, head }));
    };
    request.on('upgrade', turnOver);
    request.on('connect', (response, socket, head) => {
      const { statusCode = 0 } = response;
      if (statusCode >= 200 && statusCode < 300) return turnOver(response, socket, head);
      // Node hands the connection over for any response.
      tolerateErrors(socket);
      socket.destroy();
      resolve(answerOf(response, undefined));
    });
    if (asked.onSent !== undefined) request.on('finish', asked.onSent);
    request.on('response', (response) => {
      tolerateErrors(response);
      resolve(answerOf(response, undefined, asked.keepsBody === true ? response : undefined));
      if (asked.keepsBody !== true) request.destroy();
    });
    try {
      for (const [name, values] of asked.headers) request.setHeader(name, values);
      request.end(asked.body);
    } catch (thrown) {
      // A value that a header cannot contain. The request has begun to connect and must be cancelled.
      fail(explain(asked, toError(thrown), settings));
    }
  })
    .catch((error: unknown) => {
      // TLS may have failed before it took over the tunnel's socket.
      asked.tunnel?.socket.destroy();
      throw error;
    })
    .finally(() => {
      isOver = true;
      deadline.whenExpired = undefined;
    });
}

/** The most interim responses (RFC 9110 15.2): usually a 100 or a 103, and several 102 from a slow server. */
const MOST_INTERIM = 100;

function endlessAnswer(asked: HttpRequest): HandshakeException {
  return new HandshakeException(
    `${nameOf(asked)} answered with more than ${MOST_INTERIM} interim responses (1xx) and no final one.`,
    undefined,
    'WS_CONNECT_BAD_ANSWER',
  );
}

/** @throws HandshakeException when Node rejects the TLS options */
function makeRequest(asked: HttpRequest, settings: HandshakeSettings): ClientRequest {
  try {
    return (isSecure(asked) ? httpsRequest : httpRequest)(requestOptions(asked, settings));
  } catch (thrown) {
    throw explain(asked, toError(thrown), settings);
  }
}

export function isSecure({ to }: Pick<HttpRequest, 'to'>): boolean {
  return to.protocol === 'wss:' || to.protocol === 'https:';
}

/** @returns false without TLS */
function tlsFor(asked: Pick<HttpRequest, 'to' | 'tls'>): TlsOptions | false {
  const host = hostOf(asked.to);
  const servername = isIP(host) === 0 ? host : '';
  return isSecure(asked) && { servername, ALPNProtocols: ['http/1.1'], ...asked.tls };
}

/** The connection to a server over the socket of a tunnel, with TLS if its scheme has it. */
export function overTunnel(asked: Pick<HttpRequest, 'to' | 'tls'>, socket: Socket): Socket {
  const tls = tlsFor(asked);
  return tls ? tlsConnect({ ...tls, host: hostOf(asked.to), socket }) : socket;
}

function requestOptions(asked: HttpRequest, settings: HandshakeSettings): RequestOptions {
  const { to, tunnel } = asked;
  const host = hostOf(to);
  const tls = tlsFor(asked);
  const connect = (socket: Socket): Socket => overTunnel(asked, socket).setTimeout(settings.ioTimeout);
  return {
    ...tls,
    ...(tunnel === undefined
      ? { agent: asked.connections ?? false }
      : { createConnection: () => connect(tunnel.socket) }),
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
  body?: IncomingMessage,
): ServerAnswer {
  return {
    status: statusCode,
    headers: HeaderMap.fromRawHeaders(rawHeaders).seal(),
    rawHeaders,
    // Typed as a Duplex because an agent may supply any; ours is Node's own socket.
    upgraded: upgraded && { socket: upgraded.socket as Socket, head: upgraded.head },
    body,
  };
}

/** The server or proxy, for the beginning of a message. */
function nameOf({ method, to, tunnel, name }: HttpRequest): string {
  if (name !== undefined) return name;
  if (method === 'CONNECT') return `The proxy ${describeProxy({ uri: to })}`;
  return tunnel === undefined ? describeUri(to) : `${describeUri(to)}, through the proxy ${tunnel.via},`;
}

function explain(
  asked: HttpRequest,
  error: Error & { code?: unknown },
  settings: HandshakeSettings,
): HandshakeException {
  // A proxy of shared connections.
  if (error instanceof HandshakeException) return error;
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
  if (typeof code === 'string' && code.startsWith('HPE_'))
    return [badAnswer, 'answered with something other than HTTP/1.1'];
  if (isProxy) return ['WS_CONNECT_PROXY', `did not open a tunnel to ${asked.target}`];
  const isTls = isSecure(asked) && isTlsFailure(code);
  return [
    isTls ? 'WS_CONNECT_TLS' : 'WS_CONNECT_IO',
    asked.keepsBody === true ? 'did not answer' : 'did not open the WebSocket',
  ];
}

/** If Node tried several addresses, the message is empty and a list of errors holds the reasons. */
function reasonOf(error: Error): string {
  const errors: unknown = 'errors' in error ? error.errors : undefined;
  const all = Array.isArray(errors) ? errors.map((one: Error) => one.message).join(', ') : '';
  return withoutTrace(error.message || all || error.name).replace(/\.$/, '');
}
