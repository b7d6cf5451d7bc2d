import { describeValue } from './describe-value';
import { IllegalArgumentException } from './errors';
import { kind } from './option-kinds';

/**
 * A WebSocket extension, with its name and parameters, as offered or negotiated in a handshake.
 *
 * @see RFC 6455 9
 */
export interface Extension {
  getName(): string;
  /** In header order. */
  getParameters(): readonly Extension.Parameter[];
}

export declare namespace Extension {
  /** One parameter of an extension. */
  export interface Parameter {
    getName(): string;
    /** The value, or the empty string if the parameter has none. */
    getValue(): string;
  }
}

/**
 * Creates an {@link Extension} from plain values.
 *
 * @example
 * createExtension('permessage-deflate', [['client_max_window_bits', '12']])
 *
 * @throws IllegalArgumentException when the name is not a non-empty string, or the parameters are not pairs of strings
 */
export function createExtension(
  name: string,
  parameters: Iterable<readonly [name: string, value: string]> = [],
): Extension {
  if (typeof name !== 'string' || name === '')
    throw new IllegalArgumentException(
      `createExtension takes the name of an extension as its first argument; found ${describeValue(name)}.`,
    );
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
    `The parameters of an extension are pairs of two strings, such as [['client_max_window_bits', '12']]; found ${describeValue(isList ? pairs.find((pair) => !isPair(pair)) : parameters)}.`,
  );
}

function isPair(pair: unknown): pair is readonly [string, string] {
  return Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string');
}

/** An extension as an item of a list of options. */
export const EXTENSION = kind('an extension, made with createExtension', isExtension);

/** Whether its names and values can be read; those of another implementation may throw. */
export function isExtension(value: unknown): value is Extension {
  try {
    const { getName, getParameters } = value as Partial<Extension>;
    if (typeof getName !== 'function' || typeof getParameters !== 'function') return false;
    const extension = value as Extension;
    const texts: readonly unknown[] = [
      extension.getName(),
      ...extension.getParameters().flatMap((parameter) => [parameter.getName(), parameter.getValue()]),
    ];
    return texts.every((text) => typeof text === 'string');
  } catch {
    return false;
  }
}
