import { declareCodec, type CodecDeclaration } from './codec-declaration';
import type { DecoderClass, EncoderClass } from './endpoint-config';
import { DecodeException, EncodeException } from './errors';
import {
  readReply,
  readRequest,
  requestMessage,
  type ReplyFailure,
  type ReplyMessage,
  type RequestCodec,
  type RequestId,
} from './request-message';
import type { NoReplies, ReplySchemas } from './reply-schemas';
import {
  cut,
  describeIssues,
  pathOf,
  type SchemaInput,
  type SchemaIssue,
  type SchemaOutput,
  type SchemaResult,
  type StandardSchema,
} from './standard-schema';

// Nothing here needs Node: the client for browsers has the same codecs.

/** A class that is a decoder and an encoder: an entry of the `codecs` list. */
export type CodecClass<In = unknown, Out = In> = DecoderClass<In> & EncoderClass<Out>;

/** The instances of a {@link Codec}. */
export interface MessageCodec<In, Out, Wire extends string | Uint8Array> extends RequestCodec<Wire> {
  /** @throws DecodeException (as a rejection, with an asynchronous schema) */
  decode(data: Wire): In | Promise<In>;
  /** @throws EncodeException (as a rejection, with an asynchronous schema) */
  encode(value: Out): Wire | Promise<Wire>;
  /** The error, with the answer for the peer, for a message that no method handles. */
  unknownType(data: Wire, type: unknown): DecodeException;
}

/**
 * The class that `json(schema)` and its siblings create: decoder and encoder in one, with the schema.
 *
 * `In` is the type that handlers receive, the schema's output. `Out` is the type that they send, the schema's input.
 */
export interface Codec<
  In = unknown,
  Out = In,
  Wire extends string | Uint8Array = string,
  D extends string = string,
  R extends ReplySchemas = ReplySchemas,
> {
  new (): MessageCodec<In, Out, Wire>;
  readonly decodes: CodecDeclaration<In>;
  readonly encodes: CodecDeclaration<Out>;
  readonly schema: StandardSchema | undefined;
  /** The property that names a message's type. */
  readonly discriminator: D;
  /** Whether messages may be requests and replies. */
  readonly requests: boolean;
  /** The schemas of replies, by the type of the request. */
  readonly replies: R;
  /** The JSON Schema of the messages (draft 2020-12), or undefined if the schema does not offer it. */
  jsonSchema(): Readonly<Record<string, unknown>> | undefined;
}

/** The codec that a schema gives. */
export type CodecOf<
  S extends StandardSchema,
  Wire extends string | Uint8Array,
  D extends string,
  R extends ReplySchemas = NoReplies,
> = Codec<SchemaOutput<S>, SchemaInput<S>, Wire, D, R>;

export interface CodecOptions<D extends string = string, R extends ReplySchemas = ReplySchemas> {
  /**
   * How the encoder uses the schema. `'check'` refuses a value that does not match, and sends the value as it is.
   * `'replace'` sends the schema's result, for example without unknown properties. `'off'` validates nothing. Default
   * `'check'`.
   */
  readonly outgoing?: 'check' | 'replace' | 'off' | undefined;
  /**
   * The answer to a message that cannot be decoded: `true` for `{ type: 'error', code, message, issues }`, with the code `'malformed'`, `'invalid'` or `'unknown-type'`, at most 10
   * issues of at most 200 characters; or a function that returns your own answer, or undefined for none. `@OnError`
   * receives the DecodeException in any case. Default `false`: no answer.
   */
  readonly answerErrors?: boolean | ((error: DecodeException) => unknown) | undefined;
  /** The property that names a message's type, for `@OnMessage('type')`. Default `'type'`. */
  readonly discriminator?: D | undefined;
  /**
   * Whether messages may be requests and replies: `{ id, request: message }`, `{ replyTo, reply: value }` and
   * `{ replyTo, error: { code, message } }`. The schema validates the message inside a request. Default: whether there are
   * `replies`.
   */
  readonly requests?: boolean | undefined;
  /**
   * The schemas of the replies to requests, by the type of the request: `{ price: z.object({ euros: z.number() }) }`. The
   * side that answers validates the result of its handler as `outgoing` says; the side that asks validates the reply, and
   * `request` resolves to the schema's output. Types without one have any reply. Default: none.
   */
  readonly replies?: R | undefined;
}

