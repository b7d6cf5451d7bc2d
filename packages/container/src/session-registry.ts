import type { CloseReason, Session } from '@serval/api';
import type { EndpointPlan } from '@serval/plan';

/** The place of a connection among those that a limit counts. */
export interface ConnectionPlace {
  /** The session is over. Further calls do nothing. */
  release(): void;
  /** The connection is over, and an `@OnClose` that never settles must not keep the place. */
  releaseWithin(milliseconds: number): void;
}

/** A session as its registry, and a container that stops, use it. */
export interface RegisteredSession extends Session {
  readonly plan: EndpointPlan;
  /** The path of its endpoint as declared; undefined for a client's. */
  readonly endpointPath: string | undefined;
  /** The name of its principal; undefined for none. */
  readonly userName: string | undefined;
  readonly transport: { readonly remoteAddress: string | undefined; terminate(): void };
  /** Reads no more, lets the running handler finish with everything that arrived, then closes. */
  closeWhenIdle(reason: CloseReason): void;
  /** Keeps the place until the session is over. */
  hold(place: ConnectionPlace): void;
}

const NOBODY: ReadonlySet<never> = new Set();

/** The sessions of one container: the open ones by endpoint, user and id, and all that have not ended yet. */
export class SessionRegistry<S extends RegisteredSession = RegisteredSession> {
  readonly #open = new Map<EndpointPlan, Set<S>>();
  readonly #byUser = new Map<string, Set<S>>();
  /** Only of sessions with a user. The name that a principal returns may change; this one does not. */
  readonly #userOf = new Map<S, string>();
  /** Only of sessions whose id was read: nobody can name another one. */
  readonly #byId = new Map<string, S>();
  readonly #live = new Set<S>();
  #isAbandoned = false;
  #whenEmpty: (() => void)[] = [];

  /** Whether the container stopped, and waits for no session any more. */
  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  abandon(): void {
    this.#isAbandoned = true;
  }

  /** A session that begins. */
  add(session: S): void {
    this.#live.add(session);
  }

  /** A session that is visible to `getOpenSessions` from now on. */
  opened(session: S): void {
    addTo(this.#open, session.plan, session);
    const user = session.userName;
    if (user === undefined) return;
    this.#userOf.set(session, user);
    addTo(this.#byUser, user, session);
  }

  /** The id of a session that is not closing was read. */
  named(session: S, id: string): void {
    this.#byId.set(id, session);
  }

  /** A session that begins to close: no longer an open one, but still alive. */
  closing(session: S, id: string | undefined): void {
    removeFrom(this.#open, session.plan, session);
    if (id !== undefined) this.#byId.delete(id);
    const user = this.#userOf.get(session);
    if (user === undefined) return;
    this.#userOf.delete(session);
    removeFrom(this.#byUser, user, session);
  }

  /** A session whose `@OnClose` returned and whose connection is gone. */
  ended(session: S): void {
    this.#live.delete(session);
    if (this.#live.size > 0) return;
    const waiting = this.#whenEmpty;
    this.#whenEmpty = [];
    for (const resolve of waiting) resolve();
  }

  /** The open sessions of an endpoint, as of now: a copy. */
  openSessions(plan: EndpointPlan): ReadonlySet<Session> {
    return new Set(this.#open.get(plan));
  }

  /** The open sessions of all endpoints. */
  *open(): Iterable<S> {
    for (const sessions of this.#open.values()) yield* sessions;
  }

  /** The open sessions of the endpoints at a path: those of one that was replaced count, too. */
  *openAt(path: string): Iterable<S> {
    for (const sessions of this.#open.values()) {
      const [first] = sessions;
      if (first?.endpointPath === path) yield* sessions;
    }
  }

  openOfUser(user: string): ReadonlySet<S> {
    return this.#byUser.get(user) ?? NOBODY;
  }

  /** The user under whose name {@link openOfUser} finds the session. */
  userOf(session: S): string | undefined {
    return this.#userOf.get(session);
  }

  withId(id: string): S | undefined {
    return this.#byId.get(id);
  }

  /** Every session that has not ended. */
  live(): readonly S[] {
    return [...this.#live];
  }

  get size(): number {
    return this.#live.size;
  }

  /** Resolves once no session is left. */
  whenEmpty(): Promise<void> {
    if (this.#live.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }
}

function addTo<K, S>(groups: Map<K, Set<S>>, key: K, session: S): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, new Set([session]));
  else group.add(session);
}

function removeFrom<K, S>(groups: Map<K, Set<S>>, key: K, session: S): void {
  const group = groups.get(key);
  group?.delete(session);
  if (group?.size === 0) groups.delete(key);
}
