import type { IncomingMessage, ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { HandshakeRejection } from '@serval/api';
import type { HeaderLine } from '@serval/protocol';
import { fieldsOf } from './rejection';

/** The largest body with which middleware or a host may refuse a handshake. */
const MAX_BODY_BYTES = 1024 * 1024;

// The answer to the handshake sets these headers itself, or has none of them.
export const CONNECTION_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'upgrade',
  'te',
  'trailer',
  'transfer-encoding',
  'content-length',
]);

/** The bytes of a response, in place of its socket. */
export class ResponseSink {
  #chunks: Buffer[] = [];
  #size = 0;
  #read: WrittenResponse | undefined;
  isDiscarding = false;

  /** From now on the response writes to a new sink. */
  static of(response: ServerResponse): ResponseSink {
    const { socket } = response;
    if (socket !== null) response.detachSocket(socket);
    leaveNativeHandle(response);
    response.useChunkedEncodingByDefault = false;
    response.shouldKeepAlive = false;
    const sink = new ResponseSink();
    response.assignSocket(sink.#asSocket());
    return sink;
  }

  #asSocket(): ConstructorParameters<typeof ServerResponse>[0]['socket'] {
    const sink = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.#add(chunk);
        done();
      },
    });
    // A response that is destroyed destroys its socket; its own 'close' tells of it.
    sink.on('error', () => undefined);
    // A response only writes to its socket.
    return sink as unknown as IncomingMessage['socket'];
  }

  #add(chunk: Buffer): void {
    if (this.isDiscarding) return;
    this.#size += chunk.length;
    if (this.#size <= MAX_BODY_BYTES) this.#chunks.push(chunk);
  }

  discard(): void {
    this.isDiscarding = true;
    this.#chunks = [];
  }

  /** Whether the body is larger than the sink holds. */
  get isTooLarge(): boolean {
    return this.#size > MAX_BODY_BYTES;
  }

  /** NaN if it has none. */
  get status(): number {
    return this.written.status;
  }

  /** Without those of the connection. */
  get headers(): readonly HeaderLine[] {
    return this.written.headers;
  }

  /** The response as a refusal of the handshake, or an error if it cannot be one. */
  refusal(): Error {
    if (this.isTooLarge) return new Error(`The response to a handshake has more than ${MAX_BODY_BYTES} bytes.`);
    const { status, headers: lines, body } = this.written;
    if (!(status >= 300 && status <= 599)) {
      return new Error(
        `A handshake middleware, or the host of a route, answered with ${Number.isNaN(status) ? 'no status' : status}; a refusal has a status from 300 to 599. Middleware calls next() to accept.`,
      );
    }
    return new HandshakeRejection(status, { headers: fieldsOf(lines), body });
  }

  /** The response, once it is finished. */
  get written(): WrittenResponse {
    return (this.#read ??= readResponse(Buffer.concat(this.#chunks)));
  }
}

interface WrittenResponse {
  readonly status: number;
  readonly headers: readonly HeaderLine[];
  readonly body: Uint8Array;
}

function readResponse(bytes: Buffer): WrittenResponse {
  const end = bytes.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const headers = lines
    .map((line): HeaderLine => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    })
    .filter(([name]) => !CONNECTION_HEADERS.has(name.toLowerCase()));
  return { status: Number(statusLine.split(' ')[1]), headers, body: bytes.subarray(end + 4) };
}

/** The responses of Bun write to a native handle of the request while they have one, and to their socket otherwise. */
function leaveNativeHandle(response: ServerResponse): void {
  const handle = Object.getOwnPropertySymbols(response).find(({ description }) => description === 'handle');
  if (handle !== undefined) Reflect.set(response, handle, undefined);
}
