import { createCodec, type Codec, type CodecOptions, type WireFormat } from './codec';
import { IllegalArgumentException } from './errors';
import { describeValue } from './describe-value';
import { choice, FLAG, isStandardSchema, kind, membersOf, SCHEMA } from './option-kinds';
import { readArgument, type OptionTable } from './options';
import type { ReplySchemas } from './reply-schemas';
import type { StandardSchema } from './standard-schema';

// Beside codec.ts, so that a page does not load the checks.

const CODEC_OPTIONS = {
  outgoing: { ...choice('check', 'replace', 'off'), default: 'check' },
  answerErrors: {
    ...kind(
      'true, false or a function',
      // The caller is responsible for the function's signature.
      (value): value is NonNullable<CodecOptions['answerErrors']> =>
        typeof value === 'boolean' || typeof value === 'function',
    ),
    default: false,
  },
  discriminator: {
    ...kind('the name of a property', (value): value is string => typeof value === 'string' && value !== ''),
    default: 'type',
  },
  requests: FLAG,
  replies: membersOf('an object of schemas by type', SCHEMA),
} satisfies OptionTable<CodecOptions>;

/**
 * Creates a codec class for a format.
 *
 * @throws IllegalArgumentException when the schema is not a Standard Schema, or an option is invalid
 */
export function codecFor<In, Out, Wire extends string | Uint8Array, D extends string, R extends ReplySchemas>(
  wire: WireFormat<Wire>,
  schema: StandardSchema<Out, In> | undefined,
  options: CodecOptions<D, R> = {},
): Codec<In, Out, Wire, D, R> {
  requireSchema(wire.name, schema);
  const read = readArgument(wire.name, CODEC_OPTIONS, options, '{ requests: true }');
  if (read.replies !== undefined && read.requests === false)
    throw new IllegalArgumentException(
      `${wire.name} has replies, and requests: false. Leave requests out, or remove replies.`,
    );
  // The discriminator is the default of D, or that of the options; and so are the replies.
  return createCodec(wire, schema, read as CodecOptions<D, R>);
}

function requireSchema(codec: string, schema: unknown): void {
  if (schema === undefined || isStandardSchema(schema)) return;
  throw new IllegalArgumentException(
    `${codec} takes a schema of a library that implements Standard Schema, such as zod, valibot or arktype, or undefined; ` +
      `found ${describeValue(schema)}. Options come second: ${codec}(undefined, { … }). If it is a schema, update its library.`,
  );
}
