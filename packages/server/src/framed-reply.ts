import type { Duplex } from 'node:stream';
import { HandshakeRejection, type HandshakeRejectionResponse } from '@serval/api';
import { Timer, type Transport, type TransportListener } from '@serval/api/spi';
import type { AcceptedConnection, Engine, HeaderLine } from '@serval/protocol';
import { FramedSession, type FramedSessionFacts } from '@serval/sockjs';
import { refusedBy } from './refusal-rule';
import { LINGER_MS } from './rejection';
import { PATIENCE_MS } from './sockjs-settings';
import type { HostAnswer, UpgradeReply } from './upgrade-reply';
import type { UpgradeRequest } from './upgrade-request';

/** The reply to a request that becomes a session of SockJS over a WebSocket. */
export class FramedReply implements UpgradeReply {
  #session: FramedSession | undefined;
  #patience: Timer | undefined;
  /** The request, once it is checked. */
  #checked: UpgradeRequest | undefined;

  constructor(
    private readonly reply: UpgradeReply,
    private readonly facts: FramedSessionFacts,
  ) {}

  get stream(): Duplex {
    return this.reply.stream;
  }

  get hasHead(): boolean {
    return this.reply.hasHead;
  }

  get acceptingStatus(): number | undefined {
    return this.reply.acceptingStatus;
  }

  turn(request: UpgradeRequest): Promise<void> | undefined {
    return this.reply.turn(request);
  }

  check(request: UpgradeRequest, engine: Engine): void {
    // The protocol's answer to another method has no body.
    if (request.method !== 'GET' && Number(request.httpVersion) < 2)
      throw refusedBy('request', new HandshakeRejection(405, { body: '', headers: { Allow: 'GET' } }));
    this.reply.check(request, engine);
    this.#checked = request;
  }

  ownHeaders(request: UpgradeRequest): readonly HeaderLine[] {
    return this.reply.ownHeaders(request);
  }

  hostAnswer(): HostAnswer | undefined {
    return this.reply.hostAnswer?.();
  }

  mayBegin(engine: Engine, accepted: () => AcceptedConnection): void {
    const request = this.#checked;
    // A client that offers subprotocols fails without an answer to them, and the answer is not known yet.
    if (request?.headers.has('Sec-WebSocket-Protocol') !== false) return;
    this.#patience = new Timer(PATIENCE_MS, () => {
      if (!this.reply.stream.destroyed) this.#begin(request, engine, accepted());
    });
  }

  closeBegun(code: number | undefined, reason: string): boolean {
    const session = this.#session;
    if (session === undefined) return false;
    const lost = new Timer(LINGER_MS, () => session.terminate());
    session.open(closing(() => lost.clear()));
    session.close(code, reason);
    return true;
  }

  accept(request: UpgradeRequest, engine: Engine, accepted: AcceptedConnection): Transport | undefined {
    this.#patience?.clear();
    if (this.#session !== undefined) return this.stream.destroyed ? undefined : this.#session;
    return this.#begin(request, engine, accepted);
  }

  refuse(status: number, response?: HandshakeRejectionResponse | null): void {
    this.#patience?.clear();
    this.reply.refuse(status, response);
  }

  #begin(request: UpgradeRequest, engine: Engine, accepted: AcceptedConnection): FramedSession | undefined {
    const maxMessageBytes = Math.max(accepted.maxMessageBytes, this.facts.maxBodyBytes);
    const transport = this.reply.accept(request, engine, { ...accepted, maxMessageBytes });
    this.#session = transport && new FramedSession(transport, this.facts);
    return this.#session;
  }
}

/** The listener of a session that only closes. */
function closing(onClose: () => void): TransportListener {
  const nothing = { inParts: false, maxBytes: 0 };
  return {
    textRule: nothing,
    binaryRule: nothing,
    onText: () => undefined,
    onBinary: () => undefined,
    onPong: () => undefined,
    onPing: () => undefined,
    onError: () => undefined,
    onClose,
  };
}
