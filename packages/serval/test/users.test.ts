import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import session from 'express-session';
import express from 'express';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import passport from 'passport';
import {
  attach,
  DeploymentException,
  OnMessage,
  requestUser,
  Server,
  ServerEndpoint,
  type HandshakeRequest,
  type Principal,
  type ServerContainer,
  type ServerOptions,
  type Session,
} from 'serval';
import { Session as SessionClass } from 'serval';
import { jwt, type JwtOptions, type JwtUsers } from 'serval/jwt';
import { WebSocket, type ClientOptions } from 'ws';
import { afterTest, Journal, rejection } from '../../testing/test/toolbox';
import { loggerInto } from '../../server/test/test-server';

@ServerEndpoint('/me', { subprotocols: ['chat.v1'] })
class Me {
  @OnMessage say(text: string, current: SessionClass): unknown {
    if (text !== 'who') return renew(current, text);
    return `${current.getUserPrincipal()?.getName() ?? 'nobody'}`;
  }
}

/** The answer to a message other than `who`. */
let renew: (current: Session, token: string) => Promise<string>;

interface Client {
  readonly socket: WebSocket;
  ask(text: string): Promise<string>;
  readonly closed: Promise<string>;
}

async function open(url: string, protocols: readonly string[] = [], options: ClientOptions = {}): Promise<Client> {
  const socket = new WebSocket(url, [...protocols], options);
  afterTest(() => socket.terminate());
  const closed = new Promise<string>((resolve) => {
    socket.once('close', (code, reason) => resolve(`${code} ${reason.toString()}`.trimEnd()));
  });
  await once(socket, 'open');
  return {
    socket,
    closed,
    async ask(text) {
      const answered = once(socket, 'message') as Promise<[Buffer]>;
      socket.send(text);
      return (await answered)[0].toString();
    },
  };
}

/** The status and challenge of a refused handshake. */
async function refused(url: string, protocols: readonly string[] = [], options: ClientOptions = {}): Promise<string> {
  const socket = new WebSocket(url, [...protocols], options);
  socket.on('error', () => undefined);
  const [request, response] = (await once(socket, 'unexpected-response')) as [
    { destroy(): void },
    { statusCode?: number; headers: Record<string, string | undefined> },
  ];
  request.destroy();
  return `${response.statusCode} ${response.headers['www-authenticate'] ?? ''}`.trimEnd();
}

