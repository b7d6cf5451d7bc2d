import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createHttp2Server, type Http2Server } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import {
  attach,
  Endpoint,
  OnMessage,
  Server,
  ServerEndpoint,
  ServerEndpointConfig,
  ServerContainer,
  type EndpointClass,
  type HandshakeRequest,
  type MessageHandler,
  type ServerContainerOptions,
  Session,
} from 'serval';
import { WebSocketServer } from 'ws';
import { connectHttp2, Http2Client } from '../../../server/test/http2-client';
import { upgradeRequest, type HeaderChanges } from '../../../server/test/raw-connection';
import { connectTo, listen, loggerInto } from '../../../server/test/test-server';
import { LOCALHOST } from '../localhost';
import { afterTest, Journal } from '../../../testing/test/toolbox';

/** The endpoint of every way in, at `/rooms/{name}`. It reports its handshake and echoes. */
export interface Served {
  readonly container: ServerContainer;
  /** @param early sent behind the request, before its answer; over HTTP/1.1 */
  ask(target: string, headers?: HeaderChanges, early?: Buffer): Promise<Answer>;
}

/** The status of a handshake; 101 also stands for the 200 of HTTP/2. */
export interface Answer {
  readonly status: number;
  readonly client: {
    send(...parts: Buffer[]): void;
    text(): Promise<string>;
    close(): Promise<string>;
    destroy(): void;
  };
}

export interface WayIn {
  readonly name: string;
  /** Whether other code made the handshake, and is responsible for its checks. */
  readonly isAdopted?: boolean;
  readonly isHttp2?: boolean;
  start(options?: ServerContainerOptions): Promise<Served>;
}

const say = (text: string, session: Session): string => `${session.getPathParameters().get('name') ?? '-'}: ${text}`;

@ServerEndpoint('/rooms/{name}')
class Room {
  @OnMessage say(text: string, session: Session): string {
    return say(text, session);
  }
}

class ProgrammaticRoom extends Endpoint {
  override onOpen(session: Session): void {
    const handler: MessageHandler<string> = {
      onMessage: (text) => void session.getBasicRemote().sendText(say(text, session)),
    };
    session.addMessageHandler(handler);
  }
}

const programmatic = ServerEndpointConfig.Builder.create(ProgrammaticRoom, '/rooms/{name}').build();
const handedOver = ServerEndpointConfig.Builder.create(Room, '/any').build();

/** The application's own router: what a framework would do. */
function nameIn(request: Pick<IncomingMessage, 'url'>): string | undefined {
  return /^(?:http:\/\/[^/]+)?\/rooms\/([^/?]+)/.exec(request.url ?? '')?.[1];
}

const logger = (): Pick<ServerContainerOptions, 'logger'> => ({ logger: loggerInto(new Journal()) });

async function overHttp1(container: ServerContainer, port: number, tls?: ConnectionOptions): Promise<Served> {
  afterTest(() => container.stop({ grace: 1 }));
  const ask = async (target: string, headers?: HeaderChanges, early = Buffer.alloc(0)): Promise<Answer> => {
    const client = await connectTo(port, tls);
    client.send(upgradeRequest(target, headers), early);
    return { status: (await client.response()).status, client };
  };
  return Promise.resolve({ container, ask });
}

async function attached(
  endpoint: EndpointClass | ServerEndpointConfig,
  options: ServerContainerOptions = {},
): Promise<Served> {
  const http = createServer();
  const container = attach(http, { ...logger(), ...options });
  container.addEndpoint(endpoint);
  return overHttp1(container, await listen(http));
}

