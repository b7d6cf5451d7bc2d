import { DecodeException } from '@serval/api';
import type { Binder } from './endpoint-plan';
import type { AssignedRole } from './parameter-roles';
import { parsePrimitive, primitiveName } from './primitives';
import type { WsSession } from './session';

type Source = (session: WsSession, payload: unknown, last: boolean) => unknown;

/** Turns the roles of a method's parameters into the function that makes its arguments. */
export function bindArguments(roles: readonly AssignedRole[]): Binder {
  const sources = roles.map(sourceOf);
  const [first, second] = sources;
  // The usual shapes, (), (message) and (message, session), without a loop.
  if (first === undefined) return () => [];
  if (second === undefined) return (session, payload, last) => [first(session, payload, last)];
  if (sources.length === 2) {
    return (session, payload, last) => [first(session, payload, last), second(session, payload, last)];
  }
  return (session, payload, last) => sources.map((source) => source(session, payload, last));
}

function sourceOf(role: AssignedRole): Source {
  switch (role.kind) {
    case 'session':
      return (session) => session;
    case 'config':
      return (session) => session.endpointConfig;
    case 'payload':
      return (_session, payload) => payload;
    case 'last':
      return (_session, _payload, last) => last;
    case 'path':
      return (session) => pathValue(role, session.pathParameters.get(role.name));
  }
}

/** @throws DecodeException with the path segment when it cannot be converted (WSC-4.3-6) */
function pathValue(role: Extract<AssignedRole, { kind: 'path' }>, segment: string | undefined): unknown {
  if (segment === undefined) {
    // A name that the template does not have: null, and what Tomcat makes of null for a primitive.
    if (role.type === String) return null;
    if (role.type === Boolean) return false;
    throw new DecodeException('', `The URI template has no variable "${role.name}".`);
  }
  try {
    return parsePrimitive(role.type, segment);
  } catch (error) {
    throw new DecodeException(
      segment,
      `Path parameter "${role.name}" cannot be a ${primitiveName(role.type)}: ${(error as Error).message}.`,
      error,
    );
  }
}
