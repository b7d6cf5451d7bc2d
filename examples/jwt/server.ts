import { SignJWT } from 'jose';
import { endpoint, Server } from 'serval';
import { jwt } from 'serval/jwt';
import { main } from '../main';

// A real program has the key set of its identity provider: jwks: 'https://id.example/.well-known/jwks.json'.
const secret = new TextEncoder().encode('a secret of this example, never of a real server');
const users = jwt({ secret, audience: 'desk', clockTolerance: 0 });

/** A token, as a login would give it. */
export function tokenFor(name: string, roles: readonly string[], seconds: number): Promise<string> {
  const expiresAt = Math.floor(Date.now() / 1000) + seconds;
  return new SignJWT({ sub: name, aud: 'desk', roles, exp: expiresAt })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(secret);
}

export const Desk = endpoint('/desk', {
  subprotocols: ['desk.v1'],
  security: { rolesAllowed: ['trader'] },
  onText: async (text, session) => {
    if (!text.startsWith('token ')) return `${session.user?.getName()} says ${text}`;
    await users.renew(session, text.slice('token '.length));
    return 'The session stays.';
  },
  onError: (error, session) => session.send(`error: ${error.message}`),
});

export function start(port: number): Promise<Server> {
  return new Server({ port, endpoints: [Desk], authenticate: users.authenticate }).start();
}

if (require.main === module) void main(start, 'ws://localhost/desk');
