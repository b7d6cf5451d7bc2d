import {
  bytes,
  choice,
  FLAG,
  milliseconds,
  MILLISECONDS_OR_NEVER,
  wholeNumber,
  type OptionKind,
  type OptionRow,
} from '@serval/api/spi';

// The docstrings of this interface are the meanings in docs/reference/settings.md.

/** The limits, timeouts and policies of a container's sessions. Sizes are bytes, times milliseconds. */
export interface ContainerSettings {
  /**
   * The largest whole text message, in bytes of UTF-8. A larger one closes the session with 1009. A session changes it
   * with `setMaxTextMessageBufferSize`, a method overrides it with `maxMessageSize`. Default 8192.
   */
  textBufferSize: number;
  /**
   * The largest whole binary message. A larger one closes the session with 1009. A session changes it with
   * `setMaxBinaryMessageBufferSize`, a method overrides it with `maxMessageSize`. Default 8192.
   */
  binaryBufferSize: number;
  /** The bytes that a send stream, a writer or a batch collects before it sends them. Default 8192. */
  streamBufferSize: number;
  /**
   * The largest frame that is sent, in bytes of payload after compression: a longer message, or part of one, leaves in
   * several frames. 0 means no limit. For peers that limit frames and not messages. Engine `ws` cuts frames before
   * compression. Default 0.
   */
  maxFrameSize: number;
  /**
   * Closes a session after this time without a read or a write, with 1001 on the wire and 1006 for `@OnClose`. 0 or less
   * means never. A session changes it with `setMaxIdleTimeout`. Default 0.
   */
  maxSessionIdleTimeout: number;
  /** Closes a session after this time without a read; pongs count as reads. 0 or less means never. Default 0. */
  readIdleTimeout: number;
  /** Closes a session after this time without a write. 0 or less means never. Default 0. */
  writeIdleTimeout: number;
  /**
   * Pings a peer after this time without a read from it, or without a write to it. 0 or less means never. These pings and
   * their pongs reset no idle timeout, and no handler sees the pongs. Default 0.
   */
  pingInterval: number;
  /**
   * How long a peer may stay silent after a ping of `pingInterval`. Then its session ends, with 1006 for `@OnClose`. 0 or
   * less means forever. Default 20000.
   */
  pongTimeout: number;
  /**
   * How long an asynchronous send may take, from the call until the message is written. 0 or less means forever. A remote
   * endpoint changes it with `setSendTimeout`. Default -1.
   */
  asyncSendTimeout: number;
  /**
   * How long a blocking send may take. Then it fails with `SocketTimeoutException`, and the session ends with 1006. A
   * negative value means forever. Default 20000.
   */
  blockingSendTimeout: number;
  /**
   * How long to wait for the peer's close frame after ours before the connection is dropped, how long the peer's close
   * frame waits for the handlers of earlier messages, and how long a handler may take once its session is closing.
   * Default 30000.
   */
  sessionCloseTimeout: number;
  /**
   * How long a handler may take. Then its session ends with 1011, without waiting for the handler, and the log names it.
   * 0 or less means forever. It applies to the promises of `@OnOpen`, `@OnMessage`, `@OnClose` and message handlers; code
   * that never returns cannot be stopped, and a `for await` loop over messages may take any time. Default 0.
   */
  handlerTimeout: number;
  /**
   * How long the close frame of a session that ends by an error or a timeout may take to be written before the connection
   * is dropped. Default 50.
   */
  abnormalCloseSendTimeout: number;
  /**
   * A send while another is unfinished waits in order (`queue`), or throws `IllegalStateException` as in Tomcat
   * (`reject`). Default `'queue'`.
   */
  concurrentSends: 'queue' | 'reject';
  /** The bytes that may wait to be written to one peer before `queueOverflow` applies. Default 16777216. */
  maxQueuedBytes: number;
  /** The messages that may wait to be written to one peer before `queueOverflow` applies. Default 10000. */
  maxQueuedMessages: number;
  /**
   * How long a message may wait before `queueOverflow` applies; a timer watches it, not only the next send. 0 or less
   * means forever. Default 0.
   */
  maxQueueTime: number;
  /**
   * The action at these three limits: end the session (`close`), drop the message that has waited longest
   * (`drop-oldest`), drop the new one (`drop-newest`), or fail the new send with `IllegalStateException` (`reject`). A
   * part of a message always ends the session. Default `'close'`.
   */
  queueOverflow: 'close' | 'drop-oldest' | 'drop-newest' | 'reject';
  /** The close code of a session that `queueOverflow` ends. Default 1008. */
  queueOverflowCloseCode: number;
  /** How long `sessions()` of a selection waits for the answers of other nodes. Default 2000. */
  nodeTimeout: number;
  /** The rooms that one session may be in. A further `join` throws `IllegalStateException`. Default 1000. */
  maxRoomsPerSession: number;
  /**
   * Refuses `addEndpoint` after the first handshake, as the specification did before 2.1. `STRICT_SPEC_COMPLIANCE` changes
   * the default. Default false.
   */
  noAddAfterHandshake: boolean;
  /**
   * Whether a session stays open after an exception in `@OnMessage` or a decoder, once `@OnError` has run. With `close`,
   * `EncodeException` and `DecodeException` still keep it open. Default `'keep-open'`.
   */
  onMessageError: 'keep-open' | 'close';
  /**
   * The close code where `@OnOpen` fails, or `@OnMessage` with `onMessageError: 'close'`. 1006, as in Tomcat, is 1002 on
   * the wire. Default 1011.
   */
  errorCloseCode: number;
  /**
   * For clients: whether `connectToServer` rejects when `@OnOpen` fails, or resolves with the session, which is closing.
   * `@OnError` runs either way. Servers and `connect` ignore it. Default `'reject'`.
   */
  openFailure: 'reject' | 'resolve';
  /**
   * The unit of the limits of text messages: bytes of UTF-8, or UTF-16 characters, each of which has up to three bytes.
   * Default `'bytes'`.
   */
  textLimitUnit: 'bytes' | 'characters';
  /**
   * Whether `getOpenSessions` includes a session before its `@OnOpen` runs, as the specification requires, or once
   * `@OnOpen` has settled. Default `'before-open'`.
   */
  sessionRegistration: 'before-open' | 'after-open';
  /**
   * Reports an empty close frame of the peer to `@OnClose` as 1000, and answers it with 1000. Otherwise it is 1005, and
   * the answer is empty. Default false.
   */
  emptyCloseIsNormal: boolean;
  /**
   * Passes an `IOException` to `@OnError`, before `@OnClose` gets 1006, when the connection ends or is reset without a
   * close frame of the peer. Its cause is the connection's error, if there was one. Default false.
   */
  connectionLossIsError: boolean;
}

