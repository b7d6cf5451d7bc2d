import type { CloseReason, Session } from '@serval/api';
import type { EndpointPlan } from '@serval/plan';

/** A session as its registry, and a container that stops, use it. */
export interface RegisteredSession extends Session {
  readonly plan: EndpointPlan;
  readonly transport: { terminate(): void };
  /** Reads no more, lets the running handler finish with everything that arrived, then closes. */
  closeWhenIdle(reason: CloseReason): void;
}

/** The sessions of one container: the open ones by endpoint, and all that have not ended yet. */
export class SessionRegistry {
  readonly #open = new Map<EndpointPlan, Set<RegisteredSession>>();
  readonly #live = new Set<RegisteredSession>();
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
  add(session: RegisteredSession): void {
    this.#live.add(session);
  }

  /** A session that is visible to `getOpenSessions` from now on. */
  opened(session: RegisteredSession): void {
    const open = this.#open.get(session.plan);
    if (open === undefined) this.#open.set(session.plan, new Set([session]));
    else open.add(session);
  }

  /** A session that begins to close: no longer an open one, but still alive. */
  closing(session: RegisteredSession): void {
    const open = this.#open.get(session.plan);
    open?.delete(session);
    if (open?.size === 0) this.#open.delete(session.plan);
  }

  /** A session whose `@OnClose` returned and whose connection is gone. */
  ended(session: RegisteredSession): void {
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

  /** Every session that has not ended. */
  live(): readonly RegisteredSession[] {
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
