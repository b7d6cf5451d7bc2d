import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { ConnectionOptions } from 'node:tls';
import { DeploymentException, HandshakeException } from '@serval/api';
import { toError } from '@serval/container';
import { checkCredentials, type Credentials } from './credentials';
import { proxyOfEnvironment } from './proxy-environment';
import type { TlsOptions } from './tls-options';

/** An HTTP proxy, and what it is told. */
export interface ProxyOptions {
  /** `http:` or `https:`, with user information or without; for example `http://proxy.example:3128`. */
  readonly uri: string | URL;
  /** For its 407; they go before the user information of the URI. */
  readonly credentials?: Credentials | undefined;
  /** More headers of the CONNECT; the server does not see them. A Proxy-Authorization goes before credentials. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** For an `https:` proxy: TLS options of Node, such as `ca`. Those of the server are not shown to it. */
  readonly tls?: ConnectionOptions | undefined;
}

/** What a container can be told: a proxy for every server, or that there is none. */
export type ProxyOption = string | URL | ProxyOptions | false;

/** A proxy to be asked for a tunnel. */
export interface Proxy {
  /** Without user information. */
  readonly uri: URL;
  readonly credentials: Credentials | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly tls: TlsOptions;
}

/**
 * The proxy for a server: that of the option, else that of the environment as it is now.
 *
 * @param credentials those of the endpoint's user properties, which go first
 * @returns undefined for none
 * @throws HandshakeException with WS_CONNECT_PROXY for an environment variable that names no HTTP proxy
 */
export function proxyFor(
  uri: URL,
  option: ProxyOption | undefined,
  credentials: Credentials | undefined,
  environment = process.env,
): Proxy | undefined {
  const proxy = option === undefined ? readEnvironment(uri, environment) : checkProxy(option);
  return proxy && { ...proxy, credentials: credentials ?? proxy.credentials };
}

/** @throws DeploymentException for an option that names no HTTP proxy */
export function checkProxy(option: unknown): Proxy | undefined {
  if (option === false) return undefined;
  if (typeof option === 'string' || option instanceof URL) return parseProxy('proxy', option);
  if (typeof option !== 'object' || option === null) {
    throw wrong(
      `proxy is a URI, an object { uri, credentials?, headers?, tls? } or false; found ${option === null ? 'null' : typeof option}.`,
    );
  }
  const { uri, credentials, headers = {}, tls = {} }: { [K in keyof ProxyOptions]?: unknown } = option;
  const proxy = parseProxy('proxy.uri', uri);
  if (typeof headers !== 'object' || headers === null)
    throw wrong(`proxy.headers is an object of names and values; found ${headers === null ? 'null' : typeof headers}.`);
  if (typeof tls !== 'object' || tls === null)
    throw wrong(`proxy.tls takes TLS options of Node; found ${tls === null ? 'null' : typeof tls}.`);
  return {
    ...proxy,
    credentials: credentials === undefined ? proxy.credentials : checkCredentials('proxy.credentials', credentials),
    headers: Object.entries(headers).map(([name, value]) => checkHeader(name, value)),
    tls,
  };
}

/** For messages: it has no user information any more. */
export function describeProxy({ uri }: Pick<Proxy, 'uri'>): string {
  return `${uri.protocol}//${uri.host}`;
}

/** What the CONNECT itself decides. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'expect',
]);

function checkHeader(name: string, value: unknown): readonly [string, string] {
  try {
    validateHeaderName(name);
    if (typeof value !== 'string') throw new TypeError('its value is not a string');
    validateHeaderValue(name, value);
  } catch (thrown) {
    // Node's message does not show the value.
    throw wrong(`proxy.headers: ${JSON.stringify(name)} cannot be sent: ${toError(thrown).message}.`);
  }
  if (OWN_HEADERS.has(name.toLowerCase()))
    throw wrong(`proxy.headers: ${name} is set by the client itself; remove it.`);
  return [name, value];
}

function readEnvironment(server: URL, environment: NodeJS.ProcessEnv): Proxy | undefined {
  const found = proxyOfEnvironment(server, environment);
  if (found === undefined) return undefined;
  const { variable, value } = found;
  try {
    // As is usual there, the scheme may be missing.
    return parseProxy(
      `The environment variable ${variable}`,
      /^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value}`,
    );
  } catch (thrown) {
    throw new HandshakeException(
      `${toError(thrown).message} Or set the option proxy, or to none by proxy: false.`,
      undefined,
      'WS_CONNECT_PROXY',
    );
  }
}

/** @param name what has the URI, for messages */
function parseProxy(name: string, text: unknown): Proxy {
  const example = 'such as http://proxy.example:3128';
  if (!(text instanceof URL) && (typeof text !== 'string' || !URL.canParse(text)))
    throw wrong(
      `${name} is an http: or https: URI, ${example}; found ${typeof text === 'string' ? 'a string that is none' : typeof text}.`,
    );
  const uri = new URL(text);
  if ((uri.protocol !== 'http:' && uri.protocol !== 'https:') || uri.hostname === '')
    throw wrong(`${name} is an http: or https: URI, ${example}; found the scheme ${uri.protocol}`);
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
