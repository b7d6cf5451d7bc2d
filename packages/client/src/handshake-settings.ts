import type { DeploymentException } from '@serval/api';
import { badOption } from '@serval/api/spi';

/** The limits of an opening handshake. */
export interface HandshakeSettings {
  /** How long the server may be silent at any step, in milliseconds. Default 5000. */
  readonly ioTimeout: number;
  /** How long connecting may take altogether, redirects and the configurator included, in milliseconds. Default 30000. */
  readonly handshakeTimeout: number;
  /** Redirects that are followed; 0 follows none. Default 20. */
  readonly maxRedirections: number;
  /** Bytes of the status line and headers of an answer. Default 8192. */
  readonly maxResponseHeaderBytes: number;
}

/** What a container can be told of them. */
export type HandshakeOptions = { readonly [K in keyof HandshakeSettings]?: HandshakeSettings[K] | undefined };

interface Row {
  readonly byDefault: number;
  readonly min: number;
  readonly unit: string;
  /** The user property of Tomcat. */
  readonly tomcat?: string;
}

const TOMCAT = 'org.apache.tomcat.websocket.';
/** A timer of Node takes 31 bits. */
const LARGEST = 2 ** 31 - 1;

const ROWS: { readonly [K in keyof HandshakeSettings]: Row } = {
  ioTimeout: { byDefault: 5000, min: 1, unit: 'milliseconds', tomcat: `${TOMCAT}IO_TIMEOUT_MS` },
  handshakeTimeout: { byDefault: 30_000, min: 1, unit: 'milliseconds' },
  maxRedirections: { byDefault: 20, min: 0, unit: 'redirects', tomcat: `${TOMCAT}MAX_REDIRECTIONS` },
  maxResponseHeaderBytes: {
    byDefault: 8192,
    min: 1,
    unit: 'bytes',
    tomcat: `${TOMCAT}MAX_HTTP_RESPONSE_HEADER_BYTES`,
  },
};

/** The names in a client endpoint's user properties that are read here. */
export const HANDSHAKE_PROPERTIES: ReadonlySet<string> = new Set(
  Object.values(ROWS).flatMap(({ tomcat }: Row) => (tomcat === undefined ? [] : [tomcat])),
);

export const HANDSHAKE_OPTIONS: readonly string[] = Object.keys(ROWS);

/**
 * The settings of one handshake: an endpoint's user properties first, as numbers or numeric strings, then the
 * container's options, then the defaults.
 *
 * @throws DeploymentException naming the setting, its range and its unit
 */
export function resolveHandshakeSettings(
  options: HandshakeOptions,
  userProperties: ReadonlyMap<string, unknown> = new Map(),
): HandshakeSettings {
  const resolve = (name: keyof HandshakeSettings): number => {
    const row = ROWS[name];
    const property = row.tomcat === undefined ? undefined : userProperties.get(row.tomcat);
    if (row.tomcat !== undefined && property !== undefined) return requireNumber(row.tomcat, row, property);
    const option: unknown = options[name];
    if (option === undefined) return row.byDefault;
    if (typeof option !== 'number') throw wrong(name, row, option);
    return requireNumber(name, row, option);
  };
  return {
    ioTimeout: resolve('ioTimeout'),
    handshakeTimeout: resolve('handshakeTimeout'),
    maxRedirections: resolve('maxRedirections'),
    maxResponseHeaderBytes: resolve('maxResponseHeaderBytes'),
  };
}

function requireNumber(name: string, { min, unit }: Pick<Row, 'min' | 'unit'>, value: unknown): number {
  // Tomcat's user properties are strings.
  const number = typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= LARGEST) return number;
  throw wrong(name, { min, unit }, value);
}

function wrong(name: string, { min, unit }: Pick<Row, 'min' | 'unit'>, value: unknown): DeploymentException {
  return badOption(name, `a whole number of ${unit} from ${min} to ${LARGEST}`, value);
}
