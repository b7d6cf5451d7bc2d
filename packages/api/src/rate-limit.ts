import type * as RateLimiterFlexible from 'rate-limiter-flexible';
import { choice, kind, list, milliseconds, nested, wholeNumber } from './option-kinds';
import { badOption, type OptionKind, type OptionTable } from './options';
import { cannotLoad } from './spi/load-lazily';

/**
 * Counts points by key. The limiters of rate-limiter-flexible have this shape, in memory, in Redis and elsewhere: `consume`
 * rejects with an object that has `msBeforeNext` when there are too many, and with another error when its store fails.
 */
export interface RateLimiter {
  consume(key: string, points?: number): Promise<unknown>;
  /** The most points of one key. A message with more counts as so many. Default: unknown. */
  readonly points?: number | undefined;
}

/** One limit of the rate at which clients send messages. */
export interface RateLimit {
  /**
   * The messages that count together: those of one session, of all sessions of a user, or of an address (of IPv6, of its
   * /64 network). Sessions without a user, or without an address, are not limited.
   */
  readonly by: 'session' | 'user' | 'address';
  /** Whether each message or each byte is a point. Default `'messages'`. */
  readonly count?: 'messages' | 'bytes' | undefined;
  /** So many points pass in each `duration`, counted in this process by the package rate-limiter-flexible. */
  readonly points?: number | undefined;
  /** The time of `points`, in seconds. */
  readonly duration?: number | undefined;
  /** In place of `points` and `duration`: counts the points, for example in Redis for all processes. */
  readonly limiter?: RateLimiter | undefined;
  /**
   * The action beyond the limit: read on once the limiter allows it (`delay`), so that the client's sends wait; close the
   * session with 1008 (`close`); or leave the message out (`drop`). A part of a message that began is always delayed.
   * Default `'delay'`.
   */
  readonly excess?: 'delay' | 'close' | 'drop' | undefined;
  /**
   * The action if the limiter fails, or does not answer in time: let the message pass (`open`), or close the session with
   * 1013 (`close`). Both are a warning. Default `'open'`.
   */
  readonly failure?: 'open' | 'close' | undefined;
  /** How long the limiter may take for an answer, in milliseconds. Default 1000. */
  readonly timeout?: number | undefined;
  /**
   * How long `failure` applies to all messages after a failure, in milliseconds, before one message tries the limiter again.
   * 0 asks it for every message. Default 5000.
   */
  readonly rest?: number | undefined;
}

/** A rate limit after reading. */
export interface ReadRateLimit extends RateLimit {
  readonly count: 'messages' | 'bytes';
  readonly limiter: RateLimiter;
  readonly excess: 'delay' | 'close' | 'drop';
  readonly failure: 'open' | 'close';
  readonly timeout: number;
  readonly rest: number;
}

function isLimiter(value: unknown): value is RateLimiter {
  return typeof value === 'object' && value !== null && 'consume' in value && typeof value.consume === 'function';
}

/** The limit of Node's timers, which forget the points. */
const LONGEST_DURATION = 2_000_000;

const DURATION = kind(
  `a number of seconds above 0 and up to ${LONGEST_DURATION}`,
  (value): value is number => typeof value === 'number' && value > 0 && value <= LONGEST_DURATION,
);

const TABLE = {
  by: choice('session', 'user', 'address'),
  count: { ...choice('messages', 'bytes'), default: 'messages' },
  points: wholeNumber('whole number of points', 1),
  duration: DURATION,
  limiter: kind('a limiter with a method consume, such as RateLimiterRedis of rate-limiter-flexible', isLimiter),
  excess: { ...choice('delay', 'close', 'drop'), default: 'delay' },
  failure: { ...choice('open', 'close'), default: 'open' },
  timeout: { ...milliseconds(1), default: 1000 },
  rest: { ...milliseconds(0), default: 5000 },
} satisfies OptionTable<RateLimit>;

const ITEM = nested('an object with by, points and duration', TABLE);

const RATE_LIMIT: OptionKind<ReadRateLimit> = {
  ...ITEM,
  read(value, name) {
    const { by, points, duration, limiter, ...others } = ITEM.read(value, name);
    if (by === undefined) throw badOption(`${name}.by`, TABLE.by.expected, undefined);
    if (limiter === undefined) return { by, limiter: memoryLimiter(name, points, duration), ...others };
    if (points === undefined && duration === undefined) return { by, limiter, ...others };
    throw badOption(`${name}.limiter`, 'absent beside points and duration', limiter, 'Pass one or the other.');
  },
};

/** @throws DeploymentException when rate-limiter-flexible is not installed */
function memoryLimiter(name: string, points: number | undefined, duration: number | undefined): RateLimiter {
  if (points === undefined) throw badOption(`${name}.points`, TABLE.points.expected, undefined, 'Or pass a limiter.');
  if (duration === undefined) throw badOption(`${name}.duration`, TABLE.duration.expected, undefined);
  const { RateLimiterMemory } = loadLimiters(name);
  return new RateLimiterMemory({ points, duration });
}

function loadLimiters(name: string): typeof RateLimiterFlexible {
  // Bundlers accept a missing module only inside a try statement.
  try {
    return require('rate-limiter-flexible') as typeof RateLimiterFlexible;
  } catch (cause) {
    throw cannotLoad('rate-limiter-flexible', `${name}.points`, cause);
  }
}

/** Limits of the rate of messages; each has a limiter after reading. */
export const RATE_LIMITS: OptionKind<readonly ReadRateLimit[]> = list(
  'a list of objects such as { by: "session", points: 20, duration: 1 }',
  RATE_LIMIT,
);
