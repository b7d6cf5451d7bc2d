import { STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseReason, HandshakeRejection, type HandshakeRejectionResponse } from '@serval/api';
import { Deadline } from '@serval/api/spi';
import { toError, wireClose } from '@serval/container';

/** How long a client has to read a refusal before its connection is dropped. */
export const LINGER_MS = 2000;

// Only the refusal itself knows how long its body is, and what becomes of the connection.
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'trailer',
  'connection',
  'keep-alive',
  'proxy-connection',
]);

/** A HandshakeRejection as it is carried out. */
export interface Rejection {
  readonly status: number;
  readonly reason: string;
  /** Only what can be sent. */
  readonly response: HandshakeRejectionResponse;
  /** What goes into a close frame, when the handshake is to be accepted and then closed. */
  readonly close: WireClose | undefined;
  /** What could not be sent, a sentence each. */
  readonly leftOut: readonly string[];
}

export type WireClose = ReturnType<typeof wireClose>;

export function isRejection(thrown: unknown): thrown is HandshakeRejection {
  try {
    return thrown instanceof HandshakeRejection;
  } catch {
    // A proxy may throw when it is asked for its prototype.
    return false;
  }
}

/**
 * Reads what user code has thrown, once. Nothing of it can be relied on: a JavaScript program may give any body and any
 * header, a getter may throw. What cannot be sent is left out. Never throws.
 *
 * @returns an error where not even the status can be told
 */
export function readRejection(thrown: HandshakeRejection): Rejection | { readonly error: Error } {
  const leftOut: string[] = [];
  const attempt = <T>(what: string, otherwise: T, read: () => T): T => {
    try {
      return read();
    } catch (error) {
      leftOut.push(`${what} of the HandshakeRejection could not be read: ${messageOf(error)}.`);
      return otherwise;
    }
  };
  const status = attempt<unknown>('the status', undefined, () => thrown.status);
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 300 || status > 599) {
    return { error: new Error(`A HandshakeRejection has a status from 300 to 599; found ${textOf(status)}.`) };
  }
  const response = attempt('the response', undefined, () => thrown.response);
  return {
    status,
    reason: attempt('the message', '', () => String(thrown.message)),
    response: {
      headers: attempt('the headers', {}, () => sendableHeaders(response?.headers, leftOut)),
      body: attempt('the body', undefined, () => readBody(response?.body)),
    },
    close: attempt('the close reason', undefined, () => readClose(thrown.closeReason)),
    leftOut,
  };
}

function readClose(reason: CloseReason | undefined): WireClose | undefined {
  return reason && wireClose(CloseReason.truncated(reason.getCloseCode(), reason.getReasonPhrase()));
}

function readBody(body: unknown): string | undefined {
  if (body === undefined || body === null || typeof body === 'string') return body ?? undefined;
  // A Buffer has a text; another object has one by what it says of itself.
  return textFor(body);
}

/** @throws whatever the object's own methods throw */
function textFor(value: unknown): string {
  return `${value as string}`;
}

function sendableHeaders(headers: unknown, leftOut: string[]): Record<string, string[]> {
  if (headers === undefined || headers === null) return {};
  if (typeof headers !== 'object' || Symbol.iterator in headers) {
    leftOut.push('The headers of the HandshakeRejection are no object of names and values, and were left out.');
    return {};
  }
  const sendable = new Map<string, string[]>();
  for (const [name, values] of Object.entries(headers)) {
    const shown = JSON.stringify(name);
    if (OWN_HEADERS.has(name.toLowerCase())) {
      leftOut.push(`The header ${shown} of the HandshakeRejection was left out: the refusal sets it itself.`);
      continue;
    }
    const lines = [values].flat(1).map((value: unknown) => (typeof value === 'number' ? String(value) : value));
    const valid = lines.filter((value): value is string => isValidHeader(name, value));
    if (valid.length < lines.length)
      leftOut.push(
        `The header ${shown} of the HandshakeRejection was left out: HTTP does not allow its name or value.`,
      );
    if (valid.length > 0) sendable.set(name, valid);
  }
  return Object.fromEntries(sendable);
}

function messageOf(error: unknown): string {
  try {
    return String(toError(error).message);
  } catch {
    return 'it throws';
  }
}

function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return typeof value;
  }
}

/** Answers a request of HTTP/1.1 with a status instead of an upgrade, and ends the connection. Never throws. */
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
