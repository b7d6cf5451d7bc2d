import { DeploymentException, type Authenticate, type Principal, type RateLimit, type SockJsChoice } from '@serval/api';
import {
  badOption,
  callable,
  FLAG,
  hasMethods,
  kind,
  milliseconds,
  MILLISECONDS_OR_NEVER,
  RATE_LIMITS,
  readOptions,
  SOCK_JS,
  type Bus,
  type OptionKind,
  type OptionTable,
  type ReadOptions,
} from '@serval/api/spi';
import { CONTAINER_OPTIONS, type ContainerOptions } from '@serval/container';
import { createNativeEngine, createWsEngine, ENGINE_OPTIONS, type Engine, type EngineOptions } from '@serval/protocol';
import { CONNECTION_LIMIT_OPTIONS, type ConnectionLimitOptions } from './connection-limits';
import { HANDSHAKE_MIDDLEWARE, type HandshakeMiddleware } from './handshake-middleware';
import { ALLOWED_HOSTS, type AllowedHosts } from './host-policy';
import { INSTANCE_FACTORY, type InstanceFactoryOption } from './instance-factory';
import { ALLOWED_ORIGINS, type AllowedOrigins } from './origin-policy';
import { parseRequestTarget } from './request-target';
import { SECURITY_CONSTRAINTS, type PathConstraint } from './security-policy';
import { TRUST_PROXY, type TrustProxy } from './trust-proxy';

/** The options of a server container; everything has a default. */
export interface ServerContainerOptions<User extends Principal | null = Principal | null>
  extends ContainerOptions, EngineOptions, ConnectionLimitOptions {
  /**
   * The implementation of the protocol on accepted connections: our own engine (`native`), the ws library (`ws`), or an
   * engine object, which `perMessageDeflate` and `maxFragments` do not reach. Over `ws`, handlers of parts receive each
   * message as one last part, and `perMessageDeflate` is a DeploymentException. Default `'native'`.
   */
  readonly engine?: 'native' | 'ws' | Engine | undefined;
  /** The prefix of every endpoint's path, such as `/ws`. Default `'/'`. */
  readonly contextPath?: string | undefined;
  /**
   * Whether WebSocket upgrades below `contextPath`, at paths without an endpoint, run through the server's request
   * listener, such as an application of Express. A route then calls `upgradeHttpToWebSocket(request, response, …)`; any
   * other answer ends the connection. Default false.
   */
  readonly routeUpgrades?: boolean | undefined;
  /**
   * Foreign origins that may connect; a function may be async. Default: none but the server's own; all with
   * `compatibility`, as in Tomcat.
   */
  readonly allowedOrigins?: AllowedOrigins | undefined;
  /**
   * The host names that requests may name, as a protection against DNS rebinding; others get 403. A name that begins with
   * a dot includes all names below it. Default: every name.
   */
  readonly allowedHosts?: AllowedHosts | undefined;
  /** The proxies whose X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host headers count. Default false. */
  readonly trustProxy?: TrustProxy | undefined;
  /**
   * Connect middleware for handshake requests, such as `[session({ … }), passport.session()]`; it runs before
   * `authenticate`. Default: none.
   */
  readonly handshakeMiddleware?: HandshakeMiddleware | readonly HandshakeMiddleware[] | undefined;
  /**
   * Identifies the user of a handshake request; may be async. An endpoint may have its own. Default: `requestUser()`, the `request.user` of passport,
   * with `handshakeMiddleware` or `routeUpgrades`; otherwise no user is known.
   */
  readonly authenticate?: Authenticate<User> | undefined;
  /** The result of `HandshakeRequest.isUserInRole` for a known user. Default: whether the user's `roles` contain the role. */
  readonly isUserInRole?: ((principal: Principal, role: string) => boolean) | undefined;
  /**
   * Connects the container with those of other nodes, which then share rooms and users: an adapter's connection. It must
   * not be the bus of another container. Default: the container serves its application alone.
   */
  readonly bus?: Bus | undefined;
  /**
   * Security constraints by path, as in `web.xml`; those of endpoint classes count as well. `readWebXml` of
   * `serval/web-xml` returns a list. Default: none.
   */
  readonly securityConstraints?: readonly PathConstraint[] | undefined;
  /** The `WWW-Authenticate` header of a 401 by a security constraint, such as `Basic realm="chat"`. Default: none. */
  readonly authenticationChallenge?: string | undefined;
  /**
   * How often to look whether the HTTP sessions of open WebSockets still exist in their store, in milliseconds; 0 or less
   * for never. A WebSocket with a user closes with 1008 after its HTTP session ended. Default 60000.
   */
  readonly httpSessionCheckInterval?: number | undefined;
  /**
   * Creates endpoint instances, for dependency injection, and destroys them after `@OnClose`; may be async. Default:
   * `new EndpointClass()`.
   */
  readonly instanceFactory?: InstanceFactoryOption | undefined;
  /**
   * Called when a stop begins, once new sessions are refused; it may be async. Sessions close after it, or after the grace
   * of the stop. Its error goes to the log. Default: nothing is called.
   */
  readonly onStop?: (() => unknown) | undefined;
  /**
   * The rate at which clients may send messages or bytes, for each session, user or address; an endpoint overrides it with
   * `limits.rateLimits`. Default: no limit.
   */
  readonly rateLimits?: readonly RateLimit[] | undefined;
  /** How long user code may delay a handshake before it is refused with 503, in milliseconds. Default 30000. */
  readonly handshakeTimeout?: number | undefined;
  /**
   * Whether clients may connect to every endpoint by SockJS, or its options. An endpoint's own choice stands before it.
   * Default false.
   */
  readonly sockJs?: SockJsChoice | undefined;
}

