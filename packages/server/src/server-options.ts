import type { RequestListener } from 'node:http';
import type { ServerOptions as SecureServerOptions } from 'node:https';
import { DeploymentException, type EndpointClass, type Principal, type ServerEndpointConfig } from '@serval/api';
import {
  callable,
  FLAG,
  kind,
  list,
  readOptions,
  record,
  unknownOptions,
  type OptionKind,
  type OptionTable,
  type ReadOptions,
} from '@serval/api/spi';
import { SERVER_CONTAINER_OPTIONS, type ServerContainerOptions } from './container-options';
import { PATTERNS } from './endpoint-scan';

/** The options of a `Server`; everything has a default. */
export interface ServerOptions<User extends Principal | null = Principal | null> extends ServerContainerOptions<User> {
  /**
   * The port to listen on. 0 picks a free port, which `server.port` returns. A string with a slash is the path of a Unix
   * domain socket: `/run/chat.sock`, `./chat.sock`. Default 0.
   */
  readonly port?: number | string | undefined;
  /** The address to listen on; not for the path of a socket. Default: all addresses. */
  readonly host?: string | undefined;
  /** Glob patterns of modules whose endpoints `start()` finds and deploys. Default: none. */
  readonly scan?: string | readonly string[] | undefined;
  /** Results of `endpoint`, annotated classes and configurations, which `start()` deploys after those of the scan. Default: none. */
  readonly endpoints?: readonly (EndpointClass | ServerEndpointConfig)[] | undefined;
  /**
   * Called by `start()` once the endpoints are deployed, before the server listens; it may be async. If it fails, the start
   * fails with its error. Default: nothing is called.
   */
  readonly onStart?: (() => unknown) | undefined;
  /** Answers plain HTTP requests. Default: 426 at the path of an endpoint, 404 elsewhere. */
  readonly requestListener?: RequestListener | undefined;
  /** Options of Node's `https.createServer`, such as `key` and `cert`; with them the server speaks `wss:`. Default: plain HTTP. */
  readonly tls?: SecureServerOptions | undefined;
  /**
   * Whether the server also speaks HTTP/2, for pages and for WebSockets (RFC 8441); requires `tls`. The request listener
   * then receives the objects of Node's HTTP/2 compatibility API. Default false.
   */
  readonly http2?: boolean | undefined;
}

const PORT: OptionKind<number | string> = kind(
  'a whole number from 0 to 65535, or the path of a Unix domain socket with a slash in it',
  (port): port is number | string =>
    // Text without a slash is a port from the environment, which would otherwise become a file of that name.
    typeof port === 'string'
      ? port.includes('/') && !port.includes('\0')
      : typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535,
  { remedy: (port) => (typeof port === 'string' && /^\s*\d+\s*$/.test(port) ? 'Convert it with Number().' : '') },
);

const HOST: OptionKind<string> = kind(
  'the name or the address to listen on, such as "127.0.0.1"',
  // For Node an empty host means all addresses.
  (host): host is string => typeof host === 'string' && host !== '',
  { remedy: () => 'Leave it out for all addresses.' },
);

/** Deployment checks more of them. */
const DEPLOYABLE = kind(
  'an endpoint: the result of endpoint(), a class or a configuration',
  (value): value is EndpointClass | ServerEndpointConfig =>
    typeof value === 'function' || (typeof value === 'object' && value !== null),
);

export const ENDPOINTS = { ...list('a list of endpoint classes and configurations', DEPLOYABLE), default: [] };

/** The options that a standalone server adds to those of its container. */
const OWN_OPTIONS = {
  port: { ...PORT, default: 0 },
  host: HOST,
  scan: PATTERNS,
  endpoints: ENDPOINTS,
  onStart: callable<() => unknown>(),
  requestListener: callable<RequestListener>(),
  tls: record<SecureServerOptions>('an object with the options of a TLS server of Node, such as key and cert', {
    isSecret: true,
  }),
  http2: { ...FLAG, default: false },
};

export const SERVER_OPTIONS = {
  ...SERVER_CONTAINER_OPTIONS,
  ...OWN_OPTIONS,
} satisfies OptionTable<ServerOptions>;

/** The standalone server's own options after reading. Its container reads the others. */
export interface ServerSettings extends Omit<ReadOptions<typeof OWN_OPTIONS>, 'port' | 'host'> {
  readonly address: ListenAddress;
}

/** The argument of Node's `listen`. */
export type ListenAddress = { readonly port: number; readonly host: string | undefined } | { readonly path: string };

/** @throws DeploymentException when an option is out of range or of the wrong type */
export function readServerOptions(options: ServerOptions): ServerSettings {
  const { port, host, ...settings } = readOptions(OWN_OPTIONS, options);
  if (settings.http2 && settings.tls === undefined)
    throw wrong(
      'http2 needs tls, because browsers speak HTTP/2 over TLS only; attach takes an http2.createServer() for plain HTTP/2.',
    );
  if (typeof port === 'number') return { ...settings, address: { port, host } };
  if (host === undefined) return { ...settings, address: { path: port } };
  throw wrong(`host is for a port; found it beside the path ${JSON.stringify(port)}. Remove it.`);
}

/** The options for the container. They are a copy already. */
export function containerOptionsOf<User extends Principal | null>(
  options: ServerOptions<User>,
): ServerContainerOptions<User> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !Object.hasOwn(OWN_OPTIONS, name)));
}

/** @returns warnings about options that a server container does not have */
export function misplacedOptions(options: object): readonly string[] {
  const names = Object.keys(options).filter((name) => Object.hasOwn(OWN_OPTIONS, name));
  return [
    ...names.map((name) => `${name} is an option of new Server only; here it has no effect`),
    ...unknownOptions('a server', SERVER_OPTIONS, options),
  ];
}

function wrong(message: string): DeploymentException {
  return new DeploymentException(message, undefined, 'WS_DEPLOY_BAD_OPTION');
}
