import { IOException, type CloseReason } from '@serval/api';
import { isSendableCloseCode } from '@serval/api/spi';
import type { ContainerSettings } from './settings';

/**
 * What of a reason goes on the wire. 1005 is an empty close frame, as in the API's own meaning of NO_STATUS_CODE; other
 * codes that may not be sent become 1002, as in Tomcat.
 */
export function wireClose(reason: CloseReason): { readonly code: number | undefined; readonly phrase: string } {
  const code = reason.getCloseCode().getCode();
  if (code === 1005) return { code: undefined, phrase: '' };
  return { code: isSendableCloseCode(code) ? code : 1002, phrase: reason.getReasonPhrase() };
}

/** A session whose connection has ended. */
export interface LostSession {
  readonly context: { readonly settings: ContainerSettings };
  readonly plan: { readonly error: unknown };
}

/**
 * What `@OnError` is given before `@OnClose`, as in Tomcat, if that is wanted.
 *
 * @param code with which the connection has ended
 * @param cause its error, if there was one
 */
export function connectionLoss({ context, plan }: LostSession, code: number, cause?: Error): IOException | undefined {
  if (!context.settings.connectionLossIsError || code !== 1006 || plan.error === undefined) return undefined;
  return new IOException('The connection ended without a close frame.', { cause });
}
