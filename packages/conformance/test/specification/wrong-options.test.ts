import { createServer } from 'node:http';
import {
  attach,
  ClientContainer,
  CloseReason,
  connect,
  createExtension,
  endpoint,
  Endpoint,
  json,
  requestUser,
  Server,
  ServerContainer,
} from 'serval';
import { jwt } from 'serval/jwt';
import { openTelemetry } from 'serval/opentelemetry';
import { prometheusMetrics } from 'serval/prometheus';
import type { OptionRows } from '@serval/api/spi';
import { CLIENT_CONTAINER_OPTIONS, CONNECT_OPTIONS } from '@serval/client';
import { ENDPOINT_OPTIONS, RUNTIME_OPTIONS, SERVER_CONTAINER_OPTIONS, SERVER_OPTIONS } from '@serval/server';
import { TestServer } from '@serval/testing';
import { HOSTILE as VALUES, isEmptyList, isEmptyPlain, isPlain, label, PROXIES } from './hostile-values';
import { silent } from '../../../testing/test/toolbox';

const HOSTILE = [...VALUES, ...PROXIES];

type Accepts = (value: unknown) => boolean;

const isObject: Accepts = isPlain;
const isEmptyObject: Accepts = isEmptyPlain;
const whole =
  (min: number, max = 2 ** 31 - 1): Accepts =>
  (value) =>
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
const nothing: Accepts = () => false;
const flag: Accepts = (value) => typeof value === 'boolean';
const callable: Accepts = (value) => typeof value === 'function';
const list: Accepts = isEmptyList;
const time = whole(-(2 ** 31) + 1);

/** All options, and which of the hostile values each takes. */
const SETTINGS: Readonly<Record<string, Accepts>> = {
  textBufferSize: whole(0),
  binaryBufferSize: whole(0),
  streamBufferSize: whole(1),
  maxFrameSize: whole(0),
  maxSessionIdleTimeout: time,
  readIdleTimeout: time,
  writeIdleTimeout: time,
  pingInterval: time,
  pongTimeout: time,
  asyncSendTimeout: time,
  blockingSendTimeout: time,
  handlerTimeout: time,
  sessionCloseTimeout: whole(1),
  abnormalCloseSendTimeout: whole(1),
  concurrentSends: nothing,
  maxQueuedBytes: whole(1),
  maxQueuedMessages: whole(1),
  maxQueueTime: time,
  queueOverflow: nothing,
  queueOverflowCloseCode: nothing,
  nodeTimeout: whole(1),
  maxRoomsPerSession: whole(1),
  noAddAfterHandshake: flag,
  onMessageError: nothing,
  errorCloseCode: nothing,
  openFailure: nothing,
  textLimitUnit: nothing,
  sessionRegistration: nothing,
  emptyCloseIsNormal: flag,
  connectionLossIsError: flag,
  compatibility: nothing,
  initParameters: isObject,
  interceptors: list,
  logger: nothing,
  perMessageDeflate: (value) => flag(value) || isObject(value),
  maxFragments: whole(1),
  sharedReads: flag,
};

const SERVER_CONTAINER: Readonly<Record<string, Accepts>> = {
  ...SETTINGS,
  engine: nothing,
  contextPath: nothing,
  routeUpgrades: flag,
  allowedOrigins: (value: unknown) => list(value) || callable(value),
  allowedHosts: list,
  trustProxy: (value: unknown) => list(value) || callable(value) || whole(0)(value) || value === '',
  authenticate: callable,
  handshakeMiddleware: (value: unknown) => list(value) || callable(value),
  isUserInRole: callable,
  securityConstraints: list,
  authenticationChallenge: (value: unknown) => typeof value === 'string',
  httpSessionCheckInterval: time,
  bus: nothing,
  instanceFactory: callable,
  handshakeTimeout: whole(1),
  rateLimits: list,
  onStop: callable,
  sockJs: (value: unknown) => flag(value) || isEmptyObject(value),
  maxConnections: time,
  maxConnectionsPerEndpoint: time,
  maxConnectionsPerUser: time,
  maxConnectionsPerAddress: time,
  connectionLimitAction: nothing,
};

