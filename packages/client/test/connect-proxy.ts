import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { afterTest } from '../../testing/test/toolbox';

/** A request for a tunnel. */
export interface TunnelRequest {
  readonly requestLine: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly socket: Socket;
}

/** The whole answer. After one that begins with 200 the tunnel follows; undefined sends none. */
export type TunnelAnswer = (request: TunnelRequest) => string | undefined;

export const OPENED = 'HTTP/1.1 200 Connection established\r\n\r\n';

/** The answer of a proxy that requires the right Proxy-Authorization. */
export function askingFor(
  challenge: string,
  isRight: (authorization: string) => boolean,
  ...more: string[]
): TunnelAnswer {
  const refusal = ['HTTP/1.1 407 Proxy Authentication Required', `Proxy-Authenticate: ${challenge}`, ...more, '\r\n'];
  return ({ headers }) => (isRight(headers.get('proxy-authorization') ?? '') ? OPENED : refusal.join('\r\n'));
}

/** An HTTP proxy on a free port of 127.0.0.1, until the test ends. It resolves every name to 127.0.0.1. */
export class ConnectProxy {
  readonly requests: TunnelRequest[] = [];
  /** The bytes that clients sent into tunnels. */
  readonly carried: Buffer[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #waiting: (() => void)[] = [];

  private constructor(
    private readonly server: Server,
    private readonly scheme: string,
    private readonly answer: TunnelAnswer,
  ) {
    server.on('connection', (socket: Socket) => this.#track(socket));
    server.on(scheme === 'https' ? 'secureConnection' : 'connection', (socket: Socket) => this.#read(socket));
  }

  static async start(answer: TunnelAnswer = () => OPENED, tls?: TlsOptions): Promise<ConnectProxy> {
    const server = tls === undefined ? createServer() : createTlsServer(tls);
    const proxy = new ConnectProxy(server, tls === undefined ? 'http' : 'https', answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    afterTest(() => proxy.#stop());
    return proxy;
  }

  /** @param user `name:password@`, or nothing */
  url(user = '', host = '127.0.0.1'): string {
    // It listens on a port.
    return `${this.scheme}://${user}${host}:${(this.server.address() as AddressInfo).port}`;
  }

  get lines(): string[] {
    return this.requests.map(({ requestLine }) => requestLine);
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  /** Resolves once no client is connected and no tunnel is open. */
  async deserted(): Promise<void> {
    while (this.#sockets.size > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      for (const look of this.#waiting) look();
    });
    socket.on('error', () => undefined);
  }

  #read(socket: Socket): void {
    const chunks: Buffer[] = [];
    socket.on('error', () => undefined);
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk);
      const text = Buffer.concat(chunks).toString('latin1');
      if (!text.endsWith('\r\n\r\n')) return;
      socket.off('data', onData);
      const [requestLine = '', ...lines] = text.trimEnd().split('\r\n');
      const headers = new Map(
        lines.map((line): [string, string] => {
          const colon = line.indexOf(': ');
          return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)];
        }),
      );
      const request = { requestLine, headers, socket };
      this.requests.push(request);
      const answer = this.answer(request);
      if (answer?.startsWith('HTTP/1.1 200')) this.#tunnel(request, answer);
      else if (answer !== undefined) socket.write(answer, 'latin1');
    };
    socket.on('data', onData);
  }

  #tunnel({ requestLine, socket }: TunnelRequest, answer: string): void {
    const port = Number(/:(\d+) HTTP/.exec(requestLine)?.[1]);
    const server = connect(port, '127.0.0.1', () => {
      socket.write(answer, 'latin1');
      socket.on('data', (chunk: Buffer) => this.carried.push(chunk));
      socket.pipe(server).pipe(socket);
    });
    this.#track(server);
    server.on('close', () => socket.destroy());
    socket.on('close', () => server.destroy());
  }

  #stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}
