import { CloseReason, type SendResult, type Session, type SessionInfo } from '@serval/api';
import { Broadcaster, byEndpoint, deliverWhenEncoded, type BroadcastHost } from './broadcaster';
import type { DiagnosticEvent } from './diagnostic-event';
import type { Encoding } from './encoders';
import type { MessageForm, NodeCommand } from './node-message';
import { rejected, toError, tolerateNeglect } from './promises';
import type { Choice, Target } from './selection-target';
import { NOTHING_FAILED, sendResults } from './send-results';
import { inTurns } from './turns';

/** A session as selections use it. */
export interface Selectable extends Session, BroadcastHost {
  readonly plan: { readonly name: string };
  readonly endpointPath: string | undefined;
}

/** A container as its selections use it. */
export interface SessionsHost<S extends Selectable> {
  readonly bus: { readonly node: string };
  readonly registry: {
    open(): Iterable<S>;
    openAt(path: string): Iterable<S>;
    openOfUser(user: string): ReadonlySet<S>;
    withId(id: string): S | undefined;
    userOf(session: S): string | undefined;
  };
  readonly rooms: { membersOf(room: string): ReadonlySet<S> };
  readonly diagnostics: { report(event: DiagnosticEvent): void };
}

/** The forms of a message that the sessions of this node had encoded, by the paths of their endpoints. */
export type LocalForms = Map<string, Encoding>;

/** The chosen sessions of this node, and the calls on them. */
export class LocalSessions<S extends Selectable = Selectable> {
  readonly #broadcasters = new WeakMap<object, Broadcaster>();

  constructor(private readonly host: SessionsHost<S>) {}

  /** Each session once. The result may change while it is in use. */
  chosen({ targets, exceptions }: Choice): Iterable<S> {
    const [first] = targets;
    if (first === undefined) return [];
    const selected = targets.length === 1 ? this.#ofTarget(first) : this.#union(targets);
    return exceptions.length === 0 ? selected : without(selected, this.#union(exceptions));
  }

  #ofTarget(target: Target): Iterable<S> {
    const { registry, rooms } = this.host;
    switch (target.kind) {
      case 'room':
        return rooms.membersOf(target.room);
      case 'user':
        return registry.openOfUser(target.user);
      case 'endpoint':
        return registry.openAt(target.path);
      case 'all':
        return registry.open();
      case 'session': {
        const session = registry.withId(target.id);
        return session === undefined ? [] : [session];
      }
    }
  }

  #union(targets: readonly Target[]): ReadonlySet<S> {
    const selected = new Set<S>();
    for (const target of targets) for (const session of this.#ofTarget(target)) selected.add(session);
    return selected;
  }

  /** Whether the choice is of single sessions that are all here, so that no other node has any of it. */
  hasAllOf({ targets }: Choice): boolean {
    return targets.every((target) => target.kind === 'session' && this.host.registry.withId(target.id) !== undefined);
  }

  // --- calls --------------------------------------------------------------------------------------------------------

  /**
   * Sends a message, encoded once for each endpoint.
   *
   * @param key see `SendOptions.coalesce`
   * @param forms takes the encoded forms, for other nodes
   * @returns the sends that failed; rejects if an endpoint cannot encode the message
   */
  send(choice: Choice, message: unknown, key?: string, forms?: LocalForms): Promise<readonly SendResult[]> {
    const sendings = byEndpoint(this.chosen(choice)).map((sessions) => this.#sendTo(sessions, message, key, forms));
    const [first] = sendings;
    if (first !== undefined && sendings.length === 1) return first;
    return tolerateNeglect(Promise.all(sendings).then((failures) => sendResults(failures.flat())));
  }

  #sendTo(
    sessions: readonly S[],
    message: unknown,
    key: string | undefined,
    forms: LocalForms | undefined,
  ): Promise<readonly SendResult[]> {
    const [first] = sessions;
    if (first === undefined) return Promise.resolve(NOTHING_FAILED);
    try {
      const encoding = this.broadcasterOf(first.plan).encode(first, message);
      if (first.endpointPath !== undefined) forms?.set(first.endpointPath, encoding);
      return deliverWhenEncoded(sessions, encoding, key);
    } catch (error) {
      return rejected(error);
    }
  }

  /** Of the messages to many sessions of one endpoint. */
  broadcasterOf(plan: object): Broadcaster {
    let broadcaster = this.#broadcasters.get(plan);
    if (broadcaster === undefined) this.#broadcasters.set(plan, (broadcaster = new Broadcaster()));
    return broadcaster;
  }

  /** Closes the sessions: as many as possible at once. Does not wait for their close frames. */
  close(choice: Choice, reason: CloseReason): Promise<void> {
    // Two handlers that close each other's sessions would wait for each other.
    return inTurns([...this.chosen(choice)], (session) => void session.close(reason));
  }

  /** Lets the sessions join or leave rooms. @returns the errors, of sessions that are in too many */
  change(call: 'join' | 'leave', choice: Choice, rooms: readonly string[]): readonly Error[] {
    const failures: Error[] = [];
    for (const session of [...this.chosen(choice)]) {
      try {
        session[call](...rooms);
      } catch (error) {
        failures.push(toError(error));
      }
    }
    return failures;
  }

  describe(choice: Choice): readonly SessionInfo[] {
    const { bus, registry } = this.host;
    return Array.from(this.chosen(choice), (session) => ({
      id: session.getId(),
      user: registry.userOf(session) ?? null,
      node: bus.node,
    }));
  }

  // --- commands of other nodes --------------------------------------------------------------------------------------

  obey(command: NodeCommand): void {
    switch (command.kind) {
      case 'send':
        this.#deliver(command.choice, command.forms, command.coalesce);
        return;
      case 'close':
        void this.close(command.choice, CloseReason.truncated(command.code, command.phrase));
        return;
      case 'join':
      case 'leave':
        // Only the calling node could tell its caller of a session that is in too many rooms.
        for (const error of this.change(command.kind, command.choice, command.rooms))
          this.host.diagnostics.report({ kind: 'join-refused', error });
        return;
      case 'describe':
        // It has an answer, so it is a request.
        return;
    }
  }

  #deliver(choice: Choice, forms: readonly MessageForm[], key: string | undefined): void {
    const byPath = new Map(forms.map(({ endpoint, message }) => [endpoint, message]));
    for (const sessions of byEndpoint(this.chosen(choice))) {
      const [first] = sessions;
      const path = byPath.has(first?.endpointPath) ? first?.endpointPath : undefined;
      const message = byPath.get(path);
      if (message !== undefined) void deliverWhenEncoded(sessions, message, key);
      else if (!byPath.has(path))
        this.host.diagnostics.report({ kind: 'message-undeliverable', endpoint: first?.plan.name ?? '' });
    }
  }
}

function* without<S>(selected: Iterable<S>, excepted: ReadonlySet<S>): Iterable<S> {
  for (const session of selected) if (!excepted.has(session)) yield session;
}
