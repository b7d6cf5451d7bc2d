import { DeploymentException, type EndpointClass, type Principal } from '@serval/api';
import { badOption, isOptionsObject } from '@serval/api/spi';
import { nearestName, SETTINGS, type ContainerOptions, type ContainerSettings } from '@serval/container';
import { createNativeEngine, createWsEngine, type Engine, type EngineOptions } from '@serval/protocol';
import type { InstanceFactory } from './default-configurator';
import type { AllowedHosts } from './host-policy';
import type { AllowedOrigins } from './origin-policy';
import { parseRequestTarget } from './request-target';
import type { TrustProxy } from './trust-proxy';
import type { Authenticate } from './upgrade';

/** What a server container can be told; everything has a default. */
export interface ServerContainerOptions extends ContainerOptions, EngineOptions {
  /**
   * What speaks the protocol on accepted connections: our own engine (the default), `'ws'` for the ws library, or an
   * engine object. Over ws a handler for parts receives each message as one last part.
   */
  readonly engine?: 'native' | 'ws' | Engine | undefined;
  /** The path under which all endpoints lie, such as `/ws`. Default `/`. */
  readonly contextPath?: string | undefined;
  /** Foreign origins that may connect. Default: none but the server's own; all with `compatibility`, as in Tomcat. */
  readonly allowedOrigins?: AllowedOrigins | undefined;
  /** The host names under which the server may be reached, against DNS rebinding. Default: every name. */
  readonly allowedHosts?: AllowedHosts | undefined;
  /** The proxies whose X-Forwarded-For, -Proto and -Host headers count. Default: none. */
  readonly trustProxy?: TrustProxy | undefined;
  /** Recognises the user of each handshake request. Default: nobody is known. */
  readonly authenticate?: Authenticate | undefined;
  /** What `HandshakeRequest.isUserInRole` answers for a known user. Default: false. */
  readonly isUserInRole?: ((principal: Principal, role: string) => boolean) | undefined;
  /** Makes endpoint instances, for dependency injection. Default: `new EndpointClass()`. */
  readonly instanceFactory?: InstanceFactory | undefined;
  /** How long user code may hold up a handshake before it is refused with 503, in milliseconds. Default 30000. */
  readonly handshakeTimeout?: number | undefined;
}

/** The options beside the settings table: those of a container, and those of a standalone server, which pass through here. */
const OTHER_OPTIONS: Readonly<Record<Exclude<keyof ServerContainerOptions, keyof ContainerSettings>, true>> &
  Readonly<Record<string, true>> = {
  compatibility: true,
  initParameters: true,
  logger: true,
  engine: true,
  perMessageDeflate: true,
  maxFragments: true,
  sharedReads: true,
  contextPath: true,
  allowedOrigins: true,
  allowedHosts: true,
  trustProxy: true,
  authenticate: true,
  isUserInRole: true,
  instanceFactory: true,
  handshakeTimeout: true,
  port: true,
  host: true,
  endpoints: true,
  scan: true,
  requestListener: true,
  tls: true,
  http2: true,
};

const DEFAULT_HANDSHAKE_TIMEOUT_MS = 30_000;

/** A slip of the pen in an option's name must not silently leave a limit at its default. @returns what to warn of */
export function unknownOptions(options: object): readonly string[] {
  const known = [...Object.keys(SETTINGS), ...Object.keys(OTHER_OPTIONS)];
  return Object.keys(options).flatMap((name) => {
    if (known.includes(name)) return [];
    const nearest = nearestName(name, known);
    return [`${name} is not an option${nearest === undefined ? '' : `; did you mean ${nearest}?`}`];
  });
}

export function handshakeTimeoutMs({
  handshakeTimeout = DEFAULT_HANDSHAKE_TIMEOUT_MS,
}: ServerContainerOptions): number {
  return requireWhole('handshakeTimeout', handshakeTimeout, 'milliseconds');
}

/** @throws DeploymentException for an option that is out of range or of the wrong kind */
export function chooseEngine(options: ServerContainerOptions): Engine {
  const { engine = 'native', maxFragments } = options;
  if (maxFragments !== undefined) requireWhole('maxFragments', maxFragments, 'fragments');
  requireSwitch('sharedReads', options.sharedReads);
  requireDeflateOption(options.perMessageDeflate);
  // Tomcat compresses for every client that offers it.
  const byDefault = options.compatibility !== undefined;
  if (engine === 'native')
    return createNativeEngine({ ...options, perMessageDeflate: options.perMessageDeflate ?? byDefault });
  if (engine === 'ws') {
    if (options.perMessageDeflate === undefined || options.perMessageDeflate === false)
      return createWsEngine({ maxFragments });
    throw new DeploymentException(
      "perMessageDeflate is not offered over ws; leave engine at 'native', or perMessageDeflate at false.",
      undefined,
      'WS_DEPLOY_BAD_OPTION',
    );
  }
  if (typeof engine === 'object' && engine !== null && typeof engine.accept === 'function') return engine;
  throw badOption('engine', "'native', 'ws' or an engine", engine);
}

function requireSwitch(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw badOption(name, 'true or false', value);
}

function requireDeflateOption(option: unknown = false): void {
  if (typeof option === 'boolean' || isOptionsObject(option)) return;
  throw badOption('perMessageDeflate', 'true, false or an object of options', option);
}

export function construct<T extends object>(endpointClass: EndpointClass<T>): T {
  // Deployment has checked that the constructor needs no arguments, unless something else makes the instances.
  return new (endpointClass as unknown as new () => T)();
}

export function parseContextPath(contextPath: unknown = '/'): readonly string[] {
  const target =
    typeof contextPath === 'string' && contextPath.startsWith('/') ? parseRequestTarget(contextPath) : undefined;
  // With or without a slash at its end.
  const segments = target?.segments.at(-1) === '' ? target.segments.slice(0, -1) : target?.segments;
  if (!target || !segments || segments.includes('') || target.query !== null || /[{}<>]/.test(target.path)) {
    throw badOption('contextPath', 'a path with a leading slash, such as "/ws"', contextPath);
  }
  return segments;
}

/** @throws DeploymentException for the first that is there and no function */
export function requireFunctions(options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && typeof value !== 'function') throw badOption(name, 'a function', value);
  }
}

function requireWhole(name: string, value: number, unit: string): number {
  if (Number.isInteger(value) && value > 0 && value < 2 ** 31) return value;
  throw badOption(name, `a whole number of ${unit} from 1 to ${2 ** 31 - 1}`, value);
}
