import type { Server as HttpsServer, ServerOptions as SecureServerOptions } from 'node:https';
import type { Http2SecureServer } from 'node:http2';
import type * as Tls from 'node:tls';
import { DeploymentException } from '@serval/api';
import { badOption, describeKind, isOptionsObject } from '@serval/api/spi';
import { toError } from '@serval/container';

/** The options of Node's `tls.createSecureContext` for new connections: `key` and `cert`, or `pfx` and `passphrase`. */
export type TlsContextOptions = Tls.SecureContextOptions;

/** @throws DeploymentException when Node rejects the options, such as an invalid key */
export function withTls<T>(name: string, create: () => T): T {
  try {
    return create();
  } catch (cause) {
    throw new DeploymentException(
      `Node rejected ${name}: ${toError(cause).message}. See the cause, and the options of tls.createServer.`,
      cause,
      'WS_DEPLOY_BAD_OPTION',
    );
  }
}

const EXPECTED = 'an object with key and cert, or with pfx';

/**
 * Changes the certificate of a server for the connections that begin from now on.
 *
 * @param current the options in force
 * @returns the options in force from now on: the given ones, and the current others
 * @throws DeploymentException when they are invalid, or key and certificate do not match; nothing changes then
 */
export function changeCertificate(
  server: HttpsServer | Http2SecureServer,
  current: SecureServerOptions,
  given: TlsContextOptions,
): SecureServerOptions {
  if (!isOptionsObject(given)) throw badOption('The argument of reloadTls', EXPECTED, given, '', describeKind);
  const { key, cert, pfx } = given as TlsContextOptions;
  const isPair = key !== undefined && cert !== undefined;
  if (!isPair && pfx === undefined)
    throw badOption(
      'The argument of reloadTls',
      EXPECTED,
      given,
      'Pass the key together with its certificate.',
      describeKind,
    );
  // The old key store must not stay beside the new pair, nor the other way round.
  const replaced = { key: undefined, cert: undefined, pfx: undefined, passphrase: undefined };
  const next = { ...current, ...replaced, ...(given as TlsContextOptions) };
  withTls('the options of reloadTls; the old certificate stays', () => {
    const { createSecureContext } = require('node:tls') as typeof Tls;
    createSecureContext(next);
    server.setSecureContext(next);
  });
  return next;
}
