import { isIP } from 'node:net';
import { DeploymentException } from '@serval/api';
import { badOption, type OptionKind } from '@serval/api/spi';

/**
 * The host names that requests to a server may name, without a port: `'chat.example'`, or `'.chat.example'` for it and all
 * names below it. Addresses, `localhost` and names below it are always allowed, because no other site controls them.
 */
export type AllowedHosts = readonly string[];

/** Whether a handshake may name this host, which may include a port. */
export type IsAllowedHost = (host: string) => boolean;

/**
 * A page of another site can make its own name resolve to this machine or network (DNS rebinding). Its Origin then equals
 * the Host header, so the origin check accepts it. Only the name differs.
 */
export const ALLOWED_HOSTS: OptionKind<IsAllowedHost> = {
  expected: 'a list of host names',
  read(allowed, name) {
    if (!Array.isArray(allowed)) throw badOption(name, ALLOWED_HOSTS.expected, allowed);
    return hostPolicy((allowed as readonly unknown[]).map((entry) => parseEntry(name, entry)));
  },
};

/** @param entries host names as URLs write them */
function hostPolicy(entries: readonly string[]): IsAllowedHost {
  const names = new Set(entries);
  const suffixes = entries.filter((entry) => entry.startsWith('.'));
  return (host) => {
    const name = nameOf(host);
    if (isAddress(name) || isUnder('.localhost', name) || names.has(name)) return true;
    return suffixes.some((suffix) => isUnder(suffix, name));
  };
}

/** @param suffix with a leading dot */
function isUnder(suffix: string, name: string): boolean {
  return name === suffix.slice(1) || name.endsWith(suffix);
}

function parseEntry(option: string, entry: unknown): string {
  if (typeof entry !== 'string') throw badOption(option, ALLOWED_HOSTS.expected, entry);
  const bare = entry.replace(/^\./, '');
  // An entry such as "https://chat.example", "chat.example:8080" or "*.chat.example" would never match a Host header.
  if (bare !== '' && isPlainName(bare)) return `${entry.startsWith('.') ? '.' : ''}${nameOf(bare)}`;
  throw new DeploymentException(
    `${option} contains ${JSON.stringify(entry)}, which is not a host name; write a name without scheme and port, such as "chat.example", or ".chat.example" to include the names below it.`,
    undefined,
    'WS_DEPLOY_BAD_OPTION',
  );
}

function isPlainName(name: string): boolean {
  return !/[\s:/*@?#[\]\\]/.test(name) && URL.canParse(`ws://${name}/`);
}

/** The host as URLs write it: lower case, punycode, addresses in canonical form; without a final dot. */
function nameOf(host: string): string {
  return new URL(`ws://${host}/`).hostname.replace(/\.$/, '');
}

function isAddress(name: string): boolean {
  return name.startsWith('[') || isIP(name) !== 0;
}
