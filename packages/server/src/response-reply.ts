import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HandshakeRejectionResponse } from '@serval/api';
import type { Transport } from '@serval/api/spi';
import type { AcceptedConnection, Engine, HeaderLine } from '@serval/protocol';
import { fieldsOf, refusal } from './rejection';
import { CONNECTION_HEADERS, ResponseSink } from './response-sink';
import type { HandshakeReply, HostAnswer } from './upgrade-reply';
import type { UpgradeRequest } from './upgrade-request';

/** The response of a host, such as a framework, to a request that one of its routes upgrades. */
export interface HostResponse {
  readonly response: ServerResponse;
  /**
   * Makes the host write an answer, for hosts that keep their headers to themselves until then. Its headers become part of
   * the 101; a status of 300 or more refuses the handshake.
   */
  readonly respond?: ((answer: RouteAnswer) => unknown) | undefined;
}

/** The answer that a host writes to a request that one of its routes upgrades. */
export interface RouteAnswer {
  /** 101, for which the host may also write 204; or the status of a refusal. */
  readonly status: number;
  /** Of a refusal. A list has more than one line; middleware that reads `Content-Type` expects a text. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** Of a refusal. */
  readonly body: Buffer | undefined;
}

/**
 * The reply to a handshake that has a `ServerResponse`: the reply over the socket, with the headers that middleware or
 * the host set on the response. The response belongs to the handshake middleware, or to the host whose route upgrades
 * the request.
 */
export class ResponseReply implements HandshakeReply {
  #response: ServerResponse | undefined;
  /** Undefined while the response is connected to the socket. */
  #sink: ResponseSink | undefined;

  /** @param host undefined for middleware, for which `respondTo` creates a response */
  constructor(
    private readonly reply: HandshakeReply,
    private readonly host?: HostResponse,
  ) {
    this.#response = host?.response;
  }

  get stream(): Duplex | undefined {
    return this.reply.stream;
  }

  get hasHead(): boolean {
    return this.reply.hasHead;
  }

