import {
  IllegalArgumentException,
  type CloseReason,
  type EndpointClass,
  type ServerEndpointConfig,
  type Session,
} from '@serval/api';
import {
  ANY,
  closeReasonOf,
  describeValue,
  isOptionsObject,
  NAME,
  readArgument,
  showAs,
  wholeNumber,
  type OptionTable,
} from '@serval/api/spi';
import { inTurns, rejected, type ContainerContext } from '@serval/container';
import { addressKey } from './client-address';

/** Chooses open sessions: those that match everything that is given. */
export interface SessionQuery {
  /** The endpoint's path as deployed, its class or its configuration. */
  readonly endpoint?: string | EndpointClass | ServerEndpointConfig | undefined;
  /** The name of the session's principal. */
  readonly user?: string | undefined;
  /** The name of a room that the session is in. */
  readonly room?: string | undefined;
  /** The client's address; of IPv6, any address of the /64 network. */
  readonly address?: string | undefined;
}

/** One open session as plain data, such as for a JSON answer. */
export interface SessionSummary {
  readonly id: string;
  /** The endpoint's path as deployed. */
  readonly endpoint: string;
  /** The name of the principal, or `null`. */
  readonly user: string | null;
  /** Undefined if the client has none, as on a Unix domain socket. */
  readonly address: string | undefined;
  readonly rooms: readonly string[];
}

type OpenSession = NonNullable<ReturnType<ContainerContext['registry']['withId']>>;

const QUERY = { endpoint: ANY, user: NAME, room: NAME, address: NAME } satisfies OptionTable<SessionQuery>;
const DEFAULT_LIMIT = 100;
const LIMIT = { limit: { ...wholeNumber('whole number of sessions', 1), default: DEFAULT_LIMIT } };

/**
 * The open sessions of this process, for operators. Every call looks at the sessions as they are then. `for … of` visits all
 * of them without a copy.
 *
 * @example
 * app.get('/admin/sessions', (request, response) => response.json(server.sessions.list({ user: request.query.user })));
 * app.delete('/admin/users/:user', async (request, response) => {
 *   response.json({ closed: await server.sessions.close({ user: request.params.user }, 4001, 'logged out') });
 * });
 */
export class ServerSessions implements Iterable<Session> {
  constructor(private readonly context: ContainerContext) {}

  [Symbol.iterator](): Iterator<Session> {
    return this.context.registry.open()[Symbol.iterator]();
  }

  /** How many sessions match; all of them without a query. @throws IllegalArgumentException for an invalid query */
  count(query: SessionQuery = {}): number {
    let count = 0;
    const matching = this.#matching('count', query)[Symbol.iterator]();
    while (matching.next().done !== true) count += 1;
    return count;
  }

  /** The session with this ID, if it is open and its ID was read before, as {@link list} reads it. */
  get(id: string): Session | undefined {
    if (typeof id !== 'string')
      throw new IllegalArgumentException(`get takes the ID of a session; found ${describeValue(id)}.`);
    return this.context.registry.withId(id);
  }

  /** Visits the sessions that match, without a copy. @throws IllegalArgumentException for an invalid query */
  filter(query: SessionQuery): Iterable<Session> {
    return this.#matching('filter', query);
  }

  /**
   * Describes the sessions that match, those that opened first at each endpoint first.
   *
   * @param limit how many at most. Default 100
   * @throws IllegalArgumentException for an invalid query, and for a limit that is no whole number from 1
   */
  list(query: SessionQuery = {}, limit = DEFAULT_LIMIT): SessionSummary[] {
    const { limit: most } = readArgument('list', LIMIT, { limit }, '{ limit: 100 }');
    const summaries: SessionSummary[] = [];
    for (const session of this.#matching('list', query)) {
      if (summaries.length >= most) break;
      summaries.push(this.#summaryOf(session));
    }
    return summaries;
  }

  /**
   * Closes the sessions that match, with 1000 if you pass no reason, as `Session.close` does. A query of `{}` closes all.
   *
   * @returns how many; the promise does not wait for their close frames
   * @throws IllegalArgumentException (as a rejection) for an invalid query or reason, and for a value that is undefined
   */
  close(query: SessionQuery, closeReason?: CloseReason): Promise<number>;
  close(query: SessionQuery, code: number, reasonPhrase?: string): Promise<number>;
  close(query: SessionQuery, reason: CloseReason | number = 1000, phrase?: string): Promise<number> {
    try {
      const closeReason = closeReasonOf('close', reason, phrase);
      requireDefined(query);
      // A copy, because a session that closes leaves the registry.
      const matching = [...this.#matching('close', query)];
      return inTurns(matching, (session) => void session.close(closeReason)).then(() => matching.length);
    } catch (error) {
      return rejected(error);
    }
  }

  #summaryOf(session: OpenSession): SessionSummary {
    return {
      id: session.getId(),
      endpoint: session.endpointPath ?? '',
      user: this.context.registry.userOf(session) ?? null,
      address: session.transport.remoteAddress,
      rooms: [...session.rooms],
    };
  }

  #matching(call: string, query: SessionQuery): Iterable<OpenSession> {
    // A typing mistake must not close other sessions.
    const { endpoint, user, room, address } = readArgument(call, QUERY, query, "{ user: 'ann' }");
    // `pathsOf` checks the value.
    const paths =
      endpoint === undefined
        ? undefined
        : new Set(this.context.endpoints?.pathsOf(endpoint as NonNullable<SessionQuery['endpoint']>, call));
    return this.#search({ paths, user, room, client: addressKey(address) });
  }

  *#search({ paths, user, room, client }: Search): Iterable<OpenSession> {
    const { registry } = this.context;
    for (const session of this.#candidates({ paths, user, room, client })) {
      if (paths?.has(session.endpointPath ?? '') === false) continue;
      if (user !== undefined && registry.userOf(session) !== user) continue;
      if (room !== undefined && !session.rooms.has(room)) continue;
      if (client === undefined || addressKey(session.transport.remoteAddress) === client) yield session;
    }
  }

  /** The smallest group that has an index. */
  #candidates({ paths, user, room }: Search): Iterable<OpenSession> {
    const { registry, rooms } = this.context;
    if (user !== undefined) return registry.openOfUser(user);
    if (room !== undefined) return rooms.membersOf(room);
    const [path] = paths ?? [];
    return path !== undefined && paths?.size === 1 ? registry.openAt(path) : registry.open();
  }

  static {
    showAs(ServerSessions, 'ServerSessions', (sessions) => `${sessions.count()} open`);
  }
}

/** A value that is missing, such as one of `request.query`, must not close the sessions of everybody. */
function requireDefined(query: SessionQuery): void {
  if (!isOptionsObject(query)) return;
  const missing = Object.entries(query).find(([, value]) => value === undefined);
  if (missing !== undefined)
    throw new IllegalArgumentException(
      `close: ${missing[0]} is undefined. Pass a value, or leave it out to close the sessions with any ${missing[0]}.`,
    );
}

interface Search {
  readonly paths: ReadonlySet<string> | undefined;
  readonly user: string | undefined;
  readonly room: string | undefined;
  readonly client: string | undefined;
}