/** A Tomcat whose behaviour a container can take over; see {@link SettingOptions.compatibility}. */
export type Compatibility = 'tomcat-9' | 'tomcat-10.1' | 'tomcat-11';

export const COMPATIBILITIES = ['tomcat-9', 'tomcat-10.1', 'tomcat-11'] as const satisfies readonly Compatibility[];

export type SettingName = keyof ContainerSettings;

export type SettingValue = number | boolean | string;

/** The settings that a session can change for itself, by user properties. */
export type SessionSetting =
  | 'blockingSendTimeout'
  | 'sessionCloseTimeout'
  | 'abnormalCloseSendTimeout'
  | 'readIdleTimeout'
  | 'writeIdleTimeout'
  | 'pingInterval'
  | 'pongTimeout';

/** One row of the settings table. */
export interface SettingRow extends OptionRow<SettingValue> {
  readonly default: SettingValue;
  /** Our own name for it in user properties, where Tomcat has none. */
  readonly userProperty?: string | undefined;
  /** The default where `compatibility` names a Tomcat. */
  readonly profiles?: Readonly<Partial<Record<Compatibility, SettingValue>>> | undefined;
}

/** The prefix of Tomcat's names. */
export const TOMCAT = 'org.apache.tomcat.websocket.';
/** The prefix of Serval's names of settings in user properties. */
export const OWN = 'serval.';

const inEveryTomcat = <T>(value: T) => ({ 'tomcat-9': value, 'tomcat-10.1': value, 'tomcat-11': value }) as const;
const closeCode: OptionKind<number> = wholeNumber('close code', 1000, 4999);
const initParameter = (name: string) => ({ name: TOMCAT + name, place: 'init parameter' }) as const;
const userProperty = (name: string) => ({ name: TOMCAT + name, place: 'user property' }) as const;

