import { bytes, milliseconds, readText, wholeNumber, type OptionRow, type OptionTable } from '@serval/api/spi';
import { TOMCAT } from '@serval/container';

/** The limits of an opening handshake. */
export interface HandshakeSettings {
  /** How long the server may be silent at any step of the handshake, in milliseconds. Default 5000. */
  readonly ioTimeout: number;
  /** How long connecting may take in total, with redirects and the configurator, in milliseconds. Default 30000. */
  readonly handshakeTimeout: number;
  /** The most redirects to follow; 0 follows none. Default 20. */
  readonly maxRedirections: number;
  /** The largest status line and headers of a response together, in bytes. Default 8192. */
  readonly maxResponseHeaderBytes: number;
}

/** The same limits as options of a container. */
export type HandshakeOptions = { readonly [K in keyof HandshakeSettings]?: HandshakeSettings[K] | undefined };

const userProperty = (name: string) => ({ name: TOMCAT + name, place: 'user property' }) as const;

export const HANDSHAKE_OPTIONS = {
  ioTimeout: { ...milliseconds(1), default: 5000, tomcat: userProperty('IO_TIMEOUT_MS') },
  handshakeTimeout: { ...milliseconds(1), default: 30_000 },
  maxRedirections: {
    ...wholeNumber('whole number of redirects', 0),
    default: 20,
    tomcat: userProperty('MAX_REDIRECTIONS'),
  },
  maxResponseHeaderBytes: { ...bytes(1), default: 8192, tomcat: userProperty('MAX_HTTP_RESPONSE_HEADER_BYTES') },
} satisfies OptionTable<HandshakeSettings>;

/** The names of the user properties that {@link handshakeSettings} reads. */
export const HANDSHAKE_PROPERTIES: ReadonlySet<string> = new Set(
  Object.values(HANDSHAKE_OPTIONS).flatMap(({ tomcat }: OptionRow) => (tomcat === undefined ? [] : [tomcat.name])),
);

/**
 * The settings of one handshake. An endpoint's user properties, as numbers or numeric strings, override the container's.
 *
 * @throws DeploymentException when a value is out of range; the message names the setting, its range and its unit
 */
export function handshakeSettings(
  container: HandshakeSettings,
  userProperties: ReadonlyMap<string, unknown>,
): HandshakeSettings {
  const setting = (name: keyof HandshakeSettings): number => {
    const { tomcat, ...kind }: OptionRow<number> = HANDSHAKE_OPTIONS[name];
    const property = tomcat && userProperties.get(tomcat.name);
    return tomcat === undefined || property === undefined ? container[name] : readText(tomcat.name, kind, property);
  };
  return {
    ioTimeout: setting('ioTimeout'),
    handshakeTimeout: setting('handshakeTimeout'),
    maxRedirections: setting('maxRedirections'),
    maxResponseHeaderBytes: setting('maxResponseHeaderBytes'),
  };
}
