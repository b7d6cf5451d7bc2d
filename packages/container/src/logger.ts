import { badOption } from '@serval/api/spi';

/** Where the container writes. The console and pino, winston and bunyan loggers fit. */
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

/** @throws DeploymentException for what has not the three methods */
export function requireLogger(logger: unknown = consoleLogger): Logger {
  const isLogger =
    typeof logger === 'object' &&
    logger !== null &&
    ['error', 'warn', 'debug'].every((level) => typeof (logger as Record<string, unknown>)[level] === 'function');
  if (isLogger) return logger as Logger;
  throw badOption('logger', 'an object with the methods error, warn and debug, such as console', logger);
}
