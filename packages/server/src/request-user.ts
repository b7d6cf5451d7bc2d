import type { Authenticate, HandshakeRequest, Principal } from '@serval/api';
import { describeValue, kind, readArgument, type OptionTable } from '@serval/api/spi';

/** How {@link requestUser} reads the user that middleware found. */
export interface RequestUserOptions<U = Record<string, unknown>> {
  /**
   * The user's name, or the property that holds it. It must be unique and must not change: `renewUser` compares it.
   * Default: the first of `id`, `sub`, `username` and `email` that is text or a number.
   */
  readonly name?: string | ((user: U) => string) | undefined;
  /** The user's roles, or the property that holds them: a list or a Set of names. Default `'roles'`. */
  readonly roles?: string | ((user: U) => Iterable<string>) | undefined;
}

const PROPERTY = kind(
  'the name of a property, or a function',
  // The caller is responsible for the function's signature.
  (value): value is string | ((user: object) => unknown) =>
    (typeof value === 'string' && value !== '') || typeof value === 'function',
);

const REQUEST_USER_OPTIONS = {
  name: PROPERTY,
  roles: { ...PROPERTY, default: 'roles' },
} satisfies OptionTable<RequestUserOptions>;

const NAMES = ['id', 'sub', 'username', 'email'];

/**
 * An `authenticate` for middleware such as passport's, which leaves the user at `request.user`. The user becomes the
 * session's principal: the same object, with `getName` and `roles` added as hidden properties if it lacks them. It is the
 * default of a container with `handshakeMiddleware` or `routeUpgrades`.
 *
 * @throws IllegalArgumentException for anything but options; the function that it returns throws an Error (500) when the
 * user has no name
 *
 * @example
 * new Server({ handshakeMiddleware: [sessions, passport.session()], authenticate: requestUser({ roles: 'groups' }) });
 */
export function requestUser<U = Record<string, unknown>>(
  options: RequestUserOptions<U> = {},
): Authenticate<(U & Principal) | null> {
  const { name, roles } = readArgument('requestUser', REQUEST_USER_OPTIONS, options, "{ name: 'login' }");
  const principalOf: Authenticate = (request) => {
    const user = userOf(request);
    if (user === undefined || user === null || user === false) return null;
    if (typeof user === 'string' || typeof user === 'number') return namedUser({}, String(user), []);
    if (typeof user !== 'object')
      throw new Error(`request.user is ${describeValue(user)}; expected an object, or a name.`);
    if ('getName' in user && typeof user.getName === 'function') return user as Principal;
    return namedUser(
      user,
      nameOf(user as U, name as RequestUserOptions<U>['name']),
      rolesOf(user as U, roles as NonNullable<RequestUserOptions<U>['roles']>),
    );
  };
  // The application declares the type of its users.
  return principalOf as Authenticate<(U & Principal) | null>;
}

function userOf(request: HandshakeRequest): unknown {
  const native = request.getNativeRequest();
  return typeof native === 'object' && native !== null && 'user' in native ? native.user : undefined;
}

function nameOf<U>(user: U, name: RequestUserOptions<U>['name']): string {
  const names = typeof name === 'string' ? [name] : NAMES;
  const found: unknown =
    typeof name === 'function'
      ? name(user)
      : names.map((one): unknown => Reflect.get(user as object, one)).find((value) => isName(value));
  if (isName(found)) return String(found);
  throw new Error(
    typeof name === 'function'
      ? `The name option of requestUser returned ${describeValue(found)}; expected the user's name.`
      : `request.user has no name in ${names.join(', ')}. Say which property holds it: authenticate: requestUser({ name: 'login' }).`,
  );
}

function isName(value: unknown): value is string | number | bigint {
  return (typeof value === 'string' && value !== '') || typeof value === 'number' || typeof value === 'bigint';
}

function rolesOf<U>(user: U, roles: string | ((user: U) => Iterable<string>)): readonly string[] {
  const found: unknown = typeof roles === 'function' ? roles(user) : Reflect.get(user as object, roles);
  if (found === undefined || found === null) return [];
  if (typeof found === 'object' && Symbol.iterator in found) return [...(found as Iterable<unknown>)].map(String);
  throw new Error(`The roles of request.user are ${describeValue(found)}; expected a list or a Set of names.`);
}

/** Adds the members of a principal, which JSON and console.log do not show. */
function namedUser(user: object, name: string, roles: readonly string[]): Principal {
  // A user that cannot change keeps its properties as the prototype.
  const target: object = Object.isExtensible(user) ? user : (Object.create(user) as object);
  Object.defineProperty(target, 'getName', { value: () => name, configurable: true });
  Object.defineProperty(target, 'roles', { value: roles, configurable: true, writable: true });
  return target as Principal;
}
