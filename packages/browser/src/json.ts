import type { json as jsonOfNode, CodecOptions, StandardSchema } from '@serval/api';
import { createCodec, JSON_TEXT } from '@serval/api/spi';
import { openTyped } from './typed-client';

/**
 * Creates a codec for JSON, as `json` does in Node. A client of `connect` whose codec it is has `request` and the option
 * `messages`. Unlike in Node, nothing checks its arguments, which would cost a page 1.4 KB.
 *
 * @example
 * const Shop = json(schema, { requests: true });
 * const client = await connect('/shop', { codecs: [Shop], messages: { sold: ({ item }) => console.log(item) } });
 * const { euros } = await client.request({ type: 'price', item: 'tea' });
 */
// It takes the arguments of the other, and returns the same kind of class.
export const json = ((schema?: StandardSchema, options: CodecOptions = {}) => {
  const codec = createCodec(JSON_TEXT, schema, options);
  return Object.assign(codec, { open: openTyped.bind(undefined, codec) });
}) as typeof jsonOfNode;
