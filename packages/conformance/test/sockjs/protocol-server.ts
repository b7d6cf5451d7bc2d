import { request as send, type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { attach, type ServerContainerOptions } from 'serval';
import { createServer } from 'node:http';
import { listen, loggerInto } from '../../../server/test/test-server';
import { afterTest, Journal } from '../../../testing/test/toolbox';

// The services that the protocol's test suite requires of a server, and a client that reads literal bytes.

/** The answer to a request. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A request beside its path; everything has a default. */
export interface Asking {
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

let sessions = 0;

/** The base of a new session's URLs: `/echo/000/…`. */
export function sessionAt(service: string): string {
  return `${service}/000/session-${(sessions += 1)}`;
}

/** A server with the services of the test suite; it ends with the test. */
export class ProtocolServer {
  private constructor(readonly port: number) {}

  static async start(options: ServerContainerOptions = {}): Promise<ProtocolServer> {
    const http = createServer((_request, response) => {
      response.writeHead(404, { 'Content-Length': 0 });
      response.end();
    });
    const container = attach(http, { allowedOrigins: '*', logger: loggerInto(new Journal()), ...options });
    const echo = (text: string): string => text;
    const sockJs = { streamBytesLimit: 4096, sessionCookieNeeded: false, jsonp: true, disconnectDelay: 5000 };
    container.endpoint('/echo', { onText: echo, sockJs, limits: { textBufferSize: 1_000_000 } });
    container.endpoint('/disabled_websocket_echo', { onText: echo, sockJs: { ...sockJs, webSocketEnabled: false } });
    container.endpoint('/cookie_needed_echo', { onText: echo, sockJs: { ...sockJs, sessionCookieNeeded: true } });
    container.endpoint('/close', { onOpen: (session) => session.close(3000, 'Go away!'), sockJs });
    const port = await listen(http);
    afterTest(() => container.stop({ grace: 1 }));
    return new ProtocolServer(port);
  }

  get(path: string, asking?: Asking): Promise<Reply> {
    return this.ask('GET', path, asking);
  }

  post(path: string, body = '', asking: Asking = {}): Promise<Reply> {
    return this.ask('POST', path, { ...asking, body });
  }

  postBytes(path: string, body: Buffer): Promise<Reply> {
    return this.ask('POST', path, { body });
  }

  async ask(method: string, path: string, asking?: Asking): Promise<Reply> {
    const stream = await this.stream(method, path, asking);
    let body = '';
    for (let chunk = await stream.read(); chunk !== undefined; chunk = await stream.read()) body += chunk;
    return { status: stream.status, headers: stream.headers, body };
  }

  /** The response as it arrives, chunk by chunk. */
  stream(method: string, path: string, { headers = {}, body }: Asking = {}): Promise<StreamedReply> {
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
      const options = {
        host: '127.0.0.1',
        port: this.port,
        method,
        path,
        headers: { ...length, ...headers },
        agent: false,
      };
      const request = send(options, (response) => resolve(new StreamedReply(response)));
      request.on('error', reject);
      request.end(body);
    });
  }
}

/** A response that is read chunk by chunk. */
export class StreamedReply {
  readonly #chunks: string[] = [];
  #hasEnded = false;
  #wake: () => void = () => undefined;

  constructor(private readonly response: IncomingMessage) {
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      this.#chunks.push(chunk);
      this.#wake();
    });
    const ended = (): void => {
      this.#hasEnded = true;
      this.#wake();
    };
    response.on('end', ended).on('close', ended).on('error', ended);
    afterTest(() => this.abort());
  }

  get status(): number {
    return this.response.statusCode ?? 0;
  }

  get headers(): IncomingHttpHeaders {
    return this.response.headers;
  }

  /** The next chunk; undefined once the response has ended. */
  async read(): Promise<string | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined || this.#hasEnded) return chunk;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  abort(): void {
    this.response.destroy();
  }
}

export const NOT_CACHED = 'no-store, no-cache, no-transform, must-revalidate, max-age=0';

/** The headers of CORS for a page of an origin, or without one. */
export function expectCors({ headers }: Pick<Reply, 'headers'>, origin?: string): void {
  expect(headers['access-control-allow-origin']).toBe(origin ?? '*');
  expect(headers['access-control-allow-credentials']).toBe(origin === undefined ? undefined : 'true');
}

export function expectNotCached({ headers }: Pick<Reply, 'headers'>): void {
  expect(headers['cache-control']).toBe(NOT_CACHED);
  expect(headers).not.toHaveProperty('expires');
  expect(headers).not.toHaveProperty('last-modified');
}

/** Beyond the protocol: nginx passes the parts of a streaming response on as they arrive. */
export function expectUnbuffered({ headers }: Pick<Reply, 'headers'>): void {
  expect(headers['x-accel-buffering']).toBe('no');
}

export function expectType({ headers }: Pick<Reply, 'headers'>, type: string): void {
  expect(headers['content-type']?.replaceAll(' ', '')).toBe(type);
}

/** The answer to a preflight request, for several origins. */
export async function expectPreflight(server: ProtocolServer, path: string, method: 'GET' | 'POST'): Promise<void> {
  for (const origin of ['test', 'null']) {
    const headers = { 'Access-Control-Request-Method': method, Origin: origin };
    const reply = await server.ask('OPTIONS', path, { headers });
    expect([200, 204]).toContain(reply.status);
    expect(reply.headers['cache-control']).toMatch(/public.*max-age=[1-9]\d{6}/);
    expect(reply.headers.expires).toBeTruthy();
    expect(Number(reply.headers['access-control-max-age'])).toBeGreaterThan(1_000_000);
    expect(reply.headers['access-control-allow-methods']).toBe(`OPTIONS, ${method}`);
    expect(reply.body).toBe('');
    expectCors(reply, origin);
  }
}