/** Every setting of a container. */
export const SETTINGS: { readonly [K in SettingName]: SettingRow } = {
  textBufferSize: { ...bytes(0), default: 8192, tomcat: initParameter('textBufferSize') },
  binaryBufferSize: { ...bytes(0), default: 8192, tomcat: initParameter('binaryBufferSize') },
  streamBufferSize: {
    ...bytes(1),
    default: 8192,
    tomcat: { name: `${TOMCAT}DEFAULT_BUFFER_SIZE`, place: 'system property' },
  },
  maxFrameSize: { ...bytes(0), default: 0, profiles: inEveryTomcat(8192) },
  maxSessionIdleTimeout: { ...MILLISECONDS_OR_NEVER, default: 0 },
  readIdleTimeout: { ...MILLISECONDS_OR_NEVER, default: 0, tomcat: userProperty('READ_IDLE_TIMEOUT_MS') },
  writeIdleTimeout: { ...MILLISECONDS_OR_NEVER, default: 0, tomcat: userProperty('WRITE_IDLE_TIMEOUT_MS') },
  pingInterval: { ...MILLISECONDS_OR_NEVER, default: 0, userProperty: `${OWN}pingInterval` },
  pongTimeout: { ...MILLISECONDS_OR_NEVER, default: 20_000, userProperty: `${OWN}pongTimeout` },
  asyncSendTimeout: { ...MILLISECONDS_OR_NEVER, default: -1 },
  blockingSendTimeout: { ...MILLISECONDS_OR_NEVER, default: 20_000, tomcat: userProperty('BLOCKING_SEND_TIMEOUT') },
  sessionCloseTimeout: { ...milliseconds(1), default: 30_000, tomcat: userProperty('SESSION_CLOSE_TIMEOUT') },
  handlerTimeout: { ...MILLISECONDS_OR_NEVER, default: 0 },
  abnormalCloseSendTimeout: {
    ...milliseconds(1),
    default: 50,
    tomcat: userProperty('ABNORMAL_SESSION_CLOSE_SEND_TIMEOUT'),
  },
  concurrentSends: { ...choice('queue', 'reject'), default: 'queue', profiles: inEveryTomcat('reject') },
  maxQueuedBytes: { ...bytes(1), default: 16 * 1024 * 1024, userProperty: `${OWN}maxQueuedBytes` },
  maxQueuedMessages: {
    ...wholeNumber('whole number of messages', 1),
    default: 10_000,
    userProperty: `${OWN}maxQueuedMessages`,
  },
  maxQueueTime: { ...MILLISECONDS_OR_NEVER, default: 0, userProperty: `${OWN}maxQueueTime` },
  queueOverflow: {
    ...choice('close', 'drop-oldest', 'drop-newest', 'reject'),
    default: 'close',
    userProperty: `${OWN}queueOverflow`,
  },
  queueOverflowCloseCode: { ...closeCode, default: 1008 },
  nodeTimeout: { ...milliseconds(1), default: 2000 },
  maxRoomsPerSession: { ...wholeNumber('whole number of rooms', 1), default: 1000 },
  noAddAfterHandshake: { ...FLAG, default: false, tomcat: initParameter('noAddAfterHandshake') },
  onMessageError: {
    ...choice('keep-open', 'close'),
    default: 'keep-open',
    profiles: { 'tomcat-9': 'close', 'tomcat-10.1': 'close' },
  },
  errorCloseCode: { ...closeCode, default: 1011, profiles: inEveryTomcat(1006) },
  openFailure: { ...choice('reject', 'resolve'), default: 'reject', profiles: inEveryTomcat('resolve') },
  textLimitUnit: { ...choice('bytes', 'characters'), default: 'bytes', profiles: inEveryTomcat('characters') },
  sessionRegistration: {
    ...choice('before-open', 'after-open'),
    default: 'before-open',
    profiles: inEveryTomcat('after-open'),
  },
  emptyCloseIsNormal: { ...FLAG, default: false, profiles: inEveryTomcat(true) },
  connectionLossIsError: { ...FLAG, default: false, profiles: inEveryTomcat(true) },
};
