import { badOption, isOptionsObject } from '@serval/api/spi';
import { nearestName } from './nearest-name';

/** The limits, timeouts and policies of a container's sessions. Sizes are bytes, times milliseconds. */
export interface ContainerSettings {
  /** Bytes of UTF-8 in a whole text message; more is answered with 1009. Default 8192. */
  textBufferSize: number;
  /** Bytes in a whole binary message; more is answered with 1009. Default 8192. */
  binaryBufferSize: number;
  /** What a send stream, a writer or a batch collects before it is sent. Default 8192. */
  streamBufferSize: number;
  /** The largest frame that is sent; 0 for no limit. Default 0. */
  maxFrameSize: number;
  /** Closes a session on which nothing was read and written for so long; 0 or less means never. Default 0. */
  maxSessionIdleTimeout: number;
  /** Closes a session from which nothing was read for so long; 0 or less means never. Default 0. */
  readIdleTimeout: number;
  /** Closes a session to which nothing was written for so long; 0 or less means never. Default 0. */
  writeIdleTimeout: number;
  /** Pings a peer when nothing was read from it, or written to it, for so long; 0 or less means never. Default 0. */
  pingInterval: number;
  /** How long a pinged peer may stay silent until its session ends; 0 or less means for ever. Default 20000. */
  pongTimeout: number;
  /** How long an asynchronous send may take; 0 or less means for ever. Default -1. */
  asyncSendTimeout: number;
  /** How long a blocking send may take; negative means for ever. Default 20000. */
  blockingSendTimeout: number;
  /** How long to wait for the peer's close frame after ours. Default 30000. */
  sessionCloseTimeout: number;
  /** How long a handler may take until its session ends without it; 0 or less means for ever. Default 0. */
  handlerTimeout: number;
  /** How long the close frame of a failed session may take to be written. Default 50. */
  abnormalCloseSendTimeout: number;
  /** A send while another is unfinished waits in order, or throws as in Tomcat. Default `'queue'`. */
  concurrentSends: 'queue' | 'reject';
  /** Bytes that may wait for one peer. Default 16777216. */
  maxQueuedBytes: number;
  /** Messages that may wait for one peer. Default 10000. */
  maxQueuedMessages: number;
  /** How long a message may wait for its peer; 0 or less means for ever. Default 0. */
  maxQueueTime: number;
  /** What happens at these three bounds. Default `'close'`. */
  queueOverflow: 'close' | 'drop-oldest' | 'drop-newest' | 'reject';
  /** The code of a session that `queueOverflow` closes. Default 1008. */
  queueOverflowCloseCode: number;
  /** Refuses addEndpoint after the first handshake, as before WS 2.1. Default false. */
  noAddAfterHandshake: boolean;
  /** What an exception in `@OnMessage` does to its session, after `@OnError`. Default `'keep-open'`. */
  onMessageError: 'keep-open' | 'close';
  /** The code of a session that ends because its endpoint failed. Default 1011. */
  errorCloseCode: number;
  /** What `connectToServer` does where `@OnOpen` fails. Default `'reject'`; `'resolve'` gives the session that is closing. */
  openFailure: 'reject' | 'resolve';
  /** What `textBufferSize` and its like count. Default `'bytes'`. */
  textLimitUnit: 'bytes' | 'characters';
  /** Whether `getOpenSessions` has a session while its `@OnOpen` runs. Default `'before-open'`. */
  sessionRegistration: 'before-open' | 'after-open';
  /** Takes an empty close frame of the peer for 1000, in `@OnClose` and in the answer. Default false: 1005, answered empty. */
  emptyCloseIsNormal: boolean;
  /** Whether `@OnError` is called before `@OnClose` where the connection ends without a close frame. Default false. */
  connectionLossIsError: boolean;
}

/** A Tomcat whose behaviour a container can take over; see {@link SettingOptions.compatibility}. */
export type Compatibility = 'tomcat-9' | 'tomcat-10.1' | 'tomcat-11';

