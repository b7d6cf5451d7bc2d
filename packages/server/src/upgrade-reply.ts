import type { Duplex } from 'node:stream';
import { HandshakeRejection, type HandshakeRejectionResponse } from '@serval/api';
import type { Transport } from '@serval/api/spi';
import type { AcceptedConnection, Engine, HeaderLine } from '@serval/protocol';
import type { UpgradeRequest } from './upgrade-request';

/**
 * The reply to an opening handshake in one version of HTTP: it checks the request, accepts and refuses. The recipe decides,
 * the reply carries it out. Hosts create them: `Http1Reply`, `Http2Reply`.
 */
export interface UpgradeReply {
  /** The stream that becomes the WebSocket connection. While user code decides, only its end is watched. */
  readonly stream: Duplex;

  /** A wait for the answers to earlier requests; undefined when there are none. */
  turn(request: UpgradeRequest): Promise<void> | undefined;

  /** @throws HandshakeRejection for a request that is no opening handshake, or that the engine cannot serve */
  check(request: UpgradeRequest, engine: Engine): void;

  /** The headers of a yes that follow from the request alone. */
  ownHeaders(request: UpgradeRequest): readonly HeaderLine[];

  /** Answers with yes and makes the transport. @returns undefined when the client has gone, or somebody else has answered */
  accept(request: UpgradeRequest, engine: Engine, accepted: AcceptedConnection): Transport | undefined;

  /** Answers with a status, when it is its turn, and ends the exchange, unless somebody else has answered. Never throws. */
  refuse(status: number, response?: HandshakeRejectionResponse | null): void;
}

/** RFC 6455 4.2.2, and the same over HTTP/2 (RFC 8441 5). @throws HandshakeRejection */
export function checkVersion({ headers }: UpgradeRequest): void {
  if (hasToken(headers.list('Sec-WebSocket-Version'), '13')) return;
  throw new HandshakeRejection(426, {
    body: 'Only version 13 of the WebSocket protocol is spoken here.\n',
    headers: { 'Sec-WebSocket-Version': '13', Upgrade: 'websocket' },
  });
}

/** Whether a comma-separated list holds a token, in any case. */
export function hasToken(list: string | undefined, token: string): boolean {
  return list !== undefined && list.split(',').some((item) => item.trim().toLowerCase() === token);
}

export function badRequest(body: string): HandshakeRejection {
  return new HandshakeRejection(400, { body: `${body}\n` });
}
