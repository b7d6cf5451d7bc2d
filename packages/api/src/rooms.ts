import type { EndpointClass } from './class-type';
import type { CloseReason } from './close-reason';
import type { OutgoingMessage, SafePromise, SendResult, SendOptions } from './remote-endpoint';
import type { ServerEndpointConfig } from './server-endpoint-config';
import type { AnySession, Session } from './session';

/**
 * Selects sessions: the members of a room, one session, all sessions of a user or of an endpoint.
 *
 * - a string: the members of that room
 * - a Session, or `{ session: id }`: that session
 * - `{ user }`: the sessions whose principal has that name
 * - `{ endpoint }`: the open sessions of an endpoint: its path as deployed, its class or its configuration. Not for
 *   client containers
 */
export type SessionTarget =
  | string
  | AnySession
  | { readonly session: string }
  | { readonly user: string }
  | { readonly endpoint: string | EndpointClass | ServerEndpointConfig };

/** A selected session, as {@link SessionSelection.sessions} describes it. */
export interface SessionInfo {
  /** As `Session.getId`. */
  readonly id: string;
  /** The name of the session's principal, or `null`. */
  readonly user: string | null;
  /** The name of the node that serves the session. */
  readonly node: string;
}

/**
 * The sessions that `to` and `except` select. It is evaluated at each use, contains each session once, and contains only
 * open sessions: a session leaves every selection when it begins to close.
 *
 * Iterating it gives the selected sessions of this process. Not in the specification.
 *
 * @example
 * await container.to('blue', 'green').except(session).send('hello');
 * await container.to({ user: 'ann' }).close(4001, 'logged out');
 * for (const session of container.to('blue')) console.log(session.id);
 */
export interface SessionSelection extends Iterable<Session> {
  /** A new selection without these sessions. */
  except(...targets: readonly SessionTarget[]): SessionSelection;

  /**
   * Sends one message to every selected session. It sends strings and bytes unchanged, unless an encoder of the receiving
   * endpoint accepts them. It encodes any other object once for each endpoint, with that endpoint's encoders. Messages
   * leave in the order of the calls, and a slow receiver delays no other: its `queueOverflow` applies to it.
   *
   * @returns the sends of this process that failed, once each is accepted or has failed. A selection without sessions
   * gives an empty list
   * @throws EncodeException (as a rejection) when no encoder of a receiving endpoint accepts the message; an error of the
   * encoder rejects it too. Sessions of other endpoints still get the message
   * @throws IllegalArgumentException (as a rejection) when the message is null or undefined
   */
  send(message: OutgoingMessage, options?: SendOptions): SafePromise<readonly SendResult[]>;

  /**
   * Closes every selected session, with 1000 if you pass no reason, as `Session.close` does. Resolves once all of them
   * have begun to close, without waiting for handlers or for the peers.
   *
   * @throws IllegalArgumentException (as a rejection) for an invalid reason; the sessions then stay open
   */
  close(closeReason?: CloseReason): SafePromise<void>;
  close(code: number, reasonPhrase?: string): SafePromise<void>;

  /**
   * Adds every selected session to the rooms.
   *
   * @throws IllegalArgumentException (as a rejection) for an invalid name; no session then joins a room
   * @throws IllegalStateException (as a rejection) when sessions are at `maxRoomsPerSession`; the others have joined
   */
  join(...rooms: readonly string[]): SafePromise<void>;

  /** Removes every selected session from the rooms. */
  leave(...rooms: readonly string[]): SafePromise<void>;

  /** Describes the selected sessions. */
  sessions(): SafePromise<readonly SessionInfo[]>;
}

/** A session joined a room, or left it. */
export interface RoomEvent {
  readonly kind: 'joined' | 'left';
  readonly room: string;
  readonly session: Session;
  /** The members of the room in this process after the event: 1 for the first that joins, 0 for the last that leaves. */
  readonly members: number;
  /** Why the session closes, if it left the room for that reason; undefined after `leave` and for `joined`. */
  readonly closeReason: CloseReason | undefined;
}

/**
 * The rooms of a container. A room exists while it has a member. Not in the specification.
 *
 * @example
 * container.rooms.on('joined', ({ room, members }) => container.to(room).send(`${members} here`));
 */
export interface Rooms {
  /** The number of rooms. */
  readonly size: number;
  /** The names of the rooms, in the order of their creation: a copy. */
  names(): readonly string[];
  /** The number of members in this process; 0 if there is no such room. */
  count(room: string): number;

  /**
   * Calls the listener when a session joins or leaves a room, within the call that causes it, and after the membership
   * changed. A session that closes leaves its rooms before its `@OnClose` runs, which may still read `Session.rooms`. An
   * error of the listener goes to the log.
   */
  on(event: 'joined' | 'left', listener: (event: RoomEvent) => unknown): this;
  /** As {@link on}, for the next event only. */
  once(event: 'joined' | 'left', listener: (event: RoomEvent) => unknown): this;
  /** Removes a listener. */
  off(event: 'joined' | 'left', listener: (event: RoomEvent) => unknown): this;
}
