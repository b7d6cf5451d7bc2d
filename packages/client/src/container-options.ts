import type { DeploymentException } from '@serval/api';
import { badOption, describeKind, isOptionsObject, requireOptions } from '@serval/api/spi';
import { nearestName, SETTINGS, type ContainerOptions, type ContainerSettings } from '@serval/container';
import type { EngineOptions } from '@serval/protocol';
import { checkCredentials, PROXY_CREDENTIALS, SERVER_CREDENTIALS, type Credentials } from './credentials';
import {
  HANDSHAKE_OPTIONS,
  HANDSHAKE_PROPERTIES,
  resolveHandshakeSettings,
  type HandshakeOptions,
} from './handshake-settings';
import { ORIGIN_PROPERTY, requireOrigin } from './origin';
import { checkProxy, type ProxyOption } from './proxy';
import { checkRetryAfter, type RetryAfterOption } from './retry';
import { TLS_PROPERTIES } from './tls-options';

/** What a client container can be told; everything has a default. */
export interface ClientContainerOptions
  extends ContainerOptions, HandshakeOptions, Pick<EngineOptions, 'maxFragments' | 'sharedReads'> {
  /**
   * Whether, and how, servers are offered compression (RFC 7692). Default: where an endpoint's configuration lists the
   * extension `permessage-deflate`, as in Tomcat. True or an object offers it always, false never.
   */
  readonly perMessageDeflate?: EngineOptions['perMessageDeflate'];
  /** For servers that answer 401, by Basic or Digest. Default: none; an endpoint's user properties go first. */
  readonly credentials?: Credentials | undefined;
  /** The HTTP proxy for every server; false for none. Default: that of the environment, such as `https_proxy`. */
  readonly proxy?: ProxyOption | undefined;
  /** The Origin that is sent where `beforeRequest` sets none. Default: none. */
  readonly origin?: string | undefined;
  /**
   * Whether a 503 or 429 with Retry-After is waited for, up to 5 times and up to 5 minutes each; an object sets other
   * bounds. `handshakeTimeout` is for each attempt. Default: false.
   */
  readonly retryAfter?: RetryAfterOption | undefined;
}

/** The names in a client endpoint's user properties that are read while it connects. */
export const CLIENT_PROPERTIES: ReadonlySet<string> = new Set([
  ...HANDSHAKE_PROPERTIES,
  ...[SERVER_CREDENTIALS, PROXY_CREDENTIALS].flatMap((names) => Object.values({ ...names }).flat()),
  ...TLS_PROPERTIES,
  ORIGIN_PROPERTY,
]);

type OtherOption = Exclude<keyof ClientContainerOptions, keyof ContainerSettings | keyof HandshakeOptions>;

/** The options beside the two tables of settings. */
const OTHER_OPTIONS: Readonly<Record<OtherOption, true>> = {
  compatibility: true,
  initParameters: true,
  logger: true,
  perMessageDeflate: true,
  maxFragments: true,
  sharedReads: true,
  credentials: true,
  proxy: true,
  origin: true,
  retryAfter: true,
};

/** A slip of the pen in an option's name must not silently leave a limit at its default. @returns what to warn of */
export function unknownOptions(options: object): readonly string[] {
  const known = containerOptionNames();
  return Object.keys(options).flatMap((name) => {
    if (known.includes(name)) return [];
    const nearest = nearestName(name, known);
    return [`${name} is not an option of a client${nearest === undefined ? '' : `; did you mean ${nearest}?`}`];
  });
}

/** Of all that a container knows. */
export function containerOptionNames(): readonly string[] {
  return [...Object.keys(SETTINGS), ...HANDSHAKE_OPTIONS, ...Object.keys(OTHER_OPTIONS)];
}

/** @throws DeploymentException for an option that is out of range or of the wrong kind */
export function checkOptions(options: ClientContainerOptions): void {
  requireOptions('The argument with the options of a container', options);
  resolveHandshakeSettings(options);
  if (options.credentials !== undefined) checkCredentials('credentials', options.credentials);
  if (options.proxy !== undefined) checkProxy(options.proxy);
  if (options.origin !== undefined) requireOrigin('origin', options.origin);
  checkRetryAfter(options.retryAfter);
  const { maxFragments = 1, sharedReads = true, perMessageDeflate = false } = options;
  if (!Number.isInteger(maxFragments) || maxFragments < 1 || maxFragments >= 2 ** 31)
    throw wrong('maxFragments', `a whole number of fragments from 1 to ${2 ** 31 - 1}`, maxFragments);
  if (typeof sharedReads !== 'boolean') throw wrong('sharedReads', 'true or false', sharedReads);
  if (typeof perMessageDeflate !== 'boolean' && !isOptionsObject(perMessageDeflate))
    throw wrong('perMessageDeflate', 'true, false or an object of options', perMessageDeflate);
}

/** The options in which a text may be a secret. */
const SECRET: ReadonlySet<string> = new Set(['headers', 'userProperties', 'credentials', 'proxy']);

/** @returns what an option of the wrong kind is refused with */
export function wrong(name: string, expected: string, found: unknown): DeploymentException {
  return badOption(name, expected, found, '', SECRET.has(name) ? describeKind : undefined);
}
