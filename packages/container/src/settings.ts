import { DeploymentException } from '@serval/api';
import { consoleLogger, type Logger } from './logger';

/** The limits and timeouts of a container. Sizes are bytes, times milliseconds. */
export interface ContainerSettings {
  /**
   * The largest whole text message, in bytes of UTF-8; a larger one closes the session with 1009. Default 8192.
   *
   * @see Tomcat `org.apache.tomcat.websocket.textBufferSize`
   */
  textBufferSize: number;
  /**
   * The largest whole binary message; a larger one closes the session with 1009. Default 8192.
   *
   * @see Tomcat `org.apache.tomcat.websocket.binaryBufferSize`
   */
  binaryBufferSize: number;
  /** Closes a session on which nothing was read or written for so long; 0 or less means never. Default 0. */
  maxSessionIdleTimeout: number;
  /** How long an asynchronous send may take; 0 or less means for ever. Default -1. */
  asyncSendTimeout: number;
  /**
   * How long a blocking send may wait for the peer; negative means for ever. Default 20000.
   *
   * @see Tomcat `org.apache.tomcat.websocket.BLOCKING_SEND_TIMEOUT`
   */
  blockingSendTimeout: number;
  /**
   * How long to wait for the peer's close frame after ours before the connection is dropped. Default 30000.
   *
   * @see Tomcat `org.apache.tomcat.websocket.SESSION_CLOSE_TIMEOUT`
   */
  sessionCloseTimeout: number;
  /** Bytes that may wait to be written to one peer; a session over it is closed with 1008. Default 16777216. */
  maxBufferedBytes: number;
}

/** What a container can be told; everything has a default. */
export interface ContainerOptions extends Readonly<Partial<ContainerSettings>> {
  /** Default: errors and warnings to the console. */
  readonly logger?: Logger;
}

const LARGEST = 2 ** 31 - 1;

interface NumberSetting {
  readonly byDefault: number;
  readonly min: number;
  readonly unit: string;
}

// One row per setting: what it is without being set, its least value, and the unit for error messages.
const SETTINGS: { readonly [K in keyof ContainerSettings]: NumberSetting } = {
  textBufferSize: { byDefault: 8192, min: 0, unit: 'bytes' },
  binaryBufferSize: { byDefault: 8192, min: 0, unit: 'bytes' },
  maxSessionIdleTimeout: { byDefault: 0, min: -LARGEST, unit: 'milliseconds' },
  asyncSendTimeout: { byDefault: -1, min: -LARGEST, unit: 'milliseconds' },
  blockingSendTimeout: { byDefault: 20_000, min: -LARGEST, unit: 'milliseconds' },
  sessionCloseTimeout: { byDefault: 30_000, min: 1, unit: 'milliseconds' },
  maxBufferedBytes: { byDefault: 16 * 1024 * 1024, min: 1, unit: 'bytes' },
};

/** Checks the options and fills in the defaults. */
export function resolveSettings(options: ContainerOptions): ContainerSettings {
  const resolve = (name: keyof ContainerSettings): number => {
    const setting = SETTINGS[name];
    const value = options[name] ?? setting.byDefault;
    checkSetting(name, value);
    return value;
  };
  return {
    textBufferSize: resolve('textBufferSize'),
    binaryBufferSize: resolve('binaryBufferSize'),
    maxSessionIdleTimeout: resolve('maxSessionIdleTimeout'),
    asyncSendTimeout: resolve('asyncSendTimeout'),
    blockingSendTimeout: resolve('blockingSendTimeout'),
    sessionCloseTimeout: resolve('sessionCloseTimeout'),
    maxBufferedBytes: resolve('maxBufferedBytes'),
  };
}

/** @throws DeploymentException naming the setting, its range and its unit */
export function checkSetting(name: keyof ContainerSettings, value: unknown): void {
  const { min, unit } = SETTINGS[name];
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= LARGEST) return;
  throw new DeploymentException(
    `${name} is a whole number of ${unit} from ${min} to ${LARGEST}; found ${describe(value)}.`,
    undefined,
    'WS_DEPLOY_BAD_OPTION',
  );
}

function describe(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

export function resolveLogger(options: ContainerOptions): Logger {
  return options.logger ?? consoleLogger;
}
