import { isIP } from 'node:net';
import { DeploymentException } from '@serval/api';
import { badOption } from '@serval/api/spi';

/**
 * The names under which a server may be reached: `'chat.example'`, or `'.chat.example'` for it and all names below it; no
 * port. Addresses, `localhost` and names below that are always allowed: no other site can make them point elsewhere.
 */
export type AllowedHosts = readonly string[];

/** Whether a handshake may name this host, which may come with a port. */
export type IsAllowedHost = (host: string) => boolean;

/**
 * A page of another site can make its own name point at this machine or network (DNS rebinding). Its Origin then equals
 * the Host header, so that the origin check lets it in; only the name gives it away.
 *
 * @returns undefined where every name is allowed
 * @throws DeploymentException for what is no list, and for an entry that is no name
 */
export function hostPolicy(allowed: AllowedHosts | undefined): IsAllowedHost | undefined {
  if (allowed === undefined) return undefined;
  if (!Array.isArray(allowed)) throw badOption('allowedHosts', 'a list of host names', allowed);
  const entries = (allowed as readonly unknown[]).map(parseEntry);
  const names = new Set(entries);
  const suffixes = entries.filter((entry) => entry.startsWith('.'));
  return (host) => {
    const name = nameOf(host);
    if (isAddress(name) || isUnder('.localhost', name) || names.has(name)) return true;
    return suffixes.some((suffix) => isUnder(suffix, name));
  };
}

/** @param suffix with its leading dot */
function isUnder(suffix: string, name: string): boolean {
  return name === suffix.slice(1) || name.endsWith(suffix);
}

function parseEntry(entry: unknown): string {
  if (typeof entry !== 'string') throw badOption('allowedHosts', 'a list of host names', entry);
  const bare = entry.replace(/^\./, '');
  // Such as "https://chat.example", "chat.example:8080" or "*.chat.example": no Host would ever match it.
  if (bare !== '' && isPlainName(bare)) return `${entry.startsWith('.') ? '.' : ''}${nameOf(bare)}`;
  throw new DeploymentException(
    `allowedHosts holds ${JSON.stringify(entry)}, which is not a host name; write a name without scheme and port, such as "chat.example", or ".chat.example" for the names below it too.`,
    undefined,
    'WS_DEPLOY_BAD_OPTION',
  );
}

function isPlainName(name: string): boolean {
  return !/[\s:/*@?#[\]\\]/.test(name) && URL.canParse(`ws://${name}/`);
}

/** As URLs have it: lower case, punycode, addresses in their usual form; without a final dot. */
function nameOf(host: string): string {
  return new URL(`ws://${host}/`).hostname.replace(/\.$/, '');
}

function isAddress(name: string): boolean {
  return name.startsWith('[') || isIP(name) !== 0;
}
