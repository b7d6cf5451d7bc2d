import type { IncomingMessage } from 'node:http';
import type * as Http2 from 'node:http2';
import type { Http2ServerRequest, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { HeaderMap } from '@serval/protocol';

/** An HTTP request for an upgrade, from any host. */
export interface UpgradeRequest {
  readonly method: string;
  /** Such as `1.1`. */
  readonly httpVersion: string;
  /** The request line's target, as received. */
  readonly target: string;
  readonly headers: HeaderMap;
  /** The host that the client requested from a trusted proxy, if the proxy reports it. It replaces the Host header. */
  readonly forwardedHost?: string | undefined;
  readonly isSecure: boolean;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  /** In DER, the client's own certificate first; undefined if it sent none. */
  clientCertificates(): readonly Buffer[] | undefined;
  /** The host's own request object. */
  readonly native: unknown;
}

/** The request of an 'upgrade' event of Node's http and https servers. */
export function fromIncomingMessage(request: IncomingMessage): UpgradeRequest {
  const { socket } = request;
  const isSecure = 'encrypted' in socket && socket.encrypted === true;
  return {
    method: request.method ?? 'GET',
    httpVersion: request.httpVersion,
    target: request.url ?? '/',
    headers: HeaderMap.fromRawHeaders(request.rawHeaders).seal(),
    isSecure,
    // Read on demand, because a socket caches its address once it is read.
    get localAddress() {
      return socket.localAddress;
    },
    get localPort() {
      return socket.localPort;
    },
    remoteAddress: socket.remoteAddress,
    remotePort: socket.remotePort,
    clientCertificates: () => (isSecure ? peerCertificates(socket) : undefined),
    native: request,
  };
}

/**
 * The request of a 'stream' event of Node's http2 servers.
 *
 * @param native the request object, if it already exists
 */
export function fromHttp2Stream(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
  native?: Http2ServerRequest,
): UpgradeRequest {
  const { session } = stream;
  const socket = session?.socket;
  const isSecure = session?.encrypted === true;
  return {
    method: headers[':method'] ?? 'CONNECT',
    httpVersion: '2.0',
    // '*' is not a path, so it matches no endpoint.
    target: headers[':path'] ?? '*',
    headers: fieldsOf(headers, rawHeaders).seal(),
    isSecure,
    localAddress: socket?.localAddress,
    localPort: socket?.localPort,
    remoteAddress: socket?.remoteAddress,
    remotePort: socket?.remotePort,
    // Node no longer returns the socket once the session is destroyed.
    clientCertificates: () => (isSecure && session?.destroyed === false ? peerCertificates(session.socket) : undefined),
    // Created on demand, because an object of Node's 'request' layer lives as long as its stream.
    get native() {
      return (native ??= new (http2().Http2ServerRequest)(stream, headers, {}, rawHeaders));
    },
  };
}

/** The header fields without the pseudo headers. `:authority` becomes Host, its equivalent in HTTP/1.1 (RFC 9113 8.3.1). */
function fieldsOf(headers: IncomingHttpHeaders, rawHeaders: readonly string[]): HeaderMap {
  const fields = new HeaderMap();
  const authority = headers[':authority'];
  if (authority !== undefined) fields.add('Host', authority);
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2);
    if (name.startsWith(':') || name === 'cookie' || (name === 'host' && value === authority)) continue;
    fields.add(name, value);
  }
  // RFC 9113 8.2.3: clients split cookies; Node joins them.
  if (headers.cookie !== undefined) fields.add('cookie', headers.cookie);
  return fields;
}

/** Node's module, which few servers need, and which takes longer to load than node:http and node:https together. */
export function http2(): typeof Http2 {
  return require('node:http2') as typeof Http2;
}

function peerCertificates(socket: Socket): readonly Buffer[] | undefined {
  // An encrypted socket of an https server is a TLSSocket.
  const tls = socket as TLSSocket;
  // With rejectUnauthorized: false a client may send any certificate.
  if (!tls.authorized) return undefined;
  const chain: Buffer[] = [];
  let certificate = tls.getPeerCertificate(true);
  // The issuer of a root is the root itself.
  while (certificate?.raw !== undefined && !chain.some((known) => known.equals(certificate.raw))) {
    chain.push(certificate.raw);
    certificate = certificate.issuerCertificate;
  }
  return chain.length > 0 ? chain : undefined;
}
