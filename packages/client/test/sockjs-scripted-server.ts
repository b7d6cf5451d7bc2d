import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { afterTest } from '../../testing/test/toolbox';

/** A request to an endpoint of SockJS. */
export interface Exchange {
  /** Without server and session: `xhr`, `xhr_send`, `xhr_streaming` or `info`. */
  readonly kind: string;
  readonly body: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Answers one request. */
export type Script = (exchange: Exchange) => void;

export const INFO = '{"websocket":false,"cookie_needed":false,"origins":["*:*"],"entropy":1}';

/** A server of SockJS that answers as a test wants, on a free port of 127.0.0.1, until the test ends. */
export class ScriptedServer {
  readonly requests: Exchange[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #waiting: (() => void)[] = [];

  private constructor(
    readonly server: Server,
    private readonly scheme: string,
    script: Readonly<Record<string, Script>>,
  ) {
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        for (const look of this.#waiting.splice(0)) look();
      });
      socket.on('error', () => undefined);
    });
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => void chunks.push(chunk));
      request.on('end', () => {
        const kind = request.url?.replace(/\?.*/, '').split('/').at(-1) ?? '';
        const exchange = { kind, body: Buffer.concat(chunks).toString(), request, response };
        this.requests.push(exchange);
        const answer = script[kind] ?? (kind === 'info' ? (one) => one.response.end(INFO) : undefined);
        if (answer === undefined) response.writeHead(404).end();
        else answer(exchange);
        for (const look of this.#waiting.splice(0)) look();
      });
    });
  }

  /** @param script the answers by the kind of request; the default for `info` is {@link INFO}, for all others 404 */
  static async start(script: Readonly<Record<string, Script>>, tls?: ServerOptions): Promise<ScriptedServer> {
    const server = tls === undefined ? createServer() : createTlsServer(tls);
    const scripted = new ScriptedServer(server, tls === undefined ? 'http' : 'https', script);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    afterTest(() => scripted.#stop());
    return scripted;
  }

  get url(): string {
    // It listens on a port.
    return `${this.scheme}://127.0.0.1:${(this.server.address() as AddressInfo).port}/echo`;
  }

  get kinds(): string[] {
    return this.requests.map(({ kind }) => kind);
  }

  count(kind: string): number {
    return this.kinds.filter((one) => one === kind).length;
  }

  /** Resolves once there are so many requests of this kind. */
  async until(kind: string, count: number): Promise<void> {
    while (this.count(kind) < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Resolves once no client is connected. */
  async deserted(): Promise<void> {
    while (this.#sockets.size > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}

/** Answers with the texts, one after the other, to one request each. The last one waits for ever. */
export function poll(...answers: readonly (string | Buffer | Script)[]): Script {
  let next = 0;
  return (exchange) => {
    const answer = answers[next++];
    if (typeof answer === 'function') answer(exchange);
    else if (answer !== undefined) exchange.response.end(answer);
  };
}

/** Answers with a stream that begins with these texts and goes on for ever. */
export function stream(...texts: readonly (string | Buffer)[]): Script {
  return ({ response }) => {
    for (const text of texts) response.write(text);
  };
}

export function status(code: number, headers: Readonly<Record<string, string>> = {}, body = ''): Script {
  return ({ response }) => void response.writeHead(code, headers).end(body);
}
