import type { InboundRule } from '@serval/api/spi';
import { isStreaming, type MessageRoute } from '@serval/plan';

/** The routes and limits that the rules of a session follow from. */
export interface InboundRulesHost {
  routeOf(native: 'text' | 'binary'): MessageRoute | undefined;
  readonly limits: {
    readonly textBytes: number;
    readonly binaryBytes: number;
    /** Whether the limit of a text counts its characters. */
    readonly countsCharacters: boolean;
  };
}

/** The rules by which a transport delivers the messages of a session. */
export interface InboundRules {
  readonly text: InboundRule;
  readonly binary: InboundRule;
  /** The limit of a whole text, where characters count. */
  readonly maxCharacters: number | undefined;
}

/** Sessions that begin one after the other mostly have the same rules, and share the object. */
export function inboundRules(host: InboundRulesHost): InboundRules {
  const { textBytes, binaryBytes, countsCharacters } = host.limits;
  let text = ruleOf(host.routeOf('text'), textBytes);
  const binary = ruleOf(host.routeOf('binary'), binaryBytes);
  const maxCharacters = countsCharacters && !text.inParts ? text.maxBytes : undefined;
  // A UTF-16 unit takes at most three bytes; the inbox then counts exactly.
  if (maxCharacters !== undefined) text = sharedRule(false, maxCharacters * 3);
  if (latest?.text !== text || latest.binary !== binary || latest.maxCharacters !== maxCharacters)
    latest = { text, binary, maxCharacters };
  return latest;
}

let latest: InboundRules | undefined;

/** @param sessionBytes the session's limit, which holds unless the method has its own */
function ruleOf(route: MessageRoute | undefined, sessionBytes: number): InboundRule {
  if (route === undefined) return sharedRule(false, sessionBytes);
  const maxBytes = route.maxMessageSize >= 0 ? route.maxMessageSize : sessionBytes;
  return sharedRule(route.inParts || isStreaming(route), maxBytes);
}

/** Most sessions have the same rules, so they share the objects; their number is bounded. */
function sharedRule(inParts: boolean, maxBytes: number): InboundRule {
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