const SERVER: Readonly<Record<string, Accepts>> = {
  ...SERVER_CONTAINER,
  port: whole(0, 65_535),
  host: (value: unknown) => value === 'text',
  scan: (value: unknown) => typeof value === 'string',
  // Deployment checks the items.
  endpoints: (value: unknown) => list(value) || label(value) === '[{}]',
  onStart: callable,
  requestListener: callable,
  tls: isObject,
  // True needs a certificate.
  http2: flag,
};

const CLIENT_CONTAINER = {
  ...SETTINGS,
  ioTimeout: whole(1),
  handshakeTimeout: whole(1),
  maxRedirections: whole(0),
  maxResponseHeaderBytes: whole(1),
  credentials: nothing,
  proxy: nothing,
  origin: (value: unknown) => value === 'text',
  retryAfter: (value: unknown) => flag(value) || isObject(value),
  sockJs: (value: unknown) => flag(value) || isObject(value),
};

const CONNECT = {
  ...CLIENT_CONTAINER,
  container: nothing,
  signal: nothing,
  reconnect: (value: unknown) => flag(value) || isObject(value),
  headers: (value: unknown) => isEmptyObject(value) || callable(value),
  subprotocols: list,
  extensions: list,
  encoders: list,
  decoders: list,
  codecs: list,
  messages: isObject,
  // Node checks the contents of TLS options when it connects.
  sslContext: () => true,
  configurator: nothing,
  userProperties: isObject,
  endpoint: nothing,
  config: (value: unknown) => value === null,
  ...Object.fromEntries(
    ['onOpen', 'onText', 'onBinary', 'onMessage', 'onPong', 'onClose', 'onError'].map(
      (name) => [name, callable] as const,
    ),
  ),
};

interface Door {
  readonly name: string;
  readonly open: (options: object) => unknown;
  readonly options: Readonly<Record<string, Accepts>>;
  readonly table: OptionRows;
}

const DOORS: readonly Door[] = [
  {
    name: 'new ServerContainer',
    open: (options) => new ServerContainer(options),
    options: SERVER_CONTAINER,
    table: SERVER_CONTAINER_OPTIONS,
  },
  {
    name: 'attach',
    open: (options) => attach(createServer(), options),
    options: SERVER_CONTAINER,
    table: SERVER_CONTAINER_OPTIONS,
  },
  { name: 'new Server', open: (options) => new Server(options), options: SERVER, table: SERVER_OPTIONS },
  {
    name: 'new TestServer',
    open: (options) => new TestServer(options),
    options: { ...SERVER_CONTAINER, engine: () => true, endpoints: list },
    table: { ...SERVER_CONTAINER_OPTIONS, endpoints: SERVER_OPTIONS.endpoints },
  },
  {
    name: 'new ClientContainer',
    open: (options) => new ClientContainer(options),
    options: CLIENT_CONTAINER,
    table: CLIENT_CONTAINER_OPTIONS,
  },
  {
    name: 'connect',
    open: (options) => connect('ws://127.0.0.1:1/', options),
    options: CONNECT,
    table: CONNECT_OPTIONS,
  },
];

async function errorOf(make: () => unknown): Promise<(Error & { readonly code?: string }) | undefined> {
  try {
    await make();
    return undefined;
  } catch (error) {
    return error as Error & { code?: string };
  }
}

test.each(DOORS)('$name: this test covers every row of its table', ({ options, table }) => {
  expect(Object.keys(options).sort()).toEqual(Object.keys(table).sort());
});

test.each(DOORS)('$name rejects every wrong type of every option, and names the option', async ({ open, options }) => {
  const failures: string[] = [];
  for (const [name, accepts] of Object.entries(options)) {
    for (const value of HOSTILE.filter((hostile) => !accepts(hostile))) {
      const error = await errorOf(() => open({ logger: silent, [name]: value }));
      const { code = 'none', message = 'no error' } = error ?? {};
      const isNamed =
        message.includes(name) || /client endpoint|takes an endpoint|each (?:en|de)coder is/.test(message);
      const isOurs = code.startsWith('WS_DEPLOY_');
      if (
        isOurs &&
        isNamed &&
        /; found |found the scheme|is missing|is not a client endpoint|is not an option of/.test(message)
      )
        continue;
      failures.push(`${name}: ${label(value)} gave ${code} ${message}`);
    }
  }
  expect(failures).toEqual([]);
});

