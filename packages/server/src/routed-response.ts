import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { discardResponse } from './response-reply';

/** The bytes that arrived after the request, for a route that upgrades it. */
const HEADS = new WeakMap<ServerResponse, Buffer>();

/**
 * The response to a request of the 'upgrade' event, for the server's ordinary listeners. It is the last one of its
 * connection, because Node has removed its parser: the connection ends after the response, unless a route upgrades the
 * request.
 *
 * @param head the bytes that arrived after the request
 */
export function responseFor(request: IncomingMessage, socket: Duplex, head: Buffer): ServerResponse {
  // The socket of an http or https server is a net.Socket.
  const owned = socket as Socket;
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(owned);
  HEADS.set(response, head);
  response.on('finish', () => {
    // A route upgraded the request, so the socket is no longer the response's.
    if (response.socket !== owned) return;
    // As Node does after the last response: a client that stays or sends more must not keep the connection open.
    owned.resume();
    owned.destroySoon();
  });
  return response;
}

/** The responses whose requests the server answered itself, and the rule by which it did. */
const ANSWERED = new WeakMap<ServerResponse, UnansweredRule>();

/** Why the server answers in place of a route. */
export type UnansweredRule = 'handshakeTimeout' | 'stopped';

/** The server answers in place of a route. Bytes that the route writes later are lost. */
export function answeredInstead(response: ServerResponse, rule: UnansweredRule): void {
  ANSWERED.set(response, rule);
  discardResponse(response);
}

/** Why the server answered in place of the route; undefined if it did not. */
export function unansweredRule(response: ServerResponse): UnansweredRule | undefined {
  return ANSWERED.get(response);
}

/** The bytes that arrived after the request of a response; none for a response that Node made. */
export function headOf(response: ServerResponse): Buffer {
  return HEADS.get(response) ?? Buffer.alloc(0);
}
