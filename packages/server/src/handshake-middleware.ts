import { ServerResponse, type IncomingMessage } from 'node:http';
import { Writable, type Duplex } from 'node:stream';
import { HandshakeRejection, type HandshakeRejectionResponse } from '@serval/api';
import type { Transport } from '@serval/api/spi';
import { badOption, type OptionKind } from '@serval/api/spi';
import { toError } from '@serval/container';
import type { AcceptedConnection, Engine, HeaderLine } from '@serval/protocol';
import type { UpgradeReply } from './upgrade-reply';
import type { UpgradeRequest } from './upgrade-request';

/**
 * Connect middleware, such as express-session's, on handshake requests. The response is a real `ServerResponse` of Node:
 * its headers become part of the answer, and ending it refuses the handshake.
 */
// The type of a method, so that middleware whose parameters are Express's own types fits too.
export type HandshakeMiddleware = {
  handle(request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): unknown;
}['handle'];

export const HANDSHAKE_MIDDLEWARE: OptionKind<readonly HandshakeMiddleware[]> = {
  expected: 'a function (request, response, next), or a list of them',
  read(given, name) {
    const list: readonly unknown[] = Array.isArray(given) ? given.flat(Infinity) : [given];
    if (!list.every((one) => typeof one === 'function')) throw badOption(name, HANDSHAKE_MIDDLEWARE.expected, given);
    return list as readonly HandshakeMiddleware[];
  },
};

/** The largest body with which middleware may refuse a handshake. */
const MAX_BODY_BYTES = 1024 * 1024;

// The answer to the handshake sets these headers itself, or has none of them.
const CONNECTION_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'upgrade',
  'te',
  'trailer',
  'transfer-encoding',
  'content-length',
]);

/** The reply to a handshake with middleware: the host's reply, with the headers that the middleware set. */
export class MiddlewareReply implements UpgradeReply {
  #response: ServerResponse | undefined;
  #sink: ResponseSink | undefined;

  constructor(private readonly reply: UpgradeReply) {}

  get stream(): Duplex {
    return this.reply.stream;
  }

  /**
   * Creates the response that the middleware sees.
   *
   * @param onAnswer receives the refusal, once the middleware has ended the response
   */
  respondTo(request: IncomingMessage, onAnswer: (refusal: Error) => void): ServerResponse {
    const response = new ServerResponse(request);
    const sink = new ResponseSink();
    // The bytes go into our own answer, so they stay as the middleware wrote them.
    response.useChunkedEncodingByDefault = false;
    response.shouldKeepAlive = false;
    response.assignSocket(sink.asSocket());
    response.once('finish', () => {
      if (!sink.isDiscarding) onAnswer(sink.refusal());
    });
    response.once('close', () => onAnswer(new Error('A handshake middleware destroyed the response.')));
    this.#sink = sink;
    return (this.#response = response);
  }

  turn(request: UpgradeRequest): Promise<void> | undefined {
    return this.reply.turn(request);
  }

  check(request: UpgradeRequest, engine: Engine): void {
    this.reply.check(request, engine);
  }

  ownHeaders(request: UpgradeRequest): readonly HeaderLine[] {
    return this.reply.ownHeaders(request);
  }

  accept(request: UpgradeRequest, engine: Engine, accepted: AcceptedConnection): Transport | undefined {
    const headers = [...this.#headerLines(101), ...accepted.headers];
    const transport = this.reply.accept(request, engine, { ...accepted, headers });
    // Middleware such as express-session saves its state at the end of the response.
    this.#end();
    return transport;
  }

  refuse(status: number, response?: HandshakeRejectionResponse | null): void {
    const headers: Record<string, string | readonly string[]> = {};
    for (const [name, value] of this.#headerLines(status)) headers[name] = [...(headers[name] ?? []), value];
    this.reply.refuse(status, { ...response, headers: { ...headers, ...response?.headers } });
    this.#end();
  }

  /** The headers that the middleware set; none once it has ended the response, because the refusal has them. */
  #headerLines(status: number): HeaderLine[] {
    const response = this.#response;
    if (response === undefined || response.headersSent) return [];
    // Runs the hooks that set a header at the last moment, such as the cookie of a new session.
    response.writeHead(status);
    return rawNamesOf(response)
      .filter((name) => !CONNECTION_HEADERS.has(name.toLowerCase()))
      .flatMap((name) => [response.getHeader(name) ?? []].flat().map((value): HeaderLine => [name, String(value)]));
  }

  #end(): void {
    const response = this.#response;
    if (response === undefined || response.writableEnded) return;
    this.#sink?.discard();
    response.end();
  }
}

/** The names in the case in which the middleware wrote them. */
function rawNamesOf(response: ServerResponse): readonly string[] {
  // Node's types lack the method on responses, and have it on client requests; both inherit it.
  return (response as unknown as { getRawHeaderNames(): string[] }).getRawHeaderNames();
}

/** The bytes of a response, in place of its socket. */
class ResponseSink {
  #chunks: Buffer[] = [];
  #size = 0;
  isDiscarding = false;

