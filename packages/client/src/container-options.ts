import { switchable, type OptionTable, type ReadOptions, readOptions } from '@serval/api/spi';
import { CONTAINER_OPTIONS, type ContainerOptions } from '@serval/container';
import { ENGINE_OPTIONS, PER_MESSAGE_DEFLATE_OPTIONS, type EngineOptions } from '@serval/protocol';
import { CREDENTIALS, PROXY_CREDENTIALS, SERVER_CREDENTIALS, type Credentials } from './credentials';
import { HANDSHAKE_OPTIONS, HANDSHAKE_PROPERTIES, type HandshakeOptions } from './handshake-settings';
import { ORIGIN, ORIGIN_PROPERTY } from './origin';
import { PROXY, type ProxyOption } from './proxy';
import { RETRY_AFTER_OPTIONS, type RetryAfterOption } from './retry';
import { SOCKJS, type SockJsClientOptions } from './sockjs-options';
import { TLS_PROPERTIES } from './tls-options';

/** The options of a client container; everything has a default. */
export interface ClientContainerOptions
  extends ContainerOptions, HandshakeOptions, Pick<EngineOptions, 'maxFragments' | 'sharedReads'> {
  /**
   * Whether and how the client offers compression (RFC 7692): true or an object always offers it, false never does.
   * Default: if an endpoint's configuration lists the extension `permessage-deflate`, as in Tomcat.
   */
  readonly perMessageDeflate?: EngineOptions['perMessageDeflate'];
  /** The answer to a 401 with Basic or Digest. An endpoint's user properties override it. Default: none. */
  readonly credentials?: Credentials | undefined;
  /**
   * The proxy for every server: an `http:`, `https:` or `socks5h:` URI, or an object of options; false for none.
   * Default: that of the environment, such as `https_proxy`.
   */
  readonly proxy?: ProxyOption | undefined;
  /** The Origin to send if `beforeRequest` sets none. Default: none. */
  readonly origin?: string | undefined;
  /**
   * Whether to wait and try again after a 503 or 429 with Retry-After, up to 5 times and up to 5 minutes each; an object
   * sets other limits. `handshakeTimeout` applies to each attempt. Default false.
   */
  readonly retryAfter?: RetryAfterOption | undefined;
  /**
   * Whether the servers are endpoints of SockJS, and how to connect to them. The URI may then have `http:` or `https:`.
   * Default false.
   */
  readonly sockJs?: boolean | SockJsClientOptions | undefined;
}

/** The names of the user properties that the client reads while it connects. */
export const CLIENT_PROPERTIES: ReadonlySet<string> = new Set([
  ...HANDSHAKE_PROPERTIES,
  ...[SERVER_CREDENTIALS, PROXY_CREDENTIALS].flatMap((names) => Object.values({ ...names }).flat()),
  ...TLS_PROPERTIES,
  ORIGIN_PROPERTY,
]);

/** The options that a client container adds to those of every container. */
const OWN_OPTIONS = {
  ...HANDSHAKE_OPTIONS,
  perMessageDeflate: switchable(PER_MESSAGE_DEFLATE_OPTIONS),
  maxFragments: ENGINE_OPTIONS.maxFragments,
  sharedReads: ENGINE_OPTIONS.sharedReads,
  credentials: CREDENTIALS,
  proxy: PROXY,
  origin: ORIGIN,
  retryAfter: { ...switchable(RETRY_AFTER_OPTIONS), default: false },
  sockJs: SOCKJS,
};

export const CLIENT_CONTAINER_OPTIONS = {
  ...CONTAINER_OPTIONS,
  ...OWN_OPTIONS,
} satisfies OptionTable<ClientContainerOptions>;

/** The client container's own options after reading. The ContainerContext reads those of its sessions. */
export type ClientContainerSettings = ReadOptions<typeof OWN_OPTIONS>;

/** @throws DeploymentException when an option is out of range or of the wrong type */
export function readContainerOptions(options: ClientContainerOptions): ClientContainerSettings {
  return readOptions(OWN_OPTIONS, options);
}
