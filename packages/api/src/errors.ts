import { readRetryAfter, type Headers } from './headers';
import type { SchemaIssue } from './standard-schema';

/**
 * Every stable code that an error of this package can carry.
 *
 * Any release may reword messages; a release only ever adds codes. The reference page `docs/reference/errors.md` lists
 * the codes with cause and remedy, and a test keeps the two equal.
 */
export const ERROR_CODES = [
  'WS_DEPLOY_FAILED',
  'WS_DEPLOY_NOT_AN_ENDPOINT',
  'WS_DEPLOY_BAD_PATH',
  'WS_DEPLOY_DUPLICATE_PATH',
  'WS_DEPLOY_BAD_METHOD',
  'WS_DEPLOY_BAD_PARAMETER',
  'WS_DEPLOY_DUPLICATE_HANDLER',
  'WS_DEPLOY_BAD_CODEC',
  'WS_DEPLOY_BAD_CONFIGURATOR',
  'WS_DEPLOY_BAD_OPTION',
  'WS_DEPLOY_HALTED',
  'WS_DEPLOY_TOO_LATE',
  'WS_CONNECT_BAD_URI',
  'WS_CONNECT_IO',
  'WS_CONNECT_TLS',
  'WS_CONNECT_TIMEOUT',
  'WS_CONNECT_REFUSED',
  'WS_CONNECT_BAD_ANSWER',
  'WS_CONNECT_REDIRECT',
  'WS_CONNECT_AUTHENTICATION',
  'WS_CONNECT_REALM',
  'WS_CONNECT_PROXY',
  'WS_CONNECT_ENDPOINT',
  'WS_CONNECT_STOPPED',
  'WS_ILLEGAL_ARGUMENT',
  'WS_ILLEGAL_STATE',
  'WS_IO',
  'WS_SEND_TIMEOUT',
  'WS_SEND_DROPPED',
  'WS_REPLY',
  'WS_REPLY_TIMEOUT',
  'WS_DECODE',
  'WS_ENCODE',
  'WS_SESSION',
  'WS_HANDSHAKE_REJECTED',
] as const;

/** One of {@link ERROR_CODES}. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** An argument that is always invalid: `null` data, a control frame over 125 bytes, a close code out of range. */
export class IllegalArgumentException extends Error {
  override readonly name = 'IllegalArgumentException';
  readonly code: ErrorCode = 'WS_ILLEGAL_ARGUMENT';
}

/** A call at the wrong time: a second text handler, a whole message inside an unfinished partial one. */
export class IllegalStateException extends Error {
  override readonly name = 'IllegalStateException';
  readonly code: ErrorCode = 'WS_ILLEGAL_STATE';
}

/** The connection failed or is gone. The data was not delivered, or it is uncertain whether it was. */
export class IOException extends Error {
  override readonly name: string = 'IOException';
  readonly code: ErrorCode = 'WS_IO';
}

/** The container dropped a message because its peer reads too slowly (`queueOverflow`). The session stays open. */
export class SendDroppedException extends IOException {
  override readonly name = 'SendDroppedException';
  override readonly code: ErrorCode = 'WS_SEND_DROPPED';
}

/** The peer did not accept a send within the timeout. The container has closed the session. */
export class SocketTimeoutException extends IOException {
  override readonly name = 'SocketTimeoutException';
  override readonly code: ErrorCode = 'WS_SEND_TIMEOUT';
}

/** A request had no reply within its time limit. The session stays open, and a later reply is dropped. */
export class ReplyTimeoutException extends IOException {
  override readonly name = 'ReplyTimeoutException';
  override readonly code: ErrorCode = 'WS_REPLY_TIMEOUT';
}

/**
 * The error reply to a request. A handler throws it to refuse a request with a reason and a message for the peer; there,
 * the promise of `request` rejects with it.
 *
 * @example
 * throw new ReplyException('sold-out', 'No tea is left.');
 */
export class ReplyException extends Error {
  override readonly name = 'ReplyException';
  readonly code: ErrorCode = 'WS_REPLY';
  readonly #issues: readonly SchemaIssue[];

  /**
   * @param reason a word for programs. Serval's own: `'invalid'`, the request does not match the peer's schema;
   * `'unknown-type'`, the peer has no handler for it; `'failed'`, its handler threw
   * @param message for people
   * @param issues why the request does not match the peer's schema
   */
  constructor(
    readonly reason: string,
    message: string,
    issues: readonly SchemaIssue[] = [],
  ) {
    super(message);
    this.#issues = issues;
  }

  get issues(): readonly SchemaIssue[] {
    return this.#issues;
  }
}

