import { HandshakeException } from '@serval/api';
import { badOption, isOptionsObject, pause } from '@serval/api/spi';

/** How far a server is obeyed that asks to come back later. */
export interface RetryAfterOptions {
  /** Further attempts at most, 1 to 1000. Default 5. */
  readonly attempts?: number | undefined;
  /** The longest delay that is waited for, in milliseconds, 0 to 2147483647; a longer one fails at once. Default 300000. */
  readonly maxDelay?: number | undefined;
}

/** What a container can be told. */
export type RetryAfterOption = boolean | RetryAfterOptions;

/** Those of Tyrus. */
const BY_DEFAULT = { attempts: 5, maxDelay: 300_000 };

/**
 * Attempts to connect until a server has stopped asking to come back later (503 or 429 with Retry-After).
 *
 * @param wait so many milliseconds
 * @returns what an attempt does
 * @throws HandshakeException (as a rejection) of the last attempt
 */
export async function retrying<T>(
  option: RetryAfterOption | undefined,
  attempt: () => Promise<T>,
  wait: (milliseconds: number) => Promise<unknown> = pause,
): Promise<T> {
  const { attempts, maxDelay } = checkRetryAfter(option);
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

/** @throws DeploymentException for what is out of range or of the wrong kind */
export function checkRetryAfter(option: unknown = false): Required<{ [K in keyof RetryAfterOptions]: number }> {
  if (option === false) return { attempts: 0, maxDelay: 0 };
  if (option === true) return BY_DEFAULT;
  if (!isOptionsObject(option))
    throw badOption('retryAfter', 'true, false or an object { attempts?, maxDelay? }', option);
  const {
    attempts = BY_DEFAULT.attempts,
    maxDelay = BY_DEFAULT.maxDelay,
  }: { [K in keyof RetryAfterOptions]?: unknown } = option;
  return {
    attempts: requireWhole('retryAfter.attempts', attempts, 1, 1000, 'attempts'),
    maxDelay: requireWhole('retryAfter.maxDelay', maxDelay, 0, 2 ** 31 - 1, 'milliseconds'),
  };
}

function requireWhole(name: string, value: unknown, min: number, max: number, unit: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw badOption(name, `a whole number of ${unit} from ${min} to ${max}`, value);
}
