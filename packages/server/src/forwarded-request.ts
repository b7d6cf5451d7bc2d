import { isIP } from 'node:net';
import type { HeaderMap } from '@serval/protocol';
import type { IsTrustedProxy } from './trust-proxy';
import type { UpgradeRequest } from './upgrade-request';

/**
 * The request as the client sent it to the outermost trusted proxy: with the client's address, scheme and host by
 * X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host. From a peer that is not trusted it is the request as it came.
 *
 * @throws what `isTrusted` threw
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

  /** Those of the connection: a proxy's own, where it shows any. */
  clientCertificates(): readonly Buffer[] | undefined {
    return this.request.clientCertificates();
  }
}

/**
 * Each proxy appends the address of its own peer, so the list is read from its end, as long as the one who wrote an entry
 * is trusted. What stands further to the left anybody may have written.
 */
function clientOf(request: UpgradeRequest, isTrusted: IsTrustedProxy): Client {
  const entries = elementsOf(request.headers, 'X-Forwarded-For').reverse();
  let client: Client = { address: request.remoteAddress, port: request.remotePort };
  for (const [index, entry] of entries.entries()) {
    const next = parseAddress(entry);
    // Such as "unknown", of Squid.
    if (next === undefined) break;
    client = next;
    if (!isTrusted(next.address, index + 1)) break;
  }
  return client;
}

/** An address of either family, alone or, as some load balancers write it, with a port. */
function parseAddress(entry: string): { readonly address: string; readonly port: number | undefined } | undefined {
  if (isIP(entry) !== 0) return { address: entry, port: undefined };
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(entry) ?? [];
  const address = bracketed ?? plain ?? '';
  const isAddress = isIP(address) === (bracketed === undefined ? 4 : 6);
  return isAddress ? { address, port: digits === undefined ? undefined : Number(digits) } : undefined;
}

/** @returns undefined for what is no scheme of a web server */
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

/** The element that the nearest proxy wrote, where it appended one to what the client sent. */
function lastOf(headers: HeaderMap, name: string): string | undefined {
  return elementsOf(headers, name).at(-1);
}

/** Of all lines of a header; empty ones are ignored (RFC 9110 5.6.1). */
function elementsOf(headers: HeaderMap, name: string): string[] {
  const list = headers.list(name)?.split(',') ?? [];
  return list.map((element) => element.trim()).filter((element) => element !== '');
}
