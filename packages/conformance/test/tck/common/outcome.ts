import { IllegalArgumentException } from 'serval';
import { printStackTrace } from './error-reporter';

/** How an operation ended, in the words that the client looks for. */
export const OK = 'OK';
export const FAIL = 'FAIL';

/** @returns OK, or where the operation failed */
export async function succeeds(operation: () => unknown): Promise<string> {
  try {
    await operation();
    return OK;
  } catch (error) {
    return printStackTrace(error instanceof Error ? error : new Error(String(error)));
  }
}

/** @returns OK when the operation fails with an error of this class, FAIL when it does not fail */
export async function fails(
  operation: () => unknown,
  expected: new (...args: never[]) => Error = IllegalArgumentException,
): Promise<string> {
  const outcome = await succeeds(async () => {
    try {
      await operation();
    } catch (error) {
      if (error instanceof expected) return;
      throw error;
    }
    throw new NothingThrown();
  });
  return outcome.includes(NothingThrown.name) ? FAIL : outcome;
}

class NothingThrown extends Error {
  override readonly name = 'NothingThrown';
}

/** An argument that the compiler would not let through, where the TCK asks what is done about it. */
export const MISSING = null as never; // `never` fits every parameter; that it is none of them is the point.
