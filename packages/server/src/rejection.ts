import { STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseReason, type HandshakeRejection, type HandshakeRejectionResponse } from '@serval/api';
import { Deadline, wireClose } from '@serval/api/spi';
import { toError, type RefusalRule } from '@serval/container';
import type { HeaderLine } from '@serval/protocol';
import { reasonOf } from './refusal-rule';

/** The characters of a refusal's body that the diagnostics repeat. */
const MAX_REASON = 200;

/** How long a client has to read a refusal before its connection is dropped. */
export const LINGER_MS = 2000;

// The refusal itself sets these headers, which describe its body and its connection.
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'trailer',
  'connection',
  'keep-alive',
  'proxy-connection',
]);

/** The parts of a HandshakeRejection after reading. */
export interface Rejection {
  readonly status: number;
  /** For people: the first line of the body, else the exception's message. */
  readonly reason: string;
  readonly rule: RefusalRule;
  /** The part of the application that refused; undefined if the container did. */
  readonly by: string | undefined;
  /** Contains only values that can be sent. */
  readonly response: HandshakeRejectionResponse;
  /** The close frame, if the server accepts the handshake and then closes. */
  readonly close: WireClose | undefined;
  /** The error behind the refusal. */
  readonly cause: unknown;
  /** One sentence for each part that cannot be sent. */
  readonly leftOut: readonly string[];
}

export type WireClose = ReturnType<typeof wireClose>;

/**
 * Reads a HandshakeRejection from user code, once. Its contents are not reliable: a JavaScript program may set any body
 * and any header, and a getter may throw. It leaves out the parts that cannot be sent. Never throws.
 *
 * @returns an error if not even the status is valid
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
  const body = attempt('the body', undefined, () => readBody(response?.body));
  const message = attempt('the message', '', () => String(thrown.message));
  const { rule, by, reason = firstLineOf(body) ?? message } = reasonOf(thrown);
  return {
    status,
    reason,
    rule,
    by,
    response: { headers: attempt('the headers', {}, () => sendableHeaders(response?.headers, leftOut)), body },
    close: attempt('the close reason', undefined, () => readClose(thrown.closeReason)),
    cause: attempt<unknown>('the cause', undefined, () => thrown.cause),
    leftOut,
  };
}

function readClose(reason: CloseReason | undefined): WireClose | undefined {
  return reason && wireClose(CloseReason.truncated(reason.getCloseCode(), reason.getReasonPhrase()));
}

/** A body may be a whole page of HTML. */
function firstLineOf(body: string | Uint8Array | undefined): string | undefined {
  if (typeof body !== 'string') return undefined;
  const [line = ''] = body.trimStart().split('\n', 1);
  return line === '' ? undefined : line.trimEnd().slice(0, MAX_REASON);
}

function readBody(body: unknown): string | Uint8Array | undefined {
  if (body === undefined || body === null || typeof body === 'string') return body ?? undefined;
  if (body instanceof Uint8Array) return body;
  // Another object converts with its own toString().
  return textFor(body);
}

/** @throws the error of the object's own methods */
function textFor(value: unknown): string {
  return `${value as string}`;
}

function sendableHeaders(headers: unknown, leftOut: string[]): Record<string, string[]> {
  if (headers === undefined || headers === null) return {};
  if (typeof headers !== 'object' || Symbol.iterator in headers) {
    leftOut.push('The headers of the HandshakeRejection were left out: they are not an object of names and values.');
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

/** Answers an HTTP/1.1 request with a status instead of an upgrade, and ends the connection. Never throws. */
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
  // Keep reading, to detect the end of the client's side.
  socket.resume();
  socket.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]));
}

/** The response to a refused handshake. */
export interface Refusal {
  readonly phrase: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** Header lines by their names. Only a name with several lines has a list: middleware expects a text for the others. */
export function fieldsOf(lines: readonly HeaderLine[]): Record<string, string | string[]> {
  const fields = new Map<string, string | string[]>();
  for (const [name, value] of lines) {
    const before = fields.get(name);
    fields.set(name, before === undefined ? value : [before, value].flat());
  }
  return Object.fromEntries(fields);
}

/** The response to a refused handshake in any version of HTTP. Never throws. */
export function refusal(status: number, response?: HandshakeRejectionResponse | null): Refusal {
  const phrase = STATUS_CODES[status] ?? 'Refused';
  const given = response?.body ?? `${phrase}\n`;
  const body = given instanceof Uint8Array ? Buffer.from(given) : Buffer.from(String(given));
  const headers = checkedHeaders(response?.headers ?? {}).filter(([name]) => !OWN_HEADERS.has(name.toLowerCase()));
  if (body.length > 0 && !headers.some(([name]) => name.toLowerCase() === 'content-type'))
    headers.push(['Content-Type', 'text/plain; charset=utf-8']);
  headers.push(['Content-Length', String(body.length)]);
  return { phrase, headers, body };
}

/** The header lines as pairs, without names and values that HTTP does not allow, to prevent response splitting. */
export function checkedHeaders(headers: Readonly<Record<string, unknown>>): [name: string, value: string][] {
  return Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().flatMap((value): [string, string][] => {
      const text = typeof value === 'number' ? String(value) : value;
      return isValidHeader(name, text) ? [[name, text]] : [];
    }),
  );
}

/** Whether HTTP allows the header. */
export function isValidHeader(name: string, value: unknown): value is string {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value as string);
    return typeof value === 'string';
  } catch {
    return false;
  }
}