export const COMPATIBILITIES: readonly Compatibility[] = ['tomcat-9', 'tomcat-10.1', 'tomcat-11'];

export type SettingName = keyof ContainerSettings;

/** The settings that a session can change for itself, by user properties. */
export type SessionSetting =
  | 'blockingSendTimeout'
  | 'sessionCloseTimeout'
  | 'abnormalCloseSendTimeout'
  | 'readIdleTimeout'
  | 'writeIdleTimeout'
  | 'pingInterval'
  | 'pongTimeout';

/** Where Tomcat knows a setting. */
export type TomcatPlace = 'init parameter' | 'user property' | 'system property';

export type SettingRule =
  | { readonly kind: 'number'; readonly min: number; readonly max: number; readonly noun: string }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] };

/** One row of the settings table: all that the code and the reference page know of a setting. */
export interface SettingRow {
  readonly byDefault: number | boolean | string;
  readonly rule: SettingRule;
  /** One or two sentences for the reference page. */
  readonly meaning: string;
  readonly tomcat?: { readonly name: string; readonly place: TomcatPlace };
  /** Our own name for it in user properties, where Tomcat has none. */
  readonly userProperty?: string;
  /** The default where `compatibility` names a Tomcat. */
  readonly profiles?: Readonly<Partial<Record<Compatibility, number | boolean | string>>>;
}

const LARGEST = 2 ** 31 - 1;
const inEveryTomcat = <T>(value: T) => ({ 'tomcat-9': value, 'tomcat-10.1': value, 'tomcat-11': value }) as const;
const TOMCAT = 'org.apache.tomcat.websocket.';
/** What our own names of settings in user properties begin with. */
const OWN = 'serval.';

const bytes = (min: number): SettingRule => ({ kind: 'number', min, max: LARGEST, noun: 'whole number of bytes' });
const milliseconds = (min: number): SettingRule => ({
  kind: 'number',
  min,
  max: LARGEST,
  noun: 'whole number of milliseconds',
});
const count = (min: number, max = LARGEST): SettingRule => ({
  kind: 'number',
  min,
  max,
  noun: 'whole number of messages',
});
const initParameter = (name: string) => ({ name: TOMCAT + name, place: 'init parameter' }) as const;
const userProperty = (name: string) => ({ name: TOMCAT + name, place: 'user property' }) as const;

