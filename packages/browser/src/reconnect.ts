import { isIdle } from './page';
import type { CloseReason } from './types';

/**
 * Close codes after which a new session may succeed (RFC 6455 7.4 and its registry), as in Node, and codes of failed attempts:
 * a page sees nothing of the server's answer, so that a 401 looks like a server that is down.
 */
const PASSING = /^(100[156]|101[1-4]|WS_CONNECT_(IO|TIMEOUT))$/;

/** Whether a new attempt may succeed after this end or error. */
export function mayPass(cause: CloseReason | Error): boolean {
  return PASSING.test((cause as CloseReason).code as unknown as string);
}

/** A random delay between the shortest one and an upper bound that doubles with each attempt. */
export function jittered(minDelay: number, initialDelay: number, maxDelay: number, attempt: number): number {
  // The tabs in the background let the one in front go first.
  const longest = isIdle() ? maxDelay : Math.min(maxDelay, initialDelay * 2 ** (attempt - 1));
  return minDelay + Math.random() * Math.max(0, longest - minDelay);
}