const ENGINE: OptionKind<'native' | 'ws' | Engine> = {
  expected: "'native', 'ws' or an engine",
  read(engine, name) {
    if (engine === 'native' || engine === 'ws') return engine;
    const isEngine =
      typeof engine === 'object' && engine !== null && 'accept' in engine && typeof engine.accept === 'function';
    // Its other members are optional, or checked on first use.
    if (isEngine) return engine as Engine;
    throw badOption(name, ENGINE.expected, engine);
  },
};

/** @see ServerContainerOptions.contextPath, as path segments */
const CONTEXT_PATH: OptionKind<readonly string[]> = {
  expected: 'a path with a leading slash, such as "/ws"',
  read(contextPath, name) {
    const target =
      typeof contextPath === 'string' && contextPath.startsWith('/') ? parseRequestTarget(contextPath) : undefined;
    // A slash at the end makes no difference.
    const segments = target?.segments.at(-1) === '' ? target.segments.slice(0, -1) : target?.segments;
    if (!target || !segments || segments.includes('') || target.query !== null || /[{}<>]/.test(target.path))
      throw badOption(name, CONTEXT_PATH.expected, contextPath);
    return segments;
  },
};

/** The contract suite of buses checks the other members. */
const BUS: OptionKind<Bus | undefined> = kind('a Bus, as an adapter creates it', (bus): bus is Bus =>
  hasMethods(bus, 'publish', 'subscribe', 'request', 'watchNodes'),
);

/** The default of `isUserInRole`. */
function hasRole({ roles }: Principal, role: string): boolean {
  return roles !== undefined && [...roles].includes(role);
}

/** The options that a server container adds to those of every container. */
const OWN_OPTIONS = {
  ...ENGINE_OPTIONS,
  ...CONNECTION_LIMIT_OPTIONS,
  engine: { ...ENGINE, default: 'native' },
  contextPath: { ...CONTEXT_PATH, default: '/' },
  routeUpgrades: { ...FLAG, default: false },
  allowedOrigins: ALLOWED_ORIGINS,
  allowedHosts: ALLOWED_HOSTS,
  trustProxy: { ...TRUST_PROXY, default: false },
  handshakeMiddleware: { ...HANDSHAKE_MIDDLEWARE, default: [] },
  authenticate: callable<Authenticate>(),
  isUserInRole: { ...callable<(principal: Principal, role: string) => boolean>(), default: hasRole },
  securityConstraints: { ...SECURITY_CONSTRAINTS, default: [] },
  authenticationChallenge: kind('a text', (value): value is string => typeof value === 'string'),
  httpSessionCheckInterval: { ...MILLISECONDS_OR_NEVER, default: 60_000 },
  bus: BUS,
  instanceFactory: INSTANCE_FACTORY,
  rateLimits: { ...RATE_LIMITS, default: [] },
  onStop: callable<() => unknown>(),
  handshakeTimeout: { ...milliseconds(1), default: 30_000 },
  sockJs: { ...SOCK_JS, default: false },
};

export const SERVER_CONTAINER_OPTIONS = {
  ...CONTAINER_OPTIONS,
  ...OWN_OPTIONS,
} satisfies OptionTable<ServerContainerOptions>;

/** The server container's own options after reading. The ContainerContext reads those of its sessions. */
export type ServerContainerSettings = ReadOptions<typeof OWN_OPTIONS>;

/** @throws DeploymentException when an option is out of range or of the wrong type */
export function readContainerOptions(options: ServerContainerOptions): ServerContainerSettings {
  return readOptions(OWN_OPTIONS, options);
}

/** @throws DeploymentException for compression over ws, and if ws cannot be loaded */
export function createEngine({ engine }: ServerContainerSettings, options: ServerContainerOptions): Engine {
  const { compatibility, perMessageDeflate, maxFragments } = options;
  // Tomcat compresses for every client that offers it.
  if (engine === 'native')
    return createNativeEngine({ ...options, perMessageDeflate: perMessageDeflate ?? compatibility !== undefined });
  if (engine !== 'ws') return engine;
  if (perMessageDeflate === undefined || perMessageDeflate === false) return createWsEngine({ maxFragments });
  throw new DeploymentException(
    "perMessageDeflate is not available with engine 'ws'; leave engine at 'native', or perMessageDeflate at false.",
    undefined,
    'WS_DEPLOY_BAD_OPTION',
  );
}
