import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HandshakeRejectionResponse } from '@serval/api';
import { ResponseSink } from './response-sink';
import { isTaken, whenUnanswered } from './shared-server';

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

/** The answers to an upgrade that none of the routes answered. */
const UNANSWERED = {
  handshakeTimeout: { body: 'The handshake took too long.\n', headers: { 'Retry-After': '1' } },
  stopped: { body: 'The server accepts no new sessions at the moment.\n', headers: { 'Retry-After': '5' } },
} as const;

/** A container whose routes have received an upgrade. */
export interface RoutingContainer {
  readonly handshakeTimeoutMs: number;
  /** Calls a function when the container begins to stop. @returns a function that forgets it */
  whenStopping(refuse: () => void): () => void;
  /** Reports an upgrade that the host answers with 503, because none of its routes answered in time. */
  upgradeUnanswered(target: string, rule: UnansweredRule): void;
}

/**
 * Answers with 503 in place of a route that does not answer in time, or before the container stops. Bytes that the route
 * writes later are lost.
 *
 * @param stream of the request, which a route takes if it upgrades
 */
export function answerInsteadOfRoute(
  stream: Duplex,
  response: ServerResponse,
  target: string,
  container: RoutingContainer,
  refuse: (status: number, response: HandshakeRejectionResponse) => void,
): void {
  const isAnswered = (): boolean => isTaken(stream) || response.headersSent;
  let rule: UnansweredRule = 'handshakeTimeout';
  const answer = (): void => {
    container.upgradeUnanswered(target, rule);
    ANSWERED.set(response, rule);
    // The route may still write to it.
    ResponseSink.of(response).discard();
    refuse(503, UNANSWERED[rule]);
  };
  const wait = whenUnanswered(stream, isAnswered, container.handshakeTimeoutMs, answer, () => forget());
  const forget = container.whenStopping(() => {
    rule = 'stopped';
    wait.end();
  });
}

/** Why the server answered in place of the route; undefined if it did not. */
export function unansweredRule(response: ServerResponse): UnansweredRule | undefined {
  return ANSWERED.get(response);
}

/** The bytes that arrived after the request of a response; none for a response that Node made. */
export function headOf(response: ServerResponse): Buffer {
  return HEADS.get(response) ?? Buffer.alloc(0);
}
