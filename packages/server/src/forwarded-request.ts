import { isIP } from 'node:net';
import type { HeaderMap } from '@serval/protocol';
import type { IsTrustedProxy } from './trust-proxy';
import type { UpgradeRequest } from './upgrade-request';

/**
 * The request as the client sent it to the outermost trusted proxy, with the client's address, scheme and host from
 * X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host. Returns the request unchanged if its peer is not trusted.
 *
 * @throws the error of `isTrusted`
 */
export function throughProxies(request: UpgradeRequest, isTrusted: IsTrustedProxy | undefined): UpgradeRequest {
  if (isTrusted === undefined || !isTrusted(request.remoteAddress ?? '', 0)) return request;
  return new ForwardedRequest(request, isTrusted);
}

interface Client {
  readonly address: string | undefined;
  readonly port: number | undefined;
}

class ForwardedRequest implements UpgradeRequest {
  readonly isSecure: boolean;
  readonly forwardedHost: string | undefined;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;

  constructor(
    private readonly request: UpgradeRequest,
    isTrusted: IsTrustedProxy,
  ) {
    const client = clientOf(request, isTrusted);
    this.remoteAddress = client.address;
    this.remotePort = client.port;
    this.isSecure = isSecureScheme(lastOf(request.headers, 'X-Forwarded-Proto')) ?? request.isSecure;
    this.forwardedHost = lastOf(request.headers, 'X-Forwarded-Host');
  }

  get method(): string {
    return this.request.method;
  }

  get httpVersion(): string {
    return this.request.httpVersion;
  }

  get target(): string {
    return this.request.target;
  }

  get headers(): HeaderMap {
    return this.request.headers;
  }

  get localAddress(): string | undefined {
    return this.request.localAddress;
  }

  get localPort(): number | undefined {
    return this.request.localPort;
  }

  get native(): unknown {
    return this.request.native;
  }

  /** The certificates of the connection, which are those of the proxy if it sends any. */
  clientCertificates(): readonly Buffer[] | undefined {
    return this.request.clientCertificates();
  }
}

/**
 * Each proxy appends its peer's address. The list is therefore read from its end, as long as the writer of an entry is
 * trusted. Anyone may have written the entries further left.
 */
function clientOf(request: UpgradeRequest, isTrusted: IsTrustedProxy): Client {
  const entries = elementsOf(request.headers, 'X-Forwarded-For').reverse();
  let client: Client = { address: request.remoteAddress, port: request.remotePort };
  for (const [index, entry] of entries.entries()) {
    const next = parseAddress(entry);
    // Such as "unknown" from Squid.
    if (next === undefined) break;
    client = next;
    if (!isTrusted(next.address, index + 1)) break;
  }
  return client;
}

/** Parses an IPv4 or IPv6 address, with or without a port; some load balancers add one. */
function parseAddress(entry: string): { readonly address: string; readonly port: number | undefined } | undefined {
  if (isIP(entry) !== 0) return { address: entry, port: undefined };
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(entry) ?? [];
  const address = bracketed ?? plain ?? '';
  const isAddress = isIP(address) === (bracketed === undefined ? 4 : 6);
  return isAddress ? { address, port: digits === undefined ? undefined : Number(digits) } : undefined;
}

/** @returns undefined if it is not the scheme of a web server */
function isSecureScheme(scheme: string | undefined): boolean | undefined {
  switch (scheme?.toLowerCase()) {
    case 'https':
    case 'wss':
      return true;
    case 'http':
    case 'ws':
      return false;
    default:
      return undefined;
  }
}

/** The last element, which the nearest proxy wrote. */
function lastOf(headers: HeaderMap, name: string): string | undefined {
  return elementsOf(headers, name).at(-1);
}

/** The elements of all lines of a header, without empty ones (RFC 9110 5.6.1). */
function elementsOf(headers: HeaderMap, name: string): string[] {
  const list = headers.list(name)?.split(',') ?? [];
  return list.map((element) => element.trim()).filter((element) => element !== '');
}
