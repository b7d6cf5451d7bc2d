import type { IncomingMessage, ServerResponse } from 'node:http';
import { HandshakeRejection, type HandshakeRejectionResponse } from '@serval/api';
import { badOption, type OptionKind } from '@serval/api/spi';
import { toError } from '@serval/container';

/**
 * Connect middleware, such as express-session's, on handshake requests. The response is a real `ServerResponse` of Node:
 * its headers become part of the answer, and ending it refuses the handshake.
 */
// The type of a method, so that middleware whose parameters are Express's own types fits too.
export type HandshakeMiddleware = {
  handle(request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): unknown;
}['handle'];

export const HANDSHAKE_MIDDLEWARE: OptionKind<readonly HandshakeMiddleware[]> = {
  expected: 'a function (request, response, next), or a list of them',
  read(given, name) {
    const list: readonly unknown[] = Array.isArray(given) ? given.flat(Infinity) : [given];
    if (!list.every((one) => typeof one === 'function')) throw badOption(name, HANDSHAKE_MIDDLEWARE.expected, given);
    return list as readonly HandshakeMiddleware[];
  },
};

/** The codes of Node's errors for a peer that cannot be reached. */
const OUTAGES: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/**
 * Turns an error of middleware into a refusal: with the `status` or `statusCode` of the error and its `headers`, as Express
 * does, and its message if it has `expose`, as Koa does (errors of http-errors have all of these); with 503 if the error says that a store or another peer could not be reached; otherwise the error itself, which becomes a 500.
 */
export function refusalFor(thrown: unknown): Error {
  const error = toError(thrown);
  if (error instanceof HandshakeRejection) return error;
  const { status, statusCode }: { status?: unknown; statusCode?: unknown } = error as object;
  const found = status ?? statusCode;
  if (typeof found === 'number' && Number.isInteger(found) && found >= 400 && found <= 599)
    return new HandshakeRejection(found, { ...publicPartsOf(error), cause: error });
  return isOutage(error) ? new HandshakeRejection(503, { headers: { 'Retry-After': '5' }, cause: error }) : error;
}

/** The parts of an error of http-errors that clients may see. */
function publicPartsOf(error: Error & { expose?: unknown; headers?: unknown }): HandshakeRejectionResponse {
  const { expose, headers, message } = error;
  return {
    body: expose === true && message !== '' ? `${message}\n` : undefined,
    // The refusal leaves out all that is no header.
    headers: typeof headers === 'object' && headers !== null ? (headers as Record<string, string>) : undefined,
  };
}

/** Whether the error, or one of the errors that caused it, is the loss or lack of a connection. */
export function isOutage(error: unknown, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > 4) return false;
  if ('code' in error && OUTAGES.has(error.code)) return true;
  return 'cause' in error && isOutage(error.cause, depth + 1);
}
