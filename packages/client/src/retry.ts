import { HandshakeException } from '@serval/api';
import { pause, wholeNumber, milliseconds, type OptionTable, type ReadOptions } from '@serval/api/spi';

/** How to handle a server that asks clients to come back later. */
export interface RetryAfterOptions {
  /** The largest number of further attempts. Default 5. */
  readonly attempts?: number | undefined;
  /** The longest delay, in milliseconds. If the server requests a longer one, connecting fails at once. Default 300000. */
  readonly maxDelay?: number | undefined;
}

/** True for the defaults, false for no further attempt. */
export type RetryAfterOption = boolean | RetryAfterOptions;

/** The defaults are those of Tyrus. */
export const RETRY_AFTER_OPTIONS = {
  attempts: { ...wholeNumber('whole number of attempts', 1, 1000), default: 5 },
  maxDelay: { ...milliseconds(0), default: 300_000 },
} satisfies OptionTable<RetryAfterOptions>;

/** The option, read. */
export type RetryAfterSettings = false | ReadOptions<typeof RETRY_AFTER_OPTIONS>;

/**
 * Attempts to connect until the server no longer answers 503 or 429 with Retry-After.
 *
 * @param wait waits the given number of milliseconds
 * @returns the result of the attempt that succeeded
 * @throws the error of the last attempt (as a rejection)
 */
export async function retrying<T>(
  settings: RetryAfterSettings,
  attempt: () => Promise<T>,
  wait: (milliseconds: number) => Promise<unknown> = pause,
): Promise<T> {
  const { attempts, maxDelay } = settings === false ? { attempts: 0, maxDelay: 0 } : settings;
  for (let left = attempts; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      const asked = error instanceof HandshakeException ? error.retryAfter : undefined;
      if (asked === undefined || left <= 0 || asked > maxDelay) throw error;
      await wait(asked);
    }
  }
}