test.each(DOORS)('$name treats undefined as the default of every option', async ({ open, options }) => {
  for (const name of Object.keys(options)) {
    const error = await errorOf(() => open({ logger: silent, [name]: undefined, handshakeTimeout: 1000 }));
    // Nothing listens on that port.
    if (error?.code !== 'WS_CONNECT_IO') expect([name, error]).toEqual([name, undefined]);
  }
});

test.each(DOORS)(
  '$name reads inherited options, and names a getter that throws',
  async ({ name: door, open, options }) => {
    for (const name of Object.keys(options)) {
      const throwing = Object.defineProperty({ logger: silent }, name, {
        enumerable: true,
        get() {
          throw new TypeError('hostile');
        },
      });
      for (const given of [throwing, Object.create(throwing) as object]) {
        // Its engine is its own.
        if (door === 'new TestServer' && name === 'engine') continue;
        const { code, message, cause } = (await errorOf(() => open(given))) ?? {};
        expect([code, message, cause]).toEqual([
          'WS_DEPLOY_BAD_OPTION',
          `${name} cannot be read, because a getter or a proxy threw; see the cause. Pass a plain object.`,
          new TypeError('hostile'),
        ]);
      }
    }
  },
);

test('connect reads the options of a container that its object inherits', async () => {
  const given = Object.create({ textBufferSize: 'wrong' }) as object;
  expect((await errorOf(() => connect('ws://127.0.0.1:1/', given)))?.message).toMatch(/^textBufferSize is /);
});

test('connect takes an endpoint beside handlers that are undefined', async () => {
  class Prices extends Endpoint {
    override onOpen(): void {}
  }
  const options = { logger: silent, endpoint: Prices, onText: undefined, encoders: undefined };
  expect((await errorOf(() => connect('ws://127.0.0.1:1/', options)))?.code).toBe('WS_CONNECT_IO');
});

test('connect names itself in the error for its first argument', async () => {
  const message = (await errorOf(() => connect(5 as never)))?.message;
  expect(message).toBe('connect takes an absolute ws: or wss: URI, as string or URL; found 5.');
});

test.each<[unknown, string]>([
  [{ a: 5 }, 'headers.a is a text; found 5.'],
  [{ a: null }, 'headers.a is a text; found null.'],
  [{ a: [5] }, 'headers.a is a text; found 5.'],
  [{ 'a b': 'x' }, 'headers: "a b" cannot be sent: Header name must be a valid HTTP token ["a b"].'],
  [{ a: 'x\ny' }, 'headers: "a" cannot be sent: Invalid character in header content ["a"].'],
  [new Map(), 'headers is an object of headers by name, such as { Authorization: "Bearer …" }, or a function'],
  [() => 5, 'headers() is an object of headers by name, such as { Authorization: "Bearer …" }; found 5.'],
  [() => ({ a: 5 }), 'headers().a is a text; found 5.'],
  [() => Promise.reject(new Error('no token')), 'The function headers threw: no token'],
])('connect rejects the headers %p', async (headers, message) => {
  const error = await errorOf(() => connect('ws://127.0.0.1:1/', { logger: silent, headers } as object));
  expect(error?.message).toContain(message);
});

test.each<[object, string]>([
  [{ extensions: [1] }, 'extensions[0] is an extension, made with createExtension; found 1.'],
  [
    { extensions: [createExtension('a'), {}] },
    'extensions[1] is an extension, made with createExtension; found an object.',
  ],
  [{ subprotocols: ['a', 5] }, 'subprotocols[1] is a text that is not empty; found 5.'],
  [{ interceptors: ['a'] }, 'interceptors[0] is a function; found "a".'],
  [{ encoders: [{}] }, 'connect: each encoder is a class; found an object.'],
  [{ initParameters: new Map() }, 'initParameters is an object of names and values; found an object of class Map.'],
])('connect names the item of %p', async (options, message) => {
  expect((await errorOf(() => connect('ws://127.0.0.1:1/', { logger: silent, ...options })))?.message).toBe(message);
});

/** The options of functions and methods. */
interface Call {
  readonly name: string;
  readonly call: (options: object) => unknown;
  readonly options: Readonly<Record<string, Accepts>>;
}