/** Every setting of a container. `docs/reference/settings.md` is made of this table. */
export const SETTINGS: { readonly [K in SettingName]: SettingRow } = {
  textBufferSize: {
    byDefault: 8192,
    rule: bytes(0),
    meaning:
      'The largest whole text message, in bytes of UTF-8; a larger one closes the session with 1009. A session changes it with setMaxTextMessageBufferSize, a method raises or lowers it with maxMessageSize.',
    tomcat: initParameter('textBufferSize'),
  },
  binaryBufferSize: {
    byDefault: 8192,
    rule: bytes(0),
    meaning:
      'The largest whole binary message; a larger one closes the session with 1009. A session changes it with setMaxBinaryMessageBufferSize, a method raises or lowers it with maxMessageSize.',
    tomcat: initParameter('binaryBufferSize'),
  },
  streamBufferSize: {
    byDefault: 8192,
    rule: bytes(1),
    meaning: 'How much a send stream or writer, and a batch, collects before it is sent.',
    tomcat: { name: `${TOMCAT}DEFAULT_BUFFER_SIZE`, place: 'system property' },
  },
  maxFrameSize: {
    byDefault: 0,
    rule: bytes(0),
    meaning:
      'The largest frame that is sent, in bytes of its payload, after compression: a longer message, or part of one, leaves in several frames. 0 means no limit. For peers that limit a frame and not a message. With engine ws, frames are cut before compression.',
    profiles: inEveryTomcat(8192),
  },
  maxSessionIdleTimeout: {
    byDefault: 0,
    rule: milliseconds(-LARGEST),
    meaning:
      'Closes a session on which nothing was read and nothing was written for so long, with 1001 on the wire and 1006 for @OnClose; 0 or less means never. A session changes it with setMaxIdleTimeout.',
  },
  readIdleTimeout: {
    byDefault: 0,
    rule: milliseconds(-LARGEST),
    meaning: 'Closes a session from which nothing was read for so long, pongs included; 0 or less means never.',
    tomcat: userProperty('READ_IDLE_TIMEOUT_MS'),
  },
  writeIdleTimeout: {
    byDefault: 0,
    rule: milliseconds(-LARGEST),
    meaning: 'Closes a session to which nothing was written for so long; 0 or less means never.',
    tomcat: userProperty('WRITE_IDLE_TIMEOUT_MS'),
  },
  pingInterval: {
    byDefault: 0,
    rule: milliseconds(-LARGEST),
    meaning:
      'Pings a peer when nothing was read from it, or nothing was written to it, for so long; 0 or less means never. The pings and their pongs count for no idle timeout, and no handler sees the pongs.',
    userProperty: `${OWN}pingInterval`,
  },
  pongTimeout: {
    byDefault: 20_000,
    rule: milliseconds(-LARGEST),
    meaning:
      'How long a peer may stay silent after a ping of pingInterval. Then it is taken for dead: its session ends, with 1006 for @OnClose; 0 or less means never.',
    userProperty: `${OWN}pongTimeout`,
  },
  asyncSendTimeout: {
    byDefault: -1,
    rule: milliseconds(-LARGEST),
    meaning:
      'How long an asynchronous send may take, from the call until it is written; 0 or less means for ever. A remote endpoint changes it with setSendTimeout.',
  },
  blockingSendTimeout: {
    byDefault: 20_000,
    rule: milliseconds(-LARGEST),
    meaning:
      'How long a blocking send may take; negative means for ever. When it has passed, the send fails with SocketTimeoutException and the session ends with 1006.',
    tomcat: userProperty('BLOCKING_SEND_TIMEOUT'),
  },
  sessionCloseTimeout: {
    byDefault: 30_000,
    rule: milliseconds(1),
    meaning:
      'How long to wait for the peer’s close frame after ours before the connection is dropped, how long the peer’s close frame waits for the handlers of messages before it, and how long a handler may take once its session is closing.',
    tomcat: userProperty('SESSION_CLOSE_TIMEOUT'),
  },
  handlerTimeout: {
    byDefault: 0,
    rule: milliseconds(-LARGEST),
    meaning:
      'How long a handler may take before its session ends with 1011, without waiting for it, and the log names it; 0 or less means for ever. For the promises of @OnOpen, @OnMessage, @OnClose and message handlers; code that never returns cannot be stopped. A loop over a connection may take as long as it likes.',
  },
  abnormalCloseSendTimeout: {
    byDefault: 50,
    rule: milliseconds(1),
    meaning:
      'How long the close frame of a session that ends by an error or a timeout may take to be written before the connection is dropped.',
    tomcat: userProperty('ABNORMAL_SESSION_CLOSE_SEND_TIMEOUT'),
  },
  concurrentSends: {
    byDefault: 'queue',
    rule: { kind: 'choice', choices: ['queue', 'reject'] },
    meaning:
      'What a send does while another one is unfinished: wait in order, or throw IllegalStateException as in Tomcat.',
    profiles: inEveryTomcat('reject'),
  },
  maxQueuedBytes: {
    byDefault: 16 * 1024 * 1024,
    rule: bytes(1),
    meaning: 'How much may wait to be written to one peer before queueOverflow applies.',
  },
  maxQueuedMessages: {
    byDefault: 10_000,
    rule: count(1),
    meaning: 'How many messages may wait to be written to one peer before queueOverflow applies.',
  },
  maxQueueTime: {
    byDefault: 0,
    rule: milliseconds(-LARGEST),
    meaning:
      'How long a message may wait before queueOverflow applies, watched by a timer and not only by the next send; 0 or less means for ever.',
  },
  queueOverflow: {
    byDefault: 'close',
    rule: { kind: 'choice', choices: ['close', 'drop-oldest', 'drop-newest', 'reject'] },
    meaning:
      'What happens at the bound of a peer that takes too little: end its session, drop the message that waits longest, drop the new one, or fail the new send with IllegalStateException. A part of a message ends the session in any case.',
  },
  queueOverflowCloseCode: {
    byDefault: 1008,
    rule: { kind: 'number', min: 1000, max: 4999, noun: 'close code' },
    meaning: 'The close code of a session that queueOverflow ends.',
  },
  noAddAfterHandshake: {
    byDefault: false,
    rule: { kind: 'boolean' },
    meaning:
      'Refuses addEndpoint once the first handshake has been made, as the specification did before 2.1. The default follows STRICT_SPEC_COMPLIANCE.',
    tomcat: initParameter('noAddAfterHandshake'),
  },
  onMessageError: {
    byDefault: 'keep-open',
    rule: { kind: 'choice', choices: ['keep-open', 'close'] },
    meaning:
      'Whether a session goes on after an exception in @OnMessage, or in a decoder, once @OnError has been told. With close, EncodeException and DecodeException still keep it open.',
    profiles: { 'tomcat-9': 'close', 'tomcat-10.1': 'close' },
  },
  errorCloseCode: {
    byDefault: 1011,
    rule: { kind: 'number', min: 1000, max: 4999, noun: 'close code' },
    meaning:
      'The close code where @OnOpen fails, or @OnMessage with onMessageError close. 1006, as in Tomcat, is 1002 on the wire.',
    profiles: inEveryTomcat(1006),
  },
  openFailure: {
    byDefault: 'reject',
    rule: { kind: 'choice', choices: ['reject', 'resolve'] },
    meaning:
      'Of clients: whether connectToServer rejects where @OnOpen fails, or gives the session, which is closing. @OnError is told either way. Without effect in connect, and on servers.',
    profiles: inEveryTomcat('resolve'),
  },
  textLimitUnit: {
    byDefault: 'bytes',
    rule: { kind: 'choice', choices: ['bytes', 'characters'] },
    meaning:
      'What the limits of text messages count: bytes of UTF-8, or UTF-16 characters, of which one has up to three bytes.',
    profiles: inEveryTomcat('characters'),
  },
  sessionRegistration: {
    byDefault: 'before-open',
    rule: { kind: 'choice', choices: ['before-open', 'after-open'] },
    meaning:
      'Whether getOpenSessions has a session from before its @OnOpen on, as the specification has it, or once that has settled.',
    profiles: inEveryTomcat('after-open'),
  },
  emptyCloseIsNormal: {
    byDefault: false,
    rule: { kind: 'boolean' },
    meaning:
      'Whether an empty close frame of the peer is 1000 for @OnClose, and answered with 1000; else it is 1005, and answered with an empty one.',
    profiles: inEveryTomcat(true),
  },
  connectionLossIsError: {
    byDefault: false,
    rule: { kind: 'boolean' },
    meaning:
      'Whether @OnError gets an IOException, before @OnClose gets 1006, where the connection ends or is reset without a close frame of the peer. Its cause is the error of the connection, if there was one.',
    profiles: inEveryTomcat(true),
  },
};

