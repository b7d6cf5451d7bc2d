import {
  choice,
  Deadline,
  kind,
  list,
  milliseconds,
  nested,
  badOption,
  type OptionKind,
  type OptionTable,
  type ReadOptions,
} from '@serval/api/spi';

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
  readonly limiter: RateLimiter;
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
}

function isLimiter(value: unknown): value is RateLimiter {
  return typeof value === 'object' && value !== null && 'consume' in value && typeof value.consume === 'function';
}

const TABLE = {
  by: choice('session', 'user', 'address'),
  count: { ...choice('messages', 'bytes'), default: 'messages' },
  limiter: kind('a limiter with a method consume, such as RateLimiterMemory of rate-limiter-flexible', isLimiter),
  excess: { ...choice('delay', 'close', 'drop'), default: 'delay' },
  failure: { ...choice('open', 'close'), default: 'open' },
  timeout: { ...milliseconds(1), default: 1000 },
} satisfies OptionTable<RateLimit>;

const ITEM = nested('an object with by and limiter', TABLE);

const RATE_LIMIT: OptionKind<RateLimitSettings> = {
  ...ITEM,
  read(value, name) {
    const { by, limiter, ...others } = ITEM.read(value, name);
    if (by === undefined) throw badOption(`${name}.by`, TABLE.by.expected, undefined);
    if (limiter === undefined) throw badOption(`${name}.limiter`, TABLE.limiter.expected, undefined);
    return { by, limiter, ...others };
  },
};

/** A rate limit after reading. */
export interface RateLimitSettings extends Omit<ReadOptions<typeof TABLE>, 'by' | 'limiter'> {
  readonly by: RateLimit['by'];
  readonly limiter: RateLimiter;
}

export const RATE_LIMITS = list('a list of objects with by and limiter', RATE_LIMIT);

/**
 * Asks a limiter.
 *
 * @returns the milliseconds until the key may try again; 0 if the points are granted
 * @throws Error when the limiter fails, or does not answer in time
 */
export async function consume({ limiter, timeout }: RateLimitSettings, key: string, points: number): Promise<number> {
  let limit: Deadline | undefined;
  const overdue = new Promise<never>((_resolve, reject) => {
    limit = new Deadline(timeout, () => reject(new Error(`The limiter has not answered within ${timeout} ms.`)));
  });
  try {
    // A limiter of 0 points grants nothing.
    const most = Math.max(1, limiter.points ?? Infinity);
    await Promise.race([limiter.consume(key, Math.min(points, most)), overdue]);
    return 0;
  } catch (thrown) {
    const wait: unknown =
      typeof thrown === 'object' && thrown !== null ? Reflect.get(thrown, 'msBeforeNext') : undefined;
    if (typeof wait === 'number' && wait >= 0) return Math.max(1, wait);
    throw thrown;
  } finally {
    limit?.clear();
  }
}
