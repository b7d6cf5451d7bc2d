import { badOption, isOptionsObject, readNested, wholeNumber, type OptionKind, type OptionTable } from './options';

/** Limits of one endpoint. Each overrides the container's; everything has a default. */
export interface EndpointLimits {
  /**
   * The connections that the endpoint may have, in place of the container's `maxConnectionsPerEndpoint`. 0 or less means no
   * limit. Default: the container's.
   */
  readonly maxConnections?: number | undefined;
}

/** A number of connections; 0 or less means no limit. */
export const CONNECTIONS: OptionKind<number> = wholeNumber('whole number of connections', -(2 ** 31) + 1);

const TABLE = {
  maxConnections: CONNECTIONS,
} satisfies OptionTable<EndpointLimits>;

export const ENDPOINT_LIMITS: OptionKind<EndpointLimits> = {
  expected: 'an object of limits, such as { maxConnections: 1000 }',
  table: TABLE,
  read(limits, name) {
    if (!isOptionsObject(limits)) throw badOption(name, ENDPOINT_LIMITS.expected, limits);
    return readNested(name, TABLE, limits);
  },
};
