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
