import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import * as serval from 'serval';
import {
  attach,
  broadcast,
  ClientEndpointConfig,
  CloseCodes,
  CloseReason,
  connect,
  ContainerProvider,
  createExtension,
  endpoint,
  Endpoint,
  HandshakeRejection,
  healthCheck,
  PongMessage,
  requestUser,
  Server,
  ServerEndpointConfig,
  ClientContainer,
  ServerContainer,
  type WebSocketClient,
  type Session,
} from 'serval';
import { awilix } from 'serval/awilix';
import { inversify } from 'serval/inversify';
import { jwt } from 'serval/jwt';
import { nestjs } from 'serval/nestjs';
import { openTelemetry } from 'serval/opentelemetry';
import { prometheusMetrics } from 'serval/prometheus';
import { tsyringe } from 'serval/tsyringe';
import { readWebXml } from 'serval/web-xml';
import { TestServer } from '@serval/testing';
import { HOSTILE, isEmptyList, isEmptyPlain, isPlain, label, PROXIES } from './hostile-values';

/** One parameter: a right value, and which of the hostile ones are right as well. */
interface Parameter {
  readonly right: unknown;
  readonly accepts: (value: unknown) => boolean;
}

/** The methods of one object, by name: their parameters in order. */
interface Subject {
  readonly name: string;
  readonly make: () => object | Promise<object>;
  /** Those that return a promise. */
  readonly promising: readonly string[];
  readonly methods: Readonly<Record<string, readonly Parameter[]>>;
  /** The names that must stand in the table. */
  readonly all: readonly string[];
}

const logger = { error() {}, warn() {}, debug() {} };

class Nothing extends Endpoint {
  static latest: Session;
  override onOpen(session: Session): void {
    Nothing.latest = session;
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const param = (right: unknown, accepts: (value: unknown) => boolean): Parameter => ({ right, accepts });
const anything = param('x', (value) => value !== null && value !== undefined);
const text = param('x', (value) => typeof value === 'string');
const bytes = param(Buffer.from('x'), () => false);
const flag = param(true, (value) => typeof value === 'boolean');
const number = param(5, (value) => Number.isFinite(value));
const milliseconds = param(5, (value) => Number.isInteger(value));
const size = param(5, (value) => Number.isInteger(value) && Number(value) >= 0);
const handler = param(
  () => undefined,
  (value) => typeof value === 'function',
);
const endpointClass = param(Nothing, () => false);
/** Of a method: an unknown name is an error. */
const options = param({}, isEmptyPlain);
/** Of a container: an unknown name is a warning. */
const containerOptions = param({}, isPlain);
/** Of a library: none of the hostile values is one. */
const anObject = param({}, () => false);
const room = param('blue', (value) => typeof value === 'string' && value !== '');
const principal = param({ getName: () => 'ann' }, () => false);
const uri = param('ws://127.0.0.1:1/', () => false);
const list = param([], (value) => value === null || isEmptyList(value));
/** Deployment checks the items. */
const classes = param([], (value) => value === null || Array.isArray(value));
/** The handlers and options of an endpoint of functions. */
const definition = param({}, isEmptyPlain);
/** The options of a send. */
const sendOptions = param({}, isEmptyPlain);
const pathParameters = param({}, (value) => isEmptyPlain(value) || value instanceof Map);
const config = ServerEndpointConfig.Builder.create(Nothing, '/nothing').build();
const clientConfig = ClientEndpointConfig.Builder.create().build();

async function openSession(): Promise<Session> {
  const server = new TestServer({ endpoints: [config], logger });
  await server.connect('/nothing');
  return Nothing.latest;
}

/** The abstract methods of a class, or the methods of an interface, as the API declares them. */
function declared(file: string, from: string, pattern: RegExp): string[] {
  const source = readFileSync(join(__dirname, '../../../api/src', file), 'utf8');
  const body = source.slice(source.indexOf(from));
  // A class ends at the margin; its members with a body end before.
  const end = body.search(from.includes('class') ? /\n\}/ : /\n {0,2}\}/);
  return [...new Set([...body.slice(0, end).matchAll(pattern)].map(([, name]) => name ?? ''))];
}

