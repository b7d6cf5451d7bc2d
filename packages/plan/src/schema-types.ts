import type { Codec, DecoderClass, MessageType } from '@serval/api';

type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The types of messages that a codec's schema has: the constants of the discriminator.
 *
 * @returns undefined if the codec offers no JSON Schema, or its schema leaves the type open
 */
export function typesInSchema(decoderClass: DecoderClass, discriminator: string): ReadonlySet<MessageType> | undefined {
  const codec = decoderClass as Partial<Codec>;
  let schema: unknown;
  try {
    schema = codec.jsonSchema?.();
  } catch {
    // Not every type has a JSON Schema; nothing is checked then.
    return undefined;
  }
  return isObject(schema) ? typesIn(schema, schema, discriminator, 0) : undefined;
}

const DEEPEST = 20;

function typesIn(
  root: JsonSchema,
  schema: JsonSchema,
  discriminator: string,
  depth: number,
): ReadonlySet<MessageType> | undefined {
  if (depth > DEEPEST) return undefined;
  const typesOf = (one: unknown): ReadonlySet<MessageType> | undefined =>
    isObject(one) ? typesIn(root, one, discriminator, depth + 1) : undefined;
  const { $ref, anyOf, oneOf, allOf, properties } = schema;
  if (typeof $ref === 'string') return typesOf(target(root, $ref));
  const options = anyOf ?? oneOf;
  if (Array.isArray(options)) {
    const all = options.map(typesOf);
    return all.every((types) => types !== undefined) ? new Set(all.flatMap((types) => [...types])) : undefined;
  }
  const property = isObject(properties) ? properties[discriminator] : undefined;
  if (isObject(property)) return constants(property);
  return Array.isArray(allOf) ? allOf.map(typesOf).find((types) => types !== undefined) : undefined;
}

function constants({ const: constant, enum: values = [constant] }: JsonSchema): ReadonlySet<MessageType> | undefined {
  return Array.isArray(values) && values.length > 0 && values.every(isType) ? new Set(values) : undefined;
}

/** The schema at a JSON pointer, such as `#/$defs/Say`. */
function target(root: JsonSchema, reference: string): unknown {
  if (!reference.startsWith('#')) return undefined;
  let at: unknown = root;
  for (const key of reference.split('/').slice(1)) {
    if (!isObject(at)) return undefined;
    at = at[key.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return at;
}

function isType(value: unknown): value is MessageType {
  return typeof value === 'string' || typeof value === 'number';
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null;
}
