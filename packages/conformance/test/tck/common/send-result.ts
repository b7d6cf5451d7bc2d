import type { SendHandler, SendResult } from 'serval';

/** The result that a send passes to its handler. An exception of the call itself becomes a rejection. */
export function sendResult(send: (handler: SendHandler) => void): Promise<SendResult> {
  return new Promise((resolve) => send(resolve));
}
