import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  ClientEndpoint,
  ClientEndpointConfig,
  CloseReason,
  ContainerProvider,
  createExtension,
  Decoder,
  Encoder,
  Endpoint,
  EndpointConfig,
  HandshakeException,
  HandshakeRejection,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  PathParam,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
  type HandshakeRequest,
} from '@serval/api';
import { Server, type ServerOptions } from '@serval/server';
import { WebSocketServer } from 'ws';
import { ClientContainer } from '../src';
import { LiteralServer } from './literal-server';
import { afterTest, Gate, Inbox, rejection, silent } from '../../testing/test/toolbox';

const container = new ClientContainer({ logger: silent, sessionCloseTimeout: 500 });

class ServerSide extends ServerEndpointConfig.Configurator {
  override checkOrigin(origin: string | null, request: HandshakeRequest) {
    const [token] = request.getHeaders().get('authorization') ?? [];
    if (token === 'no') throw new HandshakeRejection(401, { headers: { 'WWW-Authenticate': 'Bearer' } });
    return super.checkOrigin(origin, request);
  }
}

@ServerEndpoint({ value: '/echo/{name}', subprotocols: ['v2'], configurator: ServerSide })
class Echo {
  static readonly closed = new Inbox();
  @OnOpen open(session: Session, @PathParam('name') name: string) {
    return session.getBasicRemote().sendText(`hello ${name}`);
  }
  @OnMessage text(text: string, session: Session) {
    if (text === 'close') void session.close(new CloseReason(4000, 'as you wish'));
    else return text;
    return undefined;
  }
  @OnMessage binary(data: Buffer) {
    return data;
  }
  @OnClose close(reason: CloseReason) {
    Echo.closed.add(`${reason.getCloseCode().getCode()} ${reason.getReasonPhrase()}`);
  }
}

/** The calls that a client endpoint receives, as one list. */
@ClientEndpoint({ subprotocols: ['v1', 'v2'] })
class Listener {
  readonly heard = new Inbox();
  session: Session | undefined;
  @OnOpen open(session: Session, config: EndpointConfig) {
    this.session = session;
    this.heard.add(`open ${session.isOpen()} ${config instanceof ClientEndpointConfig}`);
  }
  @OnMessage text(text: string) {
    this.heard.add(text);
    return text.startsWith('hello') ? 'thanks' : undefined;
  }
  @OnMessage binary(data: Buffer) {
    this.heard.add(data.toString('hex'));
  }
  @OnClose close(reason: CloseReason) {
    this.heard.add(`closed ${reason.getCloseCode().getCode()} ${reason.getReasonPhrase()}`);
  }
}

async function start(options: ServerOptions = {}): Promise<Server> {
  const server = await new Server({ host: '127.0.0.1', endpoints: [Echo], logger: silent, ...options }).start();
  afterTest(() => server.stop({ grace: 50 }));
  return server;
}

const uriOf = (server: Server, path = '/echo/ann'): string => `ws://127.0.0.1:${server.port}${path}`;

describe.each(['native', 'ws'] as const)('with a Serval server on the engine %s', (engine) => {
  test('an annotated instance sends and receives, and both sides report the end', async () => {
    const server = await start({ engine });
    const endpoint = new Listener();
    const session = await container.connectToServer(endpoint, uriOf(server));
    expect(session).toBe(endpoint.session);
    expect(session.getNegotiatedSubprotocol()).toBe('v2');
    expect(session.getContainer()).toBe(container);
    expect(await endpoint.heard.next()).toBe('open true true');
    expect(await endpoint.heard.next()).toBe('hello ann');
    // The method's return value went to the server and came back.
    expect(await endpoint.heard.next()).toBe('thanks');
    await session.getBasicRemote().sendText('x'.repeat(5000));
    expect(await endpoint.heard.next()).toBe('x'.repeat(5000));
    await session.getBasicRemote().sendBinary(Buffer.from([1, 2, 254]));
    expect(await endpoint.heard.next()).toBe('0102fe');
    await session.close(new CloseReason(4001, 'enough'));
    expect(await endpoint.heard.next()).toBe('closed 4001 enough');
    expect(await Echo.closed.next()).toBe('4001 enough');
  });

  test('reports a close by the server', async () => {
    const server = await start({ engine });
    const endpoint = new Listener();
    const session = await container.connectToServer(endpoint, uriOf(server));
    await session.getBasicRemote().sendText('close');
    const heard: string[] = [];
    while (!heard.at(-1)?.startsWith('closed')) heard.push(await endpoint.heard.next());
    expect(heard.at(-1)).toBe('closed 4000 as you wish');
    expect(await Echo.closed.next()).toBe('4000 as you wish');
  });

  test('a configurator’s refusal provides its status and headers', async () => {
    const server = await start({ engine });
    class Token extends ClientEndpointConfig.Configurator {
      override beforeRequest(headers: Map<string, string[]>) {
        headers.set('Authorization', ['no']);
      }
    }
    const config = ClientEndpointConfig.Builder.create().configurator(new Token()).build();
    class Nothing extends Endpoint {
      override onOpen() {}
    }
    const error = await rejection(container.connectToServer(Nothing, config, uriOf(server)));
    expect(error).toBeInstanceOf(HandshakeException);
    expect([error.code, error.status]).toEqual(['WS_CONNECT_REFUSED', 401]);
    expect(error.headers.get('www-authenticate')).toEqual(['Bearer']);
  });

  test('a path without an endpoint fails with 404', async () => {
    const server = await start({ engine });
    expect((await rejection(container.connectToServer(Listener, uriOf(server, '/nowhere')))).status).toBe(404);
  });
});

