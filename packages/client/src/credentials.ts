import { DeploymentException } from '@serval/api';
import { isOptionsObject, type OptionKind } from '@serval/api/spi';
import { TOMCAT } from '@serval/container';

/** The client's user name and password, for Basic (RFC 7617) and Digest (RFC 7616). */
export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** The only realm for which they are valid. Default: any realm, as for a blank one. */
  readonly realm?: string | undefined;
}

/** The user properties of credentials. Each part has one or two names. */
export interface CredentialProperties {
  readonly username: readonly string[];
  readonly password: readonly string[];
  readonly realm: readonly string[];
}

/** The user properties for a 401. */
export const SERVER_CREDENTIALS: CredentialProperties = {
  username: [`${TOMCAT}WS_AUTHENTICATION_USER_NAME`],
  password: [`${TOMCAT}WS_AUTHENTICATION_PASSWORD`],
  realm: [`${TOMCAT}WS_AUTHENTICATION_REALM`],
};

/** The user properties for a 407: the names in Tomcat's code, which take precedence, and those in its documentation. */
export const PROXY_CREDENTIALS: CredentialProperties = {
  username: [`${TOMCAT}WS_AUTHENTICATION_PROXY_USER_NAME`, `${TOMCAT}WS_PROXY_AUTHENTICATION_USER_NAME`],
  password: [`${TOMCAT}WS_AUTHENTICATION_PROXY_PASSWORD`, `${TOMCAT}WS_PROXY_AUTHENTICATION_PASSWORD`],
  realm: [`${TOMCAT}WS_AUTHENTICATION_PROXY_REALM`, `${TOMCAT}WS_PROXY_AUTHENTICATION_REALM`],
};

/**
 * Reads the credentials among an endpoint's user properties, all parts together.
 *
 * @returns undefined if there are none
 * @throws DeploymentException when they are incomplete or invalid, such as a user name without a password
 */
export function credentialsIn(
  userProperties: ReadonlyMap<string, unknown>,
  names: CredentialProperties,
): Credentials | undefined {
  const find = (part: readonly string[]): { readonly name: string; readonly value: unknown } => {
    const name = part.find((one) => (userProperties.get(one) ?? undefined) !== undefined) ?? part[0] ?? '';
    return { name, value: userProperties.get(name) ?? undefined };
  };
  const [username, password, realm] = [find(names.username), find(names.password), find(names.realm)];
  if ([username, password, realm].every(({ value }) => value === undefined)) return undefined;
  return checkParts(username, password, realm);
}

/** Credentials as an option. */
export const CREDENTIALS: OptionKind<Credentials> = {
  expected: 'an object { username, password, realm? }',
  read: (value, name) => checkCredentials(name, value),
};

/**
 * Checks credentials that are an option or part of one.
 *
 * @param name the option's name
 * @throws DeploymentException when they are invalid
 */
export function checkCredentials(name: string, option: unknown): Credentials {
  // The message never shows the value, which may be the password itself.
  if (!isOptionsObject(option)) throw wrong(`${name} is ${CREDENTIALS.expected}; found ${kindOf(option)}.`);
  const part = (key: string) => ({ name: `${name}.${key}`, value: (option as Record<string, unknown>)[key] });
  return checkParts(part('username'), part('password'), part('realm'));
}

// eslint-disable-next-line no-control-regex -- the pattern finds control characters
const CONTROL = /[\0-\x1f\x7f]/;

interface Part {
  readonly name: string;
  readonly value: unknown;
}

/** The messages show the type of a wrong value but never the value. */
function checkParts(username: Part, password: Part, realm: Part): Credentials {
  for (const { name, value } of [username, password]) {
    if (typeof value === 'string') continue;
    throw wrong(
      value === undefined
        ? `${name} is missing; credentials are a user name and a password.`
        : `${name} is a string; found ${typeof value}.`,
    );
  }
  if (username.value === '') throw wrong(`${username.name} is empty; credentials need a user name.`);
  // RFC 7617 2: neither may contain any. Usually it is the line break at the end of a file.
  for (const { name, value } of [username, password]) {
    if (CONTROL.test(String(value)))
      throw wrong(`${name} has a control character, such as a line break; credentials have none, so remove it.`);
  }
  if (realm.value !== undefined && typeof realm.value !== 'string')
    throw wrong(`${realm.name} is a string; found ${typeof realm.value}.`);
  // Checked above.
  return { username: String(username.value), password: String(password.value), realm: realm.value };
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value;
}

function wrong(message: string): DeploymentException {
  return new DeploymentException(message, undefined, 'WS_DEPLOY_BAD_OPTION');
}
