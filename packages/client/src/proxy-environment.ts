import { BlockList, isIP } from 'node:net';

/** What the environment says: the variable, and its value. */
export interface EnvironmentProxy {
  readonly variable: string;
  readonly value: string;
}

const VARIABLES: Readonly<Record<string, readonly string[]>> = {
  'ws:': ['ws_proxy', 'http_proxy', 'all_proxy'],
  'wss:': ['wss_proxy', 'https_proxy', 'all_proxy'],
};

/** The machine itself, as the JVM has it (`http.nonProxyHosts`). */
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('0.0.0.0');
LOOPBACK.addAddress('::1', 'ipv6');
LOOPBACK.addAddress('::', 'ipv6');

/**
 * The proxy for a WebSocket URI by the usual variables: `wss_proxy`, else `https_proxy`, else `all_proxy` (`ws_proxy`,
 * `http_proxy`, `all_proxy` for ws:), each in lower case first, and `no_proxy`. The machine itself is never proxied.
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

/** An empty variable is none. */
function read(name: string, environment: NodeJS.ProcessEnv): EnvironmentProxy | undefined {
  for (const variable of [name, name.toUpperCase()]) {
    // A CGI program has the request's header Proxy in it.
    if (variable === 'HTTP_PROXY' && environment.REQUEST_METHOD !== undefined) continue;
    const value = environment[variable]?.trim() ?? '';
    if (value !== '') return { variable, value };
  }
  return undefined;
}

/** Without the brackets of an IPv6 address, and the dot of a name from the root. */
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

/** `*`; a name, which stands for those below it as well; an address; a range of them; with or without a port. */
function isExcepted(exception: string, host: string, port: string): boolean {
  if (exception === '') return false;
  if (exception === '*') return true;
  // Without brackets, all of ::1:80 is an address.
  const isAddress = isIP(exception.split('/')[0] ?? '') !== 0;
  const [, pattern = '', withPort] = isAddress
    ? [exception, exception]
    : (/^\[?(.*?)\]?(?::(\d+))?$/.exec(exception) ?? []);
  if (withPort !== undefined && withPort !== port) return false;
  if (isIP(host) !== 0) return isListed(listOf(pattern), host);
  const name = pattern.replace(/^\*?\./, '').replace(/\.$/, '');
  return name !== '' && (host.endsWith(`.${name}`) || (host === name && !/^\*?\./.test(pattern)));
}

/** An address, or a range in CIDR notation; what is neither lists nothing. */
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