const text: Accepts = (value) => typeof value === 'string';
const name: Accepts = (value) => value === 'text';
/** A wrong close code has the error of every method that takes one. */
const closeCode: Accepts = (value) => typeof value === 'number';
const reason = new CloseReason(1001);
const CALLS: readonly Call[] = [
  {
    name: 'stop',
    call: (options) => new ServerContainer({ logger: silent }).stop(options),
    options: { grace: (value) => typeof value === 'number' && value >= 0, drain: whole(0), onProgress: callable },
  },
  {
    name: 'configure',
    call: (options) => new ServerContainer({ logger: silent }).configure(options),
    options: Object.fromEntries(
      [
        ...['maxQueuedBytes', 'maxQueuedMessages', 'maxQueueTime', 'queueOverflow', 'queueOverflowCloseCode'],
        ...['blockingSendTimeout', 'sessionCloseTimeout', 'abnormalCloseSendTimeout', 'nodeTimeout'],
        ...['maxRoomsPerSession', 'onMessageError', 'errorCloseCode', 'textBufferSize', 'binaryBufferSize'],
        ...['maxFrameSize', 'maxSessionIdleTimeout', 'readIdleTimeout', 'writeIdleTimeout', 'pingInterval'],
        ...['pongTimeout', 'asyncSendTimeout', 'handlerTimeout', 'handshakeTimeout', 'logger'],
        ...['maxConnections', 'maxConnectionsPerEndpoint', 'maxConnectionsPerUser', 'maxConnectionsPerAddress'],
        ...['connectionLimitAction', 'rateLimits'],
      ].map((option) => [option, SERVER_CONTAINER[option] ?? nothing] as const),
    ),
  },
  {
    name: 'removeEndpoint',
    call: (options) => new ServerContainer({ logger: silent }).removeEndpoint('/none', options),
    options: { closeReason: closeCode },
  },
  {
    name: 'replaceEndpoint',
    call: (options) =>
      new ServerContainer({ logger: silent }).replaceEndpoint('/none', endpoint('/x', {}), {
        closeReason: reason,
        ...options,
      }),
    options: { closeReason: closeCode },
  },
  {
    name: 'adoptWebSocket',
    call: (options) => new ServerContainer({ logger: silent }).adoptWebSocket({}, {}, endpoint('/x', {}), options),
    options: {
      // These are read later.
      pathParameters: () => true,
      userPrincipal: (value) => value === null,
    },
  },
  {
    name: 'requestUser',
    call: (options) => requestUser(options),
    options: { name: (value) => name(value) || callable(value), roles: (value) => name(value) || callable(value) },
  },
  {
    name: 'request',
    call: async (options) => {
      const server = new TestServer({ logger: silent, endpoints: [endpoint('/x', {})] });
      await server.connect('/x');
      const [session] = server.sessions;
      await session?.request({}, options);
    },
    options: { timeout: (value) => typeof value === 'number' && value > 0, signal: nothing, schema: nothing },
  },
  {
    name: 'json',
    call: (options) => json(undefined, options),
    options: {
      outgoing: nothing,
      answerErrors: (value) => flag(value) || callable(value),
      discriminator: name,
      requests: flag,
      replies: isEmptyObject,
    },
  },
  {
    name: 'connect of TestServer',
    call: (options) => new TestServer({ logger: silent }).connect('/none', options),
    options: {
      headers: isEmptyObject,
      subprotocols: list,
      remoteAddress: name,
      isSecure: flag,
      nativeRequest: () => true,
    },
  },
  {
    name: '/x',
    call: (options) => endpoint('/x', options),
    options: {
      ...Object.fromEntries(
        ['onOpen', 'onText', 'onBinary', 'onMessage', 'onPong', 'onClose', 'onError'].map(
          (handler) => [handler, callable] as const,
        ),
      ),
      subprotocols: list,
      // Deployment checks the items.
      ...Object.fromEntries(
        ['encoders', 'decoders', 'codecs', 'interceptors'].map(
          (key) => [key, (value: unknown) => label(value).startsWith('[')] as const,
        ),
      ),
      inbound: nothing,
      authenticate: callable,
      security: isEmptyObject,
      limits: isEmptyObject,
      sockJs: (value: unknown) => flag(value) || isEmptyObject(value),
      configurator: callable,
      maxMessageSize: whole(-1),
      messages: isEmptyObject,
    },
  },
  {
    name: 'jwt',
    call: (options) => jwt({ secret: 'x'.repeat(32), ...options }),
    options: {
      jwks: nothing,
      publicKey: nothing,
      secret: nothing,
      algorithms: list,
      issuer: name,
      audience: name,
      clockTolerance: whole(0, 3600),
      requireExpiry: flag,
      name,
      roles: name,
      from: isEmptyObject,
      required: flag,
    },
  },
  {
    name: 'prometheusMetrics',
    call: (options) => prometheusMetrics(options).stop(),
    options: { registry: nothing, prefix: text, handlerBuckets: list },
  },
  {
    name: 'openTelemetry',
    call: (options) => openTelemetry(options).stop(),
    options: {
      tracerProvider: nothing,
      meterProvider: nothing,
      traces: flag,
      metrics: flag,
      messageSpans: (value) => value === false,
      handlerDuration: flag,
    },
  },
];