function methodsOf(prototype: object, ...internal: readonly string[]): string[] {
  const names = new Set<string>();
  for (let at: object | null = prototype; at !== null && at !== Object.prototype;) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at)))
      if (typeof value === 'function' && name !== 'constructor') names.add(name);
    at = Object.getPrototypeOf(at) as object | null;
  }
  // Programs do not call the methods that show an object in a log.
  return [...names].filter((name) => name !== 'toJSON' && !internal.includes(name));
}

const none: readonly Parameter[] = [];
const remote = declared('remote-endpoint.ts', 'export interface RemoteEndpoint {', /^ {2}(\w+)\(/gm);
const containerDefaults = {
  getDefaultAsyncSendTimeout: none,
  setAsyncSendTimeout: [milliseconds],
  getDefaultMaxSessionIdleTimeout: none,
  setDefaultMaxSessionIdleTimeout: [milliseconds],
  getDefaultMaxBinaryMessageBufferSize: none,
  setDefaultMaxBinaryMessageBufferSize: [size],
  getDefaultMaxTextMessageBufferSize: none,
  setDefaultMaxTextMessageBufferSize: [size],
  getInstalledExtensions: none,
};
const ofEachRemote = {
  setBatchingAllowed: [flag],
  getBatchingAllowed: none,
  flushBatch: none,
  sendPing: [bytes],
  sendPong: [bytes],
};

const SUBJECTS: readonly Subject[] = [
  {
    name: 'Session',
    make: openSession,
    promising: ['close', 'send', 'broadcast', 'request'],
    all: declared('session.ts', 'export abstract class Session', /^ {2}abstract (\w+)[(<]/gm),
    methods: {
      getContainer: none,
      addMessageHandler: [param(String, (value) => typeof value === 'function'), handler],
      getMessageHandlers: none,
      removeMessageHandler: [
        param(
          () => undefined,
          () => false,
        ),
      ],
      getProtocolVersion: none,
      getNegotiatedSubprotocol: none,
      getNegotiatedExtensions: none,
      isSecure: none,
      isOpen: none,
      getMaxIdleTimeout: none,
      setMaxIdleTimeout: [number],
      setMaxBinaryMessageBufferSize: [size],
      getMaxBinaryMessageBufferSize: none,
      setMaxTextMessageBufferSize: [size],
      getMaxTextMessageBufferSize: none,
      getAsyncRemote: none,
      getBasicRemote: none,
      getId: none,
      close: [param(4001, () => false), param('x', (value) => value === null || typeof value === 'string')],
      getRequestURI: none,
      getRequestParameterMap: none,
      getQueryString: none,
      getPathParameters: none,
      getUserProperties: none,
      getUserPrincipal: none,
      getOpenSessions: none,
      broadcast: [
        param('x', (value) => ['string', 'number', 'boolean', 'bigint'].includes(typeof value)),
        param([], (value) => Array.isArray(value) || value instanceof Map),
        sendOptions,
      ],
      getRemoteAddress: none,
      send: [param('x', (value) => ['string', 'number', 'boolean', 'bigint'].includes(typeof value)), sendOptions],
      request: [param({}, (value) => isObject(value) && !Array.isArray(value))],
      join: [room],
      leave: [room],
      to: [room],
    },
  },
  {
    name: 'RemoteEndpoint.Basic',
    make: async () => (await openSession()).getBasicRemote(),
    promising: ['setBatchingAllowed', 'flushBatch', 'sendPing', 'sendPong', 'sendText', 'sendBinary', 'sendObject'],
    all: [...remote, ...declared('remote-endpoint.ts', 'export interface Basic', /^ {4}(\w+)\(/gm)],
    methods: {
      ...ofEachRemote,
      sendText: [text, flag],
      sendBinary: [bytes, flag],
      getSendStream: none,
      getSendWriter: none,
      sendObject: [param('x', (value) => ['string', 'number', 'boolean', 'bigint'].includes(typeof value))],
    },
  },
  {
    name: 'RemoteEndpoint.Async',
    make: async () => (await openSession()).getAsyncRemote(),
    promising: ['setBatchingAllowed', 'flushBatch', 'sendPing', 'sendPong'],
    all: [...remote, ...declared('remote-endpoint.ts', 'export interface Async', /^ {4}(\w+)\(/gm)],
    methods: {
      ...ofEachRemote,
      getSendTimeout: none,
      setSendTimeout: [number],
      sendText: [text, handler],
      sendBinary: [bytes, handler],
      sendObject: [anything, handler],
    },
  },
  {
    name: 'Writer',
    make: async () => (await openSession()).getBasicRemote().getSendWriter(),
    promising: ['write', 'flush', 'close'],
    all: ['write', 'flush', 'close'],
    methods: { write: [text], flush: none, close: none },
  },
  {
    name: 'OutputStream',
    make: async () => (await openSession()).getBasicRemote().getSendStream(),
    promising: ['write', 'flush', 'close'],
    all: ['write', 'flush', 'close'],
    methods: { write: [bytes], flush: none, close: none },
  },
  {
    name: 'ServerContainer',
    make: () => new ServerContainer({ logger }),
    promising: ['scan', 'stop', 'upgradeHttpToWebSocket', 'adoptWebSocket', 'connectToServer'],
    // For hosts, with requests that they have made.
    all: methodsOf(
      ServerContainer.prototype,
      'handleUpgrade',
      'handleRequest',
      'upgradeWithheld',
      'routesUpgrade',
      'upgradeUnanswered',
      'whenStopping',
      'nearestTo',
      'upgradeUnmatched',
    ),
    methods: {
      ...containerDefaults,
      addEndpoint: [endpointClass, options],
      endpoint: [param('/x', () => false), definition],
      removeEndpoint: [param('/none', () => false), options],
      replaceEndpoint: [param('/none', () => false), endpointClass, options],
      scan: [param('nothing/*.js', (value) => typeof value === 'string' && value !== ''), text],
      match: [text],
      upgradeHttpToWebSocket: [
        param({ rawHeaders: [], socket: {} }, () => false),
        param({}, () => false),
        param(config, () => false),
        pathParameters,
      ],
      adoptWebSocket: [param({}, () => false), param({}, () => false), endpointClass, options],
      getSessions: none,
      to: [room],
      toAll: none,
      endHttpSession: [text],
      renewUser: [param(Object.create(null), () => false), principal],
      configure: [options],
      pause: none,
      completeDeployment: none,
      resume: none,
      stop: [options],
      connectToServer: [endpointClass, param(clientConfig, (value) => value === null), uri],
    },
  },
  {
    name: 'ClientContainer',
    make: () => new ClientContainer({ logger }),
    promising: ['stop', 'connectToServer'],
    all: methodsOf(ClientContainer.prototype, 'prepare', 'attempt'),
    methods: {
      ...containerDefaults,
      connectToServer: [endpointClass, param(clientConfig, (value) => value === null), uri],
      to: [room],
      toAll: none,
      stop: [options],
    },
  },
  {
    name: 'Server',
    make: () => new Server({ logger }),
    promising: ['start', 'stop'],
    all: methodsOf(Server.prototype),
    methods: {
      start: none,
      stop: [options],
      to: [room],
      toAll: none,
      reloadTls: [param({ key: '', cert: '' }, () => false)],
    },
  },
  {
    name: 'TestServer',
    make: () => new TestServer({ logger, endpoints: [config] }),
    promising: ['connect', 'stop'],
    all: methodsOf(TestServer.prototype),
    methods: { connect: [text, options], stop: [options] },
  },
  {
    name: 'WebSocketClient',
    make: openClient,
    promising: ['send', 'close', 'request'],
    all: methodsOf(clientPrototype()),
    methods: {
      send: [param('x', (value) => ['string', 'number', 'boolean', 'bigint'].includes(typeof value))],
      request: [param({}, (value) => isObject(value) && !Array.isArray(value))],
      close: [param(4001, () => false), param('x', (value) => value === null || typeof value === 'string')],
    },
  },
  {
    name: 'CloseReason',
    make: () => new CloseReason(1000),
    promising: [],
    all: methodsOf(CloseReason.prototype),
    methods: { getCloseCode: none, getReasonPhrase: none, toString: none },
  },
  {
    name: 'CloseCodes',
    make: () => CloseCodes,
    promising: [],
    all: Object.entries(CloseCodes).flatMap(([name, value]) => (typeof value === 'function' ? [name] : [])),
    methods: {
      getCloseCode: [param(1000, () => false)],
      values: none,
      valueOf: [param('GOING_AWAY', () => false)],
    },
  },
  {
    name: 'ServerEndpointConfig.Builder',
    make: () => ServerEndpointConfig.Builder.create(Nothing, '/x'),
    promising: [],
    all: methodsOf(ServerEndpointConfig.Builder.prototype),
    methods: {
      encoders: [classes],
      decoders: [classes],
      codecs: [classes],
      interceptors: [classes],
      subprotocols: [classes],
      extensions: [list],
      configurator: [param(null, (value) => value === null)],
      inbound: [param('serial', () => false)],
      authenticate: [param(null, (value) => value === null || typeof value === 'function')],
      security: [param(null, (value) => value === null || (isObject(value) && !Array.isArray(value)))],
      limits: [param(null, (value) => value === null || (isObject(value) && !Array.isArray(value)))],
      sockJs: [
        param(
          null,
          (value) => value === null || typeof value === 'boolean' || (isObject(value) && !Array.isArray(value)),
        ),
      ],
      build: none,
    },
  },
  {
    name: 'ClientEndpointConfig.Builder',
    make: () => ClientEndpointConfig.Builder.create(),
    promising: [],
    all: methodsOf(ClientEndpointConfig.Builder.prototype),
    methods: {
      encoders: [classes],
      decoders: [classes],
      codecs: [classes],
      interceptors: [classes],
      preferredSubprotocols: [classes],
      extensions: [list],
      configurator: [param(null, (value) => value === null)],
      // Node checks its TLS options only when it connects.
      sslContext: [param(undefined, () => true)],
      build: none,
    },
  },
  {
    name: 'the functions and constructors',
    make: () => ({
      attach: (...args: Parameters<typeof attach>) => attach(...args),
      broadcast: (...args: Parameters<typeof broadcast>) => broadcast(...args),
      connect: (...args: Parameters<typeof connect>) => connect(...args),
      endpoint: (...args: Parameters<typeof endpoint>) => endpoint(...args),
      createExtension: (...args: Parameters<typeof createExtension>) => createExtension(...args),
      CloseReason: (...args: ConstructorParameters<typeof CloseReason>) => new CloseReason(...args),
      truncated: (...args: Parameters<typeof CloseReason.truncated>) => CloseReason.truncated(...args),
      PongMessage: (...args: ConstructorParameters<typeof PongMessage>) => new PongMessage(...args),
      HandshakeRejection: (...args: ConstructorParameters<typeof HandshakeRejection>) =>
        new HandshakeRejection(...args),
      closeWith: (reason: CloseReason) => HandshakeRejection.closeWith(reason),
      createServerConfig: (...args: Parameters<typeof ServerEndpointConfig.Builder.create>) =>
        ServerEndpointConfig.Builder.create(...args),
      healthCheck: (...args: Parameters<typeof healthCheck>) => healthCheck(...args),
      requestUser: (...args: Parameters<typeof requestUser>) => requestUser(...args),
      register: (provider: ContainerProvider) => ContainerProvider.register(provider),
      Server: (given: object) => new Server(given),
      ServerContainer: (given: object) => new ServerContainer(given),
      ClientContainer: (given: object) => new ClientContainer(given),
      TestServer: (given: object) => new TestServer(given),
    }),
    promising: ['broadcast', 'connect'],
    all: [],
    methods: {
      attach: [param(createServer(), () => false), containerOptions],
      broadcast: [
        param('x', (value) => value !== undefined),
        param([], (value) => Array.isArray(value) || (value instanceof Map && value.size === 0)),
        sendOptions,
      ],
      connect: [uri, options],
      endpoint: [param('/x', () => false), definition],
      createExtension: [
        param('x', (value) => typeof value === 'string' && value !== ''),
        param([], (value) => Array.isArray(value) || value instanceof Map),
      ],
      CloseReason: [param(1000, () => false), param('x', (value) => value === null || typeof value === 'string')],
      truncated: [param(1000, () => false), param('x', (value) => value === null || typeof value === 'string')],
      PongMessage: [bytes],
      HandshakeRejection: [
        param(401, () => false),
        param({}, (value) => typeof value === 'object' && !Array.isArray(value)),
        param(new CloseReason(4001), (value) => value === null),
      ],
      closeWith: [param(new CloseReason(4001), (value) => typeof value === 'number' && value >= 1000)],
      createServerConfig: [param(Nothing, (value) => typeof value === 'function'), param('/x', () => false)],
      healthCheck: [param(new ServerContainer({ logger }), () => false), param('ready', () => false)],
      requestUser: [options],
      register: [param(undefined, () => false)],
      Server: [containerOptions],
      ServerContainer: [containerOptions],
      ClientContainer: [containerOptions],
      TestServer: [containerOptions],
    },
  },
  {
    name: 'SessionSelection',
    make: () => new ServerContainer({ logger }).toAll(),
    promising: ['send', 'close', 'join', 'leave', 'sessions'],
    all: declared('rooms.ts', 'export interface SessionSelection', /^ {2}(\w+)\(/gm),
    methods: {
      except: [room],
      send: [anything],
      close: [param(4001, () => false), param('x', (value) => value === null || typeof value === 'string')],
      join: [room],
      leave: [room],
      sessions: none,
    },
  },
  {
    name: 'Rooms',
    make: () => new ServerContainer({ logger }).rooms,
    promising: [],
    all: declared('rooms.ts', 'export interface Rooms', /^ {2}(\w+)\(/gm),
    methods: {
      names: none,
      count: [text],
      on: [param('joined', () => false), handler],
      once: [param('joined', () => false), handler],
      // Of a listener that is not there it removes nothing.
      off: none,
    },
  },
  {
    name: 'the functions of subpaths',
    make: () => ({ awilix, inversify, jwt, nestjs, openTelemetry, prometheusMetrics, readWebXml, tsyringe }),
    promising: [],
    all: [],
    methods: {
      awilix: [anObject],
      inversify: [anObject],
      jwt: [param({}, () => false)],
      nestjs: [anObject],
      openTelemetry: [options],
      prometheusMetrics: [options],
      readWebXml: [param('<web-app/>', () => false)],
      tsyringe: [anObject],
    },
  },
];

/** Everything that a program can call or create, except decorators, base classes and exceptions. */
const ELSEWHERE = [
  ['annotations', 'ClientEndpoint', 'OnClose', 'OnError', 'OnMessage', 'OnOpen', 'PathParam', 'ServerEndpoint'],
  ['security', 'DenyAll', 'PermitAll', 'RolesAllowed', 'TransportGuarantee'],
  [
    'constants',
    'ATTEMPT_PROPERTY',
    'SOCKJS_TRANSPORT_PROPERTY',
    'Char',
    'DIAGNOSTICS_CHANNEL',
    'HANDSHAKE_CHANNEL',
    'MESSAGE_CHANNEL',
    'ERROR_CODES',
    'HandshakeResponse',
  ],
  ['declarations', 'Decoder', 'Encoder', 'json'],
  ['to extend', 'Endpoint', 'EndpointConfig', 'HandshakeRequest', 'ServerApplicationConfig'],
  ['streams', 'InputStream', 'OutputStream', 'Reader', 'Writer'],
  ['results', 'SendResult'],
  // For what it does not know it answers false.
  ['hosts', 'detach'],
].flatMap(([, ...names]) => names);

let echo: Server;
const clients: WebSocketClient[] = [];

function clientPrototype(): object {
  // The package exports only its type; the class is that of the result of `connect`.
  const { WebSocketClient: Class } = jest.requireActual<{ WebSocketClient: { prototype: object } }>(
    '../../../client/src/web-socket-client',
  );
  return Class.prototype;
}

async function openClient(): Promise<WebSocketClient> {
  const client = await connect(`ws://127.0.0.1:${echo.port}/nothing`, { logger });
  clients.push(client);
  return client;
}

beforeAll(async () => {
  echo = await new Server({ host: '127.0.0.1', endpoints: [config], logger }).start();
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await echo.stop({ grace: 100 });
});

function codeOf(error: unknown): unknown {
  return isObject(error) && 'code' in error ? error.code : error;
}

/** The outcome of a call: the error's code, and whether a method with a promise threw instead of rejecting. */
async function outcomeOf(subject: object, method: string, args: readonly unknown[]): Promise<[string, unknown]> {
  const call = (subject as Record<string, (...passed: unknown[]) => unknown>)[method];
  let returned: unknown;
  try {
    returned = call?.apply(subject, [...args]);
  } catch (error) {
    return ['thrown', codeOf(error)];
  }
  try {
    await returned;
    return ['done', undefined];
  } catch (error) {
    return ['rejected', codeOf(error)];
  }
}

describe.each(SUBJECTS)('$name', ({ make, methods, promising, all }) => {
  test('has no public method outside of this table', () => {
    if (all.length > 0) expect([...all].sort()).toEqual([...new Set(Object.keys(methods))].sort());
  });

  for (const [method, parameters] of Object.entries(methods)) {
    if (parameters.length === 0) continue;
    test(`${method} rejects wrong types with one of Serval’s errors, through its promise if it returns one`, async () => {
      const failures: string[] = [];
      for (const [index, { accepts }] of parameters.entries()) {
        // A message, or another value that is not a set of options, is no place for a hostile proxy.
        const isOptions = [options, containerOptions, definition].some((one) => one.accepts === accepts);
        for (const value of [...HOSTILE.filter((hostile) => !accepts(hostile)), ...(isOptions ? PROXIES : [])]) {
          const args = parameters.map(({ right }, position) => (position === index ? value : right));
          const [how, code] = await outcomeOf(await make(), method, args);
          const isOurs = typeof code === 'string' && code.startsWith('WS_');
          const isRefused = how !== 'done' && isOurs;
          if (isRefused && !(how === 'thrown' && promising.includes(method))) continue;
          failures.push(`argument ${index + 1}, ${label(value)}: ${how} ${String(code)}`);
        }
      }
      expect(failures).toEqual([]);
    });
  }

  test('methods that return a promise never throw without arguments', async () => {
    for (const method of promising) {
      const subject = await make();
      const [how, code] = await outcomeOf(subject, method, []);
      if (subject instanceof Server) await subject.stop();
      expect([method, how]).not.toEqual([method, 'thrown']);
      expect(how === 'rejected' ? code : 'WS_').toMatch(/^WS_/);
    }
  });
});

test('every export is in this table, or needs no row', () => {
  const inTable = [
    'attach',
    'broadcast',
    'connect',
    'createExtension',
    'endpoint',
    'healthCheck',
    'requestUser',
    'CloseReason',
    'CloseCodes',
    'PongMessage',
  ];
  const others = ['HandshakeRejection', 'ServerEndpointConfig', 'ClientEndpointConfig', 'ContainerProvider', 'Session'];
  const classes = ['Server', 'ServerContainer', 'ClientContainer'];
  const exceptions = Object.keys(serval).filter((name) => name.endsWith('Exception'));
  const known = [...inTable, ...others, ...classes, ...ELSEWHERE, ...exceptions];
  expect(Object.keys(serval).filter((name) => !known.includes(name))).toEqual([]);
});

describe('session.close', () => {
  test('accepts a code and a phrase, like connection.close', async () => {
    const server = new TestServer({ endpoints: [config], logger });
    const peer = await server.connect('/nothing');
    await Nothing.latest.close(4003, 'kicked');
    expect(await peer.closed()).toEqual({ code: 4003, reason: 'kicked' });
  });

  test('names the remedy, and leaves the session open', async () => {
    const session = await openSession();
    await expect(session.close(null as never)).rejects.toThrow(
      "session.close takes a CloseReason, such as new CloseReason(4001, 'kicked'), or a close code and a phrase; found null.",
    );
    await expect(session.close(999)).rejects.toThrow('A close code is a whole number from 1000 to 4999; found 999.');
    await expect(session.close(new CloseReason(4001) as never, 'x')).rejects.toThrow(/found a phrase beside it, "x"/);
    await session.getBasicRemote().sendText('still here');
  });
});

test('[WSC-4.3-1] changes to a session’s maps and lists affect nothing else', async () => {
  class Room extends Endpoint {
    static latest: Session;
    override onOpen(session: Session): void {
      Room.latest = session;
    }
  }
  const room = ServerEndpointConfig.Builder.create(Room, '/room/{name}').build();
  const server = new TestServer({ endpoints: [room], logger });
  await server.connect('/room/red?color=blue');
  const session = Room.latest;
  (session.getPathParameters() as Map<string, string>).set('name', 'evil');
  (session.getRequestParameterMap() as Map<string, string[]>).get('color')?.push('evil');
  (session.getNegotiatedExtensions() as unknown[]).push('evil');
  (session.getOpenSessions() as Set<unknown>).clear();
  expect([...session.getPathParameters()]).toEqual([['name', 'red']]);
  expect(session.getRequestParameterMap().get('color')).toEqual(['blue']);
  expect([session.getNegotiatedExtensions(), session.getOpenSessions().size]).toEqual([[], 1]);
  expect(() => (room.getSubprotocols() as string[]).push('evil')).toThrow(TypeError);
});
