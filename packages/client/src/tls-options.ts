import { DeploymentException } from '@serval/api';
import type { ConnectionOptions } from 'node:tls';

/** What Node's TLS is told beside the host. */
export type TlsOptions = ConnectionOptions;

/** What would tell another origin who the client is, or holds for the first host only. */
const FOR_ONE_ORIGIN = [
  'key',
  'cert',
  'pfx',
  'passphrase',
  'secureContext',
  'servername',
  'checkServerIdentity',
  'session',
  'pskCallback',
] as const;

/**
 * The `sslContext` of a client endpoint's configuration: TLS options of Node, or a `tls.SecureContext`.
 *
 * @throws DeploymentException for anything else
 */
export function readSslContext(sslContext: unknown): TlsOptions {
  if (sslContext === undefined || sslContext === null) return {};
  if (typeof sslContext !== 'object') {
    throw new DeploymentException(
      `sslContext takes TLS options of Node or a tls.SecureContext; found ${typeof sslContext}.`,
      undefined,
      'WS_DEPLOY_BAD_OPTION',
    );
  }
  // A SecureContext has no class that could be asked for; its native part is in `context`.
  if ('context' in sslContext) return { secureContext: sslContext };
  return sslContext;
}

/** What is left of the options for an origin that a redirect has led to: the client's certificate stays at home. */
export function withoutIdentity(tls: TlsOptions): TlsOptions {
  const rest = { ...tls };
  for (const name of FOR_ONE_ORIGIN) delete rest[name];
  return rest;
}