/**
 * An endpoint, or its configuration, cannot be deployed.
 *
 * The message names the class, the method and the parameter's position (from 1), the value found, the value expected, and
 * the remedy.
 *
 * @see WSC-5.2.1
 */
export class DeploymentException extends Error {
  override readonly name: string = 'DeploymentException';

  /**
   * @param message why the deployment failed
   * @param cause the error that made it fail, if there is one
   * @param code the stable code of the rule that was broken
   */
  constructor(
    message: string,
    cause?: unknown,
    readonly code: ErrorCode = 'WS_DEPLOY_FAILED',
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

/** A server's response to a client's opening handshake. */
export interface HandshakeAnswer {
  readonly status: number;
  readonly headers: Headers;
}

/**
 * A client could not open its WebSocket: it did not reach the server, or the server refused.
 *
 * `status` and `headers` are those of the last response, such as 503 and its Retry-After, from the server or from a proxy
 * on the way. They are undefined if no response arrived. Printing the error does not show the headers, which may hold
 * secrets.
 */
export class HandshakeException extends DeploymentException {
  override readonly name = 'HandshakeException';
  readonly status: number | undefined;
  /**
   * The wait before the next attempt, in milliseconds from now, from the Retry-After header of a 429 or 503. 0 for a date
   * in the past, 2147483647 at most, undefined if there is no such header.
   */
  readonly retryAfter: number | undefined;
  readonly #headers: Headers | undefined;

  /** @param answer the server's response, if one arrived */
  constructor(message: string, cause: unknown, code: ErrorCode, answer?: HandshakeAnswer) {
    super(message, cause, code);
    this.status = answer?.status;
    this.retryAfter = answer && readRetryAfter(answer.status, answer.headers);
    this.#headers = answer?.headers;
  }

  /** The headers of the response. Lookups ignore the case of names. */
  get headers(): Headers | undefined {
    return this.#headers;
  }
}

/** Further facts of a {@link DecodeException}. */
export interface DecodeDetails {
  readonly issues?: readonly SchemaIssue[] | undefined;
  /** The container sends it back to the peer, as text or as a binary message. Default: nothing. */
  readonly answer?: string | Uint8Array | undefined;
}

/**
 * A message or a path parameter cannot be converted to the type that the method declares. `@OnError` receives it; the
 * session stays open.
 *
 * @see WSC-4.3-6, WSC-5.2.2
 */
export class DecodeException extends Error {
  override readonly name = 'DecodeException';
  readonly code: ErrorCode = 'WS_DECODE';
  readonly #data: string | Uint8Array;
  readonly #details: DecodeDetails;

  /**
   * @param data the text or the bytes that could not be decoded, or the relevant part of them
   * @param message why decoding failed
   * @param cause the error that made decoding fail, if there is one
   */
  constructor(data: string | Uint8Array, message: string, cause?: unknown, details: DecodeDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.#data = data;
    this.#details = details;
  }

  /** Why the value does not match the codec's schema. Empty if the message failed before validation. */
  get issues(): readonly SchemaIssue[] {
    return this.#details.issues ?? [];
  }

  /** The message that the container sends back to the peer, or undefined for none. */
  get answer(): string | Uint8Array | undefined {
    return this.#details.answer;
  }

  /** The bytes that could not be decoded, or `null` when a text message failed. */
  getBytes(): Uint8Array | null {
    return typeof this.#data === 'string' ? null : this.#data;
  }

  /** The text that could not be decoded, or `null` when a binary message failed. */
  getText(): string | null {
    return typeof this.#data === 'string' ? this.#data : null;
  }
}

/** An object cannot be converted to a message. The session stays usable. */
export class EncodeException extends Error {
  override readonly name = 'EncodeException';
  readonly code: ErrorCode = 'WS_ENCODE';
  readonly #object: unknown;
  readonly #issues: readonly SchemaIssue[];

  /**
   * @param object the object that could not be encoded
   * @param message why encoding failed
   * @param cause the error that made encoding fail, if there is one
   * @param issues why the object does not match the codec's schema
   */
  constructor(object: unknown, message: string, cause?: unknown, issues: readonly SchemaIssue[] = []) {
    super(message, cause === undefined ? undefined : { cause });
    this.#object = object;
    this.#issues = issues;
  }

  /** Why the object does not match the codec's schema. Empty if another error made encoding fail. */
  get issues(): readonly SchemaIssue[] {
    return this.#issues;
  }

  /** The object that could not be encoded. */
  getObject(): unknown {
    return this.#object;
  }
}
