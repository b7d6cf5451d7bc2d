import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { HandshakeRejection, type HandshakeRejectionResponse } from '@serval/api';
import { Deadline, type Transport } from '@serval/api/spi';
import { acceptValue, isValidKey, type AcceptedConnection, type Engine, type HeaderLine } from '@serval/protocol';
import { refusedBy } from './refusal-rule';
import { LINGER_MS, refusal } from './rejection';
import { badRequest, checkVersion, type UpgradeReply } from './upgrade-reply';
import type { UpgradeRequest } from './upgrade-request';

// RFC 9113 8.2.2: these headers belong to an HTTP/1.1 connection, and Node refuses to send them.
const CONNECTION_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'upgrade',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'te',
  'http2-settings',
]);

/** Whether the request is an extended CONNECT for a WebSocket (RFC 8441 4). */
export function asksForWebSocket(headers: IncomingHttpHeaders): boolean {
  return headers[':method'] === 'CONNECT' && protocolOf(headers) === 'websocket';
}

/** The `:protocol` of an extended CONNECT, in lower case; undefined for a plain one. */
export function protocolOf(headers: IncomingHttpHeaders): string | undefined {
  // Node's types lack this pseudo header.
  const protocol: unknown = headers[':protocol'];
  return typeof protocol === 'string' ? protocol.toLowerCase() : undefined;
}

/** The stream of an HTTP/2 request with `:method: CONNECT` and `:protocol: websocket` (RFC 8441). */
export class Http2Reply implements UpgradeReply {
  /** A client waits for the answer before it sends anything. */
  readonly hasHead = false;

  constructor(
    readonly stream: ServerHttp2Stream,
    private readonly headers: IncomingHttpHeaders,
  ) {}

  /** Streams do not wait for each other. */
  turn(): undefined {
    return undefined;
  }

  /** RFC 8441 5: the request has no key and none of the HTTP/1.1 upgrade headers. */
  check(request: UpgradeRequest, engine: Engine): void {
    if (!asksForWebSocket(this.headers)) {
      throw badRequest('Over HTTP/2 a WebSocket opens with CONNECT and the :protocol websocket.');
    }
    if (engine.acceptStream === undefined) {
      const body = "This endpoint's engine supports WebSocket over HTTP/1.1 only.\n";
      throw refusedBy('request', new HandshakeRejection(501, { body }));
    }
    checkVersion(request);
    if (this.stream.endAfterHeaders) throw badRequest('The request must leave its stream open.');
  }

  /**
   * RFC 8441 5 omits the key and the accept value. Some clients still send a key and wait for its answer, such as the
   * WebSocket of Node 26.10. A proxy such as HAProxy passes a browser's key on.
   */
  ownHeaders({ headers }: UpgradeRequest): readonly HeaderLine[] {
    const [key = '', ...more] = headers.get('Sec-WebSocket-Key') ?? [];
    return isValidKey(key) && more.length === 0 ? [['Sec-WebSocket-Accept', acceptValue(key)]] : [];
  }

  accept(request: UpgradeRequest, engine: Engine, accepted: AcceptedConnection): Transport | undefined {
    const { stream } = this;
    // Another listener for streams has answered in the meantime.
    if (stream.headersSent) return undefined;
    const own = this.ownHeaders(request);
    // Runs after both close frames, or after the peer broke the protocol. By RFC 6455 7.1.1 the server ends the connection,
    // and some clients do not accept END_STREAM as its end.
    stream.once('finish', () => setImmediate(() => stream.close()));
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
    stream.once('finish', () => setImmediate(() => stream.close()));
    stream.respond({ ':status': status, ...http2Headers(headers) });
    // Node has already ended the stream if the status has no body.
    if (!stream.writableEnded) stream.end(body);
  }
}

/** The headers in Node's form. It joins the lines of one name, except cookies, which cannot be joined. */
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
