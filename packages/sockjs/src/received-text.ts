import type { TransportListener } from '@serval/api/spi';

/** A rule that a peer broke, and the code that the rule demands. */
export interface BrokenRule {
  readonly code: number;
  readonly reason: string;
}

/** Passes a message on, if it is not too long. @returns the broken rule */
export function deliverText(listener: TransportListener, text: string): BrokenRule | undefined {
  const { inParts, maxBytes } = listener.textRule;
  // UTF-8 has at most three bytes for a UTF-16 unit.
  const bytes = inParts || text.length * 3 <= maxBytes ? 0 : Buffer.byteLength(text);
  if (bytes > maxBytes)
    return { code: 1009, reason: `The message has ${bytes} bytes; at most ${maxBytes} are accepted.` };
  listener.onText(text, true);
  return undefined;
}

/** The error of a broken rule, as listeners receive it. */
export function errorOf({ code, reason }: BrokenRule): Error {
  return Object.assign(new Error(reason), { closeCode: code });
}