async function overHttp2(container: ServerContainer, server: Http2Server): Promise<Served> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterTest(async () => {
    await container.stop({ grace: 1 });
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const ask = async (target: string, changes: HeaderChanges = {}): Promise<Answer> => {
    const headers: Record<string, string | string[] | null> = { ':authority': 'localhost' };
    for (const [name, value] of Object.entries(changes)) {
      headers[name === 'Host' ? ':authority' : name.toLowerCase()] =
        value === null || typeof value === 'string' ? value : [...value];
    }
    const client = Http2Client.request(await connectHttp2(port), target, headers);
    const status = await client.status();
    return {
      status: status === 200 ? 101 : status,
      client: {
        send: (...parts) => client.send(...parts),
        text: () => client.text(),
        close: () => client.close(),
        destroy: () => client.reset(),
      },
    };
  };
  return { container, ask };
}

/** Every way in which a session of a server comes to be. */
export const WAYS_IN: readonly WayIn[] = [
  { name: 'attach, an annotated endpoint', start: (options) => attached(Room, options) },
  { name: 'attach, a programmatic endpoint', start: (options) => attached(programmatic, options) },
  {
    name: 'attach, TLS',
    start: async (options = {}) => {
      const https = createHttpsServer({ key: LOCALHOST.key, cert: LOCALHOST.cert });
      const container = attach(https, { ...logger(), ...options });
      container.addEndpoint(Room);
      return overHttp1(container, await listen(https), { ca: LOCALHOST.cert });
    },
  },
  { name: 'attach, the engine ws', start: (options) => attached(Room, { ...options, engine: 'ws' }) },
  {
    name: 'Server',
    start: async (options = {}) => {
      const server = new Server({ host: '127.0.0.1', endpoints: [Room], ...logger(), ...options });
      await server.start();
      afterTest(() => server.stop({ grace: 1 }));
      return overHttp1(server.container, server.port);
    },
  },
  {
    name: 'upgradeHttpToWebSocket',
    start: async (options) => {
      const container = new ServerContainer({ ...logger(), ...options });
      const http = createServer();
      http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        const name = nameIn(request);
        if (name === undefined) socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
        else void container.upgradeHttpToWebSocket(request, { socket, head }, handedOver, { name });
      });
      return overHttp1(container, await listen(http));
    },
  },
  {
    name: 'adoptWebSocket',
    isAdopted: true,
    start: async (options) => {
      const container = new ServerContainer({ ...logger(), ...options });
      const http = createServer();
      const webSocketServer = new WebSocketServer({ server: http });
      webSocketServer.on('connection', (webSocket, request) => {
        void container.adoptWebSocket(webSocket, request, Room, { pathParameters: { name: nameIn(request) ?? '' } });
      });
      return overHttp1(container, await listen(http));
    },
  },
  {
    name: 'SockJS, the raw WebSocket',
    start: (options) =>
      overSockJs(
        options,
        (served) => (target, headers, early) => served.ask(below(target, '/websocket'), headers, early),
      ),
  },
  {
    name: 'attach, HTTP/2',
    isHttp2: true,
    start: (options = {}) => {
      const server = createHttp2Server();
      const container = attach(server, { ...logger(), ...options });
      container.addEndpoint(Room);
      return overHttp2(container, server);
    },
  },
  {
    name: 'upgradeHttpToWebSocket, HTTP/2',
    isHttp2: true,
    start: (options = {}) => {
      const server = createHttp2Server({ settings: { enableConnectProtocol: true } });
      const container = new ServerContainer({ ...logger(), ...options });
      (server as NodeJS.EventEmitter).on('connect', (request: IncomingMessage, response: object) => {
        const name = nameIn(request) ?? '';
        void container.upgradeHttpToWebSocket(request, response, handedOver, { name });
      });
      server.on('request', () => undefined);
      return overHttp2(container, server);
    },
  },
];

/** The request target, with more segments behind its path. */
function below(target: string, segments: string): string {
  return target.replace(/(?=[?#]|(?<=\S) HTTP\/|$)/, segments);
}

/** The first segments are for load balancers, and the ID of the session. */
let sessions = 0;
const sessionPath = (): string => `/000/session${(sessions += 1)}`;

async function overSockJs(
  options: ServerContainerOptions | undefined,
  ask: (served: Served) => Served['ask'],
): Promise<Served> {
  const served = await attached(Room, { sockJs: true, ...options });
  return { ...served, ask: ask(served) };
}

/** The transports of SockJS whose bytes are not those of a WebSocket: only their handshakes are the same. */
export const SOCKJS_WAYS_IN: readonly WayIn[] = [
  {
    name: 'SockJS, websocket',
    start: (options) =>
      overSockJs(
        options,
        (served) => (target, headers) => served.ask(below(target, `${sessionPath()}/websocket`), headers),
      ),
  },
  ...(
    [
      ['POST', 'xhr', ''],
      ['POST', 'xhr_streaming', ''],
      ['GET', 'eventsource', ''],
      ['GET', 'htmlfile', '?c=callback'],
      ['GET', 'jsonp', '?c=callback'],
    ] as const
  ).map(([method, transport, query]): WayIn => {
    const noUpgrade = { Upgrade: null, Connection: null, 'Sec-WebSocket-Key': null, 'Sec-WebSocket-Version': null };
    const body = method === 'POST' ? { 'Content-Length': '0' } : {};
    return {
      name: `SockJS, ${transport}`,
      start: (options) =>
        overSockJs({ ...options, sockJs: { jsonp: true } }, (served) => async (target, headers) => {
          const start = `${method} ${target}${sessionPath()}/${transport}${query} HTTP/1.1`;
          const answer = await served.ask(start, { ...noUpgrade, ...body, ...headers });
          return { ...answer, status: answer.status === 200 ? 101 : answer.status };
        }),
    };
  }),
];

/** The handshake as user code sees it, by every method that shows of it what routes. */
export function seenBy(request: HandshakeRequest): object {
  return {
    path: request.getRequestURI().pathname,
    host: request.getRequestURI().host,
    query: request.getQueryString(),
    name: request.getParameterMap().get('name'),
  };
}
