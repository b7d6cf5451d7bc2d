import { inspect } from 'node:util';
import { DeploymentException } from '@serval/api';
import type { OptionKind } from '@serval/api/spi';
import { isThenable, tolerateNeglect } from '@serval/container';
import { compile } from 'proxy-addr';

/**
 * The proxies whose X-Forwarded-* headers count, as Express has it: their addresses and subnets (`'10.0.0.0/8'`, also
 * `'loopback'`, `'linklocal'` and `'uniquelocal'`), separated by commas or in a list; how many proxies stand in front; or
 * a function of an address and its hop, 0 for the peer of the socket. `false` and 0 trust nobody.
 */
export type TrustProxy = false | number | string | readonly string[] | ((address: string, hop: number) => boolean);

/** Whether an address is that of a trusted proxy. @throws what a function of the application threw */
export type IsTrustedProxy = (address: string, hop: number) => boolean;

export const TRUST_PROXY: OptionKind<IsTrustedProxy | undefined> = {
  expected: "false, a number of proxies, their addresses and subnets such as 'loopback, 10.0.0.0/8', or a function",
  // Whatever it is: trustedProxies checks it.
  read: (option) => trustedProxies(option as TrustProxy),
};

/**
 * @returns undefined where nobody is trusted
 * @throws DeploymentException for a value of another kind, and for a list entry that is not an address
 */
export function trustedProxies(option: TrustProxy): IsTrustedProxy | undefined {
  if (option === false) return undefined;
  if (typeof option === 'function') return asking(option);
  if (typeof option === 'number' && Number.isSafeInteger(option) && option >= 0)
    return option === 0 ? undefined : (_address, hop) => hop < option;
  const addresses: unknown = typeof option === 'string' ? option.split(',').map((entry) => entry.trim()) : option;
  if (!Array.isArray(addresses) || !addresses.every((entry) => typeof entry === 'string')) throw badTrust(option);
  try {
    return compile(addresses);
  } catch (cause) {
    throw badTrust(option, cause);
  }
}

/** Whatever it returns, only `true` is a yes. */
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
  // Express takes it, and then any client can say where it comes from.
  const remedy =
    option === true
      ? ' true would trust every client; give the proxies, or how many there are.'
      : hasEmptyEntry(option)
        ? ' Remove the empty entry; false trusts nobody.'
        : '';
  return new DeploymentException(
    `trustProxy is ${TRUST_PROXY.expected}; found ${found}${why}.${remedy}`,
    cause,
    'WS_DEPLOY_BAD_OPTION',
  );
}

/** Such as the last one of 'loopback,', or the only one of an environment variable that is not set. */
function hasEmptyEntry(option: unknown): boolean {
  const entries: unknown = typeof option === 'string' ? option.split(',') : option;
  return Array.isArray(entries) && entries.some((entry) => typeof entry === 'string' && entry.trim() === '');
}
