import { IllegalArgumentException } from '@serval/api';
import { isOptionsObject, readArgument, type OptionRows, type ReadRateLimit } from '@serval/api/spi';
import { SETTINGS, type ContainerSettings, type Logger } from '@serval/container';
import {
  CONNECTION_LIMIT_OPTIONS,
  type ConnectionLimitOptions,
  type ConnectionLimitSettings,
} from './connection-limits';
import { SERVER_CONTAINER_OPTIONS, type ServerContainerOptions } from './container-options';
import { SERVER_OPTIONS } from './server-options';

/** The settings that count at once, for open sessions too. */
const AT_ONCE = [
  'maxQueuedBytes',
  'maxQueuedMessages',
  'maxQueueTime',
  'queueOverflow',
  'queueOverflowCloseCode',
  'blockingSendTimeout',
  'sessionCloseTimeout',
  'abnormalCloseSendTimeout',
  'nodeTimeout',
  'maxRoomsPerSession',
  'onMessageError',
  'errorCloseCode',
] as const satisfies readonly (keyof ContainerSettings)[];

/** The settings with which sessions begin; those that are open keep theirs. */
const FOR_NEW_SESSIONS = [
  'textBufferSize',
  'binaryBufferSize',
  'maxFrameSize',
  'maxSessionIdleTimeout',
  'readIdleTimeout',
  'writeIdleTimeout',
  'pingInterval',
  'pongTimeout',
  'asyncSendTimeout',
  'handlerTimeout',
] as const satisfies readonly (keyof ContainerSettings)[];

type ChangeableSetting = (typeof AT_ONCE)[number] | (typeof FOR_NEW_SESSIONS)[number];

/** The options that `configure` changes while the container runs. */
export interface RuntimeOptions
  extends
    ConnectionLimitOptions,
    Pick<ServerContainerOptions, ChangeableSetting | 'rateLimits' | 'handshakeTimeout' | 'logger'> {}

const SETTING_NAMES: readonly ChangeableSetting[] = [...AT_ONCE, ...FOR_NEW_SESSIONS];
const LIMIT_NAMES = Object.keys(CONNECTION_LIMIT_OPTIONS) as (keyof ConnectionLimitOptions)[];
const { rateLimits, handshakeTimeout, logger } = SERVER_CONTAINER_OPTIONS;

/** The rows without their defaults: an option that is left out stays as it is. */
export const RUNTIME_OPTIONS: OptionRows = Object.fromEntries(
  Object.entries({
    ...Object.fromEntries(SETTING_NAMES.map((name) => [name, SETTINGS[name]])),
    ...CONNECTION_LIMIT_OPTIONS,
    rateLimits,
    handshakeTimeout,
    logger,
  }).map(([name, row]) => [name, { ...row, default: undefined }]),
);

/** The given options, by the part that they change. */
export interface RuntimeChanges {
  readonly settings: Partial<ContainerSettings>;
  readonly limits: Partial<ConnectionLimitSettings>;
  readonly rateLimits: readonly ReadRateLimit[] | undefined;
  readonly handshakeTimeout: number | undefined;
  readonly logger: Logger | undefined;
}

/**
 * Checks the options that are to change. `undefined` changes nothing.
 *
 * @throws IllegalArgumentException for a name that is unknown, of an option that is fixed, and for a wrong value
 */
export function readChanges(options: RuntimeOptions): RuntimeChanges {
  const fixed = isOptionsObject(options) ? Object.keys(options).find(isFixed) : undefined;
  if (fixed !== undefined)
    throw new IllegalArgumentException(
      `${fixed} is fixed when the container is created. Pass it to new Server or attach; configure changes ${Object.keys(RUNTIME_OPTIONS).join(', ')}.`,
    );
  const read = readArgument('configure', RUNTIME_OPTIONS, options, '{ maxConnections: 1000 }');
  const given = (names: readonly string[]): object =>
    Object.fromEntries(names.filter((name) => read[name] !== undefined).map((name) => [name, read[name]]));
  return {
    settings: given(SETTING_NAMES),
    limits: given(LIMIT_NAMES),
    // Their rows read them.
    ...(given(['rateLimits', 'handshakeTimeout', 'logger']) as Pick<
      RuntimeChanges,
      'rateLimits' | 'handshakeTimeout' | 'logger'
    >),
  };
}

function isFixed(name: string): boolean {
  return Object.hasOwn(SERVER_OPTIONS, name) && !Object.hasOwn(RUNTIME_OPTIONS, name);
}
