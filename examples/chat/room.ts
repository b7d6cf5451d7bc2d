import type { Session } from 'serval';
import type { ServerMessage } from './messages';

const MAX_NAME_LENGTH = 24;

const rooms = new Map<string, Room>();

/** The names of the people in one room; the container's room of the same name has their sessions. A room appears with its first member and disappears with its last. */
export class Room {
  readonly #members = new Map<string, Session>();

  private constructor(private readonly roomName: string) {}

  static named(roomName: string): Room {
    return rooms.get(roomName) ?? new Room(roomName);
  }

  /** Greets the newcomer and tells the others. @returns the name, with a number if the requested one is taken */
  join(session: Session, wishedName: string): string {
    const name = this.#freeName(wishedName);
    this.send({ kind: 'joined', name });
    this.#members.set(name, session);
    session.join(this.roomName);
    rooms.set(this.roomName, this);
    session.send({ kind: 'welcome', you: name, members: [...this.#members.keys()] });
    return name;
  }

  leave(name: string): void {
    this.#members.delete(name);
    if (this.#members.size === 0) rooms.delete(this.roomName);
    this.send({ kind: 'left', name });
  }

  /** Doesn't wait for a slow member. A send to a leaving member fails only for that member. */
  send(message: ServerMessage): void {
    const [anyone] = this.#members.values();
    anyone?.getContainer().to(this.roomName).send(message);
  }

  #freeName(wished: string): string {
    let name = wished;
    for (let number = 2; this.#members.has(name); number++) {
      const suffix = ` ${number}`;
      // By characters, so that half of one never remains.
      name = [...wished].slice(0, MAX_NAME_LENGTH - suffix.length).join('') + suffix;
    }
    return name;
  }
}
