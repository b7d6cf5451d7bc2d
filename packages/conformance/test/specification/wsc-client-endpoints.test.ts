import {
  ClientEndpoint,
  ClientEndpointConfig,
  ContainerProvider,
  createExtension,
  Decoder,
  DeploymentException,
  Encoder,
  Endpoint,
  OnMessage,
  OnOpen,
  Server,
  ServerEndpoint,
  Session,
  type EndpointConfig,
  type HandshakeResponse,
} from 'serval';
import { WebSocketServer, type WebSocket } from 'ws';
import type { AddressInfo } from 'node:net';
import type { IncomingHttpHeaders } from 'node:http';
import { once } from 'node:events';
import { failureOf } from '../application';
import { Heard } from '../echo-peer';

// Client endpoints: the specification's chapters 3.2 and 4.2, and what the API documentation says of connecting.

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const container = ContainerProvider.getWebSocketContainer();

@ServerEndpoint('/echo')
class Echo {
  @OnMessage echo(text: string): string {
    return text;
  }
}

async function echoServer(): Promise<string> {
  const server = await new Server({ host: '127.0.0.1', endpoints: [Echo] }).start();
  cleanups.push(() => server.stop({ grace: 0 }));
  return `ws://127.0.0.1:${server.port}/echo`;
}

/** A ws server that reports the requested subprotocols and extensions. */
async function askedServer(): Promise<{ readonly uri: string; readonly asked: Promise<IncomingHttpHeaders> }> {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: (offered) => [...offered][0] ?? false,
  });
  await once(server, 'listening');
  cleanups.push(
    () =>
      new Promise<void>((resolve) => {
        for (const client of server.clients) client.terminate();
        server.close(() => resolve());
      }),
  );
  const asked = (once(server, 'connection') as Promise<[WebSocket, { headers: IncomingHttpHeaders }]>).then(
    ([, request]) => request.headers,
  );
  return { uri: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked };
}

function closeAfter(session: Session): Session {
  cleanups.push(() => session.close());
  return session;
}

class Point {
  constructor(readonly text: string) {}
}
class PointEncoder implements Encoder.Text<Point> {
  static made = 0;
  static readonly encodes = Encoder.text(Point);
  constructor() {
    PointEncoder.made += 1;
  }
  encode(point: Point): string {
    return `point ${point.text}`;
  }
}
class Declining implements Decoder.Text<Point> {
  static readonly decodes = Decoder.text(Point);
  willDecode(text: string): boolean {
    return text.startsWith('never');
  }
  decode(): Point {
    throw new Error('asked to decode what it declined');
  }
}
class PointDecoder implements Decoder.Text<Point> {
  static made = 0;
  static readonly decodes = Decoder.text(Point);
  constructor() {
    PointDecoder.made += 1;
  }
  decode(text: string): Point {
    return new Point(`decoded ${text}`);
  }
}

const heard = { now: new Heard() };
beforeEach(() => (heard.now = new Heard()));

@ClientEndpoint({ encoders: [PointEncoder], decoders: [Declining, PointDecoder], subprotocols: ['v2', 'v1'] })
class Points {
  @OnMessage point(point: Point): void {
    heard.now.add(point.text);
  }
}

@ClientEndpoint
class Plain {
  @OnMessage text(text: string): void {
    heard.now.add(text);
  }
}

class Programmatic extends Endpoint {
  override onOpen(session: Session, _config: EndpointConfig): void {
    session.addMessageHandler({ onMessage: (text: string) => heard.now.add(text) });
  }
}

test('[WSC-3.2.1-1] [WSC-4.2.4-1] the handshake requests the subprotocols, favourite first', async () => {
  const { uri, asked } = await askedServer();
  const session = closeAfter(await container.connectToServer(Points, uri));
  expect((await asked)['sec-websocket-protocol']).toMatch(/^v2, ?v1$/);
  expect(session.getNegotiatedSubprotocol()).toBe('v2');
});

test('[WSC-3.2.2-1] the handshake requests the extensions with their parameters, favourite first', async () => {
  const { uri, asked } = await askedServer();
  const config = ClientEndpointConfig.Builder.create()
    .extensions([createExtension('x-first', [['level', '9']]), createExtension('x-second')])
    .build();
  closeAfter(await container.connectToServer(Programmatic, config, uri));
  expect((await asked)['sec-websocket-extensions']).toMatch(/^x-first; ?level=9, x-second/);
});

