import { CloseReason, HandshakeRejection, type ServerEndpointConfig } from '@serval/api';
import { choice, CONNECTIONS, Deadline, type OptionTable } from '@serval/api/spi';
import type { ConnectionLimitName, ConnectionPlace } from '@serval/container';
import { addressKey } from './client-address';
import { refusedBy } from './refusal-rule';

/** The limits of connections of a container. A handshake counts from its begin, a session until its connection is gone. */
export interface ConnectionLimitOptions {
  /** The connections of all endpoints. Further ones get 503 with Retry-After. 0 or less means no limit. Default 0. */
  readonly maxConnections?: number | undefined;
  /**
   * The connections of each endpoint, by its path as deployed; an endpoint overrides it with `limits.maxConnections`. 0 or
   * less means no limit. Default 0.
   */
  readonly maxConnectionsPerEndpoint?: number | undefined;
  /** The connections of each user, by name. Connections without a user do not count. 0 or less means no limit. Default 0. */
  readonly maxConnectionsPerUser?: number | undefined;
  /**
   * The connections of each address: behind the proxies of `trustProxy`, the client's own; of IPv6, the /64 network.
   * Connections without an address, as on a Unix domain socket, do not count. 0 or less means no limit. Default 0.
   */
  readonly maxConnectionsPerAddress?: number | undefined;
  /**
   * How these limits refuse a client: with 503 before the upgrade (`refuse`), or by a close with 1013 after it (`close`),
   * which a page can read. A refused connection that is closing does not count. Default `'refuse'`.
   */
  readonly connectionLimitAction?: 'refuse' | 'close' | undefined;
}

export const CONNECTION_LIMIT_OPTIONS = {
  maxConnections: { ...CONNECTIONS, default: 0 },
  maxConnectionsPerEndpoint: { ...CONNECTIONS, default: 0 },
  maxConnectionsPerUser: { ...CONNECTIONS, default: 0 },
  maxConnectionsPerAddress: { ...CONNECTIONS, default: 0 },
  connectionLimitAction: { ...choice('refuse', 'close'), default: 'refuse' },
} satisfies OptionTable<ConnectionLimitOptions>;

/** The limits as they are in force; they may change. */
export type ConnectionLimitSettings = Readonly<
  Record<ConnectionLimitName, number> & { connectionLimitAction: 'refuse' | 'close' }
>;

/** A connection that is to be counted. */
export interface CountedConnection {
  readonly config: ServerEndpointConfig;
  readonly address: string | undefined;
}

/** A session that opened before its connection was counted. */
export interface UncountedSession {
  readonly endpointPath: string | undefined;
  readonly userName: string | undefined;
  readonly transport: { readonly remoteAddress: string | undefined };
  hold(place: ConnectionPlace): void;
}

/** So many connections at once are accepted only to be closed. A flood of clients must not open more. */
const MAX_CLOSING = 1000;

/** How many connections a key has. */
type Counts = Map<string, number>;

/** Counts the connections of a container, and refuses those that exceed a limit. Without a limit it counts nothing. */
export class ConnectionLimits {
  readonly #endpoints: Counts = new Map();
  readonly #users: Counts = new Map();
  readonly #addresses: Counts = new Map();
  #total = 0;
  #closing = 0;
  #isCounting = false;

  /** @param uncounted the sessions that are open when the first limit comes */
  constructor(
    private settings: ConnectionLimitSettings,
    private readonly uncounted: () => Iterable<UncountedSession>,
  ) {
    this.#isCounting = this.#hasLimit;
  }

