import { IllegalArgumentException, type BinaryData, type SendOptions } from '@serval/api';
import { describeValue, isOptionsObject } from '@serval/api/spi';
import { asBytes } from './binary-data';

const MAX_CONTROL_BYTES = 125;
const NO_BYTES = new Uint8Array(0);

export function requireText(call: string, text: unknown): void {
  if (typeof text !== 'string') throw wrongArgument(call, 'a string', text);
}

export function requireBytes(call: string, data: unknown): Uint8Array {
  const bytes = asBytes(data);
  if (bytes !== undefined) return bytes;
  const expected = 'a Buffer, Uint8Array, ArrayBuffer or DataView';
  // The bytes of a Blob arrive later, and messages sent meanwhile would overtake it.
  throw wrongArgument(call, data instanceof Blob ? `${expected}, such as await blob.arrayBuffer()` : expected, data);
}

export function requireLast(call: string, isLast: unknown): void {
  if (typeof isLast === 'boolean') return;
  throw wrongArgument(call, 'true or false as its second argument, for the last part', isLast);
}

export function requireObject(call: string, object: unknown): asserts object is NonNullable<unknown> {
  if (object === undefined || object === null) throw wrongArgument(call, 'an object', object);
}

/** @returns the key by which a message replaces another one; undefined for none @throws IllegalArgumentException */
export function coalesceKey(call: string, options: SendOptions | undefined): string | undefined {
  if (options === undefined) return undefined;
  if (!isOptionsObject(options)) throw wrongArgument(call, 'an object of options, such as { coalesce: key }', options);
  const { coalesce, ...others } = options;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    throw new IllegalArgumentException(`${unknown} is not an option of ${call}; it takes coalesce.`);
  if (coalesce === undefined || (typeof coalesce === 'string' && coalesce !== '')) return coalesce;
  throw new IllegalArgumentException(`coalesce is a string that is not empty; found ${describeValue(coalesce)}.`);
}

/** @throws IllegalArgumentException for data that no control frame can carry */
export function controlData(call: string, applicationData: BinaryData | undefined): Uint8Array {
  const data = applicationData === undefined ? NO_BYTES : requireBytes(call, applicationData);
  if (data.byteLength <= MAX_CONTROL_BYTES) return data;
  throw new IllegalArgumentException(
    `${call} takes at most ${MAX_CONTROL_BYTES} bytes of application data; found ${data.byteLength} (RFC 6455 5.5).`,
  );
}

/** The error for a wrong argument. It shows only the kind of a message, never its content. */
export function wrongArgument(call: string, expected: string, found: unknown): IllegalArgumentException {
  return new IllegalArgumentException(`${call} takes ${expected}; found ${kindOf(found)}.`);
}

/** The kind of a value, without its content where that may be a message. */
export function kindOf(value: unknown): string {
  const isPlain = value === null || value === undefined || typeof value === 'object' || typeof value === 'function';
  return isPlain ? describeValue(value) : `a ${typeof value}`;
}
