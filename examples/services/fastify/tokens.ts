import { SignJWT } from 'jose';

// A real program has the keys of its identity provider.
export const secret = new TextEncoder().encode('a secret of this example, never of a real server');

/** A token, as a login would give it. */
export function tokenFor(user: string): Promise<string> {
  return new SignJWT({ sub: user }).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('1h').sign(secret);
}
