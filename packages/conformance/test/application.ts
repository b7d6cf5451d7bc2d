import {
  Endpoint,
  Server,
  ServerEndpointConfig,
  type CloseReason,
  type EncoderClass,
  type EndpointClass,
  type ServerOptions,
  type Session,
} from 'serval';
import { WebSocket, type ClientOptions } from 'ws';
import { LiteralSocket, type ResponseHead } from '@serval/testing';
import { Heard, type EngineName } from './echo-peer';

type Deployable = EndpointClass | ServerEndpointConfig;

/** How a {@link Client} asks; everything has a default. */
export interface Asking extends ClientOptions {
  readonly subprotocols?: readonly string[];
}

/** How a handshake was refused. */
export interface Refusal {
  readonly status: number;
  readonly body: string;
}

/** A server on a free port, and the clients of a test; all of it ends with the test. */
export class Application {
  /** The container's log: `error …`, `warn …`, with the messages of errors. */
  readonly log = new Heard();
  readonly #servers: Server[] = [];
  readonly #clients: { end(): void }[] = [];

  constructor(readonly engine: EngineName) {}

  /** Starts a server with these endpoints. */
  async start(endpoints: Deployable | readonly Deployable[], options: ServerOptions = {}): Promise<Server> {
    const list = Array.isArray(endpoints) ? (endpoints as readonly Deployable[]) : [endpoints as Deployable];
    const server = this.prepare({ endpoints: list, ...options });
    return server.start();
  }

  /** A server that a test starts itself. */
  prepare(options: ServerOptions): Server {
    const write = (message: string, ...details: unknown[]): void =>
      this.log.add([message, ...details.map((detail) => (detail instanceof Error ? detail.message : ''))].join(' '));
    const logger = { error: write, warn: write, debug: () => undefined };
    const server = new Server({ host: '127.0.0.1', engine: this.engine, logger, ...options });
    this.#servers.push(server);
    return server;
  }

  /** A client of the ws library whose handshake was accepted. @throws Error when it was refused */
  async connect(target: string, asking: Asking = {}): Promise<Client> {
    const answer = await this.ask(target, asking);
    if (answer instanceof Client) return answer;
    throw new Error(`The handshake for ${target} was refused with ${answer.status}: ${answer.body}`);
  }

  /** The outcome of a handshake, whichever it is. */
  ask(target: string, { subprotocols = [], ...options }: Asking = {}): Promise<Client | Refusal> {
    const socket = new WebSocket(`ws://127.0.0.1:${this.#port}${target}`, [...subprotocols], {
      perMessageDeflate: false,
      ...options,
    });
    const client = new Client(socket);
    this.#clients.push(client);
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(client));
      socket.once('unexpected-response', (_request, response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      });
      socket.once('error', reject);
    });
  }

  /** A client that speaks literal bytes, after a handshake that was accepted. */
  async connectLiterally(target: string, headers: Readonly<Record<string, string>> = {}): Promise<LiteralClient> {
    const socket = await this.socket();
    const head = await socket.upgrade(target, headers);
    if (head.status !== 101) throw new Error(`The handshake for ${target} was refused with ${head.status}.`);
    return { socket, head };
  }

  /** Starts a server, and opens a session that the test itself uses in place of an endpoint. */
  async openSession(options: ServerOptions = {}, encoders: readonly EncoderClass[] = []): Promise<OpenSession> {
    const inHand = await this.#serveInHand(options, encoders);
    const client = await this.connect('/session');
    return { client, ...inHand() };
  }

  /** As {@link openSession}, with a client that speaks literal bytes. */
  async openLiteralSession(options: ServerOptions = {}): Promise<OpenSession<LiteralSocket>> {
    const inHand = await this.#serveInHand(options, []);
    const { socket } = await this.connectLiterally('/session');
    return { client: socket, ...inHand() };
  }

  async #serveInHand(options: ServerOptions, encoders: readonly EncoderClass[]): Promise<() => InHand> {
    const opened: InHand[] = [];
    class Handing extends Endpoint {
      readonly told = new Heard();
      override onOpen(session: Session): void {
        opened.push({ session, told: this.told });
      }
      override onClose(_session: Session, reason: CloseReason): void {
        this.told.add(`close ${reason.getCloseCode().getCode()} ${reason.getReasonPhrase()}`.trim());
      }
      override onError(_session: Session, error: Error): void {
        this.told.add(`error ${error.name}`);
      }
    }
    const config = ServerEndpointConfig.Builder.create(Handing, '/session').encoders(encoders).build();
    await this.start(config, options);
    return () => {
      const [last] = opened.slice(-1);
      if (last === undefined) throw new Error('The session was not opened.');
      return last;
    };
  }

  /** A TCP connection that has not said anything yet. */
  async socket(): Promise<LiteralSocket> {
    const socket = await LiteralSocket.connect(this.#port);
    this.#clients.push({ end: () => socket.destroy() });
    return socket;
  }

  async end(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.end();
    await Promise.all(this.#servers.splice(0).map((server) => server.stop({ grace: 0 })));
  }

  get #port(): number {
    const server = this.#servers.at(-1);
    if (server === undefined) throw new Error('start() a server first.');
    return server.port;
  }
}

/** A session, and the events of its endpoint: `close code reason`, `error name`. */
interface InHand {
  readonly session: Session;
  readonly told: Heard;
}

/** A session and its client. */
export interface OpenSession<C = Client> extends InHand {
  readonly client: C;
}

export interface LiteralClient {
  readonly socket: LiteralSocket;
  readonly head: ResponseHead;
}

/** One connection of the ws library: what a test says, and what it hears. */
export class Client {
  /** `text …`, `binary hex`, `pong hex`, `close code reason`, in order. */
  readonly heard = new Heard();
  #taken = 0;

  constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer, isBinary: boolean) =>
      this.heard.add(isBinary ? `binary ${data.toString('hex')}` : `text ${data.toString()}`),
    );
    socket.on('pong', (data: Buffer) => this.heard.add(`pong ${data.toString('hex')}`.trim()));
    socket.on('close', (code: number, reason: Buffer) => this.heard.add(`close ${code} ${reason.toString()}`.trim()));
    socket.on('error', () => undefined);
  }

  say(message: string | Uint8Array): this {
    this.socket.send(message);
    return this;
  }

  sayParts(...parts: readonly (string | Uint8Array)[]): this {
    parts.forEach((part, index) => this.socket.send(part, { fin: index === parts.length - 1 }));
    return this;
  }

  /** The next event. */
  async next(): Promise<string> {
    this.#taken += 1;
    return (await this.heard.until(this.#taken))[this.#taken - 1] ?? '';
  }

  /** The next `count` events. */
  async take(count: number): Promise<string[]> {
    const taken: string[] = [];
    while (taken.length < count) taken.push(await this.next());
    return taken;
  }

  /** Closes, and resolves once the connection has ended. */
  async close(code?: number, reason?: string): Promise<void> {
    this.socket.close(code, reason);
    await this.heard.closed();
  }

  end(): void {
    this.socket.terminate();
  }
}

/** Runs the same tests over both engines, each with its own application. */
export function overBothEngines(tests: (application: () => Application, engine: EngineName) => void): void {
  describe.each<EngineName>(['native', 'ws'])('%s engine', (engine) => {
    let current = new Application(engine);
    beforeEach(() => {
      current = new Application(engine);
    });
    afterEach(() => current.end());
    tests(() => current, engine);
  });
}

/** The error that a call throws, or with which its promise rejects. */
export async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error('Expected a failure; there was none.');
}
