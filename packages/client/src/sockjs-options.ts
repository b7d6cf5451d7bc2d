import { badOption, choice, MILLISECONDS_OR_NEVER, milliseconds, switchable, type OptionTable } from '@serval/api/spi';
import type { SockJsTransportName } from '@serval/sockjs';

/** How to connect to an endpoint of SockJS; everything has a default. */
export interface SockJsClientOptions {
  /**
   * The transports to try, in this order: `websocket`, `xhr-streaming` and `xhr-polling`. A server whose info has
   * `websocket: false` gets no WebSocket. Default: all three, in this order.
   */
  readonly transports?: readonly SockJsTransportName[] | undefined;
  /**
   * The shortest time in which a transport has to open before the next one is tried, in milliseconds. It is longer for a slow
   * server: twice the time that the request for the info took and 300 ms, or eight times that time above 100 ms. Default 0.
   */
  readonly timeout?: number | undefined;
  /**
   * How long the server may send nothing, not even a heartbeat, in milliseconds. The session then ends with 1006, at the
   * latest after half as long again. Servers send a heartbeat every 25 s. 0 or less for any time. Default 60000.
   */
  readonly heartbeatTimeout?: number | undefined;
}

/** The name of the user property with the transport of a session of SockJS, such as `xhr-polling`. */
export const SOCKJS_TRANSPORT_PROPERTY = 'sockJs.transport';

const TRANSPORT = choice('websocket', 'xhr-streaming', 'xhr-polling');
const TRANSPORTS_EXPECTED = `a list of ${TRANSPORT.expected}, each once at most`;

export const SOCKJS_OPTIONS = {
  transports: {
    expected: TRANSPORTS_EXPECTED,
    default: ['websocket', 'xhr-streaming', 'xhr-polling'] as readonly SockJsTransportName[],
    read(value: unknown, name: string): readonly SockJsTransportName[] {
      const given: readonly unknown[] = Array.isArray(value) ? value : [];
      if (given.length === 0 || new Set(given).size < given.length) throw badOption(name, TRANSPORTS_EXPECTED, value);
      return Array.from(given, (one, index) => TRANSPORT.read(one, `${name}[${index}]`));
    },
  },
  timeout: { ...milliseconds(0), default: 0 },
  heartbeatTimeout: { ...MILLISECONDS_OR_NEVER, default: 60_000 },
} satisfies OptionTable<SockJsClientOptions>;

/** The option `sockJs` of a client. */
export const SOCKJS = { ...switchable(SOCKJS_OPTIONS), default: false as const };
