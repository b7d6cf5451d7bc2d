import type { Http2SecureServer, Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { HandshakeRejectionResponse } from '@serval/api';
import { tolerateErrors } from '@serval/protocol';
import { asksForWebSocket, Http2Connection, protocolOf } from './http2-connection';
import { reject } from './rejection';
import type { WsServerContainer } from './server-container';
import { fromHttp2Stream } from './upgrade-request';

type StreamListener = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  rawHeaders: string[],
) => void;

const NOBODY_TUNNELS: HandshakeRejectionResponse = {
  body: 'This server opens no tunnels.\n',
  headers: { Allow: 'GET' },
};

/**
 * The listeners that all containers of an HTTP/2 server share. Node tells of a stream twice: by 'stream', and, where
 * somebody listens for 'request', once more by 'connect'. The first does the work, so that it does not matter whether
 * there is the second.
 */
export class Http2Host {
  readonly #onStream: StreamListener = (stream, headers, _flags, rawHeaders) => {
    const isConnect = headers[':method'] === 'CONNECT';
    // Before anything else: the client may have reset it by now. Other requests are those of whoever listens for them.
    if (isConnect || this.server.listenerCount('stream') === 1) tolerateErrors(stream);
    if (isConnect) this.#connect(stream, headers, rawHeaders);
  };

  /** Without such a listener Node's own 'request' layer answers every CONNECT with 405. */
  readonly #onConnect = (request: { readonly httpVersionMajor: number }, socket: unknown): void => {
    if (request.httpVersionMajor > 1 || this.server.listenerCount('connect') > 1) return;
    // With allowHTTP1 a CONNECT of HTTP/1.1 comes here as well, with its socket, which Node has given up.
    const connection = socket as Duplex;
    tolerateErrors(connection);
    reject(connection, 405, NOBODY_TUNNELS);
  };

  constructor(
    private readonly server: Http2Server | Http2SecureServer,
    private readonly containers: readonly WsServerContainer[],
  ) {
    server.on('stream', this.#onStream);
    // Node's types know this event of HTTP/1.1 servers only, and as that of a socket.
    (server as NodeJS.EventEmitter).on('connect', this.#onConnect);
  }

  /**
   * RFC 8441 3: clients may ask for WebSockets once the first SETTINGS frame of a session has said so. Later changes of
   * other settings by the user keep it.
   */
  enableConnectProtocol(): void {
    this.server.updateSettings({ enableConnectProtocol: true });
  }

  #connect(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: string[]): void {
    if (stream.destroyed || stream.headersSent) return;
    const connection = new Http2Connection(stream, headers);
    if (asksForWebSocket(headers)) {
      const request = fromHttp2Stream(stream, headers, rawHeaders);
      if (this.containers.some((container) => container.handleUpgrade(request, connection))) return;
    }
    if (this.#isShared()) return;
    const protocol = protocolOf(headers);
    if (protocol === undefined) connection.refuse(405, NOBODY_TUNNELS);
    else if (protocol === 'websocket')
      connection.refuse(404, { body: 'No WebSocket endpoint is deployed at this path.\n' });
    // RFC 9220 3 says so for HTTP/3, where the same request exists; RFC 8441 names no status.
    else connection.refuse(501, { body: `The protocol ${protocol} is not spoken here.\n` });
  }

  /** Whether somebody else listens for streams or for CONNECT; Node's own layer for 'request' does not count. */
  #isShared(): boolean {
    const isForeign = (listener: unknown): boolean =>
      listener !== this.#onStream && (listener as { readonly name: string }).name !== 'bound onServerStream';
    return this.server.listenerCount('connect') > 1 || this.server.listeners('stream').some(isForeign);
  }
}
