import type { TlsOptions } from './tls-options';

/** `80CC…:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:../deps/…:1601:SSL alert …` */
const OPENSSL = /(?:write EPROTO )?[\dA-F]+:error:[\dA-F]+:[^:]*:[^:]*:([^:\n]+):[^]*$/;

/** What a server may say that wants a certificate, or another one (RFC 8446 6.2); with TLS 1.2 it may say no more than the last. */
const ALERT = /alert (?:(?:bad |unsupported )?certificate|unknown ca|access denied|handshake failure)/;

/** Errors of Node and of OpenSSL, of which connecting again changes nothing. */
const TLS_CODE = /^EPROTO$|^ERR_(?:TLS|SSL|OSSL)_|CERT|ISSUER|SIGNATURE|CRL|INVALID_CA|HOSTNAME_MISMATCH|PATH_LENGTH/;

/** Whether TLS could not be agreed on: a certificate of either side, a version, or a server that speaks none. */
export function isTlsFailure(code: unknown): boolean {
  return typeof code === 'string' && TLS_CODE.test(code);
}

/** Of OpenSSL's message what it has found, without where in its sources that was; any other message as it is. */
export function withoutTrace(message: string): string {
  return message.replace(OPENSSL, '$1');
}

/**
 * What to do about a connection that may have failed because of the client's certificate, or for lack of one.
 *
 * With TLS 1.3 the client's handshake is over before the server has seen the certificate, so the refusal comes in place of
 * an answer: as an alert, or, from servers on Node, as the mere end of the connection.
 *
 * @param name of the option that the certificate comes from
 * @returns a sentence, or the empty string
 */
export function certificateHint(error: Error & { code?: unknown }, tls: TlsOptions, name: string): string {
  const hasCertificate = [tls.cert, tls.pfx, tls.secureContext].some((part) => part !== undefined);
  const hasEnded = error.code === 'ECONNRESET' || error.code === 'EPIPE';
  if (!ALERT.test(error.message) && !(hasCertificate && hasEnded)) return '';
  return hasCertificate
    ? ` Perhaps the client's certificate is not accepted there; see key and cert of ${name}.`
    : ` Perhaps a certificate of the client is asked for there; give it as key and cert of ${name}.`;
}
