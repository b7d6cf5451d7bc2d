import type { IncomingMessage } from 'node:http';
import { Http2ServerRequest, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { HeaderMap } from '@serval/protocol';

/** An HTTP request for an upgrade, as any host can give it. */
export interface UpgradeRequest {
  readonly method: string;
  /** Such as `1.1`. */
  readonly httpVersion: string;
  /** The request line's target, as received. */
  readonly target: string;
  readonly headers: HeaderMap;
  /** The host that a trusted proxy was asked for, where it says so; it stands in for the Host header. */
  readonly forwardedHost?: string | undefined;
  readonly isSecure: boolean;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  /** DER, the client's own certificate first; undefined when it has shown none. */
  clientCertificates(): readonly Buffer[] | undefined;
  /** The host's own request object. */
  readonly native: unknown;
}

/** What Node's http and https servers hand over with 'upgrade'. */
export function fromIncomingMessage(request: IncomingMessage): UpgradeRequest {
  const { socket } = request;
  const isSecure = 'encrypted' in socket && socket.encrypted === true;
  return {
    method: request.method ?? 'GET',
    httpVersion: request.httpVersion,
    target: request.url ?? '/',
    headers: HeaderMap.fromRawHeaders(request.rawHeaders).seal(),
    isSecure,
    // Asked for when they are wanted: a socket keeps what it was once asked for.
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
 * What Node's http2 servers hand over with 'stream'.
 *
 * @param native the request object, if there is one already
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
    // '*' is no path, so it is found nowhere.
    target: headers[':path'] ?? '*',
    headers: fieldsOf(headers, rawHeaders).seal(),
    isSecure,
    localAddress: socket?.localAddress,
    localPort: socket?.localPort,
    remoteAddress: socket?.remoteAddress,
    remotePort: socket?.remotePort,
    // Once the session is gone, Node does not give its socket any more.
    clientCertificates: () => (isSecure && session?.destroyed === false ? peerCertificates(session.socket) : undefined),
    // Made only when it is asked for: an object of Node's 'request' layer lives as long as its stream.
    get native() {
      return (native ??= new Http2ServerRequest(stream, headers, {}, rawHeaders));
    },
  };
}

/** The header fields without the pseudo headers; `:authority` is what Host is in HTTP/1.1 (RFC 9113 8.3.1). */
function fieldsOf(headers: IncomingHttpHeaders, rawHeaders: readonly string[]): HeaderMap {
  const fields = new HeaderMap();
  const authority = headers[':authority'];
  if (authority !== undefined) fields.add('Host', authority);
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2);
    if (name.startsWith(':') || name === 'cookie' || (name === 'host' && value === authority)) continue;
    fields.add(name, value);
  }
  // RFC 9113 8.2.3: clients split it; Node has put it together again.
  if (headers.cookie !== undefined) fields.add('cookie', headers.cookie);
  return fields;
}

function peerCertificates(socket: Socket): readonly Buffer[] | undefined {
  // An encrypted socket of an https server is a TLSSocket.
  const tls = socket as TLSSocket;
  // With rejectUnauthorized: false anybody may show anything.
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
