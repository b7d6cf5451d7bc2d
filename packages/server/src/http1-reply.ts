import { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { HandshakeRejection, type HandshakeRejectionResponse } from '@serval/api';
import type { Transport } from '@serval/api/spi';
import { acceptValue, isValidKey, type AcceptedConnection, type Engine, type HeaderLine } from '@serval/protocol';
import { refusedBy } from './refusal-rule';
import { reject } from './rejection';
import { badRequest, checkVersion, hasToken, type UpgradeReply } from './upgrade-reply';
import type { UpgradeRequest } from './upgrade-request';

/** The socket of an HTTP/1.1 request with `Upgrade: websocket` (RFC 6455 4.2). */
export class Http1Reply implements UpgradeReply {
  /**
   * @param head the bytes that already arrived after the request
   * @param request the host's request, if the host may have its own response on the socket
   */
  constructor(
    readonly stream: Duplex,
    private readonly head: Buffer,
    private request?: unknown,
  ) {}

  get hasHead(): boolean {
    return this.head.length > 0;
  }

  /** RFC 9112 9.3.2: a server answers pipelined requests in order, but Node emits an upgrade while others still wait. */
  turn(request: UpgradeRequest): Promise<void> | undefined {
    this.request = request.native;
    return this.#turn();
  }

  #turn(): Promise<void> | undefined {
    return this.#earlierResponse() && this.#afterEarlierResponses();
  }

  /** RFC 6455 4.2.1. */
  check(request: UpgradeRequest): void {
    // While user code decides, a client's FIN must not end a socket whose first messages have already arrived.
    this.stream.allowHalfOpen = true;
    const { method, httpVersion, headers } = request;
    if (method !== 'GET') {
      const body = `A WebSocket opens with GET; found ${method}.\n`;
      throw refusedBy('request', new HandshakeRejection(405, { body, headers: { Allow: 'GET' } }));
    }
    if (Number(httpVersion) < 1.1) throw badRequest(`A WebSocket requires HTTP/1.1; found HTTP/${httpVersion}.`);
    // Some versions of Node read the body; others pass its bytes on as frames.
    if (hasBody(request)) throw badRequest('A request that opens a WebSocket has no body.');
    if (!hasToken(headers.list('Upgrade'), 'websocket')) throw badRequest('The Upgrade header must name websocket.');
    if (!hasToken(headers.list('Connection'), 'upgrade')) throw badRequest('The Connection header must name Upgrade.');
    checkVersion(request);
    const keys = headers.get('Sec-WebSocket-Key') ?? [];
    if (keys.length !== 1 || !isValidKey(keyOf(request))) {
      throw badRequest('The request must have one Sec-WebSocket-Key header, with 16 bytes in base64.');
    }
  }

  ownHeaders(request: UpgradeRequest): readonly HeaderLine[] {
    return [
      ['Upgrade', 'websocket'],
      ['Connection', 'Upgrade'],
      ['Sec-WebSocket-Accept', acceptValue(keyOf(request))],
    ];
  }

  accept(request: UpgradeRequest, engine: Engine, accepted: AcceptedConnection): Transport | undefined {
    return engine.accept({ ...accepted, socket: this.stream, head: this.head, key: keyOf(request) });
  }

  refuse(status: number, response?: HandshakeRejectionResponse | null): void {
    const turn = this.#turn();
    if (turn === undefined) reject(this.stream, status, response);
    else void turn.then(() => reject(this.stream, status, response));
  }

  /** The unfinished response to an earlier request, which Node stores on the socket. */
  #earlierResponse(): ServerResponse | undefined {
    const { _httpMessage: response }: { readonly _httpMessage?: unknown } = this.stream as object;
    return response instanceof ServerResponse && response.req !== this.request ? response : undefined;
  }

  async #afterEarlierResponses(): Promise<void> {
    const { stream } = this;
    // Node has removed its own drain listener from the socket, so a response that waits for drain would never continue.
    const drained = (): void => void this.#earlierResponse()?.emit('drain');
    stream.on('drain', drained);
    let earlier = this.#earlierResponse();
    while (earlier !== undefined && !stream.destroyed) {
      await finished(earlier);
      earlier = this.#earlierResponse();
    }
    stream.off('drain', drained);
  }
}

/** Resolves when the response is finished; Node has put the next response in its place by then. */
function finished(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => response.once('finish', resolve).once('close', resolve));
}

/** Whether the headers announce a body. `Content-Length: 0`, which the JDK's client sends, does not. */
export function hasBody({ headers }: Pick<UpgradeRequest, 'headers'>): boolean {
  const lengths = headers.get('Content-Length') ?? [];
  return headers.has('Transfer-Encoding') || !lengths.every((length) => /^0+$/.test(length));
}

function keyOf({ headers }: UpgradeRequest): string {
  return headers.get('Sec-WebSocket-Key')?.[0] ?? '';
}
