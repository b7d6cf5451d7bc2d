import { codecFor } from './checked-codec';
import type { Codec, CodecOf, CodecOptions, WireFormat } from './codec';
import type { NoReplies, ReplySchemas } from './reply-schemas';
import type { StandardSchema } from './standard-schema';

/**
 * Creates a codec for JSON: an entry of `codecs`, `decoders` or `encoders`.
 *
 * The decoder parses and validates each text message; handlers receive the schema's output. A message that is not JSON or
 * does not match is a DecodeException with `issues`, and goes to `@OnError`. The encoder validates objects and arrays before
 * it writes them. Strings and bytes leave as they are. A schema may be asynchronous: the next message then waits for it.
 *
 * A property named `__proto__` is refused, as it would change the prototype of an object into which your code copies it.
 *
 * @param schema a schema of zod, valibot, arktype or another library that implements Standard Schema. Without one,
 * `json<T>()` validates nothing
 * @throws IllegalArgumentException when the schema is not a Standard Schema, or an option is invalid
 *
 * @example
 * const Chat = json(z.discriminatedUnion('type', [
 *   z.object({ type: z.literal('say'), text: z.string().max(500) }),
 *   z.object({ type: z.literal('leave') }),
 * ]));
 */
export function json<
  S extends StandardSchema,
  const D extends string = 'type',
  const R extends ReplySchemas = NoReplies,
>(schema: S, options?: CodecOptions<D, R>): CodecOf<S, string, D, R>;
export function json<T = unknown, const D extends string = 'type', const R extends ReplySchemas = NoReplies>(
  schema?: undefined,
  options?: CodecOptions<D, R>,
): Codec<T, T, string, D, R>;
export function json(schema?: StandardSchema, options?: CodecOptions): Codec {
  return codecFor(JSON_TEXT, schema, options);
}

export const JSON_TEXT: WireFormat<string> = {
  name: 'json',
  form: 'text',
  title: 'JSON',
  parse: (text): unknown => (MAY_HAVE_PROTO.test(text) ? JSON.parse(text, refuseProto) : JSON.parse(text)),
  format: (value) => JSON.stringify(value),
};

/** The name may be written with escapes; then it has a backslash before one of its letters. */
const MAY_HAVE_PROTO = /__proto__|\\u00(?:5f|7[024]|6f)/i;

function refuseProto(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new SyntaxError('A property is named "__proto__".');
  return value;
}
