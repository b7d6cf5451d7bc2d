import { CloseReason } from '@serval/api';

/** Codes that RFC 6455 7.4.1 keeps off the wire. */
const NEVER_SENT: ReadonlySet<number> = new Set([1004, 1005, 1006, 1015]);

/** A reason for `@OnClose` from what a transport reports; a phrase longer than a close frame holds is cut. */
export function closeReasonOf(code: number, phrase: string): CloseReason {
  return new CloseReason(code, truncatePhrase(phrase));
}

/**
 * What of a reason goes on the wire. 1005 is an empty close frame, as in the API's own meaning of NO_STATUS_CODE; the
 * other codes that may not be sent become 1002, as in Tomcat.
 */
export function wireClose(reason: CloseReason): { readonly code: number | undefined; readonly phrase: string } {
  const code = reason.getCloseCode().getCode();
  if (code === 1005) return { code: undefined, phrase: '' };
  return { code: NEVER_SENT.has(code) ? 1002 : code, phrase: truncatePhrase(reason.getReasonPhrase()) };
}

/** At most 123 bytes of UTF-8, cut on a character and marked with an ellipsis (RFC 6455 5.5.1). */
function truncatePhrase(phrase: string): string {
  if (Buffer.byteLength(phrase) <= 123) return phrase;
  let cut = '';
  let bytes = 0;
  for (const character of phrase) {
    bytes += Buffer.byteLength(character);
    if (bytes > 120) break;
    cut += character;
  }
  return `${cut}…`;
}
