import { badOption, type OptionKind } from '@serval/api/spi';
import { isThenable } from './promises';

/**
 * The container's log: the console, winston, or any object like them, called with a message and then the error. A logger of
 * pino or bunyan, `fastify.log` included, is called with `{ err }` and then the message, as it expects.
 */
export interface Logger {
  error(message: string, ...details: unknown[]): void;
  warn(message: string, ...details: unknown[]): void;
  debug(message: string, ...details: unknown[]): void;
}

/** Errors and warnings to the console; debug messages nowhere (the diagnostics channel has them all). */
export const consoleLogger: Logger = {
  error: (message, ...details) => console.error(`[serval] ${message}`, ...details),
  warn: (message, ...details) => console.warn(`[serval] ${message}`, ...details),
  debug: () => undefined,
};

/** An object with the three methods. */
export const LOGGER: OptionKind<Logger> = {
  expected: 'an object with the methods error, warn and debug, such as console',
  read(logger, name) {
    const isLogger =
      typeof logger === 'object' &&
      logger !== null &&
      ['error', 'warn', 'debug'].every((level) => typeof (logger as Record<string, unknown>)[level] === 'function');
    if (isLogger) return takesObjectFirst(logger) ? objectFirst(logger as Logger) : (logger as Logger);
    throw badOption(name, LOGGER.expected, logger);
  },
};

/** A logger whose methods may be asynchronous: it ignores their rejections. It throws their exceptions. */
export function tolerantLogger(logger: Logger): Logger {
  const call =
    (level: keyof Logger) =>
    (message: string, ...details: unknown[]): void => {
      // JavaScript programs, and async functions in TypeScript, return a promise where nothing is expected.
      const going: unknown = logger[level](message, ...details);
      if (isThenable(going)) Promise.resolve(going).catch(() => undefined);
    };
  return { error: call('error'), warn: call('warn'), debug: call('debug') };
}

/** pino has `bindings`, bunyan `addSerializers`; both leave out what stands behind a message without a place for it. */
function takesObjectFirst(logger: object): boolean {
  return ['bindings', 'addSerializers'].some(
    (method) => typeof (logger as Record<string, unknown>)[method] === 'function',
  );
}

function objectFirst(logger: Logger): Logger {
  const write =
    (level: keyof Logger) =>
    (message: string, ...details: unknown[]): unknown => {
      const log = logger[level].bind(logger) as (...args: unknown[]) => unknown;
      return details.length === 0 ? log(message) : log({ err: details[0] }, message);
    };
  return { error: write('error'), warn: write('warn'), debug: write('debug') };
}
