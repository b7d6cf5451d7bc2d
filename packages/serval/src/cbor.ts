// `serval/cbor`: a codec for CBOR (RFC 8949). It needs the package cbor-x.
import type { Codec, CodecOf, CodecOptions, NoReplies, ReplySchemas, StandardSchema } from '@serval/api';
import { codecFor, loadLazily, type WireFormat } from '@serval/api/spi';
import type * as CborX from 'cbor-x';
import { requireFittingCounts } from './declared-counts';

/**
 * Creates a codec for CBOR in binary messages, with the schema and the options of `json`. Values may be what CBOR has beside
 * JSON: bytes, dates and 64-bit integers.
 *
 * @param schema a Standard Schema; without one, `cbor<T>()` validates nothing
 * @throws IllegalArgumentException when the schema is not a Standard Schema, or an option is invalid
 * @throws DeploymentException when cbor-x is not installed
 *
 * @example
 * const Reading = cbor(z.object({ sensor: z.string(), raw: z.instanceof(Uint8Array) }));
 */
export function cbor<
  S extends StandardSchema,
  const D extends string = 'type',
  const R extends ReplySchemas = NoReplies,
>(schema: S, options?: CodecOptions<D, R>): CodecOf<S, Uint8Array, D, R>;
export function cbor<T = unknown, const D extends string = 'type', const R extends ReplySchemas = NoReplies>(
  schema?: undefined,
  options?: CodecOptions<D, R>,
): Codec<T, T, Uint8Array, D, R>;
export function cbor(schema?: StandardSchema, options?: CodecOptions): Codec<unknown, unknown, Uint8Array> {
  return codecFor((format ??= createFormat()), schema, options);
}

let format: WireFormat<Uint8Array> | undefined;

function createFormat(): WireFormat<Uint8Array> {
  const { Encoder } = loadLazily('cbor-x', 'serval/cbor', () => require('cbor-x') as typeof CborX);
  // Without records and tags for bytes every implementation reads the messages.
  const encoder = new Encoder({ useRecords: false, mapsAsObjects: true, tagUint8Array: false });
  return {
    name: 'cbor',
    form: 'binary',
    title: 'CBOR',
    parse: (bytes): unknown => {
      requireFittingCounts(bytes, 'cbor');
      return encoder.decode(bytes);
    },
    format: (value) => (typeof value === 'function' || value === undefined ? undefined : encoder.encode(value)),
  };
}
