import { createServer } from 'node:http';
import { attach, connect, Server, WsClientContainer, WsServerContainer } from 'serval';
import { TestServer } from '@serval/testing';
import { HOSTILE, label } from './hostile-values';

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
  maxSessionIdleTimeout: time,
  readIdleTimeout: time,
  writeIdleTimeout: time,
  pingInterval: time,
  pongTimeout: time,
  asyncSendTimeout: time,
  blockingSendTimeout: time,
  sessionCloseTimeout: whole(1),
  abnormalCloseSendTimeout: whole(1),
  concurrentSends: nothing,
  maxQueuedBytes: whole(1),
  maxQueuedMessages: whole(1),
  maxQueueTime: time,
  queueOverflow: nothing,
  queueOverflowCloseCode: nothing,
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
  logger: nothing,
  perMessageDeflate: (value) => flag(value) || isObject(value),
  maxFragments: whole(1),
  sharedReads: flag,
};

const SERVER_CONTAINER = {
  ...SETTINGS,
  engine: nothing,
  contextPath: nothing,
  allowedOrigins: (value: unknown) => list(value) || callable(value),
  allowedHosts: list,
  trustProxy: (value: unknown) => list(value) || callable(value) || whole(0)(value) || value === '',
  authenticate: callable,
  isUserInRole: callable,
  instanceFactory: callable,
  handshakeTimeout: whole(1),
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
  // What TLS options hold is for Node to judge, when it connects.
  sslContext: () => true,
  configurator: nothing,
  userProperties: isObject,
  endpoint: nothing,
  config: (value: unknown) => value === null,
  ...Object.fromEntries(
    ['onOpen', 'onText', 'onBinary', 'onPong', 'onClose', 'onError'].map((name) => [name, callable] as const),
  ),
};

const silent = { error() {}, warn() {}, debug() {} };

const DOORS: readonly (readonly [string, (options: object) => unknown, Readonly<Record<string, Accepts>>])[] = [
  ['new WsServerContainer', (options) => new WsServerContainer(options), SERVER_CONTAINER],
  ['attach', (options) => attach(createServer(), options), SERVER_CONTAINER],
  ['new Server', (options) => new Server(options), SERVER],
  [
    'new TestServer',
    (options) => new TestServer(options),
    { ...SERVER_CONTAINER, engine: () => true, endpoints: list },
  ],
  ['new WsClientContainer', (options) => new WsClientContainer(options), CLIENT_CONTAINER],
  ['connect', (options) => connect('ws://127.0.0.1:1/', options), CONNECT],
];

async function errorOf(make: () => unknown): Promise<Partial<Record<'code' | 'message', string>> | undefined> {
  try {
    await make();
    return undefined;
  } catch (error) {
    return error as Error & { code?: string };
  }
}

test.each(DOORS)('%s refuses every wrong kind of every option, and names it', async (_door, make, options) => {
  const failures: string[] = [];
  for (const [name, accepts] of Object.entries(options)) {
    for (const value of HOSTILE.filter((hostile) => !accepts(hostile))) {
      const error = await errorOf(() => make({ logger: silent, [name]: value }));
      const { code = 'none', message = 'no error' } = error ?? {};
      const isNamed =
        message.includes(name) || (name === 'endpoint' && /connectToServer|client endpoint/.test(message));
      const isOurs = code.startsWith('WS_DEPLOY_');
      if (isOurs && isNamed && /; found |found the scheme|is missing|is not a client endpoint/.test(message)) continue;
      failures.push(`${name}: ${label(value)} gave ${code} ${message}`);
    }
  }
  expect(failures).toEqual([]);
});

test.each(DOORS)('%s takes undefined for the default of every option', async (_door, make, options) => {
  for (const name of Object.keys(options)) {
    const error = await errorOf(() => make({ logger: silent, [name]: undefined, handshakeTimeout: 1000 }));
    // Nothing listens on that port.
    if (error?.code !== 'WS_CONNECT_IO') expect([name, error]).toEqual([name, undefined]);
  }
});

test('the options of perMessageDeflate, reconnect and retryAfter are checked one by one', async () => {
  const rows: readonly (readonly [string, string, Accepts])[] = [
    ...['threshold', 'level', 'memLevel', 'windowBits', 'serverMaxWindowBits', 'clientMaxWindowBits', 'maxMemory'].map(
      (name) => ['perMessageDeflate', name, (value: unknown) => Number.isInteger(value)] as const,
    ),
    ['perMessageDeflate', 'concurrency', whole(1)],
    ['perMessageDeflate', 'serverNoContextTakeover', flag],
    ['perMessageDeflate', 'clientNoContextTakeover', flag],
    ...['minDelay', 'initialDelay', 'maxDelay', 'minUptime'].map(
      (name) => ['reconnect', name, (value: unknown) => typeof value === 'number' && value >= 0] as const,
    ),
    ['reconnect', 'maxAttempts', (value) => whole(1)(value) || value === Infinity],
    ['reconnect', 'maxQueuedMessages', whole(0)],
    ['reconnect', 'maxQueuedBytes', whole(0)],
    ['reconnect', 'delay', callable],
    ['reconnect', 'retryInitial', flag],
    ['reconnect', 'whileAway', nothing],
    ['retryAfter', 'attempts', whole(1, 1000)],
    ['retryAfter', 'maxDelay', whole(0)],
  ];
  const failures: string[] = [];
  for (const [option, name, accepts] of rows) {
    for (const value of HOSTILE.filter((hostile) => !accepts(hostile))) {
      const error = await errorOf(() => connect('ws://127.0.0.1:1/', { logger: silent, [option]: { [name]: value } }));
      if (error?.code === 'WS_DEPLOY_BAD_OPTION' && error.message?.startsWith(`${option}.${name} is `)) continue;
      failures.push(`${option}.${name}: ${label(value)} gave ${String(error?.code)} ${String(error?.message)}`);
    }
  }
  expect(failures).toEqual([]);
});

test.each([{}, true, 5, [], '', null])('a server with the host %j does not listen on all addresses', (host) => {
  expect(() => new Server({ host } as object)).toThrow(/^host is the name or the address to listen on/);
});

test('a key that is none is a DeploymentException with the cause', async () => {
  for (const tls of [{ key: 5 }, { key: 'no key', cert: 'no certificate' }, { pfx: {} }]) {
    for (const http2 of [true, false]) {
      const error = await errorOf(() => new Server({ tls, http2 } as object));
      expect([error?.code, error?.message]).toEqual([
        'WS_DEPLOY_BAD_OPTION',
        expect.stringMatching(/^tls is refused by Node: /),
      ]);
    }
  }
});
