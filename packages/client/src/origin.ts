import { validateHeaderValue } from 'node:http';
import { badOption, type OptionKind } from '@serval/api/spi';

/** In Tomcat a system property; here a user property of the endpoint. */
export const ORIGIN_PROPERTY = 'org.apache.tomcat.websocket.DEFAULT_ORIGIN_HEADER_VALUE';

/** The Origin to send if `beforeRequest` sets none: the endpoint's user property, or else the option. */
export function resolveOrigin(
  option: string | undefined,
  userProperties: ReadonlyMap<string, unknown>,
): string | undefined {
  const property = userProperties.get(ORIGIN_PROPERTY) ?? undefined;
  return property === undefined ? option : requireOrigin(ORIGIN_PROPERTY, property);
}

export const ORIGIN: OptionKind<string> = {
  expected: 'an origin, such as https://example.com',
  read: (origin, name) => requireOrigin(name, origin),
};

/** @throws DeploymentException when a header cannot contain the value */
export function requireOrigin(name: string, origin: unknown): string {
  if (typeof origin === 'string' && origin !== '' && canBeSent(origin)) return origin;
  throw badOption(name, ORIGIN.expected, origin);
}

function canBeSent(value: string): boolean {
  try {
    validateHeaderValue('Origin', value);
    return true;
  } catch {
    return false;
  }
}