  /**
   * Creates the response that the middleware sees.
   *
   * @param onAnswer receives the refusal, once the middleware has ended the response
   */
  respondTo(request: IncomingMessage, onAnswer: (refusal: Error) => void): ServerResponse {
    const response = (this.#response = new ServerResponse(request));
    const sink = this.#divert(response);
    response.once('finish', () => {
      if (!sink.isDiscarding) onAnswer(sink.refusal());
    });
    response.once('close', () => onAnswer(new Error('A handshake middleware destroyed the response.')));
    return response;
  }

  /** From now on the response writes to a sink, so that its bytes become part of the container's answer. */
  #divert(response: ServerResponse): ResponseSink {
    return (this.#sink = ResponseSink.of(response));
  }

  turn(request: UpgradeRequest): Promise<void> | undefined {
    return this.reply.turn(request);
  }

  mayBegin(engine: Engine, accepted: () => AcceptedConnection): void {
    this.reply.mayBegin?.(engine, accepted);
  }

  identified(user: string | undefined): void {
    this.reply.identified?.(user);
  }

  closeBegun(code: number | undefined, reason: string): boolean {
    if (this.reply.closeBegun?.(code, reason) !== true) return false;
    this.#end();
    return true;
  }

  get acceptingStatus(): number | undefined {
    return this.reply.acceptingStatus;
  }

  check(request: UpgradeRequest, engine: Engine): void {
    this.reply.check(request, engine);
  }

  ownHeaders(request: UpgradeRequest): readonly HeaderLine[] {
    return this.reply.ownHeaders(request);
  }

  hostAnswer(): HostAnswer | undefined {
    if (this.host?.respond === undefined) return this.reply.hostAnswer?.();
    const { response, respond } = this.host;
    // The host has answered in the meantime; `accept` finds that out.
    if (response.headersSent) return undefined;
    const sink = this.#divert(response);
    const written = new Promise<void>((resolve, reject) => {
      response.once('finish', () => (sink.status < 300 ? resolve() : reject(sink.refusal())));
      response.once('close', () => reject(new Error('The host destroyed the response to a handshake.')));
    });
    // If `respond` throws, nothing else handles it.
    written.catch(() => undefined);
    return { respond: () => respond({ status: 101, headers: {}, body: undefined }), written };
  }

  accept(request: UpgradeRequest, engine: Engine, accepted: AcceptedConnection): Transport | undefined {
    const response = this.#response;
    if (response !== undefined && this.#sink === undefined) {
      // The host has answered in the meantime.
      if (response.headersSent) return undefined;
      this.#divert(response);
    }
    const headers = [...this.#headerLines(101), ...accepted.headers];
    const transport = this.reply.accept(request, engine, { ...accepted, headers });
    // Middleware such as express-session saves its state at the end of the response.
    this.#end();
    return transport;
  }

  refuse(status: number, rejection?: HandshakeRejectionResponse | null): void {
    const response = this.#response;
    if (response !== undefined && this.#sink === undefined) {
      refuseThrough(response, this.host?.respond, answerOf(status, rejection));
      return;
    }
    const headers: Record<string, string | readonly string[]> = {};
    try {
      for (const [name, value] of this.#headerLines(status)) headers[name] = [...(headers[name] ?? []), value];
    } catch {
      // A hook of `writeHead` threw, for the second time if its first error is the reason of the refusal.
    }
    this.reply.refuse(status, { ...rejection, headers: { ...headers, ...rejection?.headers } });
    this.#end();
  }

  /** The headers on the response; none if it refused the handshake, because the refusal has them. */
  #headerLines(status: number): HeaderLine[] {
    const response = this.#response;
    if (response === undefined) return [];
    if (response.headersSent) return this.host?.respond !== undefined && status < 300 ? this.#writtenLines() : [];
    // Runs the hooks that set a header at the last moment, such as the cookie of a new session.
    response.writeHead(status);
    return rawNamesOf(response)
      .filter((name) => !CONNECTION_HEADERS.has(name.toLowerCase()))
      .flatMap((name) => [response.getHeader(name) ?? []].flat().map((value): HeaderLine => [name, String(value)]));
  }

  #writtenLines(): HeaderLine[] {
    // The headers of an empty body, which a 101 does not have.
    return this.#sink?.headers.filter(([name]) => name.toLowerCase() !== 'content-type') ?? [];
  }

  #end(): void {
    const response = this.#response;
    if (response === undefined || response.writableEnded) return;
    this.#sink?.discard();
    try {
      response.end();
    } catch {
      // The same hook. The handshake has its answer.
      response.destroy();
    }
  }
}

function answerOf(status: number, rejection?: HandshakeRejectionResponse | null): RouteAnswer {
  const { headers: lines, body } = refusal(status, rejection);
  return { status, headers: fieldsOf(lines), body };
}

/** Refuses through the host's own response, so that its middleware sees the end of the request. Never throws. */
function refuseThrough(response: ServerResponse, respond: HostResponse['respond'], answer: RouteAnswer): void {
  // The host has answered in the meantime.
  if (response.headersSent) return;
  const failed = (): void => void response.destroy();
  try {
    if (respond !== undefined) {
      Promise.resolve(respond(answer)).catch(failed);
      return;
    }
    for (const [name, lines] of Object.entries(answer.headers)) response.setHeader(name, lines);
    response.statusCode = answer.status;
    response.end(answer.body);
  } catch {
    // A hook of middleware threw.
    failed();
  }
}

/** The names in the case in which they were set. */
function rawNamesOf(response: ServerResponse): readonly string[] {
  // Node's types lack the method on responses, and have it on client requests; both inherit it.
  return (response as unknown as { getRawHeaderNames(): string[] }).getRawHeaderNames();
}
