import type { TlsOptions } from './tls-options';

/** `80CC…:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:../deps/…:1601:SSL alert …` */
const OPENSSL = /(?:write EPROTO )?[\dA-F]+:error:[\dA-F]+:[^:]*:[^:]*:([^:\n]+):[^]*$/;

/** Alerts of a server that requires a certificate or rejects one (RFC 8446 6.2). With TLS 1.2 it may send only the last. */
const ALERT = /alert (?:(?:bad |unsupported )?certificate|unknown ca|access denied|handshake failure)/;

/** Errors of Node and OpenSSL that another attempt cannot fix. */
const TLS_CODE = /^EPROTO$|^ERR_(?:TLS|SSL|OSSL)_|CERT|ISSUER|SIGNATURE|CRL|INVALID_CA|HOSTNAME_MISMATCH|PATH_LENGTH/;

/** Whether TLS failed: because of a certificate of either side, a version, or a server that does not speak TLS. */
export function isTlsFailure(code: unknown): boolean {
  return typeof code === 'string' && TLS_CODE.test(code);
}

/** Shortens OpenSSL's message to its finding, without the place in its sources. Returns any other message unchanged. */
export function withoutTrace(message: string): string {
  return message.replace(OPENSSL, '$1');
}

/**
 * The remedy for a connection that may have failed because of a wrong or missing client certificate.
 *
 * With TLS 1.3 the client's handshake ends before the server sees the certificate. The refusal therefore arrives instead
 * of a response: as an alert or, from servers on Node, as the end of the connection.
 *
 * @param name the option with the certificate
 * @returns a sentence, or the empty string
 */
export function certificateHint(error: Error & { code?: unknown }, tls: TlsOptions, name: string): string {
  const hasCertificate = [tls.cert, tls.pfx, tls.secureContext].some((part) => part !== undefined);
  const hasEnded = error.code === 'ECONNRESET' || error.code === 'EPIPE';
  if (!ALERT.test(error.message) && !(hasCertificate && hasEnded)) return '';
  return hasCertificate
    ? ` The server may not accept the client's certificate; check key and cert of ${name}.`
    : ` The server may require a client certificate; pass it as key and cert of ${name}.`;
}
