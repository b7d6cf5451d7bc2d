import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { HeaderMap } from './header-map';

/** An HTTP request for an upgrade, as any host can give it. */
export interface UpgradeRequest {
  readonly method: string;
  /** Such as `1.1`. */
  readonly httpVersion: string;
  /** The request line's target, as received. */
  readonly target: string;
  readonly headers: HeaderMap;
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
    localAddress: socket.localAddress,
    localPort: socket.localPort,
    remoteAddress: socket.remoteAddress,
    remotePort: socket.remotePort,
    clientCertificates: () => (isSecure ? peerCertificates(socket) : undefined),
    native: request,
  };
}

function peerCertificates(socket: Socket): readonly Buffer[] | undefined {
  // An encrypted socket of an https server is a TLSSocket.
  const chain: Buffer[] = [];
  let certificate = (socket as TLSSocket).getPeerCertificate(true);
  // The issuer of a root is the root itself.
  while (certificate?.raw !== undefined && !chain.some((known) => known.equals(certificate.raw))) {
    chain.push(certificate.raw);
    certificate = certificate.issuerCertificate;
  }
  return chain.length > 0 ? chain : undefined;
}