describe('compression', () => {
  @ClientEndpoint
  class Quiet {
    readonly heard = new Inbox();
    @OnMessage text(text: string) {
      this.heard.add(text);
    }
  }
  class ListeningEndpoint extends Endpoint {
    readonly heard = new Inbox();
    override onOpen(session: Session) {
      session.addMessageHandler(String, (text: string) => this.heard.add(text));
    }
  }
  const LONG = JSON.stringify(Array.from({ length: 100 }, (_, index) => ({ index, name: 'serval' })));
  const named = (session: Session): string[] => session.getNegotiatedExtensions().map((one) => one.getName());
  const listed = () =>
    ClientEndpointConfig.Builder.create()
      .extensions([createExtension('permessage-deflate')])
      .build();

  test.each<
    [how: string, options: object, connect: (client: ClientContainer, uri: string) => Promise<[Session, Inbox]>]
  >([
    [
      'by the option, for every endpoint',
      { perMessageDeflate: { threshold: 0 } },
      async (client, uri) => {
        const endpoint = new Quiet();
        return [await client.connectToServer(endpoint, uri), endpoint.heard];
      },
    ],
    [
      'by the endpoint’s configuration, as in Tomcat',
      {},
      async (client, uri) => {
        const endpoint = new ListeningEndpoint();
        return [await client.connectToServer(endpoint, listed(), uri), endpoint.heard];
      },
    ],
  ])('%s', async (_how, options, connect) => {
    const server = await start({ perMessageDeflate: { threshold: 0 } });
    const client = new ClientContainer({ logger: silent, sessionCloseTimeout: 500, ...options });
    const [session, heard] = await connect(client, uriOf(server));
    afterTest(() => session.close());
    expect(named(session)).toEqual(['permessage-deflate']);
    expect(await heard.next()).toBe('hello ann');
    for (let round = 0; round < 3; round++) {
      await session.getBasicRemote().sendText(LONG);
      expect(await heard.next()).toBe(LONG);
    }
  });

  test.each<[how: string, client: object, server: object]>([
    ['not where the option forbids it', { perMessageDeflate: false }, { perMessageDeflate: true }],
    ['not where the server has none', { perMessageDeflate: true }, {}],
  ])('%s', async (_how, options, serverOptions) => {
    const server = await start(serverOptions);
    const client = new ClientContainer({ logger: silent, sessionCloseTimeout: 500, ...options });
    const session = await client.connectToServer(ListeningEndpoint, listed(), uriOf(server));
    afterTest(() => session.close());
    expect(named(session)).toEqual([]);
  });

  test('offers no_context_takeover once maxMemory is used up', async () => {
    const server = await start({ perMessageDeflate: true });
    const client = new ClientContainer({ logger: silent, perMessageDeflate: { maxMemory: 100_000 } });
    afterTest(() => client.stop({ grace: 500 }));
    const agreed: string[][] = [];
    for (let index = 0; index < 2; index += 1) {
      const session = await client.connectToServer(ListeningEndpoint, listed(), uriOf(server));
      const [extension] = session.getNegotiatedExtensions();
      agreed.push((extension?.getParameters() ?? []).map((parameter) => parameter.getName()));
    }
    expect(agreed).toEqual([[], ['server_no_context_takeover']]);
  });

  test('is an installed extension unless the option forbids it', () => {
    const names = (options: object): string[] =>
      [...new ClientContainer(options).getInstalledExtensions()].map((one) => one.getName());
    expect(names({})).toEqual(['permessage-deflate']);
    expect(names({ perMessageDeflate: false })).toEqual([]);
  });
});

