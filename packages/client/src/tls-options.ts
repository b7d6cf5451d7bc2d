import { DeploymentException, type ClientEndpointConfig } from '@serval/api';
import { TOMCAT } from '@serval/container';
import type { ConnectionOptions, SecureVersion } from 'node:tls';
import type * as TrustStore from './trust-store';

/** Options for Node's TLS, other than the host. */
export type TlsOptions = ConnectionOptions;

const SSL_CONTEXT = `${TOMCAT}SSL_CONTEXT`;
const SSL_PROTOCOLS = `${TOMCAT}SSL_PROTOCOLS`;
const SSL_TRUSTSTORE = `${TOMCAT}SSL_TRUSTSTORE`;
const SSL_TRUSTSTORE_PWD = `${TOMCAT}SSL_TRUSTSTORE_PWD`;

/** The names of the user properties that {@link resolveTls} reads. */
export const TLS_PROPERTIES: readonly string[] = [SSL_CONTEXT, SSL_PROTOCOLS, SSL_TRUSTSTORE, SSL_TRUSTSTORE_PWD];

/** Java and Node use the same names. */
const VERSIONS: readonly SecureVersion[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];

/** Options that would identify the client to another origin, or that apply only to the first host. */
const FOR_ONE_ORIGIN = [
  'key',
  'cert',
  'pfx',
  'passphrase',
  'clientCertEngine',
  'privateKeyEngine',
  'privateKeyIdentifier',
  'secureContext',
  'servername',
  'checkServerIdentity',
  'session',
  'pskCallback',
] as const;

/**
 * Reads an endpoint's TLS settings: the `sslContext` of its configuration, or else SSL_CONTEXT, or else SSL_TRUSTSTORE;
 * and SSL_PROTOCOLS with any of them.
 *
 * @throws DeploymentException (as a rejection) when one is invalid, or when two exclude each other
 */
export async function resolveTls(config: ClientEndpointConfig): Promise<TlsOptions> {
  const properties = config.getUserProperties();
  const protocols = properties.get(SSL_PROTOCOLS) ?? undefined;
  const versions = protocols === undefined ? {} : readProtocols(protocols);
  const byBuilder = config.getSSLContext() ?? undefined;
  const byProperty = properties.get(SSL_CONTEXT) ?? undefined;
  const tls =
    byBuilder !== undefined
      ? readSslContext('sslContext', byBuilder)
      : byProperty !== undefined
        ? readSslContext(SSL_CONTEXT, byProperty)
        : await readTrusted(properties);
  if (protocols !== undefined && tls.secureContext !== undefined) {
    throw wrong(
      `${SSL_PROTOCOLS} cannot change a tls.SecureContext. Create the context with minVersion and maxVersion, or pass TLS options of Node instead.`,
    );
  }
  return { ...tls, ...versions };
}

/** The options for another origin after a redirect, without the client's certificate. */
export function withoutIdentity(tls: TlsOptions): TlsOptions {
  const rest = { ...tls };
  for (const name of FOR_ONE_ORIGIN) delete rest[name];
  return rest;
}

/** TLS options of Node, or a `tls.SecureContext`. */
function readSslContext(name: string, sslContext: unknown): TlsOptions {
  if (typeof sslContext !== 'object' || sslContext === null)
    throw wrong(`${name} takes TLS options of Node or a tls.SecureContext; found ${typeof sslContext}.`);
  // A SecureContext has no class to test for. Its native part is the member `context`.
  if ('context' in sslContext) return { secureContext: sslContext };
  return sslContext;
}

/** As in Java, a trust store replaces the default authorities. */
async function readTrusted(properties: ReadonlyMap<string, unknown>): Promise<TlsOptions> {
  const path = properties.get(SSL_TRUSTSTORE) ?? undefined;
  if (path === undefined) return {};
  // The default of Tomcat and Java.
  const password = properties.get(SSL_TRUSTSTORE_PWD) ?? 'changeit';
  if (typeof path !== 'string') throw wrong(`${SSL_TRUSTSTORE} is the path of a file; found ${typeof path}.`);
  if (typeof password !== 'string') throw wrong(`${SSL_TRUSTSTORE_PWD} is a string; found ${typeof password}.`);
  const { readTrustStore } = require('./trust-store') as typeof TrustStore;
  return { ca: await readTrustStore(SSL_TRUSTSTORE, path, password) };
}

/** Java enables single versions, Node a range. */
function readProtocols(protocols: unknown): TlsOptions {
  const listed: unknown[] =
    typeof protocols === 'string' ? protocols.split(',') : Array.isArray(protocols) ? protocols : [];
  const names = listed.map((name) => (typeof name === 'string' ? name.trim() : ''));
  const indices = names
    .map((name) => VERSIONS.findIndex((version) => version === name))
    .sort((one, other) => one - other);
  const [first = -1] = indices;
  const last = indices.at(-1) ?? -1;
  if (first === -1) {
    throw wrong(
      `${SSL_PROTOCOLS} is a list, or text with commas, of ${VERSIONS.join(', ')}; found ${JSON.stringify(protocols) ?? typeof protocols}.`,
    );
  }
  const missing = VERSIONS.slice(first, last).filter((version) => !names.includes(version));
  if (missing.length > 0) {
    throw wrong(
      `${SSL_PROTOCOLS} is ${names.join(', ')}, without ${missing.join(', ')}; Node enables all versions between two, so list them or leave one end out.`,
    );
  }
  return { minVersion: VERSIONS[first], maxVersion: VERSIONS[last] };
}

function wrong(message: string): DeploymentException {
  return new DeploymentException(message, undefined, 'WS_DEPLOY_BAD_OPTION');
}
