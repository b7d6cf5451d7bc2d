import { DecodeException, type EndpointConfig } from '@serval/api';
import type { AssignedRole } from './parameter-roles';
import { parsePrimitive, primitiveName } from './primitives';

/** The session as a binder reads it. The same object is the argument of a parameter of type Session. */
export interface BoundSession {
  readonly endpointConfig: EndpointConfig;
  readonly pathParameters: ReadonlyMap<string, string>;
}

/** Makes the arguments of one call from the session, the payload (message, close reason or error) and the last flag. */
export type Binder = (session: BoundSession, payload: unknown, last: boolean) => unknown[];

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

function sourceOf(role: AssignedRole): (...call: Parameters<Binder>) => unknown {
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
