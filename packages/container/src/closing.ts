import { CloseReason } from '@serval/api';

/** Whether a code may stand in a close frame (RFC 6455 7.4, and the registry up to 1014). */
function maySend(code: number): boolean {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}

/** A reason for `@OnClose` from what a transport reports; a phrase longer than a close frame holds is cut. */
export function closeReasonOf(code: number, phrase: string): CloseReason {
  return new CloseReason(code, truncatePhrase(phrase));
}

/**
 * What of a reason goes on the wire. 1005 is an empty close frame, as in the API's own meaning of NO_STATUS_CODE; other
 * codes that may not be sent become 1002, as in Tomcat.
 */
export function wireClose(reason: CloseReason): { readonly code: number | undefined; readonly phrase: string } {
  const code = reason.getCloseCode().getCode();
  if (code === 1005) return { code: undefined, phrase: '' };
  return { code: maySend(code) ? code : 1002, phrase: truncatePhrase(reason.getReasonPhrase()) };
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