/** Names that Tomcat reads, or has read, and that mean nothing or something else here; accepted with a word of warning. */
export const WITHOUT_EFFECT: ReadonlyMap<string, string> = new Map(
  Object.entries({
    DEFAULT_PROCESS_PERIOD: 'timeouts are exact here and need no period',
    executorCoreSize: 'there are no threads to pool',
    executorMaxSize: 'there are no threads to pool',
    executorKeepAliveTimeSeconds: 'there are no threads to pool',
    ALLOW_UNSUPPORTED_EXTENSIONS: 'an endpoint may declare any extension',
    DISABLE_BUILTIN_EXTENSIONS: 'set the option perMessageDeflate to false instead',
    STREAMS_DROP_EMPTY_MESSAGES: 'the rule of the specification holds: a stream that was never used sends nothing',
    ...Object.fromEntries(
      [
        'DEFAULT_ORIGIN_HEADER_VALUE',
        'IO_TIMEOUT_MS',
        'MAX_REDIRECTIONS',
        'MAX_HTTP_RESPONSE_HEADER_BYTES',
        'WS_AUTHENTICATION_USER_NAME',
        'WS_AUTHENTICATION_PASSWORD',
        'WS_AUTHENTICATION_REALM',
        'WS_AUTHENTICATION_PROXY_USER_NAME',
        'WS_AUTHENTICATION_PROXY_PASSWORD',
        'WS_AUTHENTICATION_PROXY_REALM',
        'SSL_CONTEXT',
        'SSL_PROTOCOLS',
        'SSL_TRUSTSTORE',
        'SSL_TRUSTSTORE_PWD',
      ].map((name) => [name, 'it is a user property of client endpoints']),
    ),
  }).map(([name, why]) => [TOMCAT + name, why]),
);

