import { BlockList, isIP } from 'node:net';

/** The environment variable that names a proxy, and its value. */
export interface EnvironmentProxy {
  readonly variable: string;
  readonly value: string;
}

const VARIABLES: Readonly<Record<string, readonly string[]>> = {
  'ws:': ['ws_proxy', 'http_proxy', 'all_proxy'],
  'wss:': ['wss_proxy', 'https_proxy', 'all_proxy'],
};

/** The addresses of this machine, as in the JVM's default for `http.nonProxyHosts`. */
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('0.0.0.0');
LOOPBACK.addAddress('::1', 'ipv6');
LOOPBACK.addAddress('::', 'ipv6');

/**
 * Reads the proxy for a WebSocket URI from the usual variables: `wss_proxy`, `https_proxy`, `all_proxy` for `wss:`, and
 * `ws_proxy`, `http_proxy`, `all_proxy` for `ws:`. The first one wins, each in lower case first. `no_proxy` lists
 * exceptions. Connections to this machine never use a proxy.
 *
 * @returns undefined for none
 */
export function proxyOfEnvironment(uri: URL, environment: NodeJS.ProcessEnv): EnvironmentProxy | undefined {
  const host = hostOf(uri.hostname);
  if (isLoopback(host)) return undefined;
  const port = uri.port === '' ? (uri.protocol === 'wss:' ? '443' : '80') : uri.port;
  const exceptions = read('no_proxy', environment)?.value.split(/[\s,]+/) ?? [];
  if (exceptions.some((exception) => isExcepted(exception.toLowerCase(), host, port))) return undefined;
  for (const name of VARIABLES[uri.protocol] ?? []) {
    const found = read(name, environment);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** An empty variable counts as missing. */
function read(name: string, environment: NodeJS.ProcessEnv): EnvironmentProxy | undefined {
  for (const variable of [name, name.toUpperCase()]) {
    // In a CGI program this variable holds the request's Proxy header.
    if (variable === 'HTTP_PROXY' && environment.REQUEST_METHOD !== undefined) continue;
    const value = environment[variable]?.trim() ?? '';
    if (value !== '') return { variable, value };
  }
  return undefined;
}

/** Removes the brackets of an IPv6 address and the final dot of a host name. */
function hostOf(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || isListed(LOOPBACK, host);
}

function isListed(list: BlockList, host: string): boolean {
  const family = isIP(host);
  return family !== 0 && list.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

/** An exception is `*`, a name (with its subdomains), an address, or a range of addresses, with or without a port. */
function isExcepted(exception: string, host: string, port: string): boolean {
  if (exception === '') return false;
  if (exception === '*') return true;
  // Without brackets, ::1:80 as a whole is an address.
  const isAddress = isIP(exception.split('/')[0] ?? '') !== 0;
  const [, pattern = '', withPort] = isAddress
    ? [exception, exception]
    : (/^\[?(.*?)\]?(?::(\d+))?$/.exec(exception) ?? []);
  if (withPort !== undefined && withPort !== port) return false;
  if (isIP(host) !== 0) return isListed(listOf(pattern), host);
  const name = pattern.replace(/^\*?\./, '').replace(/\.$/, '');
  return name !== '' && (host.endsWith(`.${name}`) || (host === name && !/^\*?\./.test(pattern)));
}

/** A list with the address, or the range in CIDR notation; empty for anything else. */
function listOf(pattern: string): BlockList {
  const list = new BlockList();
  const [address = '', prefix] = pattern.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  const length = Number(prefix ?? (family === 'ipv6' ? 128 : 32));
  const isRange =
    isIP(address) !== 0 && Number.isInteger(length) && length >= 0 && length <= (family === 'ipv6' ? 128 : 32);
  if (isRange) list.addSubnet(address, length, family);
  return list;
}