/** How values become messages: the part of a codec that differs between JSON, MessagePack and others. */
export interface WireFormat<Wire extends string | Uint8Array> {
  /** The name of the codec, for messages: `json`. */
  readonly name: string;
  readonly form: Wire extends string ? 'text' : 'binary';
  /** For messages: `JSON`. */
  readonly title: string;
  parse(data: Wire): unknown;
  /** @returns undefined for a value that the format does not have */
  format(value: unknown): Wire | undefined;
}

/** Creates a codec class for a format. It does not check its arguments; `codecFor` does. */
export function createCodec<In, Out, Wire extends string | Uint8Array, D extends string, R extends ReplySchemas>(
  wire: WireFormat<Wire>,
  schema: StandardSchema<Out, In> | undefined,
  { outgoing, answerErrors = false, discriminator: named, replies: given, requests = !!given }: CodecOptions<D, R>,
): Codec<In, Out, Wire, D, R> {
  // 'type' is the default of D, and no replies are that of R.
  const discriminator = (named ?? 'type') as D;
  const replies = given ?? ({} as R);
  const repliesByType = new Map<unknown, StandardSchema>(Object.entries(replies));
  const sent = outgoing === 'off' ? undefined : schema;

  class SchemaCodec implements MessageCodec<In, Out, Wire> {
    static readonly decodes: CodecDeclaration<In, 'text' | 'binary'> = declareCodec(wire.form, []);
    static readonly encodes: CodecDeclaration<Out, 'text' | 'binary'> = declareCodec(wire.form, []);
    static readonly schema = schema;
    static readonly discriminator = discriminator;
    static readonly requests = requests;
    static readonly replies = replies;

    static jsonSchema(): Readonly<Record<string, unknown>> | undefined {
      return schema?.['~standard'].jsonSchema?.input({ target: 'draft-2020-12' });
    }

    decode(data: Wire): In | Promise<In> {
      let value: unknown;
      try {
        value = wire.parse(data);
      } catch (cause) {
        throw refused(data, `The message is not ${wire.title}.`, 'malformed', [], cause);
      }
      return requests ? this.#decodeEnvelope(data, value) : validated(data, value);
    }

    /** A request and a reply take the place of the message; the container opens them. */
    #decodeEnvelope(data: Wire, value: unknown): In | Promise<In> {
      const reply = readReply(value);
      if (reply !== undefined) return reply as In;
      const request = readRequest(value);
      if (request === undefined) return validated(data, value);
      const { id } = request;
      const message = validated(data, request.request, id);
      return isPromise(message)
        ? message.then((settled) => requestMessage(id, settled, this) as In)
        : (requestMessage(id, message, this) as In);
    }

    encode(value: Out): Wire | Promise<Wire> {
      const sending = outgoingValue(value);
      return isPromise(sending) ? sending.then((settled) => formatted(value, settled)) : formatted(value, sending);
    }

    encodeRequest(id: RequestId, value: Out): Wire | Promise<Wire> {
      const sending = outgoingValue(value);
      return isPromise(sending)
        ? sending.then((request) => formatted(value, { id, request }))
        : formatted(value, { id, request: sending });
    }

    encodeReply(id: RequestId, reply: unknown, request?: unknown): Wire | Promise<Wire> {
      const expected = outgoing === 'off' ? undefined : this.replySchema(request);
      const sending = expected ? outgoingValue(reply, expected, `reply to ${typeIn(request)}`) : reply;
      return isPromise(sending)
        ? sending.then((settled) => formatted(reply, { replyTo: id, reply: settled }))
        : formatted(reply, { replyTo: id, reply: sending });
    }

    replySchema(request: unknown): StandardSchema | undefined {
      // The keys of an object are strings; a type may be a number.
      return repliesByType.size > 0 ? repliesByType.get(String(typeOf(request))) : undefined;
    }

    encodeFailure(id: RequestId, error: ReplyFailure): Wire {
      return formatted(error, { replyTo: id, error });
    }

    readReply(data: Wire): ReplyMessage | undefined {
      try {
        return requests ? readReply(wire.parse(data)) : undefined;
      } catch {
        // It is refused when its turn comes.
        return undefined;
      }
    }

    unknownType(data: Wire, type: unknown): DecodeException {
      return refused(data, `No method handles messages of type ${describeType(type)}.`, 'unknown-type', []);
    }
  }

  /** @param id that of the request whose message it is */
  function validated(data: Wire, value: unknown, id?: RequestId): In | Promise<In> {
    // Without a schema the caller vouches for the type.
    if (schema === undefined) return value as In;
    let result: SchemaResult<In> | Promise<SchemaResult<In>>;
    try {
      result = schema['~standard'].validate(value);
    } catch (cause) {
      throw refused(data, 'The schema threw while it validated the message.', 'invalid', [], cause, id);
    }
    return isPromise(result) ? result.then((settled) => accepted(data, settled, id)) : accepted(data, result, id);
  }

  function accepted(data: Wire, result: SchemaResult<In>, id: RequestId | undefined): In {
    if (result.issues === undefined) return result.value;
    const why = `The message does not match the schema: ${describeIssues(result.issues)}.`;
    throw refused(data, why, 'invalid', result.issues, undefined, id);
  }

  /** The value to write. @throws EncodeException when it does not match the schema */
  function outgoingValue(value: unknown, expected: StandardSchema | undefined = sent, what = 'object'): unknown {
    if (expected === undefined) return value;
    const result = expected['~standard'].validate(value);
    return isPromise(result) ? result.then((settled) => checked(value, settled, what)) : checked(value, result, what);
  }

  function checked(value: unknown, result: SchemaResult<unknown>, what: string): unknown {
    if (result.issues === undefined) return outgoing === 'replace' ? result.value : value;
    const why = `The ${what} does not match the schema of ${wire.name}: ${describeIssues(result.issues)}.`;
    throw new EncodeException(value, why, undefined, result.issues);
  }

  function typeOf(message: unknown): unknown {
    return (message as Readonly<Record<string, unknown>> | null | undefined)?.[discriminator];
  }

  function typeIn(message: unknown): string {
    return describeType(typeOf(message));
  }

  function formatted(given: unknown, value: unknown): Wire {
    let message: Wire | undefined;
    let cause: unknown;
    try {
      message = wire.format(value);
    } catch (thrown) {
      cause = thrown;
    }
    if (message !== undefined) return message;
    throw new EncodeException(given, `The object cannot be written as ${wire.title}.`, cause);
  }

  function refused(
    data: Wire,
    message: string,
    code: keyof typeof PUBLIC_MESSAGES,
    issues: readonly SchemaIssue[],
    cause?: unknown,
    id?: RequestId,
  ): DecodeException {
    if (id !== undefined) {
      // The sender of a request awaits an answer in any case.
      const error = { code, message: PUBLIC_MESSAGES[code], issues: publicIssues(issues) };
      return new DecodeException(data, message, cause, { issues, answer: wire.format({ replyTo: id, error }) });
    }
    const plain = new DecodeException(data, message, cause, { issues });
    if (answerErrors === false) return plain;
    const answer =
      answerErrors === true
        ? { [discriminator]: 'error', code, message: PUBLIC_MESSAGES[code], issues: publicIssues(issues) }
        : answerErrors(plain);
    if (answer === undefined) return plain;
    return new DecodeException(data, message, cause, { issues, answer: wire.format(answer) });
  }

  Object.defineProperty(SchemaCodec, 'name', { value: wire.name });
  // Its decode and encode are those of the form that the declaration has.
  return SchemaCodec;
}

const MOST_ISSUES = 10;
const LONGEST_MESSAGE = 200;

const PUBLIC_MESSAGES = {
  malformed: 'The message cannot be read.',
  invalid: 'The message does not match the schema.',
  'unknown-type': 'Messages of this type have no handler.',
};

/** The part of an error that a peer may see: the schema's own words, cut to a length, and no value. */
function publicIssues(issues: readonly SchemaIssue[]): { path: unknown; message: string }[] {
  return issues
    .slice(0, MOST_ISSUES)
    .map((issue) => ({ path: pathOf(issue), message: cut(issue.message, LONGEST_MESSAGE) }));
}

/** The type of a message, for an error: `"say"`, or of a value that is no type, its kind. */
export function describeType(type: unknown): string {
  if (typeof type === 'string') return JSON.stringify(cut(type, LONGEST_TYPE));
  return typeof type === 'number' ? String(type) : typeof type;
}

const LONGEST_TYPE = 64;

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
