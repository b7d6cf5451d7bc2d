import { HandshakeException, type CloseReason } from '@serval/api';
import { wrong } from './container-options';

/** A connection that is away, and the next attempt to get it back. */
export interface ReconnectAttempt {
  /** From 1; counted since the connection has last been open for `minUptime`. */
  readonly attempt: number;
  /** Why the last session has ended, or the last attempt has failed. */
  readonly cause: CloseReason | Error;
  /** Milliseconds since the connection was lost; 0 the first time. */
  readonly elapsed: number;
  /** What happens without a handler: the delay in milliseconds, or false for the end. */
  readonly byDefault: number | false;
}

/** How a connection is got back; everything has a default. */
export interface ReconnectOptions {
  /**
   * Decides when the next attempt is made, in milliseconds from now, or with false that none is made. It is asked for
   * every end but one by this side. What it throws ends the connection.
   *
   * @example
   * delay: ({ cause, byDefault }) => (cause instanceof CloseReason && cause.getCloseCode().getCode() === 4000 ? 0 : byDefault)
   */
  readonly delay?: ((attempt: ReconnectAttempt) => number | false | Promise<number | false>) | undefined;
  /** No attempt comes sooner, in milliseconds. Default 100. */
  readonly minDelay?: number | undefined;
  /** The longest delay of the first attempt, in milliseconds; that of each further one is twice as long. Default 1000. */
  readonly initialDelay?: number | undefined;
  /** The longest delay of any attempt, in milliseconds. Default 30000. */
  readonly maxDelay?: number | undefined;
  /** After so many attempts without success the connection ends. Default Infinity. */
  readonly maxAttempts?: number | undefined;
  /** A connection that has been open for less, in milliseconds, does not begin the count anew. Default 5000. */
  readonly minUptime?: number | undefined;
  /** Whether the first connection is tried again too. Default false: `connect` rejects. */
  readonly retryInitial?: boolean | undefined;
  /** What becomes of a send while the connection is away. Default `'queue'`. */
  readonly whileAway?: 'queue' | 'reject' | undefined;
  /** Sends that wait for the connection; one more is rejected. Default 1000. */
  readonly maxQueuedMessages?: number | undefined;
  /** Bytes of the texts and binary messages among them, text by its characters. Default 1 MiB. */
  readonly maxQueuedBytes?: number | undefined;
}

const DEFAULTS = {
  minDelay: 100,
  initialDelay: 1000,
  maxDelay: 30_000,
  maxAttempts: Infinity,
  minUptime: 5000,
  maxQueuedMessages: 1000,
  maxQueuedBytes: 1_048_576,
} as const;

const NAMES: ReadonlySet<string> = new Set([...Object.keys(DEFAULTS), 'delay', 'retryInitial', 'whileAway']);

/** A timer of Node takes 31 bits. */
const LONGEST = 2 ** 31 - 1;

/** A server's Retry-After is honoured up to five minutes, as in Tyrus. */
const LONGEST_RETRY_AFTER = 300_000;

/**
 * Close codes after which another session may go better (RFC 6455 7.4 and its registry): going away, none, abnormal,
 * unexpected condition, service restart, try again later, bad gateway.
 */
const PASSING_CODES: ReadonlySet<number> = new Set([1001, 1005, 1006, 1011, 1012, 1013, 1014]);

/** Request timeout, too early, too many requests; those of 500 and above are the server's trouble. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);

/** When, and whether, a lost connection is to be got back. */
export class ReconnectPolicy {
  readonly #options: typeof DEFAULTS & Pick<ReconnectOptions, 'delay'>;
  readonly minUptime: number;
  readonly retryInitial: boolean;
  readonly queues: boolean;
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;

  /**
   * @param random from 0 to 1
   * @throws DeploymentException for an option that is out of range or of the wrong kind
   */
  constructor(
    options: ReconnectOptions,
    private readonly random: () => number = Math.random,
  ) {
    checkOptions(options);
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    // The defaults, and over them what has been checked.
    this.#options = { ...DEFAULTS, ...Object.fromEntries(given) };
    this.minUptime = this.#options.minUptime;
    this.maxQueuedMessages = this.#options.maxQueuedMessages;
    this.maxQueuedBytes = this.#options.maxQueuedBytes;
    this.retryInitial = options.retryInitial ?? false;
    this.queues = options.whileAway !== 'reject';
  }

