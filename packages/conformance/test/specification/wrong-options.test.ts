import { createServer } from 'node:http';
import { attach, connect, Server, ClientContainer, ServerContainer } from 'serval';
import type { OptionRows } from '@serval/api/spi';
import { CLIENT_CONTAINER_OPTIONS, CONNECT_OPTIONS } from '@serval/client';
import { STOP_OPTIONS } from '@serval/container';
import { SERVER_CONTAINER_OPTIONS, SERVER_OPTIONS } from '@serval/server';
import { TestServer } from '@serval/testing';
import { HOSTILE, label } from './hostile-values';
import { silent } from '../../../testing/test/toolbox';

type Accepts = (value: unknown) => boolean;

const isObject: Accepts = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const whole =
  (min: number, max = 2 ** 31 - 1): Accepts =>
  (value) =>
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
const nothing: Accepts = () => false;
const flag: Accepts = (value) => typeof value === 'boolean';
const callable: Accepts = (value) => typeof value === 'function';
const list: Accepts = (value) => Array.isArray(value);
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

const SERVER_CONTAINER = {
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
  maxConnections: time,
  maxConnectionsPerEndpoint: time,
  maxConnectionsPerUser: time,
  maxConnectionsPerAddress: time,
  connectionLimitAction: nothing,
};

const SERVER = {
  ...SERVER_CONTAINER,
  port: whole(0, 65_535),
  host: (value: unknown) => value === 'text',
  scan: (value: unknown) => typeof value === 'string',
  endpoints: list,
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
};

const CONNECT = {
  ...CLIENT_CONTAINER,
  container: nothing,
  signal: nothing,
  reconnect: (value: unknown) => flag(value) || isObject(value),
  headers: (value: unknown) => isObject(value) || callable(value),
  subprotocols: list,
  extensions: list,
  encoders: list,
  decoders: list,
  codecs: list,
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

async function errorOf(make: () => unknown): Promise<Partial<Record<'code' | 'message', string>> | undefined> {
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
        message.includes(name) || (name === 'endpoint' && /connectToServer|client endpoint/.test(message));
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
  proxy: { uri: nothing, credentials: nothing, headers: isObject, tls: isObject },
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
  ['proxy', 'header', 'headers'],
  ['perMessageDeflate', 'levle', 'level'],
])('%s rejects the unknown name %s and suggests %s', async (option, wrong, right) => {
  const error = await errorOf(() => connect('ws://127.0.0.1:1/', { logger: silent, [option]: { [wrong]: 1 } }));
  expect([error?.code, error?.message]).toEqual([
    'WS_DEPLOY_BAD_OPTION',
    `${wrong} is not an option of ${option}; did you mean ${right}?`,
  ]);
});

test.each(['perMessageDeflate', 'reconnect', 'retryAfter', 'proxy'])(
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

test('stop rejects every wrong type of every option, and an unknown name', async () => {
  expect(Object.keys(STOP_OPTIONS)).toEqual(['grace']);
  const container = new ServerContainer({ logger: silent });
  for (const grace of HOSTILE.filter((value) => value !== undefined && !(typeof value === 'number' && value >= 0))) {
    const stopping = container.stop({ grace } as object);
    await expect(stopping).rejects.toThrow(/^grace is a number of milliseconds, 0 or more; found /);
  }
  const stopping = container.stop({ graceMs: 5 } as object);
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
