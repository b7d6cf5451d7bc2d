import {
  DenyAll,
  DeploymentException,
  Endpoint,
  OnMessage,
  PermitAll,
  RolesAllowed,
  ServerEndpoint,
  ServerEndpointConfig,
  TransportGuarantee,
  type EndpointClass,
  type HandshakeRequest,
  type Principal,
} from '@serval/api';
import { readSecurity } from '@serval/api/spi';
import type { ServerContainerOptions } from '../src/container-options';
import { endpoint } from '../src/function-endpoint';
import { ServerContainer } from '../src/server-container';
import type { HeaderChanges } from './raw-connection';
import { someOf } from '../../testing/test/toolbox';
import { TestServer } from './test-server';

// The user is the text of a header, with roles behind a colon: `ann:trader,admin`.
function authenticate(request: HandshakeRequest): Principal | null {
  const [header] = request.getHeaders().get('X-User') ?? [];
  if (header === undefined) return null;
  const [name = '', roles = ''] = header.split(':');
  return { getName: () => name, roles: roles.split(',') };
}

const as = (user: string): HeaderChanges => ({ 'X-User': user });

class Quiet {
  @OnMessage say(_text: string): void {}
}

@RolesAllowed('trader', 'admin')
@ServerEndpoint('/orders')
class Orders extends Quiet {}

@ServerEndpoint('/users')
@RolesAllowed('**')
class Users extends Quiet {}

@DenyAll
@ServerEndpoint('/closed')
class Closed extends Quiet {}

@ServerEndpoint('/sub')
class Sub extends Orders {}

@PermitAll()
@ServerEndpoint('/open')
class Open extends Orders {}

@TransportGuarantee('CONFIDENTIAL')
@ServerEndpoint('/secret')
class Secret extends Quiet {}

@ServerEndpoint('/attribute', { security: { rolesAllowed: ['admin'] } })
class Attribute extends Quiet {}

class Programmatic extends Endpoint {
  override onOpen(): void {}
}

const config = (path: string): ReturnType<typeof ServerEndpointConfig.Builder.create> =>
  ServerEndpointConfig.Builder.create(Programmatic, path);

const start = (
  options: ServerContainerOptions,
  ...endpoints: readonly (EndpointClass | ServerEndpointConfig)[]
): Promise<TestServer> => TestServer.start({ authenticate, ...options }, ...endpoints);

async function statusOf(server: TestServer, target: string, changes?: HeaderChanges): Promise<number> {
  return (await server.request(target, changes)).status;
}

