import { ReplyException } from './errors';
import { describeIssues, type SchemaIssue, type StandardSchema } from './standard-schema';

/** All copies of this package share them: a codec and a container may come from different copies. */
const REQUEST = Symbol.for('serval:request');
const REPLY = Symbol.for('serval:reply');

/** The ID of a request, chosen by its sender: a number, or a string of at most 64 characters. */
export type RequestId = string | number;

/** The error of a reply, as it is on the wire. */
export interface ReplyFailure {
  readonly code: string;
  readonly message: string;
  readonly issues?: readonly { readonly path: unknown; readonly message: string }[] | undefined;
}

/** A decoded message whose sender awaits a reply. */
export interface RequestMessage {
  readonly [REQUEST]: true;
  readonly id: RequestId;
  readonly message: unknown;
  /** The codec that decoded it, and encodes the reply. */
  readonly codec: RequestCodec;
}

/** A decoded reply. */
export interface ReplyMessage {
  readonly [REPLY]: true;
  readonly id: RequestId;
  readonly value: unknown;
  readonly failure: ReplyFailure | undefined;
}

/** A codec with `requests: true`. */
export interface RequestCodec<Wire extends string | Uint8Array = string | Uint8Array> {
  /** @throws EncodeException (as a rejection, with an asynchronous schema) */
  encodeRequest(id: RequestId, value: unknown): Wire | Promise<Wire>;
  /**
   * @param request the message that it answers
   * @throws EncodeException (as a rejection, with an asynchronous schema) when it does not match the schema of its type
   */
  encodeReply(id: RequestId, value: unknown, request?: unknown): Wire | Promise<Wire>;
  encodeFailure(id: RequestId, failure: ReplyFailure): Wire;
  /** The schema of the reply to a message, if the codec has one. */
  replySchema?(request: unknown): StandardSchema | undefined;
  /** The reply in a message, or undefined for any other message. */
  readReply(data: Wire): ReplyMessage | undefined;
}

/** The options of `request`. */
export interface RequestOptions<T = unknown> {
  /** Milliseconds until the promise rejects with ReplyTimeoutException. Default 20000. */
  readonly timeout?: number | undefined;
  /** Ends the wait: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Validates the reply; the promise then resolves to the schema's output. Default: that of the codec's `replies` for the
   * type of the message, or none.
   */
  readonly schema?: StandardSchema<unknown, T> | undefined;
}

export function requestMessage(id: RequestId, message: unknown, codec: RequestCodec): RequestMessage {
  return { [REQUEST]: true, id, message, codec };
}

export function isRequestMessage(value: unknown): value is RequestMessage {
  return typeof value === 'object' && value !== null && REQUEST in value;
}

export function isReplyMessage(value: unknown): value is ReplyMessage {
  return typeof value === 'object' && value !== null && REPLY in value;
}

// The envelopes are plain objects, so that a client without this package can write them:
//   { id: 7, request: message }   { replyTo: 7, reply: value }   { replyTo: 7, error: { code, message } }

/** The parts of a parsed message that is a request. */
export function readRequest(value: unknown): { readonly id: RequestId; readonly request: unknown } | undefined {
  if (!isPlain(value) || !Object.hasOwn(value, 'request')) return undefined;
  const { id, request } = value;
  return isId(id) ? { id, request } : undefined;
}

/** Validates a reply. @throws ReplyException when it does not match */
export async function validatedReply(reply: unknown, schema: StandardSchema | undefined): Promise<unknown> {
  const result = await schema?.['~standard'].validate(reply);
  if (result === undefined) return reply;
  if (result.issues === undefined) return result.value;
  throw new ReplyException(
    'invalid',
    `The reply does not match the schema: ${describeIssues(result.issues)}.`,
    result.issues,
  );
}

export function readReply(value: unknown): ReplyMessage | undefined {
  if (!isPlain(value) || !Object.hasOwn(value, 'replyTo')) return undefined;
  const { replyTo, reply, error } = value;
  if (!isId(replyTo)) return undefined;
  return { [REPLY]: true, id: replyTo, value: reply, failure: isPlain(error) ? failureOf(error) : undefined };
}

function failureOf({ code, message, issues }: Readonly<Record<string, unknown>>): ReplyFailure {
  return {
    code: typeof code === 'string' ? code : 'failed',
    message: typeof message === 'string' ? message : 'The request failed.',
    // Only for the program that sent the request.
    issues: Array.isArray(issues) ? (issues as ReplyFailure['issues']) : undefined,
  };
}

const LONGEST_ID = 64;

function isId(id: unknown): id is RequestId {
  return Number.isFinite(id) || (typeof id === 'string' && id.length <= LONGEST_ID);
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The issues of a failure, in the shape of a schema's. */
export function issuesOf({ issues = [] }: ReplyFailure): readonly SchemaIssue[] {
  return issues.map(({ path, message }) => ({ path: Array.isArray(path) ? path : [], message }));
}
