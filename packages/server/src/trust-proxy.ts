import { inspect } from 'node:util';
import { DeploymentException } from '@serval/api';
import { loadLazily, type OptionKind } from '@serval/api/spi';
import { isThenable, tolerateNeglect } from '@serval/container';
import type * as ProxyAddr from 'proxy-addr';

/**
 * The proxies whose X-Forwarded-* headers count, as in Express: their addresses and subnets (`'10.0.0.0/8'`, also
 * `'loopback'`, `'linklocal'` and `'uniquelocal'`), separated by commas or in a list; the number of proxies in front of the
 * server; or a function of an address and its hop, 0 for the socket's peer. `false` and 0 trust no proxy.
 */
export type TrustProxy = false | number | string | readonly string[] | ((address: string, hop: number) => boolean);

/** Whether an address is that of a trusted proxy. @throws the error of the application's function */
export type IsTrustedProxy = (address: string, hop: number) => boolean;

export const TRUST_PROXY: OptionKind<IsTrustedProxy | undefined> = {
  expected: "false, a number of proxies, their addresses and subnets such as 'loopback, 10.0.0.0/8', or a function",
  // trustedProxies checks the value.
  read: (option) => trustedProxies(option as TrustProxy),
};

/**
 * @returns undefined if no proxy is trusted
 * @throws DeploymentException when the value has another type, or a list entry is not an address
 */
export function trustedProxies(option: TrustProxy): IsTrustedProxy | undefined {
  if (option === false) return undefined;
  if (typeof option === 'function') return asking(option);
  if (typeof option === 'number' && Number.isSafeInteger(option) && option >= 0)
    return option === 0 ? undefined : (_address, hop) => hop < option;
  const addresses: unknown = typeof option === 'string' ? option.split(',').map((entry) => entry.trim()) : option;
  if (!Array.isArray(addresses) || !addresses.every((entry) => typeof entry === 'string')) throw badTrust(option);
  const { compile } = loadLazily('proxy-addr', 'trustProxy', () => require('proxy-addr') as typeof ProxyAddr);
  try {
    return compile(addresses);
  } catch (cause) {
    throw badTrust(option, cause);
  }
}

/** Accepts only booleans as the function's result. */
function asking(isTrusted: (address: string, hop: number) => unknown): IsTrustedProxy {
  return (address, hop) => {
    const answer = isTrusted(address, hop);
    if (typeof answer === 'boolean') return answer;
    if (isThenable(answer)) void tolerateNeglect(Promise.resolve(answer));
    throw new Error(
      `trustProxy returned ${isThenable(answer) ? 'a promise' : typeof answer} for ${JSON.stringify(address)}; expected true or false.`,
    );
  };
}

function badTrust(option: unknown, cause?: unknown): DeploymentException {
  const found = inspect(option, { depth: 1, breakLength: Infinity });
  const why = cause instanceof Error ? ` (${cause.message})` : '';
  // Express accepts true, and then any client can forge its address.
  const remedy =
    option === true
      ? ' true would trust every client; pass the proxies, or their number.'
      : hasEmptyEntry(option)
        ? ' Remove the empty entry; false trusts no proxy.'
        : '';
  return new DeploymentException(
    `trustProxy is ${TRUST_PROXY.expected}; found ${found}${why}.${remedy}`,
    cause,
    'WS_DEPLOY_BAD_OPTION',
  );
}

/** Whether an entry is empty, as after the comma in 'loopback,' or in an unset environment variable. */
function hasEmptyEntry(option: unknown): boolean {
  const entries: unknown = typeof option === 'string' ? option.split(',') : option;
  return Array.isArray(entries) && entries.some((entry) => typeof entry === 'string' && entry.trim() === '');
}
