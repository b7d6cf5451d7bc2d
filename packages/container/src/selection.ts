import {
  IllegalStateException,
  type CloseReason,
  type SendResult,
  type Session,
  type SessionInfo,
  type SessionSelection,
  type SessionTarget,
} from '@serval/api';
import { closeReasonOf, showAs } from '@serval/api/spi';
import { byEndpoint, type Broadcaster, type BroadcastHost } from './broadcaster';
import { rejected, toError, tolerateNeglect } from './promises';
import { requireRoomNames } from './room-membership';
import { wrongArgument } from './send-arguments';
import { describeChoice, readTargets, type Choice, type EndpointPaths, type Target } from './selection-target';
import { inTurns } from './turns';

/** A session as a selection uses it. */
export interface Selectable extends Session, BroadcastHost {
  readonly plan: object;
}

/** A container as its selections use it. */
export interface SelectionHost<S extends Selectable = Selectable> {
  readonly node: string;
  readonly endpoints: EndpointPaths | undefined;
  readonly registry: {
    open(): Iterable<S>;
    openAt(path: string): Iterable<S>;
    openOfUser(user: string): ReadonlySet<S>;
    withId(id: string): S | undefined;
    userOf(session: S): string | undefined;
  };
  readonly rooms: { membersOf(room: string): ReadonlySet<S> };
  broadcasterOf(plan: object): Broadcaster;
}

/** See {@link SessionSelection}. */
export class WsSelection implements SessionSelection {
  constructor(
    private readonly host: SelectionHost,
    private readonly choice: Choice,
  ) {}

  except(...targets: readonly SessionTarget[]): SessionSelection {
    const { targets: selected, exceptions } = this.choice;
    const more = readTargets('except', targets, this.host.endpoints);
    return new WsSelection(this.host, { targets: selected, exceptions: [...exceptions, ...more] });
  }

  [Symbol.iterator](): Iterator<Session> {
    return [...chosenSessions(this.host, this.choice)][Symbol.iterator]();
  }

  send(message: unknown): Promise<readonly SendResult[]> {
    if (message === undefined || message === null) return rejected(wrongArgument('send', 'a message', message));
    const sendings = byEndpoint(chosenSessions(this.host, this.choice)).map((sessions) =>
      this.#sendTo(sessions, message),
    );
    const [first] = sendings;
    if (first !== undefined && sendings.length === 1) return first;
    return tolerateNeglect(Promise.all(sendings).then((failures) => failures.flat()));
  }

  #sendTo(sessions: readonly Selectable[], message: unknown): Promise<readonly SendResult[]> {
    const [first] = sessions;
    if (first === undefined) return Promise.resolve([]);
    return this.host.broadcasterOf(first.plan).send(first, message, sessions);
  }

  close(closeReason?: CloseReason): Promise<void>;
  close(code: number, reasonPhrase?: string): Promise<void>;
  close(reason: CloseReason | number = 1000, phrase?: string): Promise<void> {
    try {
      const closeReason = closeReasonOf('close', reason, phrase);
      // Does not await the close frames: two handlers that close each other's sessions would wait for each other.
      return inTurns([...chosenSessions(this.host, this.choice)], (session) => void session.close(closeReason));
    } catch (error) {
      return rejected(error);
    }
  }

  join(...rooms: readonly string[]): Promise<void> {
    return this.#change('join', rooms, (session) => session.join(...rooms));
  }

  leave(...rooms: readonly string[]): Promise<void> {
    return this.#change('leave', rooms, (session) => session.leave(...rooms));
  }

  #change(call: string, rooms: readonly string[], change: (session: Session) => void): Promise<void> {
    const failures: Error[] = [];
    try {
      requireRoomNames(call, rooms);
      for (const session of [...chosenSessions(this.host, this.choice)]) {
        try {
          change(session);
        } catch (error) {
          failures.push(toError(error));
        }
      }
    } catch (error) {
      return rejected(error);
    }
    const [first] = failures;
    if (first === undefined) return Promise.resolve();
    const message = `${failures.length} of the selected sessions could not ${call}. The first error: ${first.message}`;
    return rejected(new IllegalStateException(message, { cause: first }));
  }

  /** @internal */
  describe(): string {
    return describeChoice(this.choice);
  }

  sessions(): Promise<readonly SessionInfo[]> {
    const { node, registry } = this.host;
    return Promise.resolve(
      Array.from(chosenSessions(this.host, this.choice), (session) => ({
        id: session.getId(),
        user: registry.userOf(session) ?? null,
        node,
      })),
    );
  }
}

showAs(WsSelection, 'SessionSelection', (selection) => selection.describe());

/** The sessions of this node that are chosen, each once. The result may change while it is in use. */
export function chosenSessions<S extends Selectable>(
  host: Pick<SelectionHost<S>, 'registry' | 'rooms'>,
  { targets, exceptions }: Choice,
): Iterable<S> {
  const [first] = targets;
  if (first === undefined) return [];
  const selected = targets.length === 1 ? sessionsOf(host, first) : union(host, targets);
  return exceptions.length === 0 ? selected : without(host, selected, exceptions);
}

function sessionsOf<S extends Selectable>(
  { registry, rooms }: Pick<SelectionHost<S>, 'registry' | 'rooms'>,
  target: Target,
): Iterable<S> {
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

function union<S extends Selectable>(
  host: Pick<SelectionHost<S>, 'registry' | 'rooms'>,
  targets: readonly Target[],
): ReadonlySet<S> {
  const selected = new Set<S>();
  for (const target of targets) for (const session of sessionsOf(host, target)) selected.add(session);
  return selected;
}

function* without<S extends Selectable>(
  host: Pick<SelectionHost<S>, 'registry' | 'rooms'>,
  selected: Iterable<S>,
  exceptions: readonly Target[],
): Iterable<S> {
  const excepted = union(host, exceptions);
  for (const session of selected) if (!excepted.has(session)) yield session;
}