const STRICT_SPEC_COMPLIANCE = `${TOMCAT}STRICT_SPEC_COMPLIANCE`;
/** The other name of each setting that has one. */
const BY_NAME = new Map(
  Object.entries(SETTINGS).flatMap(([option, { tomcat, userProperty: name = tomcat?.name }]) =>
    name ? [[name, option as SettingName] as const] : [],
  ),
);
const SESSION_PROPERTIES = new Map([...BY_NAME].filter(([, option]) => isSessionProperty(SETTINGS[option])));

/** What a container can be told of its settings; everything has a default. */
export interface SettingOptions extends Readonly<{ [K in SettingName]?: ContainerSettings[K] | undefined }> {
  /**
   * Behaves as that Tomcat does where the defaults do not, for an application that is ported and expects it. Every
   * setting that is given, by either name, goes before it. Default: none.
   */
  readonly compatibility?: Compatibility | undefined;
  /** Settings by Tomcat's names, as numbers or numeric strings; a typed option of the same setting goes before it. */
  readonly initParameters?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Checks the options and fills in the defaults: typed options first, then init parameters, then the profile, then the table.
 *
 * @param warn is told of names that mean nothing
 * @throws DeploymentException naming the setting, its range and its unit
 */
export function resolveSettings(options: SettingOptions, warn: (message: string) => void): ContainerSettings {
  const { initParameters = {} } = options;
  if (!isOptionsObject(initParameters))
    throw badOption('initParameters', 'an object of names and values', initParameters);
  const parameters = new Map(Object.entries(initParameters));
  const profile = checkCompatibility(options.compatibility);
  const resolved = new Map<string, unknown>(
    Object.entries(SETTINGS).map(([name, { byDefault, profiles }]) => [
      name,
      (profile && profiles?.[profile]) ?? byDefault,
    ]),
  );
  const streamBufferSize = parameters.get(SETTINGS.streamBufferSize.tomcat?.name ?? '');
  if (streamBufferSize !== undefined) {
    // Tomcat's DEFAULT_BUFFER_SIZE is the default of both message buffers, too.
    const size = parse(SETTINGS.streamBufferSize.tomcat?.name ?? '', SETTINGS.streamBufferSize.rule, streamBufferSize);
    for (const name of ['textBufferSize', 'binaryBufferSize']) resolved.set(name, size);
  }
  const strict = parameters.get(STRICT_SPEC_COMPLIANCE);
  if (strict !== undefined)
    resolved.set('noAddAfterHandshake', parse(STRICT_SPEC_COMPLIANCE, { kind: 'boolean' }, strict));
  for (const [name, value] of parameters) {
    const option = BY_NAME.get(name);
    if (option !== undefined) resolved.set(option, parse(name, SETTINGS[option].rule, value));
    else if (name !== STRICT_SPEC_COMPLIANCE) warn(`initParameters: ${unknownName(name, BY_NAME)}`);
  }
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    const value: unknown = options[name];
    if (value !== undefined) resolved.set(name, check(name, SETTINGS[name].rule, value));
  }
  // Every value has passed the rule of its row, and every row has a value.
  return Object.fromEntries(resolved) as unknown as ContainerSettings;
}

