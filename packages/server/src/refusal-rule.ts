import type { HandshakeRejection } from '@serval/api';
import type { RefusalRule } from '@serval/container';

/** The container's own refusals. All others are the application's. */
const RULES = new WeakMap<HandshakeRejection, RefusalRule>();

/** Notes which rule refuses a handshake, for the diagnostics. @returns the rejection, to throw it */
export function refusedBy(rule: RefusalRule, rejection: HandshakeRejection): HandshakeRejection {
  RULES.set(rejection, rule);
  return rejection;
}

export function ruleOf(rejection: HandshakeRejection): RefusalRule {
  return RULES.get(rejection) ?? 'application';
}
