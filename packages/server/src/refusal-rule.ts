import type { HandshakeRejection } from '@serval/api';
import type { RefusalRule } from '@serval/container';

/** The reason of a refusal, for the operator. */
interface RefusalReason {
  readonly rule: RefusalRule;
  /** One sentence; undefined if the answer to the client says enough. */
  readonly reason: string | undefined;
}

/** The container's own refusals. All others are the application's. */
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

export function reasonOf(rejection: HandshakeRejection): RefusalReason {
  return REASONS.get(rejection) ?? { rule: 'application', reason: undefined };
}
