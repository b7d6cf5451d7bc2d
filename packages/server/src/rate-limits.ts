import type { RateLimit, RateLimiter, ServerEndpointConfig } from '@serval/api';
import { Deadline, RATE_LIMITS, type ReadRateLimit } from '@serval/api/spi';
import { toError } from '@serval/container';

const READ = new WeakMap<readonly RateLimit[], readonly ReadRateLimit[]>();

/**
 * The rate limits of an endpoint's sessions.
 *
 * @param others those of the container, for an endpoint without its own
 * @throws DeploymentException when a configuration that was not built here has an invalid one
 */
export function rateLimitsOf(config: ServerEndpointConfig, others: readonly ReadRateLimit[]): readonly ReadRateLimit[] {
  const own = config.getLimits().rateLimits;
  if (own === undefined) return others;
  let read = READ.get(own);
  if (read === undefined) READ.set(own, (read = RATE_LIMITS.read(own, `${config.getPath()}.limits.rateLimits`)));
  return read;
}

/** The answer of a limiter. */
export type RateAnswer =
  | { readonly kind: 'granted' }
  /** The milliseconds until the key may try again; Infinity for never. */
  | { readonly kind: 'refused'; readonly waitMs: number }
  /** The limiter failed, or rests after a failure; only the first message of a rest has the error. */
  | { readonly kind: 'failed'; readonly error: Error | undefined };

const GRANTED: RateAnswer = { kind: 'granted' };
const RESTING: RateAnswer = { kind: 'failed', error: undefined };

/**
 * Asks one limiter, for all sessions. After a failure it asks nobody for a while, and then for one message, because a store
 * that is down would otherwise delay every message by the timeout.
 */
class AskedLimiter {
  /** In `performance.now()` time; undefined unless the last answer was a failure. */
  #restsUntil: number | undefined;
  /** One message tries whether the limiter works again. */
  #isTrying = false;

  constructor(private readonly limiter: RateLimiter) {}

  async ask({ timeout, rest }: ReadRateLimit, key: string, points: number): Promise<RateAnswer> {
    const isRetry = this.#restsUntil !== undefined && rest > 0;
    if (isRetry && (this.#isTrying || performance.now() < (this.#restsUntil ?? 0))) return RESTING;
    this.#isTrying = isRetry;
    try {
      await within(timeout, this.#consume(key, points));
    } catch (thrown) {
      const waitMs = waitOf(thrown);
      if (waitMs === undefined) return this.#failed(toError(thrown), rest, isRetry);
      this.#works();
      // A limiter that asks for no wait must not cause a busy loop.
      return { kind: 'refused', waitMs: Math.max(1, waitMs) };
    }
    this.#works();
    return GRANTED;
  }

  // An exception of the limiter becomes a rejection.
  async #consume(key: string, points: number): Promise<void> {
    const { limiter } = this;
    // A limiter of 0 points grants nothing.
    const most = Math.max(1, limiter.points ?? Infinity);
    await limiter.consume(key, Math.min(points, most));
  }

  #works(): void {
    this.#restsUntil = undefined;
    this.#isTrying = false;
  }

  #failed(error: Error, rest: number, isRetry: boolean): RateAnswer {
    // Messages that were under way when the first one failed tell nothing new.
    const isNew = this.#restsUntil === undefined || isRetry || rest === 0;
    if (isNew) this.#restsUntil = performance.now() + rest;
    if (isRetry) this.#isTrying = false;
    return isNew ? { kind: 'failed', error } : RESTING;
  }
}

const ASKED = new WeakMap<RateLimiter, AskedLimiter>();

/** Asks the limiter of a rate limit for points. Never rejects. */
export function askLimiter(limit: ReadRateLimit, key: string, points: number): Promise<RateAnswer> {
  let asked = ASKED.get(limit.limiter);
  if (asked === undefined) ASKED.set(limit.limiter, (asked = new AskedLimiter(limit.limiter)));
  return asked.ask(limit, key, points);
}

/** @throws Error when the limiter does not answer in time */
async function within(timeout: number, consuming: Promise<void>): Promise<void> {
  let limit: Deadline | undefined;
  const overdue = new Promise<never>((_resolve, reject) => {
    limit = new Deadline(timeout, () => reject(new Error(`The limiter has not answered within ${timeout} ms.`)));
  });
  try {
    await Promise.race([consuming, overdue]);
  } finally {
    limit?.clear();
  }
}

/** The wait that a limiter asks for by its rejection; undefined for the error of a store. */
function waitOf(thrown: unknown): number | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  const own = millisecondsOf(thrown);
  if (own !== undefined) return own;
  if (thrown instanceof Error) return undefined;
  // A RateLimiterUnion rejects with an object of such objects, by the names of its limiters.
  const waits = Object.values(thrown).map(millisecondsOf);
  return waits.length > 0 && waits.every((wait) => wait !== undefined) ? Math.max(...waits) : undefined;
}

/** A negative number, as of a limiter without a duration, means never. */
function millisecondsOf(answer: unknown): number | undefined {
  const wait: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'msBeforeNext') : undefined;
  if (typeof wait !== 'number' || Number.isNaN(wait)) return undefined;
  return wait < 0 ? Infinity : wait;
}
