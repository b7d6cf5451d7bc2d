import type { CloseReason } from '@serval/api';

/** Whether a code may stand in a close frame (RFC 6455 7.4, and the registry up to 1014). */
function maySend(code: number): boolean {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}

/**
 * What of a reason goes on the wire. 1005 is an empty close frame, as in the API's own meaning of NO_STATUS_CODE; other
 * codes that may not be sent become 1002, as in Tomcat.
 */
export function wireClose(reason: CloseReason): { readonly code: number | undefined; readonly phrase: string } {
  const code = reason.getCloseCode().getCode();
  if (code === 1005) return { code: undefined, phrase: '' };
  return { code: maySend(code) ? code : 1002, phrase: reason.getReasonPhrase() };
}
