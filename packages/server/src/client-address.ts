import { isIPv4, isIPv6 } from 'node:net';

const IPV6_GROUPS = 8;
/** The groups of the network that a provider gives to one customer (RFC 6177): a /64. */
const NETWORK_GROUPS = 4;

/** The first six groups of IPv6 addresses that stand for an IPv4 address: mapped ones, and those of NAT64 (RFC 6052 2.1). */
const IPV4_PREFIXES: ReadonlySet<string> = new Set(['0:0:0:0:0:ffff', '64:ff9b:0:0:0:0']);

/**
 * The key under which the connections of one client count: an IPv4 address as it is, also in a form of IPv6
 * (`::ffff:192.0.2.1`, `64:ff9b::192.0.2.1`), and of any other IPv6 address the /64 network, because each customer has a
 * whole one.
 *
 * @returns undefined without an address, as on a Unix domain socket
 */
export function addressKey(address: string | undefined): string | undefined {
  if (address === undefined || address === '') return undefined;
  // As Node writes it, for most clients of a server that listens on ::.
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined && isIPv4(mapped)) return mapped;
  const [plain = ''] = address.split('%', 1);
  if (!isIPv6(plain)) return address;
  const groups = groupsOf(plain);
  if (IPV4_PREFIXES.has(groups.slice(0, -2).join(':'))) return groups.slice(-2).flatMap(bytesOf).join('.');
  return `${groups.slice(0, NETWORK_GROUPS).join(':')}::/64`;
}

/** The eight groups, without leading zeros, in lower case. */
function groupsOf(address: string): string[] {
  // The URL parser writes an address in one form, also one that ends like an IPv4 address.
  const canonical = new URL(`ws://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const before = head === '' ? [] : head.split(':');
  if (tail === undefined) return before;
  const after = tail === '' ? [] : tail.split(':');
  return [...before, ...Array.from({ length: IPV6_GROUPS - before.length - after.length }, () => '0'), ...after];
}

function bytesOf(group: string): number[] {
  const value = Number.parseInt(group, 16);
  return [value >> 8, value & 0xff];
}