describe.each(CALLS)('the options of $name', ({ name: call, call: make, options }) => {
  test('are all here', async () => {
    // The error for an unknown name lists the others.
    const listed = (await errorOf(() => make({ bogus: 1 })))?.message.split('; it takes ')[1]?.slice(0, -1).split(', ');
    expect(Object.keys(options).sort()).toEqual(
      (listed ?? Object.keys(call === 'configure' ? RUNTIME_OPTIONS : ENDPOINT_OPTIONS)).sort(),
    );
  });

  test('reject every wrong type, and name the option', async () => {
    const failures: string[] = [];
    for (const [option, accepts] of Object.entries(options)) {
      for (const value of HOSTILE.filter((hostile) => !accepts(hostile))) {
        const { code = 'none', message = 'no error' } = (await errorOf(() => make({ [option]: value }))) ?? {};
        if (
          /^WS_(?:DEPLOY|ILLEGAL_ARGUMENT)/.test(code) &&
          message.includes(option) &&
          /; found | is not an option of /.test(message)
        )
          continue;
        failures.push(`${option}: ${label(value)} gave ${code} ${message}`);
      }
    }
    expect(failures).toEqual([]);
  });

  test('reject an unknown name, a getter that throws, and everything but an object', async () => {
    const unknown = await errorOf(() => make({ bogus: 1 }));
    expect(unknown?.code).toMatch(/^WS_(?:DEPLOY_BAD_OPTION|ILLEGAL_ARGUMENT)$/);
    expect(unknown?.message).toMatch(new RegExp(`^bogus is not an option of ${call.split(' ')[0]}.*\\.$`));
    for (const option of Object.keys(options)) {
      const given = Object.defineProperty({}, option, {
        get() {
          throw new TypeError('hostile');
        },
      });
      // Two calls here copy their argument, without this property.
      if (call === 'jwt' || call === 'replaceEndpoint') continue;
      expect((await errorOf(() => make(given)))?.message).toMatch(new RegExp(`${option} cannot be read`));
    }
    if (call === 'jwt' || call === 'replaceEndpoint') return;
    for (const value of HOSTILE.filter((hostile) => !isPlain(hostile)))
      expect((await errorOf(() => make(value as object)))?.code).toMatch(/^WS_(?:DEPLOY_BAD_OPTION|ILLEGAL_ARGUMENT)$/);
  });
});

/** The options that are objects with their own options table. */
const NESTED: Readonly<Record<string, Readonly<Record<string, Accepts>>>> = {
  perMessageDeflate: {
    ...Object.fromEntries(
      ['threshold', 'level', 'memLevel', 'windowBits', 'serverMaxWindowBits', 'clientMaxWindowBits', 'maxMemory'].map(
        (name) => [name, Number.isInteger] as const,
      ),
    ),
    concurrency: whole(1),
    serverNoContextTakeover: flag,
    clientNoContextTakeover: flag,
  },
  reconnect: {
    ...Object.fromEntries(
      ['minDelay', 'initialDelay', 'maxDelay', 'minUptime'].map(
        (name) => [name, (value: unknown) => typeof value === 'number' && value >= 0] as const,
      ),
    ),
    maxAttempts: (value) => whole(1)(value) || value === Infinity,
    maxQueuedMessages: whole(0),
    maxQueuedBytes: whole(0),
    delay: callable,
    retryInitial: flag,
    whileAway: nothing,
  },
  retryAfter: { attempts: whole(1, 1000), maxDelay: whole(0) },
  sockJs: { transports: nothing, timeout: whole(0), heartbeatTimeout: time },
  proxy: { uri: nothing, credentials: nothing, headers: isEmptyObject, tls: isObject },
};

