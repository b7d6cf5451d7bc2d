import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Http2ServerRequest, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { fieldsOf } from './rejection';
import { ResponseSink } from './response-sink';
import type { HandshakeReply } from './upgrade-reply';
import { http2 } from './upgrade-request';

/** The responses that stand for the answer to an extended CONNECT. */
const RESPONSES = new WeakSet<ServerResponse>();

/** An extended CONNECT for a WebSocket, for the server's request listeners. */
export interface RoutedStream {
  readonly request: Http2ServerRequest;
  readonly response: ServerResponse;
}

/**
 * The request and the response of an extended CONNECT, for the server's ordinary listeners. The request has the method GET,
 * by which frameworks find the route of a WebSocket. The response is one of node:http: a 2xx on the stream would accept the
 * WebSocket (RFC 8441 5), so nothing that a listener writes goes there directly.
 *
 * @param reply receives an answer that does not upgrade
 * @param notUpgraded receives an answer that would accept the WebSocket, from a route that did not upgrade it
 */
export function routedStream(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
  reply: HandshakeReply,
  notUpgraded: () => void,
): RoutedStream {
  const request = new (http2().Http2ServerRequest)(stream, headers, {}, rawHeaders);
  // Not by its own setter, which changes the headers.
  Object.defineProperty(request, 'method', { value: 'GET', writable: true, configurable: true });
  // It has the members of an IncomingMessage that a response reads.
  const response = new ServerResponse(request as unknown as IncomingMessage);
  const sink = ResponseSink.of(response);
  const { socket } = response;
  const isUpgraded = (): boolean => response.socket !== socket;
  response.once('finish', () => {
    if (isUpgraded()) return;
    const { status, headers: lines, body } = sink.written;
    if (!(status >= 300)) {
      notUpgraded();
      return;
    }
    reply.refuse(status, { headers: fieldsOf(lines), body: sink.isTooLarge ? '' : body });
  });
  // A route that destroys its response ends the exchange.
  response.once('close', () => {
    if (!isUpgraded() && !response.writableFinished) stream.destroy();
  });
  RESPONSES.add(response);
  return { request, response };
}

/** Whether the response is that of an extended CONNECT. */
export function isOfStream(response: ServerResponse): boolean {
  return RESPONSES.has(response);
}
