import { DeploymentException } from '@serval/api';
import { isOptionsObject, type OptionKind } from '@serval/api/spi';
import { TOMCAT } from '@serval/container';

/** Who the client is, for Basic (RFC 7617) and Digest (RFC 7616). */
export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** The only realm that they are for; undefined, or blank, for any. */
  readonly realm?: string | undefined;
}

/** The user properties of credentials: each part has one name, or two. */
export interface CredentialProperties {
  readonly username: readonly string[];
  readonly password: readonly string[];
  readonly realm: readonly string[];
}

/** For 401. */
export const SERVER_CREDENTIALS: CredentialProperties = {
  username: [`${TOMCAT}WS_AUTHENTICATION_USER_NAME`],
  password: [`${TOMCAT}WS_AUTHENTICATION_PASSWORD`],
  realm: [`${TOMCAT}WS_AUTHENTICATION_REALM`],
};

/** For 407: the names of Tomcat's code, which go first, and those of its documentation. */
export const PROXY_CREDENTIALS: CredentialProperties = {
  username: [`${TOMCAT}WS_AUTHENTICATION_PROXY_USER_NAME`, `${TOMCAT}WS_PROXY_AUTHENTICATION_USER_NAME`],
  password: [`${TOMCAT}WS_AUTHENTICATION_PROXY_PASSWORD`, `${TOMCAT}WS_PROXY_AUTHENTICATION_PASSWORD`],
  realm: [`${TOMCAT}WS_AUTHENTICATION_PROXY_REALM`, `${TOMCAT}WS_PROXY_AUTHENTICATION_REALM`],
};

/**
 * The credentials among an endpoint's user properties; they count together, not each for itself.
 *
 * @returns undefined where there are none
 * @throws DeploymentException for a user name without a password, and the like
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
 * Credentials as an option, or a part of one.
 *
 * @param name of the option
 * @throws DeploymentException for what is none
 */
export function checkCredentials(name: string, option: unknown): Credentials {
  // Never what was found, which may be the password itself.
  if (!isOptionsObject(option)) throw wrong(`${name} is ${CREDENTIALS.expected}; found ${kindOf(option)}.`);
  const part = (key: string) => ({ name: `${name}.${key}`, value: (option as Record<string, unknown>)[key] });
  return checkParts(part('username'), part('password'), part('realm'));
}

// eslint-disable-next-line no-control-regex -- they are what is looked for
const CONTROL = /[\0-\x1f\x7f]/;

interface Part {
  readonly name: string;
  readonly value: unknown;
}

/** Never says what was found, but its kind. */
function checkParts(username: Part, password: Part, realm: Part): Credentials {
  for (const { name, value } of [username, password]) {
    if (typeof value === 'string') continue;
    throw wrong(
      value === undefined
        ? `${name} is missing: credentials are a user name and a password.`
        : `${name} is a string; found ${typeof value}.`,
    );
  }
  if (username.value === '') throw wrong(`${username.name} is empty; credentials need a user name.`);
  // RFC 7617 2: neither may have any. As a rule it is the line break at the end of a file.
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