test('[WSC-4.2.1-1] [WSC-4.2.2-1] [WSC-4.2.2-2] codecs of a client: one of each per connection, the first that fits', async () => {
  const uri = await echoServer();
  PointEncoder.made = PointDecoder.made = 0;
  const session = closeAfter(await container.connectToServer(Points, uri));
  await session.getBasicRemote().sendObject(new Point('one'));
  class Derived extends Point {}
  await session.getBasicRemote().sendObject(new Derived('two'));
  expect(await heard.now.until(2)).toEqual(['decoded point one', 'decoded point two']);
  expect([PointEncoder.made, PointDecoder.made]).toEqual([1, 1]);
});

describe('connectToServer', () => {
  test.each<[string, (uri: string) => Promise<Session>]>([
    ['[JAVADOC:153] an instance of an annotated class', (uri) => container.connectToServer(new Plain(), uri)],
    ['[JAVADOC:156] an annotated class', (uri) => container.connectToServer(Plain, uri)],
    [
      '[JAVADOC:159] an instance of Endpoint with a configuration',
      (uri) => container.connectToServer(new Programmatic(), ClientEndpointConfig.Builder.create().build(), uri),
    ],
    [
      '[JAVADOC:162] a subclass of Endpoint with a configuration',
      (uri) => container.connectToServer(Programmatic, ClientEndpointConfig.Builder.create().build(), uri),
    ],
  ])('%s communicates with the server', async (_title, connect) => {
    const session = closeAfter(await connect(await echoServer()));
    await session.getBasicRemote().sendText('hello');
    expect(await heard.now.until(1)).toEqual(['hello']);
  });

  class NoEndpoint {}
  @ClientEndpoint
  class Bad {
    @OnOpen open(_first: Session, _second: Session): void {}
  }
  const badConfig = {} as ClientEndpointConfig;
  test.each<[string, (uri: string) => Promise<Session>]>([
    ['[JAVADOC:154] an instance that is not valid', (uri) => container.connectToServer(new Bad(), uri)],
    ['[JAVADOC:157] a class that is not valid', (uri) => container.connectToServer(NoEndpoint, uri)],
    [
      '[JAVADOC:160] a configuration that is not valid',
      (uri) => container.connectToServer(new Programmatic(), badConfig, uri),
    ],
    [
      '[JAVADOC:163] a configuration that is not valid, for a class',
      (uri) => container.connectToServer(Programmatic, badConfig, uri),
    ],
  ])('%s throws an exception that says so', async (_title, connect) => {
    const failure = (await failureOf(() => connect('ws://127.0.0.1:1/never-asked'))) as Error;
    expect(failure.message).not.toMatch(/ECONNREFUSED/);
    expect(failure.constructor.name).toMatch(/^(DeploymentException|IllegalArgumentException)$/);
  });

  test.each<[string, (uri: string) => Promise<Session>]>([
    ['[JAVADOC:155] an instance', (uri) => container.connectToServer(new Plain(), uri)],
    ['[JAVADOC:158] a class', (uri) => container.connectToServer(Plain, uri)],
    ['[JAVADOC:161] an instance of Endpoint', (uri) => container.connectToServer(new Programmatic(), null, uri)],
    ['[JAVADOC:164] a subclass of Endpoint', (uri) => container.connectToServer(Programmatic, null, uri)],
  ])('%s, and a server that cannot be reached', async (_title, connect) => {
    const failure = await failureOf(() => connect('ws://127.0.0.1:1/'));
    expect(failure).toBeInstanceOf(DeploymentException);
    expect(failure).toMatchObject({ code: 'WS_CONNECT_IO' });
  });
});

test('[JAVADOC:1] [JAVADOC:15] [JAVADOC:16] each connection has a configurator of the named class, which runs before and after the handshake', async () => {
  const asked: string[] = [];
  class Marking extends ClientEndpointConfig.Configurator {
    readonly number = asked.push('made');
    override beforeRequest(headers: Map<string, readonly string[]>): void {
      asked.push('before');
      headers.set('X-Mark', ['yes']);
    }
    override afterResponse(response: HandshakeResponse): void {
      asked.push(`after ${response.getHeaders().get('Upgrade')?.[0]?.toLowerCase()}`);
    }
  }
  @ClientEndpoint({ configurator: Marking })
  class Marked {
    @OnMessage ignore(_text: string): void {}
  }
  const { uri, asked: headers } = await askedServer();
  closeAfter(await container.connectToServer(Marked, uri));
  expect((await headers)['x-mark']).toBe('yes');
  expect(asked).toEqual(['made', 'before', 'after websocket']);
});
