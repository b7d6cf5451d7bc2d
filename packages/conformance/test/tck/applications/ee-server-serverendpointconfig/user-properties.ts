import { IllegalStateException } from 'serval';

/** Set in the endpoint's configuration. */
export const SEC_1 = 'SEC-1';
export const SEC_2 = 'SEC-2';
/** Set by the configurator, for one connection. */
export const UPC_1 = 'UPC-1';
export const UPC_2 = 'UPC-2';
/** Set by the endpoint, for one session. */
export const UPS_5 = 'UPS-5';

/** @throws IllegalStateException when the key is missing */
export function requireKey(userProperties: ReadonlyMap<string, unknown>, key: string): void {
  if (userProperties.has(key)) return;
  throw new IllegalStateException(`User properties map is missing entry with key [${key}]`);
}