describe('express-session and passport', () => {
  /** An Express application with a login, and its WebSockets. */
  async function start(options: ServerOptions = {}): Promise<{
    readonly http: string;
    readonly ws: string;
    readonly container: ServerContainer;
    readonly store: session.MemoryStore;
    readonly log: Journal;
  }> {
    const app = express();
    const log = new Journal();
    const store = new session.MemoryStore();
    const sessions = session({ secret: 'of a test', resave: false, saveUninitialized: false, store });
    const authenticator = new passport.Passport();
    authenticator.serializeUser((user, done) => done(null, (user as { id: string }).id));
    authenticator.deserializeUser((id: string, done) => done(null, { id, groups: ['staff'] }));
    app.use(sessions, authenticator.session());
    app.post('/login/:name', (request, response, next) => {
      request.login({ id: request.params.name }, (error) => (error ? next(error) : response.end()));
    });
    app.post('/logout', (request, response) => request.session.destroy(() => response.end()));
    const server = createServer(app);
    const container = attach(server, {
      logger: loggerInto(log),
      handshakeMiddleware: [sessions, authenticator.session()],
      ...options,
    });
    container.addEndpoint(Me);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    afterTest(() => server.closeAllConnections());
    afterTest(() => server.close());
    afterTest(() => container.stop({ grace: 1 }));
    const { port } = server.address() as AddressInfo;
    return { http: `http://127.0.0.1:${port}`, ws: `ws://127.0.0.1:${port}/me`, container, store, log };
  }

  /** @returns the cookie of the session */
  async function login(http: string, name: string): Promise<string> {
    const response = await fetch(`${http}/login/${name}`, { method: 'POST' });
    return (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  }

  const idOf = (cookie: string): string => /s%3A([^.]+)\./.exec(cookie)?.[1] ?? '';

  it('identify the user, whose roles and HTTP session the handshake sees', async () => {
    const seen: unknown[] = [];
    const { http, ws } = await start({
      authenticate: (request: HandshakeRequest) => {
        seen.push((request.getHttpSession() as { passport?: unknown }).passport);
        return requestUser({ roles: 'groups' })(request);
      },
      instanceFactory: (_class, request) => {
        seen.push(request.isUserInRole('staff'), request.isUserInRole('admin'));
        return new Me();
      },
    });
    const client = await open(ws, [], { headers: { Cookie: await login(http, 'ann') } });
    expect(await client.ask('who')).toBe('ann');
    expect(seen).toEqual([{ user: 'ann' }, true, false]);
  });

  it('leave a client without a cookie without a user', async () => {
    const { ws } = await start();
    expect(await (await open(ws)).ask('who')).toBe('nobody');
  });

  it('close a WebSocket with 1008 soon after its HTTP session ended, and no other', async () => {
    const { http, ws } = await start({ httpSessionCheckInterval: 20 });
    const [ann, bob] = [await login(http, 'ann'), await login(http, 'bob')];
    const ofAnn = await open(ws, [], { headers: { Cookie: ann } });
    const ofBob = await open(ws, [], { headers: { Cookie: bob } });
    await fetch(`${http}/logout`, { method: 'POST', headers: { Cookie: ann } });
    expect(await ofAnn.closed).toBe(
      '1008 This connection was established under an authenticated HTTP session that has ended.',
    );
    expect(await ofBob.ask('who')).toBe('bob');
  });

  it('close every WebSocket of an HTTP session at once when endHttpSession is called', async () => {
    const { http, ws, container } = await start();
    const cookie = await login(http, 'ann');
    const clients = [
      await open(ws, [], { headers: { Cookie: cookie } }),
      await open(ws, [], { headers: { Cookie: cookie } }),
    ];
    const other = await open(ws, [], { headers: { Cookie: await login(http, 'ann') } });
    expect(container.endHttpSession(idOf(cookie))).toBe(2);
    for (const { closed } of clients) expect(await closed).toMatch(/^1008 /);
    expect(await other.ask('who')).toBe('ann');
    expect(container.endHttpSession('unknown')).toBe(0);
  });

  it('refuse with 503 while the store is down, log why, and keep open sessions', async () => {
    const { http, ws, store, log } = await start({ httpSessionCheckInterval: 20 });
    const cookie = await login(http, 'ann');
    const client = await open(ws, [], { headers: { Cookie: cookie } });
    const down = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6379'), { code: 'ECONNREFUSED' });
    store.get = (_id, done) => void setImmediate(() => done(down));
    expect(await refused(ws, [], { headers: { Cookie: cookie } })).toBe('503');
    await log.until('error The handshake for /me failed: connect ECONNREFUSED 127.0.0.1:6379');
    await log.until(
      `warn The session store fails, so open WebSockets do not end with their HTTP sessions for now: ${down.message}`,
    );
    expect(await client.ask('who')).toBe('ann');
  });

  it('need a name of the user', async () => {
    const { http, ws, log } = await start({ authenticate: requestUser({ name: 'login' }) });
    expect(await refused(ws, [], { headers: { Cookie: await login(http, 'ann') } })).toBe('500');
    await log.until(
      "error The handshake for /me failed: request.user has no name in login. Say which property holds it: authenticate: requestUser({ name: 'login' }).",
    );
  });
});

describe('serval/jwt', () => {
  const SECRET = 'a secret for tests that is long enough';
  const key = new TextEncoder().encode(SECRET);

  function token(
    claims: Record<string, unknown> = {},
    expires: number | undefined = Math.floor(Date.now() / 1000) + 60,
  ) {
    const signing = new SignJWT({ sub: 'ann', aud: 'chat', ...claims }).setProtectedHeader({ alg: 'HS256' });
    return (expires === undefined ? signing : signing.setExpirationTime(expires)).sign(key);
  }

  async function start(
    options: JwtOptions = { secret: SECRET, audience: 'chat' },
  ): Promise<{ url: string; users: JwtUsers; log: Journal }> {
    const users = jwt(options);
    const log = new Journal();
    const server = await new Server({
      host: '127.0.0.1',
      endpoints: [Me],
      logger: loggerInto(log),
      authenticate: users.authenticate,
    }).start();
    afterTest(() => server.stop({ grace: 1 }));
    renew = async (current, newer) => {
      try {
        return (await users.renew(current, newer)).getName();
      } catch (error) {
        return (error as Error).message;
      }
    };
    return { url: `ws://127.0.0.1:${server.port}/me`, users, log };
  }

  const bearer = (value: string): ClientOptions => ({ headers: { Authorization: `Bearer ${value}` } });

  it('takes a token from the header, a subprotocol, a cookie and the query', async () => {
    const { url } = await start({ secret: SECRET, from: { cookie: 'access', query: 'token' } });
    const one = await token();
    expect(await (await open(url, [], bearer(one))).ask('who')).toBe('ann');
    expect(await (await open(url, [], { headers: { Cookie: `a=b; access=${one}` } })).ask('who')).toBe('ann');
    expect(await (await open(`${url}?token=${one}`)).ask('who')).toBe('ann');
    const bySubprotocol = await open(url, ['chat.v1', `bearer.${one}`]);
    expect(await bySubprotocol.ask('who')).toBe('ann');
    expect(bySubprotocol.socket.protocol).toBe('chat.v1');
  });

  it('reads neither cookies nor the query by default', async () => {
    const { url } = await start();
    const one = await token();
    expect(await refused(`${url}?token=${one}`, [], { headers: { Cookie: `token=${one}` } })).toBe('401 Bearer');
  });

  it('refuses a token as the only subprotocol with 400, because a browser would fail', async () => {
    const { url } = await start();
    expect(await refused(url, [`bearer.${await token()}`])).toBe('400');
  });

  it.each<[string, () => Promise<string> | string]>([
    ['for another audience', () => token({ aud: 'mail' })],
    ['that has expired', () => token({}, Math.floor(Date.now() / 1000) - 60)],
    [
      'without an expiry',
      () => new SignJWT({ sub: 'ann', aud: 'chat' }).setProtectedHeader({ alg: 'HS256' }).sign(key),
    ],
    ['without a name', () => token({ sub: '' })],
    [
      'of another key',
      () =>
        new SignJWT({ sub: 'ann', aud: 'chat', exp: 9e9 })
          .setProtectedHeader({ alg: 'HS256' })
          .sign(new Uint8Array(32)),
    ],
    [
      'of another algorithm',
      () =>
        new SignJWT({ sub: 'ann', aud: 'chat', exp: 9e9 })
          .setProtectedHeader({ alg: 'HS512' })
          .sign(new Uint8Array(64)),
    ],
    [
      'without a signature',
      () =>
        `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"ann","aud":"chat","exp":9000000000}').toString('base64url')}.`,
    ],
    ['that has no parts', () => 'x'],
  ])('refuses a token %s with 401, and never logs it', async (_title, make) => {
    const { url, log } = await start();
    const one = await make();
    expect(await refused(url, [], bearer(one))).toBe('401 Bearer error="invalid_token"');
    if (one.length > 1) expect(log.entries.join('\n')).not.toContain(one);
  });

  it('reads the roles from a claim', async () => {
    const roles = async (path: string, claims: Record<string, unknown>): Promise<unknown> =>
      (await jwt({ secret: SECRET, roles: path }).verify(await token(claims))).roles;
    expect(await roles('roles', { roles: ['a', 'b'] })).toEqual(['a', 'b']);
    expect(await roles('scope', { scope: 'read write' })).toEqual(['read', 'write']);
    expect(await roles('realm_access.roles', { realm_access: { roles: ['admin'] } })).toEqual(['admin']);
    expect(await roles('https://a.example/roles', { 'https://a.example/roles': ['c'] })).toEqual(['c']);
    expect(await roles('roles', { roles: 7 })).toEqual([]);
  });

  it('closes with 1008 when the token expires', async () => {
    const { url } = await start({ secret: SECRET, clockTolerance: 0 });
    const client = await open(url, [], bearer(await token({}, Math.ceil(Date.now() / 1000) + 1)));
    expect(await client.closed).toBe('1008 The credentials of this connection have expired.');
  });

  it('lets a session stay whose token a newer one replaces, and refuses the token of another user', async () => {
    const { url } = await start({ secret: SECRET, clockTolerance: 0 });
    const soon = Math.ceil(Date.now() / 1000) + 2;
    const client = await open(url, [], bearer(await token({}, soon)));
    expect(await client.ask(await token({ sub: 'eve' }))).toBe(
      'renewUser takes the same user as before, "ann"; found "eve".',
    );
    expect(await client.ask('not a token')).toBe('handshake refused with 401');
    expect(await client.ask(await token({}, soon + 60))).toBe('ann');
    // A session with the old token ends at the same time.
    const other = await open(url, [], bearer(await token({}, soon)));
    expect(await other.closed).toMatch(/^1008 /);
    expect(await client.ask('who')).toBe('ann');
  });

  it('verifies with the keys of an issuer, and refuses with 503 while they are unavailable', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' };
    let isUp = false;
    const issuer = createServer((_request, response) => {
      response.statusCode = isUp ? 200 : 500;
      response.end(isUp ? JSON.stringify({ keys: [jwk] }) : 'no');
    });
    await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
    afterTest(() => issuer.closeAllConnections());
    afterTest(() => issuer.close());
    const { url, log } = await start({ jwks: `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks` });
    const sign = (kid: string): Promise<string> =>
      new SignJWT({ sub: 'ann', exp: 9e9 }).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey);
    expect(await refused(url, [], bearer(await sign('k1')))).toBe('503');
    expect(log.entries.find((entry) => entry.startsWith('error'))).toMatch(
      /^error The handshake for \/me failed: The keys for verifying tokens are unavailable\. /,
    );
    isUp = true;
    expect(await (await open(url, [], bearer(await sign('k1')))).ask('who')).toBe('ann');
    expect(await refused(url, [], bearer(await sign('k2')))).toBe('401 Bearer error="invalid_token"');
  });

  it('lets clients without a token in when it is not required', async () => {
    const { url } = await start({ secret: SECRET, required: false });
    expect(await (await open(url)).ask('who')).toBe('nobody');
    expect(await refused(url, [], bearer('x'))).toMatch(/^401/);
  });

  it.each<[object, string]>([
    [{}, 'exactly one of jwks, publicKey and secret'],
    [{ secret: 'short' }, 'secret is text or bytes, at least 32 bytes long; found a string.'],
    [{ secret: SECRET, jwks: 'https://id.example' }, 'exactly one of'],
    [{ jwks: 'nowhere' }, 'jwks is the URL of a key set, or a key set { keys: […] }; found "nowhere".'],
    [{ publicKey: '-----BEGIN' }, 'Read PEM text with createPublicKey of node:crypto.'],
    [{ secret: SECRET, audiense: 'chat' }, 'audiense is not an option of jwt; did you mean audience?'],
    [{ secret: SECRET, from: { cookies: 'a' } }, 'cookies is not an option of jwt.from; did you mean cookie?'],
  ])('refuses the options %j', (options, message) => {
    const create = (): unknown => jwt(options);
    expect(create).toThrow(DeploymentException);
    expect(create).toThrow(message);
  });
});

describe('renewUser', () => {
  it('refuses what is no user, and a session without one', async () => {
    const errors: string[] = [];
    const server = new Server({ host: '127.0.0.1', endpoints: [Me], logger: loggerInto(new Journal()) });
    await server.start();
    afterTest(() => server.stop({ grace: 1 }));
    renew = async (current) => {
      for (const user of [null, { getName: () => 'ann' }]) {
        const failed = rejection(Promise.resolve().then(() => server.container.renewUser(current, user as Principal)));
        errors.push(String((await failed).message));
      }
      return 'done';
    };
    expect(await (await open(`ws://127.0.0.1:${server.port}/me`)).ask('renew')).toBe('done');
    expect(errors).toEqual([
      'renewUser takes a user with getName(); found null.',
      'renewUser takes an open session of this container that has a user.',
    ]);
  });
});
