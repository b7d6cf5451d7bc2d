import { ServerEndpointConfig, type HandshakeRequest, type HandshakeResponse } from 'serval';
import { attemptToAdd, copyTo } from '../../common/headers';

// Named, because a declaration file cannot contain the type of a class expression.
type ConfiguratorClass = new () => ServerEndpointConfig.Configurator;

/** A class of configurator that puts what it reads from the request into a response header. */
function answering(header: string, read: (request: HandshakeRequest) => unknown): ConfiguratorClass {
  return class extends ServerEndpointConfig.Configurator {
    override modifyHandshake(
      _config: ServerEndpointConfig,
      request: HandshakeRequest,
      response: HandshakeResponse,
    ): void {
      response.getHeaders().set(header, [String(read(request))]);
    }
  };
}

/** A class of configurator that copies one of the request's maps, after it has tried to write into it. */
function copying(
  map: (request: HandshakeRequest) => ReadonlyMap<string, readonly string[]>,
  added?: string,
): ConfiguratorClass {
  return class extends ServerEndpointConfig.Configurator {
    override modifyHandshake(
      _config: ServerEndpointConfig,
      request: HandshakeRequest,
      response: HandshakeResponse,
    ): void {
      if (added !== undefined) attemptToAdd(map(request), added, ['ReadOnlyValue1', 'ReadOnlyValue2']);
      copyTo(response, map(request));
    }
  };
}

export const CaseInsensitiveHeaderNamesConfigurator = answering('isCaseSensitive', (request) => {
  const name = 'caseInsensitiveKey';
  return [name, name.toLowerCase(), name.toUpperCase()].every((spelling) => request.getHeaders().has(spelling));
});
export const ReadonlyGetHeadersConfigurator = copying((request) => request.getHeaders(), 'GetQueryStringConfigurator');
export const ReadonlyGetParamsConfigurator = copying((request) => request.getParameterMap(), 'ReadOnlyKey');
export const PathParamConfigurator = copying((request) => request.getParameterMap());

export const GetQueryStringConfigurator = answering(
  'GetQueryStringConfigurator',
  (request) => request.getQueryString() ?? 'NULL',
);
export const GetRequestUriConfigurator = answering(
  'GetRequestUriConfigurator',
  (request) => request.getRequestURI().href,
);
export const GetUserPrincipalNotAuthenticatedConfigurator = answering(
  'GetUserPrincipalNotAuthenticatedConfigurator',
  (request) => request.getUserPrincipal() === null,
);
export const IsUserInRoleNotAuthenticatedConfigurator = answering(
  'IsUserInRoleNotAuthenticatedConfigurator',
  (request) => request.isUserInRole('j2ee') || request.isUserInRole('DIRECTOR'),
);

// The following is new in version 2.3.

const isBlank = (text: string | null): boolean => text === null || text.trim() === '';
const isPort = (port: number): boolean => port === -1 || (port > 0 && port < 65_536);

export const GetUserX509CertificateChainNotAuthenticatedConfigurator = answering(
  'GetUserX509CertificateChainNotAuthenticatedConfigurator',
  (request) => request.getUserX509CertificateChain() === null,
);
export const GetLocalAddressConfigurator = answering(
  'GetLocalAddressConfigurator',
  (request) => !isBlank(request.getLocalAddress()),
);
export const GetLocalHostNameConfigurator = answering(
  'GetLocalHostHameConfigurator', // as the TCK spells it
  (request) => !isBlank(request.getLocalHostName()),
);
export const GetLocalPortConfigurator = answering('GetLocalPortConfigurator', (request) =>
  isPort(request.getLocalPort()),
);
export const GetRemoteAddressConfigurator = answering(
  'GetRemoteAddressConfigurator',
  (request) => !isBlank(request.getRemoteAddress()),
);
export const GetRemoteHostNameConfigurator = answering(
  'GetRemoteHostHameConfigurator', // as the TCK spells it
  (request) => !isBlank(request.getRemoteHostName()),
);
export const GetRemotePortConfigurator = answering('GetRemotePortConfigurator', (request) =>
  isPort(request.getRemotePort()),
);
export const GetLocaleNoHeaderConfigurator = answering(
  'GetLocaleNoHeaderConfigurator',
  (request) => request.getPreferredLocale().toString() === Intl.DateTimeFormat().resolvedOptions().locale,
);
export const GetLocaleFrenchConfigurator = answering(
  'GetLocaleFrenchConfigurator',
  (request) => request.getPreferredLocale().toString() === 'fr',
);
export const GetLocaleGermanConfigurator = answering(
  'GetLocaleGermanConfigurator',
  (request) => request.getPreferredLocale().toString() === 'de',
);
