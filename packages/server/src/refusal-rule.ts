import { HandshakeRejection } from '@serval/api';
import type { RefusalRule } from '@serval/container';

/** The reason of a refusal, for the operator. */
interface RefusalReason {
  readonly rule: RefusalRule;
  /** One sentence; undefined if the answer to the client says enough. */
  readonly reason: string | undefined;
  /** The part of the application that refused, for the rule `application`. */
  readonly by?: string | undefined;
}

/** The container's own refusals, and those of the application once their origin is known. */
const REASONS = new WeakMap<HandshakeRejection, RefusalReason>();

/**
 * Notes which rule refuses a handshake, for the diagnostics.
 *
 * @param reason more than the client learns
 * @returns the rejection, to throw it
 */
export function refusedBy(rule: RefusalRule, rejection: HandshakeRejection, reason?: string): HandshakeRejection {
  REASONS.set(rejection, { rule, reason });
  return rejection;
}

/**
 * Runs code of the application, and notes that it refused a handshake if it throws a HandshakeRejection.
 *
 * @param by names the code for the operator
 * @throws the error of the code
 */
export async function namingRefusal<T>(by: string, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    nameRefusal(by, thrown);
    throw thrown;
  }
}

/** Notes which part of the application refused, unless the container refused itself. */
export function nameRefusal(by: string, thrown: unknown): void {
  if (isRejection(thrown) && reasonOf(thrown).rule === 'application')
    REASONS.set(thrown, { rule: 'application', reason: undefined, by });
}

/** Whether a value is a HandshakeRejection. Never throws. */
export function isRejection(thrown: unknown): thrown is HandshakeRejection {
  try {
    return thrown instanceof HandshakeRejection;
  } catch {
    // A proxy may throw when its prototype is read.
    return false;
  }
}

export function reasonOf(rejection: HandshakeRejection): RefusalReason {
  return REASONS.get(rejection) ?? { rule: 'application', reason: undefined };
}
