import { DeploymentException, HandshakeException } from '@serval/api';
import { toError } from '@serval/container';
import { UsageError } from './command-arguments';
import { EXIT, exitCodeOf } from './exit-code';

/** An error in one line with its remedy, and the exit code for it. */
export interface Explanation {
  readonly line: string;
  readonly code: number;
}

/** @param command the command whose help a usage error points to */
export function explain(error: unknown, command: 'connect' | 'serve' | undefined): Explanation {
  if (error instanceof UsageError) {
    const help = command === undefined ? 'serval --help' : `serval ${command} --help`;
    return { line: `${error.message}. See: ${help}`, code: EXIT.USAGE };
  }
  if (error instanceof HandshakeException) return explainHandshake(error);
  if (error instanceof DeploymentException) return { line: withCause(error), code: EXIT.UNREACHABLE };
  const remedy = SYSTEM_ERRORS.get(codeOf(error));
  const { message, name } = toError(error);
  // The user pressed Ctrl-C at the password prompt.
  if (name === 'AbortError') return { line: 'interrupted', code: exitCodeOf('SIGINT') };
  return remedy === undefined
    ? { line: message, code: EXIT.FAILED }
    : { line: `${message}; ${remedy}`, code: EXIT.UNREACHABLE };
}

/** Errors of `listen`, with their remedies. */
const SYSTEM_ERRORS = new Map<unknown, string>([
  ['EADDRINUSE', 'another program uses that port; choose another one with --port'],
  ['EACCES', 'this user may not open that port; choose one above 1023 with --port'],
  ['EADDRNOTAVAIL', 'this machine does not have that address; choose another one with --host'],
]);

const BY_STATUS = new Map([
  [401, 'pass credentials with --user, or a token with --header'],
  [403, 'try another --origin, or pass a token with --header'],
  [404, 'check the path'],
  [407, 'pass credentials for the proxy: --proxy http://user:password@host:port'],
  [426, 'the server speaks another version of the protocol'],
]);

const BY_CAUSE = new Map<unknown, string>([
  ['ECONNREFUSED', 'check that the server is running, and the port'],
  ['ENOTFOUND', 'check the host name'],
  ['EAI_AGAIN', 'check the host name and the network'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'trust the certificate with --ca, or any certificate with --insecure'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'trust its authority with --ca, or any certificate with --insecure'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'trust its authority with --ca, or any certificate with --insecure'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'trust its authority with --ca, or any certificate with --insecure'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'use the host name in the certificate, or --insecure'],
  ['CERT_HAS_EXPIRED', 'install a new certificate on the server, or accept this one with --insecure'],
]);

function explainHandshake(error: HandshakeException): Explanation {
  const remedy =
    remedyOfStatus(error) ||
    BY_CAUSE.get(codeOf(error.cause)) ||
    (error.code === 'WS_CONNECT_TLS' ? remedyOfTls(error.message) : undefined) ||
    (error.code === 'WS_CONNECT_TIMEOUT' ? 'check that it is a WebSocket server, or raise --timeout' : undefined);
  // The other sentences name options of the API.
  const line = remedy === undefined ? error.message : `${error.message.split(/\.(?:\s|$)/)[0]}; ${remedy}`;
  if (error.code === 'WS_CONNECT_BAD_URI') return { line, code: EXIT.USAGE };
  return { line, code: error.status === undefined ? EXIT.UNREACHABLE : EXIT.REFUSED };
}

function remedyOfStatus({ code, status }: HandshakeException): string | undefined {
  if (status === undefined || code === 'WS_CONNECT_AUTHENTICATION') return undefined;
  // Some proxies answer 401 instead of 407.
  return BY_STATUS.get(code === 'WS_CONNECT_PROXY' && status === 401 ? 407 : status);
}

function remedyOfTls(message: string): string | undefined {
  if (message.includes('wrong version number')) return 'the server does not seem to speak TLS; try a URI with ws:';
  return message.includes('client') ? 'pass the client certificate with --cert and --key' : undefined;
}

function withCause(error: Error): string {
  const { message, cause } = error;
  // The message has the install command, and "scan" is an option of the API. The cause lists files of Node.
  if (message.includes('Run "npm install ')) return message.replace(/^scan needs/, 'serve needs');
  const reason = cause === undefined ? '' : toError(cause).message;
  return message.includes(reason) ? message : `${message.replace(/\.$/, '')}: ${reason}`;
}

/** The error's code. If Node tried several addresses, the code for the first one. */
function codeOf(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && error.code !== undefined) return error.code;
  return 'errors' in error && Array.isArray(error.errors) ? codeOf(error.errors[0]) : undefined;
}
