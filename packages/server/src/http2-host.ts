import type { Http2SecureServer, Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { HandshakeRejectionResponse } from '@serval/api';
import { tolerateErrors } from '@serval/protocol';
import { asksForWebSocket, Http2Reply, protocolOf } from './http2-reply';
import { isOwnListener, markAsOwn } from './shared-server';
import { reject } from './rejection';
import type { ServerContainer } from './server-container';
import { whenUnanswered } from './shared-server';
import { fromHttp2Stream } from './upgrade-request';

/** What Node tells of a stream. */
export type StreamArguments = readonly [
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  rawHeaders: string[],
];

const NOBODY_TUNNELS: HandshakeRejectionResponse = {
  body: 'This server opens no tunnels.\n',
  headers: { Allow: 'GET' },
};

/**
 * The extended CONNECTs of an HTTP/2 server. The containers take those for paths of their endpoints before anybody else
 * learns of them. Node tells of a stream twice: by 'stream', and, where somebody listens for 'request', once more by
 * 'connect'. The first does the work, so that it does not matter whether there is the second.
 */
export class Http2Host {
  /** Told of what no container has. */
  readonly #onStream = markAsOwn((...told: StreamArguments): void => {
    const [stream, headers] = told;
    const isConnect = headers[':method'] === 'CONNECT';
    // Before anything else: the client may have reset it by now. Other requests are those of whoever listens for them.
    if (isConnect || this.server.listenerCount('stream') === 1) tolerateErrors(stream);
    if (!isConnect || this.takes(told) || stream.destroyed || stream.headersSent) return;
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
    // With allowHTTP1 a CONNECT of HTTP/1.1 comes here as well, with its socket, which Node has given up.
    const reply = socket as Duplex;
    tolerateErrors(reply);
    reject(reply, 405, NOBODY_TUNNELS);
  });

  constructor(
    private readonly server: Http2Server | Http2SecureServer,
    private readonly containers: readonly ServerContainer[],
  ) {
    // Node's types know the second event of HTTP/1.1 servers only, and as that of a socket.
    (server as NodeJS.EventEmitter).on('stream', this.#onStream).on('connect', this.#onConnect);
  }

  /**
   * RFC 8441 3: clients may ask for WebSockets once the first SETTINGS frame of a session has said so. Later changes of
   * other settings by the user keep it.
   */
  enableConnectProtocol(): void {
    this.server.updateSettings({ enableConnectProtocol: true });
  }

  /** Whether an endpoint of a container answers. Nothing is touched otherwise. */
  takes([stream, headers, , rawHeaders]: StreamArguments): boolean {
    if (!asksForWebSocket(headers) || stream.destroyed || stream.headersSent) return false;
    const request = fromHttp2Stream(stream, headers, rawHeaders);
    const reply = new Http2Reply(stream, headers);
    return this.containers.some((container) => container.handleUpgrade(request, reply));
  }

  /** RFC 8441 3: the setting of connections cannot be taken back; a CONNECT of theirs is answered with 405 by Node. */
  detach(): void {
    (this.server as NodeJS.EventEmitter).off('stream', this.#onStream).off('connect', this.#onConnect);
  }

  /** Nobody wants it. */
  #answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const reply = new Http2Reply(stream, headers);
    const protocol = protocolOf(headers);
    if (protocol === undefined) reply.refuse(405, NOBODY_TUNNELS);
    else if (protocol === 'websocket') reply.refuse(404, { body: 'No WebSocket endpoint is deployed at this path.\n' });
    // RFC 9220 3 says so for HTTP/3, where the same request exists; RFC 8441 names no status.
    else reply.refuse(501, { body: `The protocol ${protocol} is not spoken here.\n` });
  }

  /** Whether somebody else listens for streams or for CONNECT; Node's own layer for 'request' does not count. */
  #isShared(): boolean {
    return this.#hasOthers('connect') || this.#hasOthers('stream');
  }

  #hasOthers(event: string): boolean {
    return this.server
      .listeners(event)
      .some((listener) => !isOwnListener(listener) && listener.name !== 'bound onServerStream');
  }
}