  asSocket(): ConstructorParameters<typeof ServerResponse>[0]['socket'] {
    const sink = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.#add(chunk);
        done();
      },
    });
    // A response only writes to its socket.
    return sink as unknown as IncomingMessage['socket'];
  }

  #add(chunk: Buffer): void {
    if (this.isDiscarding) return;
    this.#size += chunk.length;
    if (this.#size <= MAX_BODY_BYTES) this.#chunks.push(chunk);
  }

  discard(): void {
    this.isDiscarding = true;
    this.#chunks = [];
  }

  /** The response as a refusal of the handshake, or an error if it cannot be one. */
  refusal(): Error {
    if (this.#size > MAX_BODY_BYTES)
      return new Error(`A handshake middleware answered with more than ${MAX_BODY_BYTES} bytes.`);
    const all = Buffer.concat(this.#chunks);
    const end = all.indexOf('\r\n\r\n');
    const [statusLine = '', ...lines] = all.toString('latin1', 0, end).split('\r\n');
    const status = Number(statusLine.split(' ')[1]);
    if (!(status >= 300 && status <= 599)) {
      return new Error(
        `A handshake middleware answered with ${status}; a refusal has a status from 300 to 599. Call next() to accept.`,
      );
    }
    const headers: Record<string, string[]> = {};
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon);
      if (!CONNECTION_HEADERS.has(name.toLowerCase())) (headers[name] ??= []).push(line.slice(colon + 1).trim());
    }
    return new HandshakeRejection(status, { headers, body: all.subarray(end + 4) });
  }
}

/** The codes of Node's errors for a peer that cannot be reached. */
const OUTAGES: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/**
 * Turns an error of middleware into a refusal: with the `status` or `statusCode` of the error, as Express does; with 503
 * if the error says that a store or another peer could not be reached; otherwise the error itself, which becomes a 500.
 */
export function refusalFor(thrown: unknown): Error {
  const error = toError(thrown);
  if (error instanceof HandshakeRejection) return error;
  const { status, statusCode }: { status?: unknown; statusCode?: unknown } = error as object;
  const found = status ?? statusCode;
  if (typeof found === 'number' && Number.isInteger(found) && found >= 400 && found <= 599)
    return new HandshakeRejection(found, { cause: error });
  return isOutage(error) ? new HandshakeRejection(503, { headers: { 'Retry-After': '5' }, cause: error }) : error;
}

/** Whether the error, or one of the errors that caused it, is the loss or lack of a connection. */
export function isOutage(error: unknown, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > 4) return false;
  if ('code' in error && OUTAGES.has(error.code)) return true;
  return 'cause' in error && isOutage(error.cause, depth + 1);
}
