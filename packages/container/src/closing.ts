import type { CloseReason } from '@serval/api';
import { isSendableCloseCode } from '@serval/api/spi';

/**
 * What of a reason goes on the wire. 1005 is an empty close frame, as in the API's own meaning of NO_STATUS_CODE; other
 * codes that may not be sent become 1002, as in Tomcat.
 */
export function wireClose(reason: CloseReason): { readonly code: number | undefined; readonly phrase: string } {
  const code = reason.getCloseCode().getCode();
  if (code === 1005) return { code: undefined, phrase: '' };
  return { code: isSendableCloseCode(code) ? code : 1002, phrase: reason.getReasonPhrase() };
}
