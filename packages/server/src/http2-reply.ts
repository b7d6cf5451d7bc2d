import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { HandshakeRejection, type HandshakeRejectionResponse } from '@serval/api';
import { Deadline, type Transport } from '@serval/api/spi';
import { acceptValue, isValidKey, type AcceptedConnection, type Engine, type HeaderLine } from '@serval/protocol';
import { LINGER_MS, refusal } from './rejection';
import { badRequest, checkVersion, type UpgradeReply } from './upgrade-reply';
import type { UpgradeRequest } from './upgrade-request';

// RFC 9113 8.2.2: they belong to a connection of HTTP/1.1; Node refuses to send them.
const CONNECTION_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'upgrade',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'te',
  'http2-settings',
]);

/** Whether the request is an extended CONNECT that asks for a WebSocket (RFC 8441 4). */
export function asksForWebSocket(headers: IncomingHttpHeaders): boolean {
  return headers[':method'] === 'CONNECT' && protocolOf(headers) === 'websocket';
}

/** The `:protocol` of an extended CONNECT, in lower case; undefined for a plain one. */
export function protocolOf(headers: IncomingHttpHeaders): string | undefined {
  // Node's types name the pseudo headers of all requests but this one.
  const protocol: unknown = headers[':protocol'];
  return typeof protocol === 'string' ? protocol.toLowerCase() : undefined;
}

/** The stream of an HTTP/2 request with `:method: CONNECT` and `:protocol: websocket` (RFC 8441). */
export class Http2Reply implements UpgradeReply {
  constructor(
    readonly stream: ServerHttp2Stream,
    private readonly headers: IncomingHttpHeaders,
  ) {}

  /** Streams do not wait for each other. */
  turn(): undefined {
    return undefined;
  }

  /** RFC 8441 5: no key, and nothing that HTTP/1.1 upgrades with. */
  check(request: UpgradeRequest, engine: Engine): void {
    if (!asksForWebSocket(this.headers)) {
      throw badRequest('Over HTTP/2 a WebSocket opens with CONNECT and the :protocol websocket.');
    }
    if (engine.acceptStream === undefined) {
      throw new HandshakeRejection(501, {
        body: "This endpoint's engine speaks WebSocket over HTTP/1.1 only.\n",
      });
    }
    checkVersion(request);
    if (this.stream.endAfterHeaders) throw badRequest('The request must leave its stream open.');
  }

  /**
   * RFC 8441 5 leaves key and accept value out. Clients that send a key all the same wait for its answer, such as the
   * WebSocket of Node 26.10; a browser's key comes through a proxy such as HAProxy.
   */
  ownHeaders({ headers }: UpgradeRequest): readonly HeaderLine[] {
    const [key = '', ...more] = headers.get('Sec-WebSocket-Key') ?? [];
    return isValidKey(key) && more.length === 0 ? [['Sec-WebSocket-Accept', acceptValue(key)]] : [];
  }

  accept(request: UpgradeRequest, engine: Engine, accepted: AcceptedConnection): Transport | undefined {
    const { stream } = this;
    // Somebody else who listens for streams has answered meanwhile.
    if (stream.headersSent) return undefined;
    const own = this.ownHeaders(request);
    // Once both close frames are there, or the peer broke the protocol. RFC 6455 7.1.1 has the server end the connection,
    // and some clients do not take END_STREAM for that.
    stream.once('finish', () => setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR)));
    return engine.acceptStream?.({
      ...accepted,
      stream,
      answer: (headers) => stream.respond({ ':status': 200, ...http2Headers([...own, ...headers]) }),
    });
  }

  refuse(status: number, response?: HandshakeRejectionResponse | null): void {
    const { stream } = this;
    if (stream.destroyed || stream.closed || stream.headersSent) return;
    const { headers, body } = refusal(status, response);
    const linger = new Deadline(LINGER_MS, () => stream.destroy());
    stream.once('close', () => linger.clear());
    // RFC 9113 8.1: the client need not send more, and does not end its side of a CONNECT by itself.
    // setImmediate, because some versions of Node finish a stream without a body before they send its headers.
    stream.once('finish', () => setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR)));
    stream.respond({ ':status': status, ...http2Headers(headers) });
    // Node has ended the stream already where a status has no body.
    if (!stream.writableEnded) stream.end(body);
  }
}

/** As Node takes them. Lines of one name become one, but for cookies, which cannot be joined. */
function http2Headers(lines: readonly HeaderLine[]): OutgoingHttpHeaders {
  const headers = new Map<string, string | string[]>();
  for (const [name, value] of lines) {
    const key = name.toLowerCase();
    if (CONNECTION_HEADERS.has(key)) continue;
    const before = headers.get(key);
    if (key === 'set-cookie') headers.set(key, [...(before ?? []), value]);
    else headers.set(key, before === undefined ? value : `${String(before)}, ${value}`);
  }
  return Object.fromEntries(headers);
}
