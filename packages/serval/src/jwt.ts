// `serval/jwt`: users by JSON Web Tokens, verified by jose.
import { KeyObject } from 'node:crypto';
import { types } from 'node:util';
import {
  DeploymentException,
  HandshakeRejection,
  IllegalStateException,
  type AnySession,
  type Authenticate,
  type HandshakeRequest,
  type Principal,
} from '@serval/api';
import {
  badOption,
  cannotLoad,
  describeKind,
  FLAG,
  isOptionsObject,
  kind,
  list,
  NAME,
  nested,
  readNested,
  requireOptions,
  wholeNumber,
  type OptionKind,
  type OptionTable,
  type ReadOptions,
} from '@serval/api/spi';

/** The options of {@link jwt}: exactly one of `jwks`, `publicKey` and `secret`, and what else a token must say. */
export interface JwtOptions {
  /**
   * The key set of the issuer: its URL, such as `https://id.example/.well-known/jwks.json`, or the set itself. A set at a
   * URL is fetched on first use, and again for an unknown key at most every 30 seconds.
   */
  readonly jwks?: string | URL | { readonly keys: readonly object[] } | undefined;
  /** One public key: a KeyObject of `node:crypto`, a CryptoKey or a JWK. */
  readonly publicKey?: object | undefined;
  /** A shared secret of at least 32 bytes, for HS256. */
  readonly secret?: string | Uint8Array | undefined;
  /**
   * The accepted signature algorithms. Default: HS256 with `secret`; otherwise RS256, PS256, ES256, EdDSA and Ed25519.
   */
  readonly algorithms?: readonly string[] | undefined;
  /** The accepted `iss`. Default: any. Set it for the tokens of a shared issuer. */
  readonly issuer?: string | readonly string[] | undefined;
  /** The accepted `aud`. Default: any. Set it, so that tokens for another service do not open sessions here. */
  readonly audience?: string | readonly string[] | undefined;
  /** How far clocks may differ, in seconds. Default 5. */
  readonly clockTolerance?: number | undefined;
  /** Whether a token must have `exp`. Default true. */
  readonly requireExpiry?: boolean | undefined;
  /** The claim with the user's name. Default `'sub'`. */
  readonly name?: string | undefined;
  /**
   * The claim with the user's roles: a list, or text with spaces as in `scope`. Dots lead into objects:
   * `realm_access.roles`. Default `'roles'`.
   */
  readonly roles?: string | undefined;
  /** The places of the token. Default: the header `Authorization: Bearer …`, then a subprotocol `bearer.…`. */
  readonly from?: JwtSources | undefined;
  /** Whether a handshake without a token is refused with 401. Otherwise it has no user. Default true. */
  readonly required?: boolean | undefined;
}

/** The places in which {@link jwt} looks for a token, in this order. */
export interface JwtSources {
  /** Whether to read `Authorization: Bearer …`, which browsers cannot set on a WebSocket. Default true. */
  readonly header?: boolean | undefined;
  /**
   * The prefix of the subprotocol that carries the token; false for none. The client offers it beside a real subprotocol:
   * `new WebSocket(url, ['chat.v1', 'bearer.' + token])`. The server never sends it back. Default `'bearer.'`.
   */
  readonly subprotocol?: string | false | undefined;
  /** The name of a cookie. Default: none. */
  readonly cookie?: string | undefined;
  /** The name of a query parameter, which logs of proxies may keep. Default: none. */
  readonly query?: string | undefined;
}

/** The user of a verified token. */
export class JwtPrincipal implements Principal {
  constructor(
    private readonly name: string,
    readonly roles: readonly string[],
    /** In milliseconds since 1970; undefined if the token does not expire. */
    readonly expiresAt: number | undefined,
    readonly claims: Readonly<Record<string, unknown>>,
  ) {}

  getName(): string {
    return this.name;
  }
}

/** Users by token, for one issuer. The type argument has `null` with `required: false`. */
export interface JwtUsers<User extends JwtPrincipal | null = JwtPrincipal | null> {
  /** For `new Server({ authenticate })`. */
  readonly authenticate: Authenticate<User>;
  /**
   * Verifies a token.
   *
   * @throws HandshakeRejection (as a rejection): 401 for a token that is not accepted, 503 when the key set is unavailable
   */
  verify(token: string): Promise<JwtPrincipal>;
  /**
   * Verifies a newer token of the session's user, and lets the session stay until that expires. The old one counts until
   * then, whatever happens here.
   *
   * @throws IllegalArgumentException (as a rejection) when the token belongs to another user
   * @throws HandshakeRejection (as a rejection) as {@link verify}
   */
  renew(session: AnySession, token: string): Promise<JwtPrincipal>;
}