  get #hasLimit(): boolean {
    const { maxConnections, maxConnectionsPerEndpoint, maxConnectionsPerUser, maxConnectionsPerAddress } =
      this.settings;
    return Math.max(maxConnections, maxConnectionsPerEndpoint, maxConnectionsPerUser, maxConnectionsPerAddress) > 0;
  }

  /** Changes some limits. Connections that exceed them stay open. */
  change(settings: Partial<ConnectionLimitSettings>): void {
    this.settings = { ...this.settings, ...settings };
    if (this.#hasLimit) this.#count();
  }

  /**
   * Counts the connection of a handshake.
   *
   * @returns undefined while there is no limit
   * @throws HandshakeRejection when it exceeds a limit; it then does not count
   */
  admit({ config, address }: CountedConnection): ConnectionSeat | undefined {
    const own = config.getLimits().maxConnections;
    if (own !== undefined && own > 0) this.#count();
    if (!this.#isCounting) return undefined;
    const { maxConnections, maxConnectionsPerEndpoint, maxConnectionsPerAddress } = this.settings;
    const endpoint = config.getPath();
    const client = addressKey(address);
    if (isFull(maxConnections, this.#total)) throw this.#refusal('maxConnections', 'The server', maxConnections);
    const most = own ?? maxConnectionsPerEndpoint;
    if (isFull(most, this.#endpoints.get(endpoint)))
      throw this.#refusal('maxConnectionsPerEndpoint', `The endpoint at ${endpoint}`, most);
    if (client !== undefined && isFull(maxConnectionsPerAddress, this.#addresses.get(client)))
      throw this.#refusal('maxConnectionsPerAddress', `The address ${client}`, maxConnectionsPerAddress);
    return this.#seat(endpoint, client);
  }

  /**
   * Counts a connection for its user too.
   *
   * @throws HandshakeRejection when it exceeds the user's limit
   */
  admitUser(seat: ConnectionSeat, name: string): void {
    const { maxConnectionsPerUser } = this.settings;
    if (isFull(maxConnectionsPerUser, this.#users.get(name)))
      throw this.#refusal(
        'maxConnectionsPerUser',
        `The user ${JSON.stringify(shortened(name))}`,
        maxConnectionsPerUser,
      );
    seat.countFor(this.#users, name);
  }

  /** Counts a session whose handshake began before the first limit came. */
  countLate(session: UncountedSession): void {
    if (!this.#isCounting) return;
    const seat = this.#seat(session.endpointPath ?? '', addressKey(session.transport.remoteAddress));
    const { userName } = session;
    if (userName !== undefined) seat.countFor(this.#users, userName);
    session.hold(seat);
  }

  #count(): void {
    if (this.#isCounting) return;
    this.#isCounting = true;
    for (const session of this.uncounted()) this.countLate(session);
  }

  #seat(endpoint: string, client: string | undefined): ConnectionSeat {
    this.#total += 1;
    const seat = new ConnectionSeat(() => (this.#total -= 1));
    seat.countFor(this.#endpoints, endpoint);
    if (client !== undefined) seat.countFor(this.#addresses, client);
    return seat;
  }

  #refusal(rule: ConnectionLimitName, who: string, most: number): HandshakeRejection {
    const reason = `${who} has as many connections as ${rule} allows: ${most}.`;
    const scope = SCOPES[rule];
    const { TRY_AGAIN_LATER } = CloseReason.CloseCodes;
    const close =
      this.settings.connectionLimitAction === 'close'
        ? new CloseReason(TRY_AGAIN_LATER, `Too many connections${scope}.`)
        : undefined;
    const response = { body: `Too many connections${scope}.\n`, headers: { 'Retry-After': '5' } };
    return refusedBy(rule, new HandshakeRejection(503, response, close), reason);
  }

  /**
   * The seat of a connection that is accepted only to be closed. It does not count with the others.
   *
   * @returns undefined if there are too many such connections; the client then gets the status instead
   */
  seatForClose(): ConnectionSeat | undefined {
    if (this.#closing >= MAX_CLOSING) return undefined;
    this.#closing += 1;
    return new ConnectionSeat(() => (this.#closing -= 1));
  }
}

const SCOPES: Readonly<Record<ConnectionLimitName, string>> = {
  maxConnections: '',
  maxConnectionsPerEndpoint: '',
  maxConnectionsPerUser: ' of this user',
  maxConnectionsPerAddress: ' from this address',
};

/** The place of one connection among those that are counted. */
export class ConnectionSeat implements ConnectionPlace {
  #counted: (readonly [counts: Counts, key: string])[] = [];
  #onRelease: (() => void) | undefined;
  #limit: Deadline | undefined;

  constructor(onRelease: () => void) {
    this.#onRelease = onRelease;
  }

  /** Does nothing once it is released. */
  countFor(counts: Counts, key: string): void {
    if (this.#onRelease === undefined) return;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    this.#counted.push([counts, key]);
  }

  releaseWithin(milliseconds: number): void {
    if (this.#onRelease === undefined) return;
    this.#limit ??= new Deadline(milliseconds, () => this.release());
  }

  /** The session is over, or did not open. Further calls do nothing. */
  release(): void {
    this.#limit?.clear();
    this.#limit = undefined;
    this.#onRelease?.();
    this.#onRelease = undefined;
    for (const [counts, key] of this.#counted) {
      const left = (counts.get(key) ?? 0) - 1;
      if (left > 0) counts.set(key, left);
      else counts.delete(key);
    }
    this.#counted = [];
  }
}

function isFull(most: number, count = 0): boolean {
  return most > 0 && count >= most;
}

const LONGEST_NAME = 64;

function shortened(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
}

/** Whether a handshake was refused because it exceeds a limit of connections. */
export function isConnectionLimit(rule: string): boolean {
  return Object.hasOwn(SCOPES, rule);
}
