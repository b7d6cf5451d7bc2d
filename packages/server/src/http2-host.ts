import type { Http2SecureServer, Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { HandshakeRejectionResponse } from '@serval/api';
import { tolerateErrors } from '@serval/protocol';
import { refuseUnmatched } from './unmatched';
import { asksForWebSocket, Http2Reply, protocolOf } from './http2-reply';
import { isOwnListener, markAsOwn, whenUnanswered } from './shared-server';
import { reject } from './rejection';
import type { ServerContainer } from './server-container';
import { answerInsteadOfRoute } from './routed-response';
import { routedStream } from './routed-stream';
import { fromHttp2Stream } from './upgrade-request';

/** The arguments of Node's 'stream' event. */
export type StreamArguments = readonly [
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  rawHeaders: string[],
];

const NO_TUNNELS: HandshakeRejectionResponse = {
  body: 'This server does not open tunnels.\n',
  headers: { Allow: 'GET' },
};

/**
 * Handles the extended CONNECTs of an HTTP/2 server. The containers take those for paths of their endpoints, before other
 * listeners receive them. Node emits 'stream' and, if there is a listener for 'request', also 'connect'. The first event
 * does the work, so the second may be missing.
 */
export class Http2Host {
  /** Receives the streams that no container takes. */
  readonly #onStream = markAsOwn((...args: StreamArguments): void => {
    const [stream, headers] = args;
    const isConnect = headers[':method'] === 'CONNECT';
    // First of all, because the client may already have reset it. Other listeners handle errors of other requests.
    if (isConnect || this.server.listenerCount('stream') === 1) tolerateErrors(stream);
    if (!isConnect || this.takes(args) || stream.destroyed || stream.headersSent) return;
    if (!this.#isShared()) {
      this.#answer(stream, headers);
      return;
    }
    const patience = Math.max(0, ...this.containers.map(({ handshakeTimeoutMs }) => handshakeTimeoutMs));
    const isAnswered = (): boolean => stream.headersSent || stream.closed;
    whenUnanswered(stream, isAnswered, patience, () => this.#answer(stream, headers));
  });

  /** Without such a listener Node's own 'request' layer answers every CONNECT with 405. */
  readonly #onConnect = markAsOwn((request: { readonly httpVersionMajor: number }, socket: unknown): void => {
    if (request.httpVersionMajor > 1 || this.#hasOthers('connect')) return;
    // With allowHTTP1 this event also fires for an HTTP/1.1 CONNECT, with a socket that Node no longer handles.
    const reply = socket as Duplex;
    tolerateErrors(reply);
    reject(reply, 405, NO_TUNNELS);
  });

  constructor(
    private readonly server: Http2Server | Http2SecureServer,
    private readonly containers: readonly ServerContainer[],
  ) {
    // Node's types have the second event only for HTTP/1.1 servers, with a socket.
    (server as NodeJS.EventEmitter).on('stream', this.#onStream).on('connect', this.#onConnect);
  }

  /**
   * RFC 8441 3: clients may request WebSockets once the first SETTINGS frame of a session announces it. It stays enabled
   * when the application changes other settings later.
   */
  enableConnectProtocol(): void {
    this.server.updateSettings({ enableConnectProtocol: true });
  }

  /** Whether an endpoint of a container or a route answers. If not, the stream stays untouched. */
  takes(args: StreamArguments): boolean {
    const [stream, headers, , rawHeaders] = args;
    if (!asksForWebSocket(headers) || stream.destroyed || stream.headersSent) return false;
    const request = fromHttp2Stream(stream, headers, rawHeaders);
    const reply = new Http2Reply(stream, headers);
    if (this.containers.some((container) => container.handleUpgrade(request, reply))) return true;
    const router = this.containers.find((container) => container.routesUpgrade(request.target));
    if (router === undefined) return false;
    this.#route(args, reply, router);
    return true;
  }

  /** Passes a WebSocket to the routes of the server's request listeners. */
  #route([stream, headers, , rawHeaders]: StreamArguments, reply: Http2Reply, container: ServerContainer): void {
    tolerateErrors(stream);
    const target = headers[':path'] ?? '/';
    const { request, response } = routedStream(stream, headers, rawHeaders, reply, () =>
      refuseUnmatched([container], target, reply),
    );
    answerInsteadOfRoute(stream, response, target, container, (...answer) => reply.refuse(...answer));
    // Node's types have its own response there.
    (this.server as NodeJS.EventEmitter).emit('request', request, response);
  }

  /** RFC 8441 3: a connection's setting cannot be withdrawn. Node then answers a CONNECT on it with 405. */
  detach(): void {
    (this.server as NodeJS.EventEmitter).off('stream', this.#onStream).off('connect', this.#onConnect);
  }

  /** Answers a CONNECT that nothing takes. */
  #answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const reply = new Http2Reply(stream, headers);
    const protocol = protocolOf(headers);
    if (protocol === undefined) reply.refuse(405, NO_TUNNELS);
    else if (protocol === 'websocket') refuseUnmatched(this.containers, headers[':path'] ?? '/', reply);
    // RFC 9220 3 requires 501 for the same request over HTTP/3; RFC 8441 names no status.
    else reply.refuse(501, { body: `This server does not support the protocol ${protocol}.\n` });
  }

  /** Whether other code listens for streams or for CONNECT. Node's own layer for 'request' does not count. */
  #isShared(): boolean {
    return this.#hasOthers('connect') || this.#hasOthers('stream');
  }

  #hasOthers(event: string): boolean {
    return this.server
      .listeners(event)
      .some((listener) => !isOwnListener(listener) && listener.name !== 'bound onServerStream');
  }
}
