import type { SendHandler, SendResult } from 'serval';

/** What a send tells its handler. What the call itself throws is a rejection. */
export function sendResult(send: (handler: SendHandler) => void): Promise<SendResult> {
  return new Promise((resolve) => send(resolve));
}