function checkCompatibility(compatibility: Compatibility | undefined): Compatibility | undefined {
  if (compatibility === undefined || COMPATIBILITIES.includes(compatibility)) return compatibility;
  throw badOption('compatibility', COMPATIBILITIES.map((name) => `'${name}'`).join(', '), compatibility);
}

/** @throws DeploymentException naming the setting, its range and its unit */
export function checkSetting(name: SettingName, value: unknown): void {
  check(name, SETTINGS[name].rule, value);
}

/**
 * A session setting in a user property.
 *
 * @param warn is told of a name that looks like a setting and is none
 * @returns undefined for a property that is none of ours
 * @throws DeploymentException for a value out of range
 */
export function readSessionProperty(
  name: string,
  value: unknown,
  warn: (message: string) => void,
): { readonly option: SettingName; readonly value: number } | undefined {
  if (!name.startsWith(TOMCAT) && !name.startsWith(OWN)) return undefined;
  const option = SESSION_PROPERTIES.get(name);
  if (option === undefined) {
    warn(`user property ${unknownName(name, SESSION_PROPERTIES)}`);
    return undefined;
  }
  // All session properties are numbers.
  return { option, value: parse(name, SETTINGS[option].rule, value) as number };
}

function isSessionProperty({ tomcat, userProperty: own }: SettingRow): boolean {
  return own !== undefined || tomcat?.place === 'user property';
}

function unknownName(name: string, known: ReadonlyMap<string, SettingName>): string {
  const why = WITHOUT_EFFECT.get(name);
  if (why !== undefined) return `${name} has no effect: ${why}.`;
  const elsewhere = BY_NAME.get(name);
  if (elsewhere !== undefined)
    return `${name} is an ${SETTINGS[elsewhere].tomcat?.place ?? ''}, not a user property; it has no effect here.`;
  const nearest = nearestName(name, known.keys());
  return `${name} is not a setting${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
}

/** A value under one of Tomcat's names, as Java has it: a number may be a long or a text, a boolean a text. */
function parse(name: string, rule: SettingRule, value: unknown): number | boolean | string {
  if (rule.kind === 'number' && (typeof value === 'bigint' || isWholeText(value)))
    return check(name, rule, Number(value));
  if (rule.kind === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return check(name, rule, value);
}

function isWholeText(value: unknown): value is string {
  return typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value);
}

function check(name: string, rule: SettingRule, value: unknown): number | boolean | string {
  switch (rule.kind) {
    case 'number':
      if (typeof value === 'number' && Number.isInteger(value) && value >= rule.min && value <= rule.max) return value;
      break;
    case 'boolean':
      if (typeof value === 'boolean') return value;
      break;
    case 'choice':
      if (typeof value === 'string' && rule.choices.includes(value)) return value;
      break;
  }
  throw badOption(name, expectation(rule), value);
}

/** What a value must be, for messages and the reference page. */
export function expectation(rule: SettingRule): string {
  switch (rule.kind) {
    case 'number':
      return `a ${rule.noun} from ${rule.min} to ${rule.max}`;
    case 'boolean':
      return 'true or false';
    case 'choice':
      return rule.choices.map((choice) => `'${choice}'`).join(', ');
  }
}
