import { EventEmitter } from 'node:events';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { HandshakeRejectionResponse } from '@serval/api';
import { Timer, type Transport } from '@serval/api/spi';
import type { AcceptedConnection, Engine, HeaderLine } from '@serval/protocol';
import { HttpReceiver, isGone, type HttpSession, type WireFormat } from '@serval/sockjs';
import { fieldsOf, refusal } from './rejection';
import type { HandshakeClient } from './routed-request';
import { PATIENCE_MS } from './sockjs-settings';
import type { HandshakeReply } from './upgrade-reply';
import type { UpgradeRequest } from './upgrade-request';

/** The client of a request that gets a response of HTTP. */
export function clientOfResponse(response: ServerResponse): HandshakeClient {
  return {
    events: response,
    isGone: () => isGone(response) || response.writableEnded,
    drop: () => response.destroy(),
  };
}

/** The reply to a further request of a session: only a refusal comes from the recipe. */
export class FollowUpReply implements HandshakeReply {
  readonly stream = undefined;
  readonly hasHead = false;
  readonly acceptingStatus = 200;

  constructor(private readonly response: ServerResponse) {}

  turn(): undefined {
    return undefined;
  }

  check(): void {
    // Its path and method are checked already.
  }

  ownHeaders(): readonly HeaderLine[] {
    return [];
  }

  accept(): undefined {
    return undefined;
  }

  refuse(status: number, response?: HandshakeRejectionResponse | null): void {
    refusePlain(this.response, status, response);
  }
}

/** The first request of a session over HTTP, as its reply uses it. */
export interface Opening {
  readonly response: ServerResponse;
  readonly format: WireFormat;
  /** Those of the transport, of CORS and of the cookie. */
  readonly headers: OutgoingHttpHeaders;
  readonly limitBytes: number;
  /** The user is known. */
  readonly identified: (user: string | undefined) => void;
  /** Creates the session. */
  readonly begin: (facts: Pick<AcceptedConnection, 'isSecure' | 'remoteAddress'>, lost: () => void) => HttpSession;
}

/** The reply to the first request of a session over HTTP: its transport is the session, and its response the first receiver. */
export class SockJsReply implements HandshakeReply {
  readonly stream = undefined;
  readonly hasHead = false;
  readonly acceptingStatus = 200;
  readonly #events = new EventEmitter();
  #session: HttpSession | undefined;
  #isGone = false;
  #patience: Timer | undefined;
  readonly #onClose = (): void => this.#lost();

  constructor(private readonly opening: Opening) {
    opening.response.once('close', this.#onClose);
  }

  /** The client, which outlives the first response once the session has begun. */
  get client(): HandshakeClient {
    return {
      events: this.#events,
      isGone: () => this.#isGone,
      drop: () => this.opening.response.destroy(),
    };
  }

  turn(): undefined {
    return undefined;
  }

  check(): void {
    // Its path and method are checked already.
  }

  ownHeaders(): readonly HeaderLine[] {
    return [];
  }

  mayBegin(_engine: Engine, accepted: () => AcceptedConnection): void {
    this.#patience = new Timer(PATIENCE_MS, () => {
      if (!this.#isGone) this.#begin(accepted());
    });
  }

  identified(user: string | undefined): void {
    this.opening.identified(user);
  }

  closeBegun(code: number | undefined, reason: string): boolean {
    this.#patience?.clear();
    if (this.#session === undefined) return false;
    this.#session.close(code, reason);
    return true;
  }

  accept(_request: UpgradeRequest, _engine: Engine, accepted: AcceptedConnection): Transport | undefined {
    this.#patience?.clear();
    if (this.#session !== undefined) return this.#session;
    return this.#isGone ? undefined : this.#begin(accepted);
  }

  refuse(status: number, response?: HandshakeRejectionResponse | null): void {
    this.#patience?.clear();
    refusePlain(this.opening.response, status, response);
  }

  #begin({ isSecure, remoteAddress, subprotocol, headers }: AcceptedConnection): HttpSession {
    const { opening } = this;
    opening.response.off('close', this.#onClose);
    const session = opening.begin({ isSecure, remoteAddress }, () => this.#lost());
    this.#session = session;
    const all = withLines(opening.headers, [
      ...headers,
      ...(subprotocol === '' ? [] : [['Sec-WebSocket-Protocol', subprotocol] as const]),
    ]);
    session.attach(new HttpReceiver(opening.response, opening.format, all, opening.limitBytes));
    return session;
  }

  #lost(): void {
    this.#isGone = true;
    this.#patience?.clear();
    this.#events.emit('close');
  }
}

/** The headers of the transport, and those of the handshake that do not contradict them. */
function withLines(headers: OutgoingHttpHeaders, lines: readonly HeaderLine[]): OutgoingHttpHeaders {
  const own = new Map(Object.keys(headers).map((name) => [name.toLowerCase(), name]));
  const added = new Map<string, string[]>();
  for (const [name, value] of lines) {
    const key = name.toLowerCase();
    if (own.has(key) && key !== 'set-cookie' && key !== 'vary') continue;
    const known = own.get(key) ?? name;
    const before = added.get(known) ?? [headers[known] ?? []].flat().map(String);
    added.set(known, [...before, value]);
  }
  return { ...headers, ...Object.fromEntries(added) };
}

/** Answers a request with a status in place of a session. Never throws. */
function refusePlain(
  response: ServerResponse,
  status: number,
  rejection: HandshakeRejectionResponse | null | undefined,
): void {
  if (response.headersSent || response.destroyed) return;
  const { headers: lines, body } = refusal(status, rejection);
  response.writeHead(status, { ...fieldsOf(lines), 'Cache-Control': 'no-store' });
  response.end(body);
}
