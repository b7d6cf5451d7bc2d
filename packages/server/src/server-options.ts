import type { RequestListener } from 'node:http';
import type { ServerOptions as SecureServerOptions } from 'node:https';
import { DeploymentException, type EndpointClass, type ServerEndpointConfig } from '@serval/api';
import { badOption, describeKind, isOptionsObject, requireOptions } from '@serval/api/spi';
import { requireFunctions, type ServerContainerOptions } from './container-options';
import { requirePatterns } from './endpoint-scan';

/** What a `Server` can be told; everything has a default. */
export interface ServerOptions extends ServerContainerOptions {
  /**
   * 0, the default, takes a free one; `server.port` tells which. A string is the path of a Unix domain socket, with a
   * slash in it: `/run/chat.sock`, `./chat.sock`.
   */
  readonly port?: number | string | undefined;
  /** The address to listen on. Default: all addresses. A path of a socket has none. */
  readonly host?: string | undefined;
  /** Glob patterns of modules whose endpoints are deployed at start; see `WsServerContainer.scan`. */
  readonly scan?: string | readonly string[] | undefined;
  /** Annotated classes and configurations to deploy at start, after those of the scan. */
  readonly endpoints?: readonly (EndpointClass | ServerEndpointConfig)[] | undefined;
  /** Answers plain HTTP requests. Default: 426 at the path of an endpoint, 404 elsewhere. */
  readonly requestListener?: RequestListener | undefined;
  /** Key and certificate; with them the server speaks HTTPS and `wss:`. */
  readonly tls?: SecureServerOptions | undefined;
  /**
   * Whether the server speaks HTTP/2 beside HTTP/1.1, for pages and for WebSockets (RFC 8441); needs `tls`. Default false.
   * The request listener then is given the objects of Node's HTTP/2 compatibility API.
   */
  readonly http2?: boolean | undefined;
}

/** The options, checked as far as the container does not check them. */
export interface CheckedServerOptions {
  readonly address: ListenAddress;
  readonly scan: string | readonly string[] | undefined;
  readonly endpoints: readonly (EndpointClass | ServerEndpointConfig)[];
  readonly requestListener: RequestListener | undefined;
  readonly tls: SecureServerOptions | undefined;
  readonly http2: boolean;
}

/** @throws DeploymentException for an option that is out of range or of the wrong kind */
export function checkServerOptions(options: ServerOptions): CheckedServerOptions {
  requireOptions('The argument of new Server', options);
  const { scan, endpoints = [], requestListener, tls, http2 = false } = options;
  requireFunctions({ requestListener });
  if (!Array.isArray(endpoints))
    throw badOption('endpoints', 'a list of endpoint classes and configurations', endpoints);
  if (tls !== undefined && !isOptionsObject(tls))
    throw badOption(
      'tls',
      'an object with the options of a TLS server of Node, such as key and cert',
      tls,
      '',
      describeKind,
    );
  if (typeof http2 !== 'boolean') throw badOption('http2', 'true or false', http2);
  if (http2 && tls === undefined)
    throw wrong(
      'http2 needs tls, because browsers speak HTTP/2 over TLS only; attach takes an http2.createServer() for plain HTTP/2.',
    );
  if (scan !== undefined) requirePatterns(scan);
  return { address: listenAddress(options), scan, endpoints, requestListener, tls, http2 };
}

/** What Node's `listen` is given. */
export type ListenAddress = { readonly port: number; readonly host: string | undefined } | { readonly path: string };

/** @throws DeploymentException for a port that is out of range, and for what is neither a port nor a path */
function listenAddress({ port = 0, host }: ServerOptions): ListenAddress {
  // Without a slash it is a port that was read from the environment, and would become a file of that name.
  if (host !== undefined && (typeof host !== 'string' || host === ''))
    // Node takes an empty one for all addresses.
    throw badOption(
      'host',
      'the name or the address to listen on, such as "127.0.0.1"',
      host,
      'Leave it out for all addresses.',
    );
  if (typeof port === 'string' && port.includes('/') && !port.includes('\0')) {
    if (host === undefined) return { path: port };
    throw wrong(`host is for a port; found it beside the path ${JSON.stringify(port)}. Remove it.`);
  }
  if (typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535) return { port, host };
  const remedy = typeof port === 'string' && /^\s*\d+\s*$/.test(port) ? 'Convert it with Number().' : '';
  throw badOption(
    'port',
    'a whole number from 0 to 65535, or the path of a Unix domain socket with a slash in it',
    port,
    remedy,
  );
}

function wrong(message: string): DeploymentException {
  return new DeploymentException(message, undefined, 'WS_DEPLOY_BAD_OPTION');
}
