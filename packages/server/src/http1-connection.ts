import type { Duplex } from 'node:stream';
import { HandshakeRejection, type HandshakeRejectionResponse } from '@serval/api';
import type { Transport } from '@serval/api/spi';
import { acceptValue, isValidKey, type AcceptedConnection, type Engine, type HeaderLine } from '@serval/protocol';
import { reject } from './rejection';
import { badRequest, checkVersion, hasToken, type UpgradeConnection } from './upgrade-connection';
import type { UpgradeRequest } from './upgrade-request';

/** The socket of an HTTP/1.1 request with `Upgrade: websocket` (RFC 6455 4.2). */
export class Http1Connection implements UpgradeConnection {
  /** @param head what came behind the request already */
  constructor(
    readonly stream: Duplex,
    private readonly head: Buffer,
  ) {}

  /** RFC 6455 4.2.1. */
  check(request: UpgradeRequest): void {
    // While user code decides, a client's FIN must not end a socket whose first messages are here already.
    this.stream.allowHalfOpen = true;
    const { method, httpVersion, headers } = request;
    if (method !== 'GET') {
      throw new HandshakeRejection(405, {
        body: `A WebSocket opens with GET; found ${method}.\n`,
        headers: { Allow: 'GET' },
      });
    }
    if (Number(httpVersion) < 1.1) throw badRequest(`A WebSocket needs HTTP/1.1; found HTTP/${httpVersion}.`);
    if (!hasToken(headers.list('Upgrade'), 'websocket')) throw badRequest('The Upgrade header must name websocket.');
    if (!hasToken(headers.list('Connection'), 'upgrade')) throw badRequest('The Connection header must name Upgrade.');
    checkVersion(request);
    const keys = headers.get('Sec-WebSocket-Key') ?? [];
    if (keys.length !== 1 || !isValidKey(keyOf(request))) {
      throw badRequest('The Sec-WebSocket-Key header must be there once, with the base64 of 16 bytes.');
    }
  }

  ownHeaders(request: UpgradeRequest): readonly HeaderLine[] {
    return [
      ['Upgrade', 'websocket'],
      ['Connection', 'Upgrade'],
      ['Sec-WebSocket-Accept', acceptValue(keyOf(request))],
    ];
  }

  accept(request: UpgradeRequest, engine: Engine, accepted: AcceptedConnection): Transport | undefined {
    return engine.accept({ ...accepted, socket: this.stream, head: this.head, key: keyOf(request) });
  }

  refuse(status: number, response?: HandshakeRejectionResponse | null): void {
    reject(this.stream, status, response);
  }
}

function keyOf({ headers }: UpgradeRequest): string {
  return headers.get('Sec-WebSocket-Key')?.[0] ?? '';
}
