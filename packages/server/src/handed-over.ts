import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { Duplex } from 'node:stream';
import { IllegalArgumentException, IllegalStateException } from '@serval/api';
import { describeValue, isOptionsObject } from '@serval/api/spi';
import { Http1Reply } from './http1-reply';
import { Http2Reply } from './http2-reply';
import { ResponseReply, type HostResponse } from './response-reply';
import { headOf, unansweredRule } from './routed-response';
import { isOfStream } from './routed-stream';
import { hasToken, type HandshakeReply } from './upgrade-reply';
import { fromHttp2Stream, fromIncomingMessage, http2, type UpgradeRequest } from './upgrade-request';

// Reads the arguments of `upgradeHttpToWebSocket` and `adoptWebSocket`, which receive requests from the application.

/** A request that the application routed. */
export interface HandedOver {
  readonly request: UpgradeRequest;
  readonly reply: HandshakeReply;
  readonly stream: Duplex;
  /** Whether it is a plain request, which is refused; its connection continues with further requests. */
  readonly isPlain: boolean;
}

/** Reads the arguments of `upgradeHttpToWebSocket`. @throws IllegalArgumentException when one is invalid */
export function handedOver(httpRequest: unknown, httpResponse: unknown): HandedOver {
  if (isHttp2Request(httpRequest)) {
    const { stream, headers, rawHeaders } = httpRequest;
    const request = fromHttp2Stream(stream, headers, rawHeaders, httpRequest);
    const reply = new Http2Reply(stream, headers);
    const host = hostResponse(httpResponse);
    const isRouted = host !== undefined && isOfStream(host.response);
    return { request, reply: isRouted ? hostReply(host, reply) : reply, stream, isPlain: false };
  }
  const request = requireIncomingMessage('upgradeHttpToWebSocket', httpRequest);
  const { reply, stream } = requireResponse(httpResponse, request);
  return { request: fromIncomingMessage(request), reply, stream, isPlain: isPlain(stream, request) };
}

function isHttp2Request(request: unknown): request is Http2ServerRequest {
  const isLike = typeof request === 'object' && request !== null && 'httpVersionMajor' in request;
  return isLike && request.httpVersionMajor === 2 && request instanceof http2().Http2ServerRequest;
}

/** The path parameters that a router found. Express finds a list of segments for a wildcard. */
export type RoutedParameters =
  ReadonlyMap<string, string> | Readonly<Record<string, string | readonly string[] | undefined>>;

/** A copy, so that later changes by the caller do not reach `@PathParam`. */
export function asMap(pathParameters: unknown): ReadonlyMap<string, string> {
  if (!(pathParameters instanceof Map) && !isOptionsObject(pathParameters))
    throw new IllegalArgumentException(
      `pathParameters is an object, or a Map, of names and values; found ${describeValue(pathParameters)}.`,
    );
  const copy = new Map<string, string>();
  const entries: Iterable<readonly [unknown, unknown]> =
    pathParameters instanceof Map ? pathParameters : Object.entries(pathParameters);
  for (const [name, value] of entries) {
    // An optional segment has none.
    if (value === undefined) continue;
    const text: unknown = isListOfTexts(value) ? value.join('/') : value;
    if (typeof name !== 'string' || typeof text !== 'string')
      throw new IllegalArgumentException(
        `pathParameters has texts by name; found ${describeValue(value)} for ${describeValue(name)}.`,
      );
    copy.set(name, text);
  }
  return copy;
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

export function requireIncomingMessage(method: string, request: unknown): IncomingMessage {
  if (typeof request === 'object' && request !== null && 'rawHeaders' in request && 'socket' in request) {
    return request as IncomingMessage;
  }
  throw new IllegalArgumentException(`${method} takes Node's IncomingMessage; found ${describeValue(request)}.`);
}

/**
 * The response of a routed upgrade, alone or as `{ response, respond }`; or the socket of Node's 'upgrade' event, alone or
 * with the bytes that followed the request, as `{ socket, head }`.
 */
function requireResponse(given: unknown, request: IncomingMessage): Pick<HandedOver, 'reply' | 'stream'> {
  const host = hostResponse(given);
  if (host !== undefined) {
    const { response } = host;
    const { socket } = response;
    if (socket === null) throw tooLate(response);
    return { reply: hostReply(host, new Http1Reply(socket, headOf(response), request)), stream: socket };
  }
  if (isDuplex(given)) return { reply: new Http1Reply(given, Buffer.alloc(0), request), stream: given };
  if (isObject(given) && isDuplex(given.socket)) {
    const { socket, head } = given;
    const reply = new Http1Reply(socket, Buffer.isBuffer(head) ? head : Buffer.alloc(0), request);
    return { reply, stream: socket };
  }
  throw new IllegalArgumentException(
    "upgradeHttpToWebSocket takes the response of the request, the socket of the 'upgrade' event, or { socket, head }; " +
      `found ${describeValue(given)}.`,
  );
}

function isResponse(value: unknown): value is ServerResponse {
  return value instanceof ServerResponse;
}

function hostResponse(given: unknown): HostResponse | undefined {
  if (isResponse(given)) return { response: given };
  if (!isObject(given) || !isResponse(given.response)) return undefined;
  const { response, respond } = given;
  // The caller is responsible for its signature.
  return respond === undefined || typeof respond === 'function'
    ? { response, respond: respond as HostResponse['respond'] }
    : undefined;
}

function hostReply(host: HostResponse, reply: HandshakeReply): HandshakeReply {
  if (unansweredRule(host.response) !== undefined || host.response.headersSent) throw tooLate(host.response);
  return new ResponseReply(reply, host);
}

function tooLate(response: ServerResponse): IllegalStateException {
  const late = unansweredRule(response);
  return new IllegalStateException(
    late === undefined
      ? 'upgradeHttpToWebSocket takes a response that is not sent yet; this one is. Call it before the route answers.'
      : `upgradeHttpToWebSocket came too late: the server answered this request with 503 ${late === 'stopped' ? 'when it stopped' : 'after handshakeTimeout'}.`,
  );
}

/** Node reads the connection on, because it did not treat the request as an upgrade. */
function isPlain(stream: Duplex, { headers }: IncomingMessage): boolean {
  // Node's own property: null after an upgrade.
  const { parser }: { readonly parser?: unknown } = stream as object;
  if (parser === undefined || parser === null) return false;
  if (hasToken(headers.upgrade, 'websocket'))
    throw new IllegalStateException(
      'upgradeHttpToWebSocket takes an upgrade; the server treats this request as a plain one. Call ' +
        'attach(server, { routeUpgrades: true }), and let shouldUpgradeCallback of the server, if it has one, return true.',
    );
  return true;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isDuplex(value: unknown): value is Duplex {
  return typeof value === 'object' && value !== null && 'write' in value && 'pipe' in value && 'destroy' in value;
}
