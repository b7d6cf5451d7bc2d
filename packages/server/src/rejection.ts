import { STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HandshakeRejectionResponse } from '@serval/api';
import { Deadline } from '@serval/api/spi';

/** How long a client has to read a refusal before its connection is dropped. */
export const LINGER_MS = 2000;

// Only the refusal itself knows how long its body is, and what becomes of the connection.
const OWN_HEADERS: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'connection']);

/**
 * Answers a request of HTTP/1.1 with a status instead of an upgrade, and ends the connection. Never throws, whatever a
 * JavaScript program has put into the response.
 */
export function reject(socket: Duplex, status: number, response?: HandshakeRejectionResponse | null): void {
  if (socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const { phrase, headers, body } = refusal(status, response);
  const lines = [
    `HTTP/1.1 ${status} ${phrase}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  const linger = new Deadline(LINGER_MS, () => socket.destroy());
  socket.once('close', () => linger.clear());
  // Read on, so that the client's end of the connection is noticed.
  socket.resume();
  socket.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]));
}

/** A response as it is sent. */
export interface Refusal {
  readonly phrase: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** What any version of HTTP says of a refusal. Never throws. */
export function refusal(status: number, response?: HandshakeRejectionResponse | null): Refusal {
  const phrase = STATUS_CODES[status] ?? 'Refused';
  const body = Buffer.from(String(response?.body ?? `${phrase}\n`));
  const headers = checkedHeaders(response?.headers ?? {}).filter(([name]) => !OWN_HEADERS.has(name.toLowerCase()));
  if (!headers.some(([name]) => name.toLowerCase() === 'content-type'))
    headers.push(['Content-Type', 'text/plain; charset=utf-8']);
  headers.push(['Content-Length', String(body.length)]);
  return { phrase, headers, body };
}

/** Header lines as pairs; a name or value that HTTP does not allow is left out rather than sent (no response splitting). */
export function checkedHeaders(headers: Readonly<Record<string, unknown>>): [name: string, value: string][] {
  return Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().flatMap((value): [string, string][] => {
      const text = typeof value === 'number' ? String(value) : value;
      return isValidHeader(name, text) ? [[name, text]] : [];
    }),
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
