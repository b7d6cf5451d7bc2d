import { describeValue } from './describe-value';
import { IllegalArgumentException } from './errors';

/**
 * A WebSocket extension by name and parameters, as offered or negotiated in a handshake.
 *
 * @see RFC 6455 9
 */
export interface Extension {
  getName(): string;
  /** In the order of the header. */
  getParameters(): readonly Extension.Parameter[];
}

export declare namespace Extension {
  /** One parameter of an extension. */
  export interface Parameter {
    getName(): string;
    /** The value, or the empty string for a parameter without one. */
    getValue(): string;
  }
}

/**
 * Makes an {@link Extension} from plain values.
 *
 * @example
 * createExtension('permessage-deflate', [['client_max_window_bits', '12']])
 *
 * @throws IllegalArgumentException for a name that is no text, and for parameters that are no pairs of texts
 */
export function createExtension(
  name: string,
  parameters: Iterable<readonly [name: string, value: string]> = [],
): Extension {
  if (typeof name !== 'string' || name === '')
    throw new IllegalArgumentException(`createExtension takes the name of an extension; found ${describeValue(name)}.`);
  const list: readonly Extension.Parameter[] = Object.freeze(
    requirePairs(parameters).map(([key, value]) => ({ getName: () => key, getValue: () => value })),
  );
  return { getName: () => name, getParameters: () => list };
}

function requirePairs(parameters: unknown): (readonly [name: string, value: string])[] {
  const isList = typeof parameters === 'object' && parameters !== null && Symbol.iterator in parameters;
  const pairs: unknown[] = isList ? [...(parameters as Iterable<unknown>)] : [parameters];
  if (isList && pairs.every(isPair)) return pairs;
  throw new IllegalArgumentException(
    `The parameters of an extension are pairs of a name and a text, such as [['client_max_window_bits', '12']]; found ${describeValue(isList ? pairs.find((pair) => !isPair(pair)) : parameters)}.`,
  );
}

function isPair(pair: unknown): pair is readonly [string, string] {
  return Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string');
}
