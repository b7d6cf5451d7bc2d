import { STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HandshakeRejectionResponse } from '@serval/api';

/** How long a client has to read a refusal before its connection is dropped. */
const LINGER_MS = 2000;

/** Answers a request with a status instead of an upgrade, and ends the connection. Never throws. */
export function reject(socket: Duplex, status: number, response: HandshakeRejectionResponse = {}): void {
  if (socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = Buffer.from(response.body ?? `${STATUS_CODES[status] ?? 'Refused'}\n`);
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`];
  const headers = checkedHeaders(response.headers ?? {});
  if (!headers.some(([name]) => name.toLowerCase() === 'content-type'))
    headers.push(['Content-Type', 'text/plain; charset=utf-8']);
  headers.push(['Content-Length', String(body.length)], ['Connection', 'close']);
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  const linger = setTimeout(() => socket.destroy(), LINGER_MS);
  linger.unref();
  socket.once('close', () => clearTimeout(linger));
  // Read on, so that the client's end of the connection is noticed.
  socket.resume();
  socket.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]));
}

/** Header lines as pairs; a name or value that HTTP does not allow is left out rather than sent (no response splitting). */
export function checkedHeaders(
  headers: Readonly<Record<string, string | readonly string[]>>,
): [name: string, value: string][] {
  return Object.entries(headers).flatMap(([name, values]) =>
    (typeof values === 'string' ? [values] : values).flatMap((value): [string, string][] =>
      isValidHeader(name, value) ? [[name, value]] : [],
    ),
  );
}

/** Whether a header may be sent as it is. */
export function isValidHeader(name: string, value: unknown): value is string {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value as string);
    return typeof value === 'string';
  } catch {
    return false;
  }
}