/** The members of jose that verify. */
interface Jose {
  createRemoteJWKSet(url: URL): unknown;
  createLocalJWKSet(jwks: object): unknown;
  jwtVerify(
    token: string,
    key: unknown,
    options: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly payload: Readonly<Record<string, unknown>> & { readonly exp?: number } }>;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const TEXTS = kind(
  'a text, or a list of them',
  (value): value is string | readonly string[] =>
    isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText)),
);

/** RFC 7518 3.2: a key is at least as long as the hash. */
const SHORTEST_SECRET = 32;

/** The messages do not show a key. */
const SECRET: OptionKind<Uint8Array> = {
  expected: `text or bytes, at least ${SHORTEST_SECRET} bytes long`,
  read(secret, name) {
    const bytes: unknown = typeof secret === 'string' ? new TextEncoder().encode(secret) : secret;
    if (bytes instanceof Uint8Array && bytes.length >= SHORTEST_SECRET) return bytes;
    throw badOption(name, SECRET.expected, secret, '', describeKind);
  },
};

const PUBLIC_KEY: OptionKind<object> = {
  expected: 'a KeyObject, a CryptoKey or a JWK',
  read(key, name) {
    const isJwk = isOptionsObject(key) && typeof key.kty === 'string';
    if (isJwk || key instanceof KeyObject || types.isCryptoKey(key)) return key;
    throw badOption(name, PUBLIC_KEY.expected, key, 'Read PEM text with createPublicKey of node:crypto.', describeKind);
  },
};

/** A URL, or a key set. */
const JWKS: OptionKind<URL | object> = {
  expected: 'the URL of a key set, or a key set { keys: […] }',
  read(jwks, name) {
    if (jwks instanceof URL) return jwks;
    if (typeof jwks === 'string' && URL.canParse(jwks)) return new URL(jwks);
    if (isOptionsObject(jwks) && Array.isArray(jwks.keys)) return jwks;
    throw badOption(name, JWKS.expected, jwks);
  },
};

const SOURCES = {
  header: { ...FLAG, default: true },
  subprotocol: {
    ...kind('a prefix, or false', (value): value is string | false => value === false || isText(value)),
    default: 'bearer.',
  },
  cookie: NAME,
  query: NAME,
} satisfies OptionTable<JwtSources>;

const JWT_OPTIONS = {
  jwks: JWKS,
  publicKey: PUBLIC_KEY,
  secret: SECRET,
  algorithms: list('a list of algorithms', NAME),
  issuer: TEXTS,
  audience: TEXTS,
  clockTolerance: { ...wholeNumber('whole number of seconds', 0, 3600), default: 5 },
  requireExpiry: { ...FLAG, default: true },
  name: { ...NAME, default: 'sub' },
  roles: { ...NAME, default: 'roles' },
  from: { ...nested('an object with header, subprotocol, cookie or query', SOURCES), default: {} },
  required: { ...FLAG, default: true },
} satisfies OptionTable<JwtOptions>;

const PUBLIC_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];

/**
 * Identifies users by JSON Web Tokens. The session's user is a {@link JwtPrincipal}, and the session closes with 1008 when
 * the token expires, unless {@link JwtUsers.renew} replaces it. A token never reaches the log.
 *
 * @throws DeploymentException when jose is not installed, or an option is wrong
 *
 * @example
 * const users = jwt({ jwks: 'https://id.example/jwks.json', issuer: 'https://id.example', audience: 'chat' });
 * new Server({ authenticate: users.authenticate });
 *
 * @see RFC 7519, RFC 6750
 */
export function jwt(options: JwtOptions & { readonly required?: true | undefined }): JwtUsers<JwtPrincipal>;
export function jwt(options: JwtOptions): JwtUsers;
export function jwt(options: JwtOptions): JwtUsers {
  requireOptions('The argument of jwt', options);
  const settings = readNested('jwt', JWT_OPTIONS, options);
  const jose = loadJose();
  const { from, issuer, audience, requireExpiry, clockTolerance, name, roles, required, algorithms } = settings;
  const key = keyOf(jose, settings);
  const checks = {
    algorithms: algorithms ?? (settings.secret === undefined ? PUBLIC_ALGORITHMS : ['HS256']),
    clockTolerance,
    requiredClaims: requireExpiry ? ['exp'] : [],
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
  };

  const verify = async (token: string): Promise<JwtPrincipal> => {
    if (typeof token !== 'string' || token === '') throw unauthorized('invalid_token');
    let payload: Awaited<ReturnType<Jose['jwtVerify']>>['payload'];
    try {
      ({ payload } = await jose.jwtVerify(token, key, checks));
    } catch (error) {
      throw refusalFor(error);
    }
    const user = payload[name];
    if (typeof user !== 'string' || user === '') throw unauthorized('invalid_token');
    const expiresAt = payload.exp === undefined ? undefined : (payload.exp + clockTolerance) * 1000;
    return new JwtPrincipal(user, rolesIn(payload, roles), expiresAt, payload);
  };

  return {
    verify,
    authenticate: async (request) => {
      const token = tokenOf(request, from);
      if (token !== undefined) return verify(token);
      if (!required) return null;
      throw unauthorized();
    },
    renew: async (session, token) => {
      const principal = await verify(token);
      const container: object = session.getContainer();
      if (!('renewUser' in container) || typeof container.renewUser !== 'function')
        throw new IllegalStateException('The session belongs to no server.');
      (container.renewUser as (session: AnySession, principal: Principal) => void)(session, principal);
      return principal;
    },
  };
}