describe('annotations', () => {
  it.each<[string, string, string | undefined, number]>([
    ['@RolesAllowed', '/orders', undefined, 401],
    ['@RolesAllowed', '/orders', 'bob:guest', 403],
    ['@RolesAllowed', '/orders', 'ann:trader', 101],
    ['@RolesAllowed', '/orders', 'eve:x,admin', 101],
    ['@RolesAllowed("**")', '/users', undefined, 401],
    ['@RolesAllowed("**")', '/users', 'bob:guest', 101],
    ['@DenyAll', '/closed', undefined, 403],
    ['@DenyAll', '/closed', 'ann:trader', 403],
    ['no annotation below one of the superclass', '/sub', undefined, 401],
    ['@PermitAll below one of the superclass', '/open', undefined, 101],
    ['@TransportGuarantee over ws:', '/secret', undefined, 403],
    ['a constraint of the builder', '/built', 'bob:guest', 403],
    ['a constraint of the builder', '/built', 'ann:admin', 101],
    ['security of endpoint()', '/functions', undefined, 401],
    ['security of endpoint()', '/functions', 'bob:guest', 403],
    ['security of endpoint()', '/functions', 'ann:admin', 101],
    ['security of @ServerEndpoint', '/attribute', 'bob:guest', 403],
    ['both, where the user satisfies one', '/both', 'ann:trader', 403],
    ['both, where the user satisfies both', '/both', 'ann:trader,auditor', 101],
  ])('%s: %s as %s is %i', async (_title, path, user, status) => {
    const server = await start(
      {},
      Orders,
      Users,
      Closed,
      Sub,
      Open,
      Secret,
      endpoint('/functions', { onText: () => undefined, security: { rolesAllowed: ['admin'] } }),
      Attribute,
      config('/built')
        .security({ rolesAllowed: ['admin'] })
        .build(),
      ServerEndpointConfig.Builder.create(Orders, '/both')
        .security({ rolesAllowed: ['auditor'] })
        .build(),
    );
    expect(await statusOf(server, path, user === undefined ? {} : as(user))).toBe(status);
  });

  it('states what to send with a 401, where configured', async () => {
    const server = await start({ authenticationChallenge: 'Basic realm="orders"' }, Orders);
    expect((await server.request('/orders')).headers.get('www-authenticate')).toEqual(['Basic realm="orders"']);
  });

  it('takes the scheme that a trusted proxy reports, and no other', async () => {
    const forwarded = { 'X-Forwarded-Proto': 'wss' };
    expect(await statusOf(await start({ trustProxy: 1 }, Secret), '/secret', forwarded)).toBe(101);
    expect(await statusOf(await start({}, Secret), '/secret', forwarded)).toBe(403);
  });

  it('works in the standard dialect, with and without metadata', () => {
    class Legacy {}
    class Modern {}
    const context = { kind: 'class', name: 'Modern', metadata: {}, addInitializer() {} } as never;
    RolesAllowed('admin')(Legacy);
    TransportGuarantee('CONFIDENTIAL')(Legacy);
    RolesAllowed('admin')(Modern, context);
    const key = (Reflect.get(Symbol, 'metadata') as symbol | undefined) ?? Symbol.for('Symbol.metadata');
    Object.defineProperty(Modern, key, {
      value: (context as { metadata: object }).metadata,
    });
    expect(readSecurity(Legacy)).toEqual({ rolesAllowed: ['admin'], transportGuarantee: 'CONFIDENTIAL' });
    expect(readSecurity(Modern)?.rolesAllowed).toEqual(['admin']);
    expect(readSecurity(class {})).toBeUndefined();
  });

  it.each<[string, () => unknown, string]>([
    ['two of one kind', () => DenyAll(Closed), 'at most one of @RolesAllowed, @PermitAll and @DenyAll'],
    ['no role', () => (RolesAllowed as (...roles: string[]) => unknown)(), '@RolesAllowed takes the names of roles'],
    [
      'a method',
      () => (RolesAllowed('a') as (...args: unknown[]) => void)({}, 'say', {}),
      'decorates an endpoint class',
    ],
    ['another guarantee', () => TransportGuarantee('SECRET' as never), "takes 'NONE', 'INTEGRAL' or 'CONFIDENTIAL'"],
  ])('refuse %s', (_title, act, message) => {
    expect(act).toThrow(TypeError);
    expect(act).toThrow(message);
  });
});

describe('securityConstraints', () => {
  it.each<[string, string | undefined, number]>([
    ['/a', undefined, 401],
    ['/a', 'x:exact', 101],
    ['/a/b', 'x:exact', 403],
    ['/a/b', 'x:prefix', 101],
    ['/a/b/c', 'x:prefix', 403],
    ['/a/b/c', 'x:longer', 101],
    ['/page.ws', 'x:extension', 101],
    ['/page.ws', 'x:other', 403],
    ['/elsewhere', 'x:other', 403],
    ['/elsewhere', 'x:rest', 101],
    ['/a/twice', 'x:second', 101],
    ['/a/free', undefined, 101],
    ['/a/none', 'x:prefix', 403],
  ])('apply the most specific pattern: %s as %s is %i', async (path, user, status) => {
    const server = await start(
      {
        contextPath: '/app',
        securityConstraints: [
          { paths: ['/a'], rolesAllowed: ['exact'] },
          { paths: ['/a/*'], rolesAllowed: ['prefix'] },
          { paths: ['/a/b/c/*'], rolesAllowed: ['longer'] },
          { paths: ['*.ws'], rolesAllowed: ['extension'] },
          { paths: ['/'], rolesAllowed: ['rest'] },
          { paths: ['/a/twice', '/a/free', '/a/none'], rolesAllowed: ['first'] },
          { paths: ['/a/twice'], rolesAllowed: ['second'] },
          { paths: ['/a/free'] },
          { paths: ['/a/%6Eone'], rolesAllowed: [] },
        ],
      },
      ...['/a', '/a/b', '/a/b/c', '/page.ws', '/elsewhere', '/a/twice', '/a/free', '/a/none'].map((at) =>
        config(at).build(),
      ),
    );
    expect(await statusOf(server, `/app${path}`, user === undefined ? {} : as(user))).toBe(status);
  });

  it('demand wss: for a path', async () => {
    const server = await start(
      { securityConstraints: [{ paths: ['/safe/*'], transportGuarantee: 'CONFIDENTIAL' }] },
      config('/safe/room').build(),
      config('/plain').build(),
    );
    expect([await statusOf(server, '/safe/room'), await statusOf(server, '/plain')]).toEqual([403, 101]);
  });

  it.each<[unknown, string]>([
    ['/a', 'securityConstraints is a list of objects'],
    [[{ rolesAllowed: ['a'] }], 'securityConstraints[0].paths is a list of URL patterns; found undefined.'],
    [[{ paths: ['a'] }], 'such as "/chat", "/chat/*", "*.ws" or "/"; found "a".'],
    [[{ paths: ['/a*'] }], 'found "/a*".'],
    [[{ paths: ['/a'], roles: ['b'] }], 'securityConstraints[0].roles is not a member'],
    [[{ paths: ['/a'], rolesAllowed: 'b' }], 'securityConstraints[0].rolesAllowed is a list of role names; found "b".'],
    [[{ paths: ['/a'], transportGuarantee: 'TLS' }], "is 'NONE', 'INTEGRAL' or 'CONFIDENTIAL'; found \"TLS\"."],
  ])('refuse the option %j', (securityConstraints, message) => {
    const create = (): unknown => new ServerContainer({ securityConstraints: securityConstraints as never });
    expect(create).toThrow(DeploymentException);
    expect(create).toThrow(message);
  });
});

