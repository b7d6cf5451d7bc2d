// `serval/msgpack`: a codec for MessagePack. It needs the package msgpackr.
import type { Codec, CodecOf, CodecOptions, NoReplies, ReplySchemas, StandardSchema } from '@serval/api';
import { codecFor, loadLazily, type WireFormat } from '@serval/api/spi';
import type * as Msgpackr from 'msgpackr';
import { requireFittingCounts } from './declared-counts';

/**
 * Creates a codec for MessagePack in binary messages, with the schema and the options of `json`. Values may be what
 * MessagePack has beside JSON: bytes, dates and 64-bit integers.
 *
 * @param schema a Standard Schema; without one, `msgpack<T>()` validates nothing
 * @throws IllegalArgumentException when the schema is not a Standard Schema, or an option is invalid
 * @throws DeploymentException when msgpackr is not installed
 *
 * @example
 * const Frame = msgpack(z.object({ at: z.date(), pixels: z.instanceof(Uint8Array) }));
 */
export function msgpack<
  S extends StandardSchema,
  const D extends string = 'type',
  const R extends ReplySchemas = NoReplies,
>(schema: S, options?: CodecOptions<D, R>): CodecOf<S, Uint8Array, D, R>;
export function msgpack<T = unknown, const D extends string = 'type', const R extends ReplySchemas = NoReplies>(
  schema?: undefined,
  options?: CodecOptions<D, R>,
): Codec<T, T, Uint8Array, D, R>;
export function msgpack(schema?: StandardSchema, options?: CodecOptions): Codec<unknown, unknown, Uint8Array> {
  return codecFor((format ??= createFormat()), schema, options);
}

let format: WireFormat<Uint8Array> | undefined;

function createFormat(): WireFormat<Uint8Array> {
  const { Packr } = loadLazily('msgpackr', 'serval/msgpack', () => require('msgpackr') as typeof Msgpackr);
  // Without records every implementation reads the messages.
  const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true });
  return {
    name: 'msgpack',
    form: 'binary',
    title: 'MessagePack',
    parse: (bytes): unknown => {
      requireFittingCounts(bytes, 'msgpack');
      return packr.unpack(bytes);
    },
    format: (value) => (typeof value === 'function' || value === undefined ? undefined : packr.pack(value)),
  };
}
