import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { Duplex } from 'node:stream';
import { IllegalArgumentException } from '@serval/api';
import { describeValue, isOptionsObject } from '@serval/api/spi';
import { Http1Reply } from './http1-reply';
import { Http2Reply } from './http2-reply';
import type { UpgradeReply } from './upgrade-reply';
import { fromHttp2Stream, fromIncomingMessage, http2, type UpgradeRequest } from './upgrade-request';

// Reads the arguments of `upgradeHttpToWebSocket` and `adoptWebSocket`, which receive requests from the application.

/** Reads the arguments of `upgradeHttpToWebSocket`. @throws IllegalArgumentException when one is invalid */
export function handedOver(httpRequest: unknown, httpResponse: unknown): [UpgradeRequest, UpgradeReply] {
  if (isHttp2Request(httpRequest)) {
    const { stream, headers, rawHeaders } = httpRequest;
    return [fromHttp2Stream(stream, headers, rawHeaders, httpRequest), new Http2Reply(stream, headers)];
  }
  const request = requireIncomingMessage('upgradeHttpToWebSocket', httpRequest);
  return [fromIncomingMessage(request), requireSocket(httpResponse, request)];
}

function isHttp2Request(request: unknown): request is Http2ServerRequest {
  const isLike = typeof request === 'object' && request !== null && 'httpVersionMajor' in request;
  return isLike && request.httpVersionMajor === 2 && request instanceof http2().Http2ServerRequest;
}

/** A copy, so that later changes by the caller do not reach `@PathParam`. */
export function asMap(pathParameters: unknown): ReadonlyMap<string, string> {
  if (!(pathParameters instanceof Map) && !isOptionsObject(pathParameters))
    throw new IllegalArgumentException(
      `pathParameters is an object, or a Map, of names and values; found ${describeValue(pathParameters)}.`,
    );
  const copy = new Map<string, string>();
  for (const [name, value] of pathParameters instanceof Map ? pathParameters : Object.entries(pathParameters)) {
    if (typeof name !== 'string' || typeof value !== 'string')
      throw new IllegalArgumentException(
        `pathParameters has texts by name; found ${describeValue(value)} for ${describeValue(name)}.`,
      );
    copy.set(name, value);
  }
  return copy;
}

export function requireIncomingMessage(method: string, request: unknown): IncomingMessage {
  if (typeof request === 'object' && request !== null && 'rawHeaders' in request && 'socket' in request) {
    return request as IncomingMessage;
  }
  throw new IllegalArgumentException(`${method} takes Node's IncomingMessage; found ${describeValue(request)}.`);
}

/** The socket of Node's 'upgrade' event, alone or with the bytes that followed the request: `{ socket, head }`. */
function requireSocket(response: unknown, request: IncomingMessage): UpgradeReply {
  if (isDuplex(response)) return new Http1Reply(response, Buffer.alloc(0), request);
  if (typeof response === 'object' && response !== null && 'socket' in response && isDuplex(response.socket)) {
    const head: unknown = 'head' in response ? response.head : undefined;
    return new Http1Reply(response.socket, Buffer.isBuffer(head) ? head : Buffer.alloc(0), request);
  }
  throw new IllegalArgumentException(
    `upgradeHttpToWebSocket takes the socket of the 'upgrade' event, or { socket, head }; found ${describeValue(response)}.`,
  );
}

function isDuplex(value: unknown): value is Duplex {
  return typeof value === 'object' && value !== null && 'write' in value && 'pipe' in value && 'destroy' in value;
}