describe('the path that routes is the path that is authorised', () => {
  const parts: readonly (readonly string[])[] = [
    ['/app', '/APP', '/%61pp', '//app', '/./app', '/x/../app', '/app;v=1', '/app/.', '/app/x/..', ''],
    [
      '/vault',
      '/VAULT',
      '/%76ault',
      '/%2576ault',
      '//vault',
      '/./vault',
      '/x/../vault',
      '/%2e/vault',
      '/x/%2E%2e/vault',
      '/vault;jsessionid=1',
      '/vault%3Bx',
      '/vault%00',
      '/v%61ult',
      '\\vault',
      '/vault%2F',
      '%2Fvault',
    ],
    [
      '/7',
      '/7/',
      '/7;x',
      '/%37',
      '/./7',
      '/8/../7',
      '//7',
      '/7/.',
      '/7/%2e',
      '/7%2F',
      '%2F7',
      '/7?a',
      '/7?/../x',
      '/7.ws',
      '',
    ],
  ];
  const [contexts = [], names = [], ends = []] = parts;
  const all = contexts.flatMap((context) => names.flatMap((name) => ends.map((end) => `${context}${name}${end}`)));
  // A number that shares no factor with the lengths, so that every part is among them.
  const targets = someOf(487, all);

  it.each<[string, ServerContainerOptions]>([
    ['a prefix', { securityConstraints: [{ paths: ['/vault/*'], rolesAllowed: ['keeper'] }] }],
    ['exact paths', { securityConstraints: [{ paths: ['/vault', '/vault/7', '/'], rolesAllowed: ['keeper'] }] }],
    ['everything', { securityConstraints: [{ paths: ['/*'], rolesAllowed: ['keeper'] }] }],
  ])('no spelling reaches an endpoint without its constraint: %s', async (_title, options) => {
    const reached: string[] = [];
    const server = await start(
      {
        contextPath: '/app',
        ...options,
        instanceFactory: (_class, request) => {
          reached.push(request.getRequestURI().pathname);
          return new Programmatic();
        },
      },
      config('/vault').build(),
      config('/vault/7').build(),
      config('/vault/{room}').build(),
      config('/vault/{room}/').build(),
    );
    const statuses = new Map<number, number>();
    for (const target of ['http://localhost/app/vault/7', 'wss://x@localhost/app/vault/7', ...targets]) {
      if (target === '') continue;
      const { status, client } = await server.request(`GET ${target} HTTP/1.1`);
      client.destroy();
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    // The constraint decided for many of them, and nothing but a refusal for the others.
    expect(reached).toEqual([]);
    expect([...statuses.keys()].filter((status) => status < 400)).toEqual([]);
    expect(statuses.get(401)).toBeGreaterThan(targets.length / 12);
    expect(await statusOf(server, '/app/vault/7', as('ann:keeper'))).toBe(101);
  });
});
