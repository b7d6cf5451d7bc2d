import { IllegalArgumentException, IllegalStateException, type CloseReason } from '@serval/api';
import { describeValue } from '@serval/api/spi';
import type { RoomMember, WsRooms } from './rooms';
import type { ContainerSettings } from './settings';

/** A session as its membership uses it. */
export type MembershipHost = RoomMember & {
  readonly context: { readonly rooms: WsRooms };
  readonly settings: Pick<ContainerSettings, 'maxRoomsPerSession'>;
};

const MAX_NAME_LENGTH = 1024;

/** The rooms of one session. */
export class RoomMembership {
  readonly names = new RoomNames();
  #isOver = false;

  constructor(private readonly session: MembershipHost) {}

  /** See {@link Session.join}. */
  join(rooms: readonly string[]): void {
    requireRoomNames('join', rooms);
    if (this.#isOver) return;
    const missing = new Set(rooms.filter((room) => !this.names.has(room)));
    const { maxRoomsPerSession } = this.session.settings;
    if (this.names.size + missing.size > maxRoomsPerSession) throw tooManyRooms(this.session, maxRoomsPerSession);
    for (const room of missing) this.session.context.rooms.enter(this.session, room, this.names);
  }

  /** See {@link Session.leave}. */
  leave(rooms: readonly string[]): void {
    requireRoomNames('leave', rooms);
    if (this.#isOver) return;
    for (const room of rooms) {
      if (this.names.remove(room)) this.session.context.rooms.exit(this.session, room, undefined);
    }
  }

  /** The session closes. The names stay, for `@OnClose`. */
  end(reason: CloseReason): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const room of this.names) this.session.context.rooms.exit(this.session, room, reason);
  }
}

/** The names of a session's rooms. Its owner changes it by `include` and `remove`; the methods of Set do not. */
export class RoomNames extends Set<string> {
  /** @internal */
  include(name: string): void {
    super.add(name);
  }

  /** @internal */
  remove(name: string): boolean {
    return super.delete(name);
  }

  override add(): never {
    throw readOnly();
  }

  override delete(): never {
    throw readOnly();
  }

  override clear(): never {
    throw readOnly();
  }
}

/** @throws IllegalArgumentException for anything but names of rooms */
export function requireRoomNames(call: string, rooms: readonly unknown[]): asserts rooms is readonly string[] {
  for (const room of rooms) requireRoomName(call, room);
}

export function requireRoomName(call: string, room: unknown): asserts room is string {
  if (typeof room !== 'string' || room === '')
    throw new IllegalArgumentException(`${call} takes names of rooms, such as "blue"; found ${describeValue(room)}.`);
  if (room.length <= MAX_NAME_LENGTH) return;
  throw new IllegalArgumentException(
    `${call} takes names of rooms with at most ${MAX_NAME_LENGTH} characters; found one with ${room.length}.`,
  );
}

function tooManyRooms(session: RoomMember, most: number): IllegalStateException {
  return new IllegalStateException(
    `Session ${session.getId()} cannot join: it may be in ${most} rooms (maxRoomsPerSession). Leave rooms first, or raise the setting.`,
  );
}

function readOnly(): IllegalStateException {
  return new IllegalStateException('session.rooms is read-only. Call session.join or session.leave.');
}
