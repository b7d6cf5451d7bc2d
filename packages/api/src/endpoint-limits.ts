import { bytes, choice, MILLISECONDS_OR_NEVER, wholeNumber } from './option-kinds';
import { RATE_LIMITS, type RateLimit } from './rate-limit';
import { badOption, isOptionsObject, readNested, type OptionKind, type OptionTable } from './options';

/** Limits of one endpoint. Each overrides the container's option; sizes are bytes, times milliseconds. */
export interface EndpointLimits {
  /**
   * The connections that the endpoint may have, in place of the container's `maxConnectionsPerEndpoint`. 0 or less means no
   * limit. Default: the container's.
   */
  readonly maxConnections?: number | undefined;
  /** The largest whole text message. Default: the container's `textBufferSize`. */
  readonly textBufferSize?: number | undefined;
  /** The largest whole binary message. Default: the container's `binaryBufferSize`. */
  readonly binaryBufferSize?: number | undefined;
  /** Closes a session after this time without a read or a write. 0 or less means never. Default: the container's. */
  readonly maxSessionIdleTimeout?: number | undefined;
  /** The bytes that may wait to be written to one peer before `queueOverflow` applies. Default: the container's. */
  readonly maxQueuedBytes?: number | undefined;
  /** The messages that may wait to be written to one peer before `queueOverflow` applies. Default: the container's. */
  readonly maxQueuedMessages?: number | undefined;
  /** How long a message may wait before `queueOverflow` applies. 0 or less means forever. Default: the container's. */
  readonly maxQueueTime?: number | undefined;
  /** The action at these three limits. Default: the container's. */
  readonly queueOverflow?: 'close' | 'drop-oldest' | 'drop-newest' | 'reject' | undefined;
  /** The rates at which clients may send, in place of the container's `rateLimits`; `[]` for none. Default: the container's. */
  readonly rateLimits?: readonly RateLimit[] | undefined;
}

/** A number of connections; 0 or less means no limit. */
export const CONNECTIONS: OptionKind<number> = wholeNumber('whole number of connections', -(2 ** 31) + 1);

const TABLE = {
  maxConnections: CONNECTIONS,
  textBufferSize: bytes(0),
  binaryBufferSize: bytes(0),
  maxSessionIdleTimeout: MILLISECONDS_OR_NEVER,
  maxQueuedBytes: bytes(1),
  maxQueuedMessages: wholeNumber('whole number of messages', 1),
  maxQueueTime: MILLISECONDS_OR_NEVER,
  queueOverflow: choice('close', 'drop-oldest', 'drop-newest', 'reject'),
  rateLimits: RATE_LIMITS,
} satisfies OptionTable<EndpointLimits>;

export const ENDPOINT_LIMITS: OptionKind<EndpointLimits> = {
  expected: 'an object of limits, such as { maxConnections: 1000 }',
  table: TABLE,
  /** @returns those that are given */
  read(limits, name) {
    if (!isOptionsObject(limits)) throw badOption(name, ENDPOINT_LIMITS.expected, limits);
    const read = Object.entries(readNested(name, TABLE, limits));
    return Object.fromEntries(read.filter(([, value]) => value !== undefined));
  },
};
