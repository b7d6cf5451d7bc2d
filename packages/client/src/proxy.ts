import type { ConnectionOptions } from 'node:tls';
import { DeploymentException, HandshakeException } from '@serval/api';
import {
  badOption,
  describeValue,
  isOptionsObject,
  readNested,
  record,
  type OptionKind,
  type OptionTable,
} from '@serval/api/spi';
import { toError } from '@serval/container';
import { checkCredentials, CREDENTIALS, type Credentials } from './credentials';
import { isLocalSocket } from './local-socket';
import { proxyOfEnvironment } from './proxy-environment';
import { requireSendable } from './request-headers';
import type { TlsOptions } from './tls-options';

/** A proxy, and the data to send to it. */
export interface ProxyOptions {
  /**
   * `http:` or `https:`, or of a SOCKS proxy `socks5h:`, `socks5:`, `socks4a:` or `socks4:`, with user information or
   * without; for example `http://proxy.example:3128`.
   */
  readonly uri: string | URL;
  /** The answer to its 407, or the login for SOCKS 5. Overrides the user information of the URI. Default: none. */
  readonly credentials?: Credentials | undefined;
  /**
   * Additional headers of the CONNECT request, which the server does not receive. A Proxy-Authorization overrides
   * credentials. Not for SOCKS. Default: none.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Node's TLS options for an `https:` proxy, such as `ca`. The server's TLS options do not apply to it. Default: Node's. */
  readonly tls?: ConnectionOptions | undefined;
}

/** A proxy for every server, or false for none. */
export type ProxyOption = string | URL | ProxyOptions | false;

/** A proxy that can open a tunnel. */
export interface Proxy {
  /** Without user information. */
  readonly uri: URL;
  readonly credentials: Credentials | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly tls: TlsOptions;
}

/** The version of a SOCKS proxy, and whether the client resolves host names or leaves that to the proxy. */
export interface SocksVersion {
  readonly type: 4 | 5;
  readonly resolvesHere: boolean;
}

/** The schemes of curl, and `socks:`, which desktops set for SOCKS 5. */
const SOCKS_VERSIONS: ReadonlyMap<string, SocksVersion> = new Map([
  ['socks:', { type: 5, resolvesHere: false }],
  ['socks5h:', { type: 5, resolvesHere: false }],
  ['socks5:', { type: 5, resolvesHere: true }],
  ['socks4a:', { type: 4, resolvesHere: false }],
  ['socks4:', { type: 4, resolvesHere: true }],
]);

/** @returns undefined for an HTTP proxy */
export function socksVersion({ uri }: Pick<Proxy, 'uri'>): SocksVersion | undefined {
  return SOCKS_VERSIONS.get(uri.protocol);
}

/**
 * The proxy for a server: that of the option, or else that of the current environment.
 *
 * @param credentials from the endpoint's user properties; they override those of the proxy
 * @returns undefined for none
 * @throws HandshakeException with WS_CONNECT_PROXY when an environment variable does not name a valid proxy
 */
export function proxyFor(
  uri: URL,
  option: Proxy | false | undefined,
  credentials: Credentials | undefined,
  environment = process.env,
): Proxy | undefined {
  if (isLocalSocket(uri)) return undefined;
  const proxy = option === undefined ? readEnvironment(uri, environment) : option;
  return proxy === undefined || proxy === false
    ? undefined
    : { ...proxy, credentials: credentials ?? proxy.credentials };
}

const PROXY_OPTIONS = {
  uri: { expected: 'a URI', read: (uri: unknown, name: string) => parseProxy(name, uri) },
  credentials: CREDENTIALS,
  headers: {
    ...record<Readonly<Record<string, string>>>('an object of names and values', { isSecret: true }),
    default: {},
  },
  tls: { ...record<ConnectionOptions>('an object of TLS options of Node', { isSecret: true }), default: {} },
} satisfies OptionTable<ProxyOptions>;

export const PROXY: OptionKind<Proxy | false> = {
  expected: 'a URI, an object { uri, credentials?, headers?, tls? } or false',
  table: PROXY_OPTIONS,
  read(option, name) {
    if (option === false) return false;
    if (typeof option === 'string' || option instanceof URL) return parseProxy(name, option);
    if (!isOptionsObject(option)) throw badOption(name, PROXY.expected, option);
    const { uri, credentials, headers, tls } = readNested(name, PROXY_OPTIONS, option);
    const proxy = uri ?? parseProxy(`${name}.uri`, undefined);
    for (const [part, given] of Object.entries({ headers, tls })) {
      if (socksVersion(proxy) !== undefined && Object.keys(given).length > 0)
        throw wrong(
          `${name}.${part} is for http: and https: proxies; found it beside ${proxy.uri.protocol} Remove it.`,
        );
    }
    return {
      ...proxy,
      credentials: credentials ?? proxy.credentials,
      headers: Object.entries(headers).map(([header, value]) => checkHeader(header, value)),
      tls,
    };
  },
};

/** The proxy's URI for messages, without user information. */
export function describeProxy({ uri }: Pick<Proxy, 'uri'>): string {
  return `${uri.protocol}//${uri.host}`;
}

/** The headers that the CONNECT request itself sets. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'expect',
]);

function checkHeader(name: string, value: unknown): readonly [string, string] {
  const sent = requireSendable('proxy.headers', name, value);
  if (OWN_HEADERS.has(name.toLowerCase())) throw wrong(`proxy.headers: the client itself sets ${name}; remove it.`);
  return [name, sent];
}

function readEnvironment(server: URL, environment: NodeJS.ProcessEnv): Proxy | undefined {
  const found = proxyOfEnvironment(server, environment);
  if (found === undefined) return undefined;
  const { variable, value } = found;
  try {
    // In these variables the scheme may be missing, by convention.
    return parseProxy(
      `The environment variable ${variable}`,
      /^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value}`,
    );
  } catch (thrown) {
    throw new HandshakeException(
      `${toError(thrown).message} Or set the option proxy; false means no proxy.`,
      undefined,
      'WS_CONNECT_PROXY',
    );
  }
}

/** @param name the option or variable with the URI, for messages */
function parseProxy(name: string, text: unknown): Proxy {
  const expected = `${name} is a URI with http:, https: or ${[...SOCKS_VERSIONS.keys()].join(', ')}, such as http://proxy.example:3128`;
  if (!(text instanceof URL) && (typeof text !== 'string' || !URL.canParse(text)))
    throw wrong(`${expected}; found ${typeof text === 'string' ? 'a string that is not a URI' : describeValue(text)}.`);
  const uri = new URL(text);
  if (!['http:', 'https:'].includes(uri.protocol) && socksVersion({ uri }) === undefined)
    throw wrong(`${expected}; found the scheme ${uri.protocol}`);
  if (uri.hostname === '') throw wrong(`${expected}; found no host after ${uri.protocol}`);
  const credentials = userInformation(name, uri);
  uri.username = '';
  uri.password = '';
  return { uri, credentials, headers: [], tls: {} };
}

function userInformation(name: string, { username, password }: URL): Credentials | undefined {
  if (username === '' && password === '') return undefined;
  try {
    return checkCredentials(name, { username: decodeURIComponent(username), password: decodeURIComponent(password) });
  } catch (thrown) {
    if (thrown instanceof DeploymentException) throw thrown;
    throw wrong(`The user information in ${name} is not percent-encoded; write a % in it as %25.`);
  }
}

function wrong(message: string): DeploymentException {
  return new DeploymentException(message, undefined, 'WS_DEPLOY_BAD_OPTION');
}
