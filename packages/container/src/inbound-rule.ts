import type { InboundRule } from '@serval/api/spi';
import { isStreaming, type MessageRoute } from '@serval/plan';

/** How the transport is to treat what goes this way. @param sessionBytes the session's limit, unless the method has one */
export function inboundRuleOf(route: MessageRoute | undefined, sessionBytes: number): InboundRule {
  if (route === undefined) return inboundRule(false, sessionBytes);
  return inboundRule(
    route.inParts || isStreaming(route),
    route.maxMessageSize >= 0 ? route.maxMessageSize : sessionBytes,
  );
}

/** Most sessions have the same rules, so they share the objects; the number kept is bounded. */
export function inboundRule(inParts: boolean, maxBytes: number): InboundRule {
  const key = inParts ? -1 - maxBytes : maxBytes;
  let rule = RULES.get(key);
  if (rule === undefined) {
    if (RULES.size >= MOST_RULES) RULES.clear();
    RULES.set(key, (rule = { inParts, maxBytes }));
  }
  return rule;
}

const RULES = new Map<number, InboundRule>();
const MOST_RULES = 256;
