import { ANY, choice, FLAG, membersOf, nearestName, readOptions, readText, type OptionTable } from '@serval/api/spi';
import {
  COMPATIBILITIES,
  OWN,
  SETTINGS,
  TOMCAT,
  type Compatibility,
  type ContainerSettings,
  type SettingName,
  type SettingRow,
  type SettingValue,
} from './settings';

/** The settings of a container as options; everything has a default. */
export interface SettingOptions extends Readonly<{ [K in SettingName]?: ContainerSettings[K] | undefined }> {
  /**
   * Behaves as that Tomcat does where the defaults do not, for a ported application that relies on it. Settings that are
   * given, by either name, override it. Default: none.
   */
  readonly compatibility?: Compatibility | undefined;
  /**
   * Settings under Tomcat's names, as numbers or numeric strings. A typed option of the same setting overrides it; an
   * unknown name is warned about, with the nearest one. Default: none.
   */
  readonly initParameters?: Readonly<Record<string, unknown>> | undefined;
}

export const SETTING_OPTIONS = {
  ...SETTINGS,
  compatibility: choice(...COMPATIBILITIES),
  initParameters: membersOf('an object of names and values', ANY),
} satisfies OptionTable<SettingOptions>;

/** Names that Tomcat reads, or read once, and that have no effect here; each is accepted with a warning. */
export const WITHOUT_EFFECT: ReadonlyMap<string, string> = new Map(
  Object.entries({
    DEFAULT_PROCESS_PERIOD: 'timeouts are exact here and need no period',
    executorCoreSize: 'there are no threads to pool',
    executorMaxSize: 'there are no threads to pool',
    executorKeepAliveTimeSeconds: 'there are no threads to pool',
    ALLOW_UNSUPPORTED_EXTENSIONS: 'an endpoint may declare any extension',
    DISABLE_BUILTIN_EXTENSIONS: 'set the option perMessageDeflate to false instead',
    STREAMS_DROP_EMPTY_MESSAGES: 'the rule of the specification holds: a stream that was never used sends nothing',
    ...Object.fromEntries(
      [
        'DEFAULT_ORIGIN_HEADER_VALUE',
        'IO_TIMEOUT_MS',
        'MAX_REDIRECTIONS',
        'MAX_HTTP_RESPONSE_HEADER_BYTES',
        'WS_AUTHENTICATION_USER_NAME',
        'WS_AUTHENTICATION_PASSWORD',
        'WS_AUTHENTICATION_REALM',
        'WS_AUTHENTICATION_PROXY_USER_NAME',
        'WS_AUTHENTICATION_PROXY_PASSWORD',
        'WS_AUTHENTICATION_PROXY_REALM',
        'SSL_CONTEXT',
        'SSL_PROTOCOLS',
        'SSL_TRUSTSTORE',
        'SSL_TRUSTSTORE_PWD',
      ].map((name) => [name, 'it is a user property of client endpoints']),
    ),
  }).map(([name, why]) => [TOMCAT + name, why]),
);

const STRICT_SPEC_COMPLIANCE = `${TOMCAT}STRICT_SPEC_COMPLIANCE`;
/** The settings by their other names. */
const BY_NAME = new Map(
  Object.entries(SETTINGS).flatMap(([option, { tomcat, userProperty: name = tomcat?.name }]) =>
    name ? [[name, option as SettingName] as const] : [],
  ),
);
const SESSION_PROPERTIES = new Map([...BY_NAME].filter(([, option]) => isSessionProperty(SETTINGS[option])));

/**
 * Checks the options and fills in the defaults: typed options first, then init parameters, then the profile, then the table.
 *
 * @param warn is called for each name without effect
 * @throws DeploymentException naming the setting, its range and its unit
 */
export function resolveSettings(options: SettingOptions, warn: (message: string) => void): ContainerSettings {
  const { compatibility: profile, initParameters = {} } = readOptions(SETTING_OPTIONS, options);
  const parameters = new Map(Object.entries(initParameters));
  const resolved = new Map<string, unknown>(
    Object.entries(SETTINGS).map(([name, { default: value, profiles }]) => [
      name,
      (profile && profiles?.[profile]) ?? value,
    ]),
  );
  const bufferSizeName = SETTINGS.streamBufferSize.tomcat?.name ?? '';
  if (parameters.has(bufferSizeName)) {
    // Tomcat's DEFAULT_BUFFER_SIZE is the default of both message buffers, too.
    const size = readText(bufferSizeName, SETTINGS.streamBufferSize, parameters.get(bufferSizeName));
    for (const name of ['textBufferSize', 'binaryBufferSize']) resolved.set(name, size);
  }
  const strict = parameters.get(STRICT_SPEC_COMPLIANCE);
  if (strict !== undefined) resolved.set('noAddAfterHandshake', readText(STRICT_SPEC_COMPLIANCE, FLAG, strict));
  for (const [name, value] of parameters) {
    const option = BY_NAME.get(name);
    if (option !== undefined) resolved.set(option, readText(name, SETTINGS[option], value));
    else if (name !== STRICT_SPEC_COMPLIANCE) warn(`initParameters: ${unknownName(name, BY_NAME)}`);
  }
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    if (options[name] !== undefined) resolved.set(name, options[name]);
  }
  // Each value was read by its row, and every row has a value.
  return Object.fromEntries(resolved) as unknown as ContainerSettings;
}

/**
 * A session setting in a user property.
 *
 * @param warn is called for a name that looks like a setting and is none
 * @returns undefined for a property that is not a setting
 * @throws DeploymentException for a value out of range
 */
export function readSessionProperty(
  name: string,
  value: unknown,
  warn: (message: string) => void,
): { readonly option: SettingName; readonly value: SettingValue } | undefined {
  if (!name.startsWith(TOMCAT) && !name.startsWith(OWN)) return undefined;
  const option = SESSION_PROPERTIES.get(name);
  if (option !== undefined) return { option, value: readText(name, SETTINGS[option], value) };
  warn(`user property ${unknownName(name, SESSION_PROPERTIES)}`);
  return undefined;
}

function isSessionProperty({ tomcat, userProperty: own }: SettingRow): boolean {
  return own !== undefined || tomcat?.place === 'user property';
}

function unknownName(name: string, known: ReadonlyMap<string, SettingName>): string {
  const why = WITHOUT_EFFECT.get(name);
  if (why !== undefined) return `${name} has no effect: ${why}.`;
  const elsewhere = BY_NAME.get(name);
  if (elsewhere !== undefined)
    return `${name} is an ${SETTINGS[elsewhere].tomcat?.place ?? ''}, not a user property; it has no effect here.`;
  const nearest = nearestName(name, known.keys());
  return `${name} is not a setting${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
}
