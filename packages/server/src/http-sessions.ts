import type { HandshakeRequest } from '@serval/api';
import { Fifo } from '@serval/api/spi';
import { toError } from '@serval/container';

/** The callback of a session store, as express-session and @fastify/session declare it. */
type StoreGet = (id: string, done: (error: unknown, session?: unknown) => void) => unknown;

/** The HTTP session of a handshake. */
export interface HttpSession {
  readonly id: string;
  /** Undefined if there is no store to look in; only `endHttpSession` then ends it. */
  readonly store: { readonly get: StoreGet } | undefined;
}

/** One WebSocket that ends with an HTTP session. */
interface Dependent {
  loggedOut(): void;
}

/** How many look-ups of the store run at the same time. */
const MAX_LOOKUPS = 16;

/**
 * The HTTP sessions on which open WebSockets depend. Their stores announce no end, so each distinct session is looked up
 * again on a schedule: by one timer, with at most 16 look-ups at a time.
 */
export class HttpSessions {
  readonly #dependents = new Map<string, { readonly session: HttpSession; readonly dependents: Set<Dependent> }>();
  #timer: NodeJS.Timeout | undefined;
  /** Results of an earlier round no longer count, so that a store that never answers holds nothing up. */
  #round = 0;
  #isDown = false;

  /** @param intervalMs between two rounds; 0 or less for none */
  constructor(
    private readonly intervalMs: number,
    private readonly warn: (message: string) => void,
  ) {}

  /** The HTTP session of a handshake, or undefined if it has none with an id. */
  of(request: HandshakeRequest): HttpSession | undefined {
    const session = request.getHttpSession();
    if (typeof session !== 'object' || session === null) return undefined;
    const native = request.getNativeRequest() as { readonly sessionStore?: unknown };
    const { id, sessionId }: { id?: unknown; sessionId?: unknown } = session;
    const found = id ?? sessionId;
    return typeof found === 'string' ? { id: found, store: storeOf(native.sessionStore) } : undefined;
  }

  add(session: HttpSession, dependent: Dependent): void {
    const entry = this.#dependents.get(session.id);
    if (entry === undefined) this.#dependents.set(session.id, { session, dependents: new Set([dependent]) });
    else entry.dependents.add(dependent);
    if (this.#timer !== undefined || this.intervalMs <= 0 || session.store === undefined) return;
    this.#timer = setInterval(() => this.#look(), this.intervalMs);
    this.#timer.unref();
  }

  remove({ id }: HttpSession, dependent: Dependent): void {
    const entry = this.#dependents.get(id);
    entry?.dependents.delete(dependent);
    if (entry?.dependents.size === 0) this.#dependents.delete(id);
    if (this.#dependents.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** @returns how many WebSockets end with it, handshakes included */
  end(id: string): number {
    const dependents = [...(this.#dependents.get(id)?.dependents ?? [])];
    for (const dependent of dependents) dependent.loggedOut();
    return dependents.length;
  }

  #look(): void {
    const round = ++this.#round;
    const waiting = new Fifo<HttpSession>();
    for (const { session } of this.#dependents.values()) waiting.push(session);
    const next = (): void => {
      const session = round === this.#round ? waiting.take() : undefined;
      if (session !== undefined) this.#lookUp(session, round, next);
    };
    for (let count = 0; count < MAX_LOOKUPS; count++) next();
  }

  #lookUp({ id, store }: HttpSession, round: number, next: () => void): void {
    if (store === undefined) {
      next();
      return;
    }
    let isDone = false;
    const done = (error: unknown, found?: unknown): void => {
      if (isDone || round !== this.#round) return;
      isDone = true;
      // express-session reads ENOENT as a session that is gone, too.
      const isMissing = isNothing(error) ? isEnded(found) : hasCode(error, 'ENOENT');
      if (isMissing) this.end(id);
      else this.#report(error);
      // Not from within: a store may answer at once, and there may be many sessions.
      setImmediate(next);
    };
    try {
      store.get(id, done);
    } catch (thrown) {
      done(thrown);
    }
  }

  /** Warns once per outage. The open sessions stay, because nobody can say that they have ended. */
  #report(error: unknown): void {
    if (isNothing(error)) {
      this.#isDown = false;
      return;
    }
    if (this.#isDown) return;
    this.#isDown = true;
    this.warn(
      `The session store fails, so open WebSockets do not end with their HTTP sessions for now: ${toError(error).message}`,
    );
  }
}

function storeOf(store: unknown): HttpSession['store'] {
  if (typeof store !== 'object' || store === null || !('get' in store) || typeof store.get !== 'function')
    return undefined;
  // The caller's store has the signature of express-session.
  return store as { readonly get: StoreGet };
}

function isNothing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}

/** Whether a look-up found nothing, or a session whose cookie has expired. */
function isEnded(session: unknown): boolean {
  if (typeof session !== 'object' || session === null) return true;
  const { cookie }: { cookie?: { readonly expires?: unknown } | null } = session;
  const expires = cookie?.expires;
  if (typeof expires !== 'string' && !(expires instanceof Date)) return false;
  return new Date(expires).getTime() <= Date.now();
}