function loadJose(): Jose {
  try {
    // Node 20.19 and later can require an ES module.
    return require('jose') as Jose;
  } catch (cause) {
    throw cannotLoad('jose', 'serval/jwt', cause);
  }
}

function keyOf(jose: Jose, { jwks, publicKey, secret }: ReadOptions<typeof JWT_OPTIONS>): unknown {
  if ([jwks, publicKey, secret].filter((one) => one !== undefined).length !== 1)
    throw new DeploymentException(
      'jwt takes exactly one of jwks, publicKey and secret.',
      undefined,
      'WS_DEPLOY_BAD_OPTION',
    );
  if (jwks === undefined) return secret ?? publicKey;
  return jwks instanceof URL ? jose.createRemoteJWKSet(jwks) : jose.createLocalJWKSet(jwks);
}

/** RFC 6750 3: a challenge without an error for a request without a token. */
function unauthorized(error?: 'invalid_token' | 'invalid_request'): HandshakeRejection {
  const challenge = error === undefined ? 'Bearer' : `Bearer error="${error}"`;
  return new HandshakeRejection(401, { headers: { 'WWW-Authenticate': challenge } });
}

/** jose's codes for a token that is wrong. Any other error means that nobody can say whether it is. */
const TOKEN_FAULT =
  /^ERR_(?:JWT|JWS|JWE|JOSE_ALG_NOT_ALLOWED|JOSE_NOT_SUPPORTED|JWKS_NO_MATCHING_KEY|JWKS_MULTIPLE_MATCHING_KEYS)/;

function refusalFor(error: unknown): HandshakeRejection {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (typeof code === 'string' && TOKEN_FAULT.test(code)) return unauthorized('invalid_token');
  const cause = new Error('The keys for verifying tokens are unavailable.', { cause: error });
  cause.message += error instanceof Error ? ` ${error.message}` : '';
  return new HandshakeRejection(503, { headers: { 'Retry-After': '5' }, cause });
}

function tokenOf(request: HandshakeRequest, from: ReadOptions<typeof SOURCES>): string | undefined {
  const { header, subprotocol, cookie, query } = from;
  return (
    (header ? bearerOf(request) : undefined) ??
    (subprotocol === false ? undefined : subprotocolTokenOf(request, subprotocol)) ??
    (cookie === undefined ? undefined : cookieOf(request, cookie)) ??
    (query === undefined ? undefined : (new URLSearchParams(request.getQueryString() ?? '').get(query) ?? undefined))
  );
}

/** RFC 6750 2.1. */
function bearerOf(request: HandshakeRequest): string | undefined {
  const [header = '', ...more] = request.getHeaders().get('Authorization') ?? [];
  if (more.length > 0) throw unauthorized('invalid_request');
  return /^bearer +(\S+)$/i.exec(header)?.[1];
}

function subprotocolTokenOf(request: HandshakeRequest, prefix: string): string | undefined {
  const offered = (request.getHeaders().get('Sec-WebSocket-Protocol') ?? [])
    .flatMap((line) => line.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const token = offered.find((name) => name.startsWith(prefix))?.slice(prefix.length);
  if (token === undefined || offered.some((name) => !name.startsWith(prefix))) return token;
  // RFC 6455 4.1: a browser fails a handshake that chooses none of its subprotocols, and the token is never chosen.
  throw new HandshakeRejection(400, { body: `Offer a subprotocol of the endpoint beside ${prefix}….\n` });
}

function cookieOf(request: HandshakeRequest, name: string): string | undefined {
  for (const line of request.getHeaders().get('Cookie') ?? []) {
    for (const pair of line.split(';')) {
      const at = pair.indexOf('=');
      if (at > 0 && pair.slice(0, at).trim() === name)
        return pair
          .slice(at + 1)
          .trim()
          .replace(/^"(.*)"$/, '$1');
    }
  }
  return undefined;
}

function rolesIn(payload: Readonly<Record<string, unknown>>, path: string): readonly string[] {
  // A claim may have dots in its name, such as a URL.
  let found: unknown = payload[path];
  if (found === undefined) {
    found = path
      .split('.')
      .reduce<unknown>((at, part) => (isOptionsObject(at) && Object.hasOwn(at, part) ? at[part] : undefined), payload);
  }
  if (typeof found === 'string') return found.split(' ').filter((role) => role !== '');
  return Array.isArray(found) ? found.filter((role): role is string => typeof role === 'string') : [];
}
