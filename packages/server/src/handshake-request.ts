import { HandshakeRequest, type Headers, type Principal } from '@serval/api';
import { requestParameters } from '@serval/container';
import type { UpgradeRequest } from './upgrade-request';

/** The facts of a handshake other than the HTTP request itself. */
export interface HandshakeFacts {
  readonly uri: string;
  readonly query: string | null;
  readonly pathParameters: ReadonlyMap<string, string>;
  readonly isUserInRole: (principal: Principal, role: string) => boolean;
}

/** The opening handshake, as passed to a Configurator. */
export class WsHandshakeRequest extends HandshakeRequest {
  /** Set after `authenticate`. */
  userPrincipal: Principal | null = null;

  constructor(
    readonly http: UpgradeRequest,
    private readonly facts: HandshakeFacts,
  ) {
    super();
  }

  override getHeaders(): Headers {
    return this.http.headers;
  }

  override getUserPrincipal(): Principal | null {
    return this.userPrincipal;
  }

  override getRequestURI(): URL {
    return new URL(this.facts.uri);
  }

  override isUserInRole(role: string): boolean {
    return this.userPrincipal !== null && this.facts.isUserInRole(this.userPrincipal, role);
  }

  override getHttpSession(): unknown {
    const { native } = this.http;
    return typeof native === 'object' && native !== null && 'session' in native ? (native.session ?? null) : null;
  }

  override getParameterMap(): ReadonlyMap<string, readonly string[]> {
    return requestParameters(this.facts.query, this.facts.pathParameters);
  }

  override getQueryString(): string | null {
    return this.facts.query;
  }

  override getUserX509CertificateChain(): readonly Buffer[] | null {
    return this.http.clientCertificates() ?? null;
  }

  override getLocalAddress(): string {
    return this.http.localAddress ?? '';
  }

  override getLocalHostName(): string {
    return this.getRequestURI().hostname;
  }

  override getLocalPort(): number {
    return this.http.localPort ?? -1;
  }

  override getRemoteAddress(): string {
    return this.http.remoteAddress ?? '';
  }

  /** The address, because the server does not resolve names. */
  override getRemoteHostName(): string {
    return this.getRemoteAddress();
  }

  override getRemotePort(): number {
    return this.http.remotePort ?? -1;
  }

  override getPreferredLocale(): Intl.Locale {
    return (
      preferredLocale(this.http.headers.list('Accept-Language')) ??
      new Intl.Locale(Intl.DateTimeFormat().resolvedOptions().locale)
    );
  }

  override getNativeRequest(): unknown {
    return this.http.native;
  }
}

/** The first language with the highest weight (RFC 9110 12.5.4); undefined if there is none. */
function preferredLocale(header: string | undefined): Intl.Locale | undefined {
  let best: { locale: Intl.Locale; weight: number } | undefined;
  for (const item of header?.split(',') ?? []) {
    const [tag = '', ...parameters] = item.split(';').map((part) => part.trim());
    const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    const weight = quality === undefined ? 1 : Number(quality);
    if (tag === '' || tag === '*' || !(weight > (best?.weight ?? 0))) continue;
    try {
      best = { locale: new Intl.Locale(tag), weight };
    } catch {
      // Not a language tag; the others still count.
    }
  }
  return best?.locale;
}
