import { validateHeaderValue } from 'node:http';
import { DeploymentException } from '@serval/api';

/** A system property of Tomcat; here an endpoint's user property. */
export const ORIGIN_PROPERTY = 'org.apache.tomcat.websocket.DEFAULT_ORIGIN_HEADER_VALUE';

/** The Origin that is sent where `beforeRequest` sets none: the endpoint's user property, else the option. */
export function resolveOrigin(
  option: string | undefined,
  userProperties: ReadonlyMap<string, unknown>,
): string | undefined {
  const property = userProperties.get(ORIGIN_PROPERTY) ?? undefined;
  return property === undefined ? option : requireOrigin(ORIGIN_PROPERTY, property);
}

/** @throws DeploymentException for what cannot stand in a header */
export function requireOrigin(name: string, origin: unknown): string {
  if (typeof origin === 'string' && origin !== '' && canBeSent(origin)) return origin;
  throw new DeploymentException(
    `${name} is an origin, such as https://example.com; found ${typeof origin === 'string' ? JSON.stringify(origin) : typeof origin}.`,
    undefined,
    'WS_DEPLOY_BAD_OPTION',
  );
}

function canBeSent(value: string): boolean {
  try {
    validateHeaderValue('Origin', value);
    return true;
  } catch {
    return false;
  }
}
