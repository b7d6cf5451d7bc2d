import { isIPv4, isIPv6 } from 'node:net';

const IPV6_GROUPS = 8;
/** The groups of the network that a provider gives to one customer (RFC 6177): a /64. */
const NETWORK_GROUPS = 4;

/**
 * The key under which the connections of one client count: an IPv4 address as it is, also in the form of IPv6
 * (`::ffff:192.0.2.1`), and of an IPv6 address the /64 network, because each customer has a whole one.
 *
 * @returns undefined without an address, as on a Unix domain socket
 */
export function addressKey(address: string | undefined): string | undefined {
  if (address === undefined || address === '') return undefined;
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined && isIPv4(mapped)) return mapped;
  const [plain = ''] = address.split('%', 1);
  return isIPv6(plain) ? `${networkOf(plain)}::/64` : address;
}

function networkOf(address: string): string {
  // The URL parser writes an address in one form, also one that ends like an IPv4 address.
  const canonical = new URL(`ws://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: IPV6_GROUPS - before.length - after.length }, () => '0');
  const groups = tail === undefined ? before : [...before, ...zeros, ...after];
  return groups.slice(0, NETWORK_GROUPS).join(':');
}
