import type { Duplex } from 'node:stream';
import { HandshakeRejection, type HandshakeRejectionResponse } from '@serval/api';
import type { Transport } from '@serval/api/spi';
import type { AcceptedConnection, Engine, HeaderLine } from '@serval/protocol';
import { refusedBy } from './refusal-rule';
import type { UpgradeRequest } from './upgrade-request';

/** The reply to an opening handshake: it checks the request, accepts and refuses. `upgrade` decides which. */
export interface HandshakeReply {
  /**
   * The stream that becomes the WebSocket connection; undefined if the request stays one of HTTP. While user code decides,
   * nothing takes bytes from it.
   */
  readonly stream: Duplex | undefined;

  /** Whether bytes arrived together with the request. They are messages of the client, even if it ends its side. */
  readonly hasHead: boolean;

  /** Waits for the responses to earlier requests; undefined if there are none. */
  turn(request: UpgradeRequest): Promise<void> | undefined;

  /** @throws HandshakeRejection when the request is not an opening handshake, or the engine cannot serve it */
  check(request: UpgradeRequest, engine: Engine): void;

  /** The headers of an accepting response that depend on the request alone. */
  ownHeaders(request: UpgradeRequest): readonly HeaderLine[];

  /** The host's own answer, whose headers belong to the 101; undefined if there is none to wait for. */
  hostAnswer?(): HostAnswer | undefined;

  /**
   * User code decides from now on, and may take its time. A reply whose client does not wait that long may begin before:
   * `accepted` returns the facts of the connection. A refusal is then a close frame.
   */
  mayBegin?(engine: Engine, accepted: () => AcceptedConnection): void;

  /** The user is known, by its name; undefined for none. Further requests of the same session must have the same one. */
  identified?(user: string | undefined): void;

  /** Closes the connection of a reply that has begun. @returns false if it has not begun */
  closeBegun?(code: number | undefined, reason: string): boolean;

  /** The status of an answer that accepts. Default: 101, and 200 over HTTP/2. */
  readonly acceptingStatus?: number | undefined;

  /** Accepts and creates the transport. @returns undefined if the client has left or another listener has answered */
  accept(request: UpgradeRequest, engine: Engine, accepted: AcceptedConnection): Transport | undefined;

  /** Answers with a status in its turn and ends the exchange, unless another listener has answered. Never throws. */
  refuse(status: number, response?: HandshakeRejectionResponse | null): void;
}

/**
 * The reply to a request that becomes a WebSocket, in one version of HTTP. Hosts create replies: `Http1Reply`, `Http2Reply`.
 */
export interface UpgradeReply extends HandshakeReply {
  readonly stream: Duplex;
}

/** The answer of a host, such as a framework, to a handshake that is about to be accepted. */
export interface HostAnswer {
  /** Makes the host write its answer; may be async. */
  readonly respond: () => unknown;
  /** Resolves once the host has written it; rejects with the refusal if it is one. */
  readonly written: Promise<void>;
}

/** RFC 6455 4.2.2, and the same over HTTP/2 (RFC 8441 5). @throws HandshakeRejection for another version */
export function checkVersion({ headers }: UpgradeRequest): void {
  if (hasToken(headers.list('Sec-WebSocket-Version'), '13')) return;
  throw refusedBy(
    'request',
    new HandshakeRejection(426, {
      body: 'This server supports only version 13 of the WebSocket protocol.\n',
      headers: { 'Sec-WebSocket-Version': '13', Upgrade: 'websocket' },
    }),
  );
}

/** Whether a comma-separated list contains a token, in any case. */
export function hasToken(list: string | undefined, token: string): boolean {
  return list !== undefined && list.split(',').some((item) => item.trim().toLowerCase() === token);
}

export function badRequest(body: string): HandshakeRejection {
  return refusedBy('request', new HandshakeRejection(400, { body: `${body}\n` }));
}
