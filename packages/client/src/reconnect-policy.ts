import { HandshakeException, type CloseReason } from '@serval/api';
import {
  badOption,
  callable,
  choice,
  DELAY,
  FLAG,
  kind,
  readNested,
  type OptionTable,
  type ReadOptions,
} from '@serval/api/spi';

/** A lost connection, and the next attempt to connect again. */
export interface ReconnectAttempt {
  /** From 1; counted since a session was last open for `minUptime`. */
  readonly attempt: number;
  /** Why the last session ended, or the last attempt failed. */
  readonly cause: CloseReason | Error;
  /** Milliseconds since the connection was lost; 0 the first time. */
  readonly elapsed: number;
  /** The decision without a `delay` function: milliseconds, or false for no further attempt. */
  readonly defaultDelay: number | false;
}

/** How to connect again after a connection is lost; everything has a default. */
export interface ReconnectOptions {
  /**
   * Decides when the next attempt is made: a number of milliseconds from now, or false for none; may be async. It runs
   * whenever a session ends or an attempt fails, unless you closed the client. An exception ends the client. Default: `defaultDelay`.
   *
   * @example
   * delay: ({ cause, defaultDelay }) => (cause instanceof CloseReason && cause.getCloseCode().getCode() === 4000 ? 0 : defaultDelay)
   */
  readonly delay?: ((attempt: ReconnectAttempt) => number | false | Promise<number | false>) | undefined;
  /** The shortest delay of any attempt, in milliseconds. Default 100. */
  readonly minDelay?: number | undefined;
  /** The longest delay of the first attempt, in milliseconds; it doubles with each further one. Default 1000. */
  readonly initialDelay?: number | undefined;
  /** The longest delay of any attempt, in milliseconds. Default 30000. */
  readonly maxDelay?: number | undefined;
  /** After this many attempts without success the client ends. Default Infinity. */
  readonly maxAttempts?: number | undefined;
  /** A session that was open for less than this, in milliseconds, does not reset the count. Default 5000. */
  readonly minUptime?: number | undefined;
  /** Whether to repeat the first connection too; otherwise `connect` rejects. Default false. */
  readonly retryInitial?: boolean | undefined;
  /** Whether sends while the client is away wait (`queue`) or reject. Default `'queue'`. */
  readonly whileAway?: 'queue' | 'reject' | undefined;
  /** The most sends that wait while the client is away; one more rejects. Default 1000. */
  readonly maxQueuedMessages?: number | undefined;
  /** The most bytes of waiting texts and binary messages; a text counts its characters. Default 1048576. */
  readonly maxQueuedBytes?: number | undefined;
}

const isWhole = (value: unknown, min: number): value is number => Number.isInteger(value) && Number(value) >= min;
const count = kind('a whole number, 0 or more', (value): value is number => isWhole(value, 0));
const attempts = kind(
  'a whole number from 1, or Infinity',
  (value): value is number => value === Infinity || isWhole(value, 1),
);

export const RECONNECT_OPTIONS = {
  delay: callable<NonNullable<ReconnectOptions['delay']>>(),
  minDelay: { ...DELAY, default: 100 },
  initialDelay: { ...DELAY, default: 1000 },
  maxDelay: { ...DELAY, default: 30_000 },
  maxAttempts: { ...attempts, default: Infinity },
  minUptime: { ...DELAY, default: 5000 },
  retryInitial: { ...FLAG, default: false },
  whileAway: { ...choice('queue', 'reject'), default: 'queue' },
  maxQueuedMessages: { ...count, default: 1000 },
  maxQueuedBytes: { ...count, default: 1_048_576 },
} satisfies OptionTable<ReconnectOptions>;

/** The client follows a server's Retry-After up to five minutes, as Tyrus does. */
const LONGEST_RETRY_AFTER = 300_000;

/**
 * Close codes after which a new session may succeed (RFC 6455 7.4 and its registry): going away, no code, abnormal,
 * unexpected condition, service restart, try again later, bad gateway.
 */
const PASSING_CODES: ReadonlySet<number> = new Set([1001, 1005, 1006, 1011, 1012, 1013, 1014]);

/** Request timeout, too early, too many requests. Statuses of 500 and above always count as temporary. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);

/** When, and whether, to connect again. */
export class ReconnectPolicy {
  readonly #settings: ReadOptions<typeof RECONNECT_OPTIONS>;
  readonly minUptime: number;
  readonly retryInitial: boolean;
  readonly queues: boolean;
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;

  /**
   * @param random returns numbers from 0 to 1
   * @throws DeploymentException when an option is out of range or of the wrong type
   */
  constructor(
    options: ReconnectOptions,
    private readonly random: () => number = Math.random,
  ) {
    const settings = readNested('reconnect', RECONNECT_OPTIONS, options);
    const { minDelay, maxDelay } = settings;
    if (minDelay > maxDelay) throw badOption('reconnect.minDelay', 'no longer than maxDelay', minDelay);
    this.#settings = settings;
    this.minUptime = settings.minUptime;
    this.maxQueuedMessages = settings.maxQueuedMessages;
    this.maxQueuedBytes = settings.maxQueuedBytes;
    this.retryInitial = settings.retryInitial;
    this.queues = settings.whileAway === 'queue';
  }

  /**
   * The delay before an attempt.
   *
   * @returns milliseconds, or false for no further attempt; a promise if the handler returns one
   * @throws the handler's error, or DeploymentException when the handler returns another value
   */
  next(attempt: number, cause: CloseReason | Error, elapsed: number): number | false | Promise<number | false> {
    const defaultDelay = this.#defaultDelay(attempt, cause);
    const { delay } = this.#settings;
    if (delay === undefined) return defaultDelay;
    const decided = delay({ attempt, cause, elapsed, defaultDelay });
    return typeof decided === 'object' ? Promise.resolve(decided).then(requireDelay) : requireDelay(decided);
  }

  #defaultDelay(attempt: number, cause: CloseReason | Error): number | false {
    if (attempt > this.#settings.maxAttempts || !mayPass(cause)) return false;
    const asked = cause instanceof HandshakeException ? (cause.retryAfter ?? 0) : 0;
    // The jitter stays, because all clients of a server receive the same Retry-After.
    return Math.min(asked, LONGEST_RETRY_AFTER) + this.#jittered(attempt);
  }

  /** A random delay between the shortest one and an upper bound that doubles with each attempt. */
  #jittered(attempt: number): number {
    const { minDelay, initialDelay, maxDelay } = this.#settings;
    const longest = Math.min(maxDelay, initialDelay * 2 ** (attempt - 1));
    return Math.round(minDelay + this.random() * Math.max(0, longest - minDelay));
  }
}

/** Whether a new attempt may succeed after this end or error. */
function mayPass(cause: CloseReason | Error): boolean {
  if (!(cause instanceof Error)) return PASSING_CODES.has(cause.getCloseCode().getCode());
  if (!(cause instanceof HandshakeException)) return false;
  const { code, status } = cause;
  if (code === 'WS_CONNECT_IO' || code === 'WS_CONNECT_TIMEOUT') return true;
  return code === 'WS_CONNECT_REFUSED' && status !== undefined && (status >= 500 || PASSING_STATUSES.has(status));
}

/** Node's timers take at most 31 bits. */
const LONGEST = 2 ** 31 - 1;

function requireDelay(delay: unknown): number | false {
  if (delay === false || (typeof delay === 'number' && delay >= 0 && delay <= LONGEST)) return delay;
  throw badOption('The result of reconnect.delay', `${DELAY.expected}, or false`, delay);
}