test('covers the nested options one by one, without leaving out a table', async () => {
  const tables = Object.entries<{ readonly table?: OptionRows | undefined }>(CONNECT_OPTIONS).flatMap(
    ([name, { table }]) => (table === undefined ? [] : [[name, Object.keys(table).sort()] as const]),
  );
  const tried = Object.entries(NESTED).map(([name, rows]) => [name, Object.keys(rows).sort()]);
  expect(Object.fromEntries(tried)).toEqual(Object.fromEntries(tables));
  const failures: string[] = [];
  for (const [option, rows] of Object.entries(NESTED)) {
    const given = option === 'proxy' ? { uri: 'http://127.0.0.1:1' } : {};
    for (const [name, accepts] of Object.entries(rows)) {
      for (const value of HOSTILE.filter((hostile) => !accepts(hostile))) {
        const error = await errorOf(() =>
          connect('ws://127.0.0.1:1/', { logger: silent, [option]: { ...given, [name]: value } }),
        );
        if (error?.code === 'WS_DEPLOY_BAD_OPTION' && error.message?.startsWith(`${option}.${name}`)) continue;
        failures.push(`${option}.${name}: ${label(value)} gave ${String(error?.code)} ${String(error?.message)}`);
      }
    }
  }
  expect(failures).toEqual([]);
});

test.each([
  ['perMessageDeflate', 'treshold', 'threshold'],
  ['reconnect', 'maxDelays', 'maxDelay'],
  ['retryAfter', 'attempt', 'attempts'],
  ['sockJs', 'transport', 'transports'],
  ['proxy', 'header', 'headers'],
  ['perMessageDeflate', 'levle', 'level'],
])('%s rejects the unknown name %s and suggests %s', async (option, wrong, right) => {
  const error = await errorOf(() => connect('ws://127.0.0.1:1/', { logger: silent, [option]: { [wrong]: 1 } }));
  expect([error?.code, error?.message]).toEqual([
    'WS_DEPLOY_BAD_OPTION',
    `${wrong} is not an option of ${option}; did you mean ${right}?`,
  ]);
});

test.each(['perMessageDeflate', 'reconnect', 'retryAfter', 'sockJs', 'proxy'])(
  '%s rejects a name that every object inherits, and lists its own',
  async (option) => {
    for (const name of ['constructor', 'toString', '__proto__']) {
      const given = JSON.parse(`{ "${name}": 1 }`) as object;
      const error = await errorOf(() => connect('ws://127.0.0.1:1/', { logger: silent, [option]: given }));
      expect([error?.code, error?.message]).toEqual([
        'WS_DEPLOY_BAD_OPTION',
        expect.stringMatching(new RegExp(`^${name} is not an option of ${option}; it takes [a-z]+`)),
      ]);
    }
  },
);

test.each([
  ['ontext', 'connect; did you mean onText?'],
  ['pingIntreval', 'connect; did you mean pingInterval?'],
  ['constructor', 'connect.'],
])('connect rejects the unknown name %s', async (name, rest) => {
  const error = await errorOf(() => connect('ws://127.0.0.1:1/', { logger: silent, [name]: () => undefined }));
  expect([error?.code, error?.message]).toEqual(['WS_DEPLOY_BAD_OPTION', `${name} is not an option of ${rest}`]);
});

test('an unknown name in the options of stop has the nearest one beside it', async () => {
  const stopping = new ServerContainer({ logger: silent }).stop({ graceMs: 5 } as object);
  await expect(stopping).rejects.toThrow('graceMs is not an option of stop; did you mean grace?');
});

test.each([{}, true, 5, [], '', null])('a server with the host %j does not listen on all addresses', (host) => {
  expect(() => new Server({ host } as object)).toThrow(/^host is the name or the address to listen on/);
});

test('an invalid key throws a DeploymentException with the cause', async () => {
  for (const tls of [{ key: 5 }, { key: 'no key', cert: 'no certificate' }, { pfx: {} }]) {
    for (const http2 of [true, false]) {
      const error = await errorOf(() => new Server({ tls, http2 } as object));
      expect([error?.code, error?.message]).toEqual([
        'WS_DEPLOY_BAD_OPTION',
        expect.stringMatching(/^Node rejected the option tls: /),
      ]);
    }
  }
});
