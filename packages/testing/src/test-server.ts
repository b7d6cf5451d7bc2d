import { randomBytes } from 'node:crypto';
import { Duplex } from 'node:stream';
import { IllegalArgumentException, type EndpointClass, type ServerEndpointConfig, type Session } from '@serval/api';
import {
  ANY,
  copyOptions,
  describeValue,
  FLAG,
  list,
  membersOf,
  NAME,
  readArgument,
  readOptions,
  TEXT,
  type OptionTable,
  type Transport,
} from '@serval/api/spi';
import { HeaderMap, type AcceptedUpgrade, type Engine } from '@serval/protocol';
import {
  ENDPOINTS,
  Http1Reply,
  refuseUnmatched,
  SERVER_CONTAINER_OPTIONS,
  ServerContainer,
  type ServerContainerOptions,
  type StopOptions,
} from '@serval/server';
import { Peer } from './peer';
import { createTransportPair } from './memory-transport';

/** The options of a {@link TestServer}: all options of a server container, and the endpoints. */
export interface TestServerOptions extends Omit<ServerContainerOptions, 'engine'> {
  readonly endpoints?: readonly (EndpointClass | ServerEndpointConfig)[] | undefined;
}

const OWN_OPTIONS = { endpoints: ENDPOINTS } satisfies OptionTable<Pick<TestServerOptions, 'endpoints'>>;

const TEST_SERVER_OPTIONS = { ...SERVER_CONTAINER_OPTIONS, ...OWN_OPTIONS };

/** The opening handshake of a {@link Peer}; everything has a default. */
export interface ConnectOptions {
  /** Request headers. They extend and override those of a well-formed handshake. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly subprotocols?: readonly string[] | undefined;
  readonly remoteAddress?: string | undefined;
  /** Whether the connection counts as encrypted. Default false. */
  readonly isSecure?: boolean | undefined;
  /** The result of `HandshakeRequest.getNativeRequest`; its `session` member is the HTTP session. */
  readonly nativeRequest?: unknown;
}

const CONNECT_OPTIONS = {
  headers: { ...membersOf('an object of texts by name', TEXT), default: {} },
  subprotocols: { ...list('a list of names', NAME), default: [] },
  remoteAddress: { ...NAME, default: '127.0.0.1' },
  isSecure: { ...FLAG, default: false },
  nativeRequest: { ...ANY, default: {} },
} satisfies OptionTable<ConnectOptions>;

/** The server refused the opening handshake. */
export class HandshakeRefused extends Error {
  override readonly name = 'HandshakeRefused';

  constructor(
    readonly status: number,
    /** Names in lower case. */
    readonly headers: ReadonlyMap<string, string>,
    readonly body: string,
  ) {
    super(`the handshake was refused with ${status}: ${body.trim()}`);
  }
}

/**
 * A server without a network. It deploys endpoints, routes requests and runs handshakes like a real server, but each
 * connection is a pair of transports in memory. It opens no port.
 *
 * @example
 * const server = new TestServer({ endpoints: [Chat] });
 * const ann = await server.connect('/chat/red?name=Ann');
 * ann.send('hello');
 * expect(await ann.receive()).toBe('you said hello');
 */
export class TestServer {
  readonly container: ServerContainer;
  /** The peers of accepted upgrades, by socket, until `connect` returns them. */
  readonly #accepted = new Map<Duplex, Peer>();

  /** @throws DeploymentException when an endpoint cannot be deployed */
  constructor(options: TestServerOptions = {}) {
    const given = copyOptions('The argument with the options of a TestServer', TEST_SERVER_OPTIONS, options);
    const { endpoints } = readOptions(OWN_OPTIONS, given);
    const containerOptions = Object.fromEntries(
      Object.entries(given).filter(([name]) => !Object.hasOwn(OWN_OPTIONS, name)),
    );
    const engine: Engine = { installedExtensions: [], accept: (upgrade) => this.#accept(upgrade) };
    this.container = new ServerContainer({ ...containerOptions, engine });
    for (const endpoint of endpoints) this.container.addEndpoint(endpoint);
  }

  /**
   * Opens a connection. Resolves once the server has accepted the handshake; `@OnOpen` may still be running.
   *
   * @param target path and query, such as `/chat/red?name=Ann`
   * @throws HandshakeRefused (as a rejection) when the server refuses the handshake; it has the status
   */
  async connect(target: string, options: ConnectOptions = {}): Promise<Peer> {
    if (typeof target !== 'string')
      throw new IllegalArgumentException(
        `connect takes a path, such as "/chat?name=Ann"; found ${describeValue(target)}.`,
      );
    const {
      headers: given,
      subprotocols,
      remoteAddress,
      isSecure,
      nativeRequest,
    } = readArgument('connect', CONNECT_OPTIONS, options, "{ subprotocols: ['chat'] }");
    const socket = new AnswerSocket();
    const headers = new HeaderMap();
    const lines = {
      Host: 'localhost',
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      ...(subprotocols.length > 0 && { 'Sec-WebSocket-Protocol': subprotocols.join(', ') }),
      ...given,
    };
    for (const [name, value] of Object.entries(lines)) headers.set(name, [value]);
    const found = this.container.handleUpgrade(
      {
        method: 'GET',
        httpVersion: '1.1',
        target,
        headers: headers.seal(),
        isSecure,
        localAddress: '127.0.0.1',
        localPort: 80,
        remoteAddress,
        remotePort: 50_000,
        clientCertificates: () => undefined,
        native: nativeRequest,
      },
      new Http1Reply(socket, Buffer.alloc(0)),
    );
    if (!found) {
      refuseUnmatched([this.container], target, {
        refuse: (status, { body }) => {
          throw new HandshakeRefused(status, new Map(), String(body));
        },
      });
    }
    await socket.answered;
    const peer = this.#accepted.get(socket);
    this.#accepted.delete(socket);
    if (peer === undefined) throw socket.refusal();
    return peer;
  }

  /** The open sessions. */
  get sessions(): ReadonlySet<Session> {
    return this.container.getSessions();
  }

  stop(options?: StopOptions): Promise<void> {
    return this.container.stop(options);
  }

  #accept(upgrade: AcceptedUpgrade): Transport {
    const [transport, other] = createTransportPair();
    transport.isSecure = upgrade.isSecure;
    transport.remoteAddress = upgrade.remoteAddress;
    this.#accepted.set(upgrade.socket, new Peer(other, upgrade.subprotocol, upgrade.headers));
    // The caller continues in a later turn. The session is created in this one.
    (upgrade.socket as AnswerSocket).accept();
    return transport;
  }
}

/** Replaces the client's socket, and keeps the refusal if the server writes one. */
class AnswerSocket extends Duplex {
  readonly #written: Buffer[] = [];
  #answer: () => void = () => undefined;
  readonly answered = new Promise<void>((resolve) => {
    this.#answer = resolve;
  });

  accept(): void {
    this.#answer();
  }

  refusal(): HandshakeRefused {
    const [head = '', ...body] = Buffer.concat(this.#written).toString().split('\r\n\r\n');
    const [statusLine = '', ...lines] = head.split('\r\n');
    const headers = new Map(
      lines.map((line): [string, string] => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    return new HandshakeRefused(Number(statusLine.split(' ')[1]), headers, body.join('\r\n\r\n'));
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#written.push(chunk);
    done();
  }

  override _final(done: () => void): void {
    this.#answer();
    done();
  }
}
