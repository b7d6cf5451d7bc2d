import { DeploymentException, HandshakeException } from '@serval/api';
import { toError } from '@serval/container';
import { UsageError } from './command-arguments';
import { EXIT, exitCodeOf } from './exit-code';

/** An error in one line, with what to do about it, and the exit code that belongs to it. */
export interface Explanation {
  readonly line: string;
  readonly code: number;
}

/** @param command whose help is pointed to, where the command line is wrong */
export function explain(error: unknown, command: 'connect' | 'serve' | undefined): Explanation {
  if (error instanceof UsageError) {
    const help = command === undefined ? 'serval --help' : `serval ${command} --help`;
    return { line: `${error.message}. See: ${help}`, code: EXIT.USAGE };
  }
  if (error instanceof HandshakeException) return explainHandshake(error);
  if (error instanceof DeploymentException) return { line: withCause(error), code: EXIT.UNREACHABLE };
  const remedy = SYSTEM_ERRORS.get(codeOf(error));
  const { message, name } = toError(error);
  // Of a question that was answered by Ctrl-C.
  if (name === 'AbortError') return { line: 'interrupted', code: exitCodeOf('SIGINT') };
  return remedy === undefined
    ? { line: message, code: EXIT.FAILED }
    : { line: `${message}; ${remedy}`, code: EXIT.UNREACHABLE };
}

/** What a port that cannot be had says. */
const SYSTEM_ERRORS = new Map<unknown, string>([
  ['EADDRINUSE', 'another program has that port, so choose one with --port'],
  ['EACCES', 'this user may not have that port, so choose one above 1023 with --port'],
  ['EADDRNOTAVAIL', 'this machine does not have that address; see --host'],
]);

const BY_STATUS = new Map([
  [401, 'give credentials with --user, or a token with --header'],
  [403, 'it may want another --origin, or a token with --header'],
  [404, 'is the path right?'],
  [407, 'give the proxy credentials: --proxy http://user:password@host:port'],
  [426, 'it speaks another version of the protocol'],
]);

const BY_CAUSE = new Map<unknown, string>([
  ['ECONNREFUSED', 'is the server running, and is the port right?'],
  ['ENOTFOUND', 'is the name of the host right?'],
  ['EAI_AGAIN', 'is the name of the host right, and is there a network?'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'trust it with --ca, or any with --insecure'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'trust its authority with --ca, or any with --insecure'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'trust its authority with --ca, or any with --insecure'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'trust its authority with --ca, or any with --insecure'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'use the name that the certificate is made out to, or --insecure'],
  ['CERT_HAS_EXPIRED', 'the server needs a new one; --insecure takes it all the same'],
]);

function explainHandshake(error: HandshakeException): Explanation {
  const remedy =
    remedyOfStatus(error) ||
    BY_CAUSE.get(codeOf(error.cause)) ||
    (error.code === 'WS_CONNECT_TLS' ? remedyOfTls(error.message) : undefined) ||
    (error.code === 'WS_CONNECT_TIMEOUT' ? 'is it a WebSocket server? --timeout gives it longer' : undefined);
  // Further sentences name options of the API.
  const line = remedy === undefined ? error.message : `${error.message.split(/\.(?:\s|$)/)[0]}; ${remedy}`;
  if (error.code === 'WS_CONNECT_BAD_URI') return { line, code: EXIT.USAGE };
  return { line, code: error.status === undefined ? EXIT.UNREACHABLE : EXIT.REFUSED };
}

function remedyOfStatus({ code, status }: HandshakeException): string | undefined {
  if (status === undefined || code === 'WS_CONNECT_AUTHENTICATION') return undefined;
  // A proxy that answers 401 means what 407 says.
  return BY_STATUS.get(code === 'WS_CONNECT_PROXY' && status === 401 ? 407 : status);
}

function remedyOfTls(message: string): string | undefined {
  if (message.includes('wrong version number')) return 'does the server speak TLS? Without it the URI begins with ws:';
  return message.includes('client') ? 'the certificate of the client is given by --cert and --key' : undefined;
}

function withCause(error: Error): string {
  const { message, cause } = error;
  const reason = cause === undefined ? '' : toError(cause).message;
  return message.includes(reason) ? message : `${message.replace(/\.$/, '')}: ${reason}`;
}

/** Of an attempt at several addresses, that of the first. */
function codeOf(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && error.code !== undefined) return error.code;
  return 'errors' in error && Array.isArray(error.errors) ? codeOf(error.errors[0]) : undefined;
}