  /**
   * What is to be done before an attempt.
   *
   * @returns milliseconds, or false for the end; a promise where the handler gives one
   * @throws what the handler throws, or DeploymentException for what is no delay
   */
  next(attempt: number, cause: CloseReason | Error, elapsed: number): number | false | Promise<number | false> {
    const byDefault = this.#byDefault(attempt, cause);
    const { delay } = this.#options;
    if (delay === undefined) return byDefault;
    const decided = delay({ attempt, cause, elapsed, byDefault });
    return typeof decided === 'object' ? Promise.resolve(decided).then(requireDelay) : requireDelay(decided);
  }

  #byDefault(attempt: number, cause: CloseReason | Error): number | false {
    if (attempt > this.#options.maxAttempts || !mayPass(cause)) return false;
    const asked = cause instanceof HandshakeException ? (cause.retryAfter ?? 0) : 0;
    // The jitter stays: all clients of a server are told the same.
    return Math.min(asked, LONGEST_RETRY_AFTER) + this.#jittered(attempt);
  }

  /** Anywhere between the shortest delay and one that doubles with each attempt. */
  #jittered(attempt: number): number {
    const { minDelay, initialDelay, maxDelay } = this.#options;
    const longest = Math.min(maxDelay, initialDelay * 2 ** (attempt - 1));
    return Math.round(minDelay + this.random() * Math.max(0, longest - minDelay));
  }
}

/** Whether another attempt may go better than what has happened. */
function mayPass(cause: CloseReason | Error): boolean {
  if (!(cause instanceof Error)) return PASSING_CODES.has(cause.getCloseCode().getCode());
  if (!(cause instanceof HandshakeException)) return false;
  const { code, status } = cause;
  if (code === 'WS_CONNECT_IO' || code === 'WS_CONNECT_TIMEOUT') return true;
  return code === 'WS_CONNECT_REFUSED' && status !== undefined && (status >= 500 || PASSING_STATUSES.has(status));
}

function requireDelay(delay: unknown): number | false {
  if (delay === false || isBetween(delay, 0, LONGEST)) return delay;
  throw wrong('What reconnect.delay returns', `a number of milliseconds from 0 to ${LONGEST}, or false`, delay);
}

function checkOptions(options: ReconnectOptions): void {
  const unknown = Object.keys(options).find((name) => !NAMES.has(name));
  if (unknown !== undefined) throw wrong('reconnect', `an object with ${[...NAMES].join(', ')}`, unknown);
  const { delay, retryInitial, whileAway, maxAttempts = 1, minDelay = DEFAULTS.minDelay } = options;
  for (const name of ['minDelay', 'initialDelay', 'maxDelay', 'minUptime'] as const) {
    if (options[name] !== undefined && !isBetween(options[name], 0, LONGEST))
      throw wrong(`reconnect.${name}`, `a number of milliseconds from 0 to ${LONGEST}`, options[name]);
  }
  for (const name of ['maxQueuedMessages', 'maxQueuedBytes'] as const) {
    const { [name]: found = 0 } = options;
    if (!Number.isInteger(found) || found < 0) throw wrong(`reconnect.${name}`, 'a whole number, 0 or more', found);
  }
  const { maxDelay = DEFAULTS.maxDelay } = options;
  if (minDelay > maxDelay) throw wrong('reconnect.minDelay', `no longer than maxDelay`, minDelay);
  if (maxAttempts !== Infinity && (!Number.isInteger(maxAttempts) || maxAttempts < 1))
    throw wrong('reconnect.maxAttempts', 'a whole number from 1, or Infinity', maxAttempts);
  if (delay !== undefined && typeof delay !== 'function') throw wrong('reconnect.delay', 'a function', delay);
  if (retryInitial !== undefined && typeof retryInitial !== 'boolean')
    throw wrong('reconnect.retryInitial', 'true or false', retryInitial);
  if (whileAway !== undefined && whileAway !== 'queue' && whileAway !== 'reject')
    throw wrong('reconnect.whileAway', "'queue' or 'reject'", whileAway);
}

function isBetween(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && value >= least && value <= most;
}
