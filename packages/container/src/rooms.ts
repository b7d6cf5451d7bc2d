import { EventEmitter } from 'node:events';
import { IllegalArgumentException, type CloseReason, type RoomEvent, type Rooms } from '@serval/api';
import { describeValue, showAs } from '@serval/api/spi';
import type { DiagnosticEvent } from './diagnostic-event';
import { dispatchRoomEvent, type DispatchHost } from './dispatcher';
import { wrongArgument } from './send-arguments';

/** A session as its rooms use it. */
export type RoomMember = DispatchHost & RoomEvent['session'];

/** The names that a session keeps; see `RoomNames`. */
interface OwnNames {
  include(name: string): void;
}

interface Room<M> {
  /** One string for all members: a part of a message would keep that message in memory. */
  readonly name: string;
  readonly members: Set<M>;
}

const EVENTS: ReadonlySet<unknown> = new Set(['joined', 'left']);

const NOBODY: ReadonlySet<never> = new Set();

/** The rooms of one container. Names come from clients: they are keys of maps, and nothing else. */
export class WsRooms<M extends RoomMember = RoomMember>
  extends EventEmitter<{ joined: [RoomEvent]; left: [RoomEvent] }>
  implements Rooms
{
  readonly #rooms = new Map<string, Room<M>>();

  constructor(private readonly diagnostics: { report(event: DiagnosticEvent): void }) {
    super();
  }

  /** `once` calls it too. @throws IllegalArgumentException for another event, which would never come, or no function */
  override on(event: 'joined' | 'left', listener: (event: RoomEvent) => unknown): this {
    if (!EVENTS.has(event))
      throw new IllegalArgumentException(`The events of rooms are 'joined' and 'left'; found ${describeValue(event)}.`);
    if (typeof listener !== 'function') throw wrongArgument('rooms.on', 'a function', listener);
    return super.on(event, listener);
  }

  override once(event: 'joined' | 'left', listener: (event: RoomEvent) => unknown): this {
    if (typeof listener !== 'function') throw wrongArgument('rooms.once', 'a function', listener);
    return super.once(event, listener);
  }

  get size(): number {
    return this.#rooms.size;
  }

  names(): readonly string[] {
    return [...this.#rooms.keys()];
  }

  count(room: string): number {
    if (typeof room !== 'string') throw wrongArgument('rooms.count', 'the name of a room', room);
    return this.membersOf(room).size;
  }

  /** The members, which change while the result is in use. */
  membersOf(room: string): ReadonlySet<M> {
    return this.#rooms.get(room)?.members ?? NOBODY;
  }

  /** A session that is not in the room joins it. */
  enter(session: M, name: string, names: OwnNames): void {
    let room = this.#rooms.get(name);
    if (room === undefined) {
      room = { name: detached(name), members: new Set() };
      this.#rooms.set(room.name, room);
    }
    room.members.add(session);
    names.include(room.name);
    this.#tell('joined', session, room, undefined);
  }

  /** A session that is in the room leaves it. */
  exit(session: M, name: string, closeReason: CloseReason | undefined): void {
    const room = this.#rooms.get(name);
    if (room?.members.delete(session) !== true) return;
    if (room.members.size === 0) this.#rooms.delete(name);
    this.#tell('left', session, room, closeReason);
  }

  #tell(kind: RoomEvent['kind'], session: M, room: Room<M>, closeReason: CloseReason | undefined): void {
    // Without a listener a join costs nothing for it.
    if (this.listenerCount(kind) === 0) return;
    const event: RoomEvent = { kind, room: room.name, session, members: room.members.size, closeReason };
    // Not `emit`, because the first listener that throws would hide the event from the others.
    for (const listener of this.rawListeners(kind)) dispatchRoomEvent(session, listener, event, this.diagnostics);
  }
}

showAs(WsRooms, 'Rooms', (rooms) => `${rooms.size} rooms`);

/** A copy, as long as the name. V8 keeps the whole text behind a slice. */
function detached(name: string): string {
  return ` ${name}`.slice(1);
}
