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
 */
export function createExtension(
  name: string,
  parameters: Iterable<readonly [name: string, value: string]> = [],
): Extension {
  const list: readonly Extension.Parameter[] = Object.freeze(
    [...parameters].map(([key, value]) => ({ getName: () => key, getValue: () => value })),
  );
  return { getName: () => name, getParameters: () => list };
}