test.each([false, true])('with a server of the ws library, compression %p', async (perMessageDeflate) => {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    perMessageDeflate: perMessageDeflate && { threshold: 0 },
  });
  await once(server, 'listening');
  afterTest(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  const ended = new Gate<string>();
  server.on('connection', (socket) => {
    socket.send('hello');
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.on('close', (code, reason) => ended.open(`${code} ${String(reason)}`));
  });
  const client = new ClientContainer({ logger: silent, perMessageDeflate });
  const endpoint = new Listener();
  // ws chooses the first offered subprotocol.
  const session = await client.connectToServer(endpoint, `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  expect(session.getNegotiatedSubprotocol()).toBe('v1');
  expect(session.getNegotiatedExtensions()).toHaveLength(perMessageDeflate ? 1 : 0);
  expect([await endpoint.heard.next(), await endpoint.heard.next(), await endpoint.heard.next()]).toEqual([
    'open true true',
    'hello',
    'thanks',
  ]);
  await session.getBasicRemote().sendBinary(Buffer.alloc(70, 7));
  expect(await endpoint.heard.next()).toBe('07'.repeat(70));
  await session.close();
  expect(await ended.promise).toBe('1000 ');
});

class Prices extends Endpoint {
  opened: { session: Session; config: EndpointConfig } | undefined;
  override onOpen(session: Session, config: EndpointConfig) {
    this.opened = { session, config };
  }
}

describe('endpoints', () => {
  test('a class gets a new instance for each connection; a given instance is used directly', async () => {
    const made: object[] = [];
    @ClientEndpoint
    class Counted {
      constructor() {
        made.push(this);
      }
    }
    const server = await start();
    const sessions = [
      await container.connectToServer(Counted, uriOf(server)),
      await container.connectToServer(Counted, uriOf(server)),
    ];
    expect(made).toHaveLength(2);
    for (const session of sessions) await session.close();
  });

  test('a programmatic endpoint accepts a configuration, null or none, as instance and as class', async () => {
    const server = await start();
    const config = ClientEndpointConfig.Builder.create().preferredSubprotocols(['v2']).build();
    config.getUserProperties().set('desk', 7);
    const prices = new Prices();
    const session = await container.connectToServer(prices, config, uriOf(server));
    expect(prices.opened?.session).toBe(session);
    expect(session.getNegotiatedSubprotocol()).toBe('v2');
    // The connection's own copy.
    expect(session.getUserProperties().get('desk')).toBe(7);
    prices.opened?.config.getUserProperties().set('desk', 8);
    expect(config.getUserProperties().get('desk')).toBe(7);
    for (const other of [
      await container.connectToServer(Prices, null, uriOf(server)),
      await container.connectToServer(Prices, uriOf(server)),
      await container.connectToServer(new Prices(), uriOf(server)),
    ]) {
      expect(other.getNegotiatedSubprotocol()).toBe('');
      await other.close();
    }
    await session.close();
  });

  test('getOpenSessions returns the sessions of the same instance', async () => {
    const server = await start();
    const shared = new Prices();
    const first = await container.connectToServer(shared, null, uriOf(server));
    const second = await container.connectToServer(shared, null, uriOf(server));
    const other = await container.connectToServer(new Prices(), null, uriOf(server));
    const byClass = await container.connectToServer(Prices, null, uriOf(server));
    expect(first.getOpenSessions()).toEqual(new Set([first, second]));
    expect(other.getOpenSessions()).toEqual(new Set([other]));
    expect(byClass.getOpenSessions()).toEqual(new Set([byClass]));
    await first.close();
    expect(second.getOpenSessions()).toEqual(new Set([second]));
    for (const session of [second, other, byClass]) await session.close();
  });

  test('with other codecs, an instance’s sessions form a separate group', async () => {
    class Point {
      constructor(readonly x: number) {}
    }
    class PointCodec implements Encoder.Text<Point>, Decoder.Text<Point> {
      static readonly encodes = Encoder.text(Point);
      static readonly decodes = Decoder.text(Point);
      encode(point: Point) {
        return `(${point.x})`;
      }
      willDecode(text: string) {
        return text.startsWith('(');
      }
      decode(text: string) {
        return new Point(Number(text.slice(1, -1)));
      }
    }
    const server = await start();
    const heard = new Inbox<Point>();
    class Points extends Endpoint {
      override onOpen(session: Session, config: EndpointConfig) {
        if (config.getDecoders().length > 0) session.addMessageHandler(Point, (point) => heard.add(point));
      }
      override onError() {
        // The greeting is not a point.
      }
    }
    const points = new Points();
    const config = ClientEndpointConfig.Builder.create().encoders([PointCodec]).decoders([PointCodec]).build();
    const session = await container.connectToServer(points, config, uriOf(server));
    const plain = await container.connectToServer(points, null, uriOf(server));
    await session.getBasicRemote().sendObject(new Point(4));
    expect(await heard.next()).toEqual(new Point(4));
    expect(session.getOpenSessions()).toEqual(new Set([session]));
    await session.close();
    await plain.close();
  });

  test('@PathParam has no value in a client, which warns once', async () => {
    const warnings: string[] = [];
    const client = new ClientContainer({ logger: { ...silent, warn: (message) => void warnings.push(message) } });
    @ClientEndpoint
    class Ported {
      room: string | null = '';
      @OnOpen open(@PathParam('room') room: string) {
        this.room = room;
      }
    }
    const server = await start();
    const endpoint = new Ported();
    for (let times = 0; times < 2; times++) await (await client.connectToServer(endpoint, uriOf(server))).close();
    expect(endpoint.room).toBeNull();
    expect(warnings).toEqual([
      expect.stringMatching(/^Ported: a client has no URI template, so @PathParam\("room"\) is null/),
    ]);
  });
});

test('with openFailure resolve, and with every Tomcat profile, connectToServer returns the session even if @OnOpen failed', async () => {
  @ClientEndpoint
  class Failing {
    static readonly told: string[] = [];
    @OnOpen open() {
      throw new Error('no memory');
    }
    @OnError failed(error: Error) {
      Failing.told.push(error.message);
    }
  }
  const server = await start();
  for (const options of [{ openFailure: 'resolve' }, { compatibility: 'tomcat-11' }] as const) {
    const lenient = new ClientContainer({ logger: silent, sessionCloseTimeout: 200, ...options });
    const session = await lenient.connectToServer(Failing, uriOf(server));
    await session.close();
    await lenient.stop();
    expect(session.isOpen()).toBe(false);
  }
  expect(Failing.told).toEqual(['no memory', 'no memory']);
});

describe('an endpoint that fails during the connect', () => {
  const failing = async (endpoint: object, config?: ClientEndpointConfig): Promise<any> => {
    const server = await LiteralServer.start();
    const connect = container.connectToServer.bind(container) as (...args: unknown[]) => Promise<Session>;
    const error = await rejection(
      config === undefined ? connect(endpoint, server.url()) : connect(endpoint, config, server.url()),
    );
    expect(error).toBeInstanceOf(HandshakeException);
    expect(error.code).toBe('WS_CONNECT_ENDPOINT');
    return { error, server };
  };

  test('in its constructor: sends no request', async () => {
    @ClientEndpoint
    class Fragile {
      constructor() {
        throw new Error('no memory');
      }
    }
    const { error, server } = await failing(Fragile);
    expect(error.message).toBe('Fragile could not be connected, because the constructor threw: no memory');
    expect(server.requests).toHaveLength(0);
  });

  test('in a codec: sends no request and destroys the initialised codecs', async () => {
    const calls: string[] = [];
    class Good {
      static readonly encodes = Encoder.text<object>();
      encode() {
        return '';
      }
      destroy() {
        calls.push('destroy');
      }
    }
    class Bad {
      static readonly decodes = Decoder.text<object>();
      init() {
        throw new Error('no schema');
      }
      decode() {
        return {};
      }
    }
    // Encoders are created first.
    const config = ClientEndpointConfig.Builder.create().encoders([Good]).decoders([Bad]).build();
    const { error, server } = await failing(Prices, config);
    expect(error.message).toMatch(/because a codec threw: no schema$/);
    expect(calls).toEqual(['destroy']);
    expect(server.requests).toHaveLength(0);
  });

  test.each([false, true])(
    'in @OnOpen, async %p: calls @OnError and closes the connection with 1011',
    async (isAsync) => {
      const told = new Inbox();
      @ClientEndpoint
      class Fragile {
        @OnOpen open() {
          if (isAsync) return Promise.reject(new Error('no desk'));
          throw new Error('no desk');
        }
        @OnError failed(cause: Error) {
          told.add(`error ${cause.message}`);
        }
        @OnClose closed(reason: CloseReason) {
          told.add(`closed ${reason.getCloseCode().getCode()}`);
        }
      }
      const { error, server } = await failing(Fragile);
      expect(error.message).toBe('Fragile could not be connected, because @OnOpen threw: no desk');
      expect(error.cause.message).toBe('no desk');
      expect([await told.next(), await told.next()]).toEqual(['error no desk', 'closed 1011']);
      // 0x88 FIN+close · 0x80 mask
      const frame: Buffer = await server.last.connection.read(2);
      expect(frame[0]).toBe(0x88);
      server.last.connection.end();
      await server.deserted();
    },
  );

  test('destroys the codecs when the server refuses', async () => {
    const calls: string[] = [];
    class Counting {
      static readonly decodes = Decoder.text<object>();
      init() {
        calls.push('init');
      }
      decode() {
        return {};
      }
      destroy() {
        calls.push('destroy');
      }
    }
    const server = await start();
    const config = ClientEndpointConfig.Builder.create().decoders([Counting]).build();
    await rejection(container.connectToServer(Prices, config, uriOf(server, '/nowhere')));
    expect(calls).toEqual(['init', 'destroy']);
  });
});

describe('the container', () => {
  test('comes from ContainerProvider, and the server’s own connectToServer uses it', async () => {
    const provided = ContainerProvider.getWebSocketContainer();
    expect(provided).toBeInstanceOf(ClientContainer);
    expect(ContainerProvider.getWebSocketContainer()).toBe(provided);
    const server = await start();
    const endpoint = new Listener();
    const session = await server.container.connectToServer(endpoint, uriOf(server));
    expect(session.getContainer()).toBe(provided);
    await session.close();
  });

  test('has the specification’s defaults, which apply to later sessions', async () => {
    const client = new ClientContainer({ logger: silent });
    expect([
      client.getDefaultAsyncSendTimeout(),
      client.getDefaultMaxSessionIdleTimeout(),
      client.getDefaultMaxBinaryMessageBufferSize(),
      client.getDefaultMaxTextMessageBufferSize(),
    ]).toEqual([-1, 0, 8192, 8192]);
    const server = await start();
    const before = await client.connectToServer(Prices, uriOf(server));
    before.getAsyncRemote();
    client.setAsyncSendTimeout(1000);
    client.setDefaultMaxSessionIdleTimeout(60_000);
    client.setDefaultMaxBinaryMessageBufferSize(16);
    client.setDefaultMaxTextMessageBufferSize(32);
    const after = await client.connectToServer(Prices, uriOf(server));
    const limits = (session: Session): number[] => [
      session.getAsyncRemote().getSendTimeout(),
      session.getMaxIdleTimeout(),
      session.getMaxBinaryMessageBufferSize(),
      session.getMaxTextMessageBufferSize(),
    ];
    expect(limits(before)).toEqual([-1, 0, 8192, 8192]);
    expect(limits(after)).toEqual([1000, 60_000, 16, 32]);
    expect([client.getDefaultAsyncSendTimeout(), client.getDefaultMaxSessionIdleTimeout()]).toEqual([1000, 60_000]);
    expect([client.getDefaultMaxBinaryMessageBufferSize(), client.getDefaultMaxTextMessageBufferSize()]).toEqual([
      16, 32,
    ]);
    expect(() => client.setDefaultMaxTextMessageBufferSize(-1)).toThrow('textBufferSize is a whole number of bytes');
    await before.close();
    await after.close();
  });

  test('closes the session with 1009 when a message is too large', async () => {
    const client = new ClientContainer({ logger: silent, textBufferSize: 16 });
    const server = await start();
    const endpoint = new Listener();
    const session = await client.connectToServer(endpoint, uriOf(server));
    await session.getBasicRemote().sendText('x'.repeat(17));
    let heard = '';
    while (!heard.startsWith('closed')) heard = await endpoint.heard.next();
    expect(heard).toMatch(/^closed 1009/);
  });

  test('closes an idle session', async () => {
    const client = new ClientContainer({ logger: silent, maxSessionIdleTimeout: 50 });
    const server = await start();
    const endpoint = new Listener();
    await client.connectToServer(endpoint, uriOf(server));
    let heard = '';
    while (!heard.startsWith('closed')) heard = await endpoint.heard.next();
    expect(heard).toMatch(/^closed 1006/);
  });
});
