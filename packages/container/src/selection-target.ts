import { IllegalArgumentException, Session, type EndpointClass, type ServerEndpointConfig } from '@serval/api';
import { describeValue } from '@serval/api/spi';
import { requireRoomName } from './room-membership';

/** A {@link SessionTarget} as plain data, which has a meaning on every node. */
export type Target =
  | { readonly kind: 'room'; readonly room: string }
  | { readonly kind: 'session'; readonly id: string }
  | { readonly kind: 'user'; readonly user: string }
  | { readonly kind: 'endpoint'; readonly path: string }
  | { readonly kind: 'all' };

/** The sessions of any of the targets, without those of the exceptions. */
export interface Choice {
  readonly targets: readonly Target[];
  readonly exceptions: readonly Target[];
}

/** Finds the paths of a deployed endpoint; only containers of server endpoints have one. */
export interface EndpointPaths {
  /** @param call for the error @throws IllegalArgumentException for anything but an endpoint that is deployed */
  pathsOf(endpoint: string | EndpointClass | ServerEndpointConfig, call?: string): readonly string[];
}

/** @throws IllegalArgumentException for anything but targets */
export function readTargets(
  call: 'to' | 'except',
  targets: readonly unknown[],
  endpoints: EndpointPaths | undefined,
): readonly Target[] {
  return targets.flatMap((target) => readTarget(call, target, endpoints));
}

function readTarget(call: string, target: unknown, endpoints: EndpointPaths | undefined): Target | readonly Target[] {
  if (typeof target === 'string') {
    requireRoomName(call, target);
    return { kind: 'room', room: target };
  }
  if (typeof target !== 'object' || target === null) throw wrongTarget(call, target);
  if (target instanceof Session) return { kind: 'session', id: target.getId() };
  const { session, user, endpoint } = target as Partial<Record<'session' | 'user' | 'endpoint', unknown>>;
  if (typeof session === 'string') return { kind: 'session', id: session };
  if (typeof user === 'string') return { kind: 'user', user };
  if (endpoint === undefined) throw wrongTarget(call, target);
  if (endpoints === undefined)
    throw new IllegalArgumentException(
      `${call} takes { endpoint } only in a container of server endpoints. Let the sessions join a room instead.`,
    );
  // `pathsOf` checks the value.
  const paths = endpoints.pathsOf(endpoint as string | EndpointClass | ServerEndpointConfig);
  return paths.map((path) => ({ kind: 'endpoint', path }));
}

/** For `console.log`. */
export function describeChoice({ targets, exceptions }: Choice): string {
  const list = (some: readonly Target[]): string => some.map(describeTarget).join(', ');
  if (targets.length === 0) return 'to nobody';
  return `to ${list(targets)}${exceptions.length === 0 ? '' : `, except ${list(exceptions)}`}`;
}

function describeTarget(target: Target): string {
  switch (target.kind) {
    case 'room':
      return `room ${describeValue(target.room)}`;
    case 'session':
      return `session ${target.id}`;
    case 'user':
      return `user ${describeValue(target.user)}`;
    case 'endpoint':
      return `endpoint ${describeValue(target.path)}`;
    case 'all':
      return 'all sessions';
  }
}

function wrongTarget(call: string, found: unknown): IllegalArgumentException {
  return new IllegalArgumentException(
    `${call} takes names of rooms, sessions, { session: id }, { user: name } or { endpoint }; found ${describeValue(found)}.`,
  );
}
