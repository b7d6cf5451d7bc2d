/**
 * An authenticated user. `authenticate` may return an object with more members, such as claims. The optional members are
 * not in the specification.
 */
export interface Principal {
  getName(): string;
  /** The names of the user's roles, which `isUserInRole` looks up unless the container's option replaces it. */
  readonly roles?: readonly string[] | ReadonlySet<string> | undefined;
  /** The time when the user's right ends, in milliseconds since 1970. The container then closes the session with 1008. */
  readonly expiresAt?: number | undefined;
}
