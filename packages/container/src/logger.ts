import { hasMethods, kind, type OptionKind } from '@serval/api/spi';
import { isThenable } from './promises';

/**
 * The container's log: the console, winston, or any object like them, called with a message and then the error. A logger of
 * pino or bunyan, `fastify.log` included, is called with an object and then the message, as it expects: `kind` and the
 * other plain values of the event, such as `sessionId` and `endpoint`, and the error as `err`.
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
export const LOGGER: OptionKind<Logger> = kind(
  'an object with the methods error, warn and debug, such as console',
  (logger): logger is Logger => hasMethods(logger, 'error', 'warn', 'debug'),
);

/** Writes one event: a sentence, the event that it tells, and its error. */
export type EventLogger = (level: keyof Logger, message: string, event: object, error?: Error) => void;

/** The logger's own shape. It throws the logger's exceptions, and ignores the rejections of methods that are asynchronous. */
export function eventLogger(logger: Logger): EventLogger {
  const isObjectFirst = takesObjectFirst(logger);
  return (level, message, event, error) => {
    // JavaScript programs, and async functions in TypeScript, return a promise where nothing is expected.
    const going = isObjectFirst
      ? (logger as unknown as ObjectFirstLogger)[level](fieldsOf(event, error), message)
      : (logger[level](message, ...(error === undefined ? [] : [error])) as unknown);
    if (isThenable(going)) Promise.resolve(going).catch(() => undefined);
  };
}

type ObjectFirstLogger = Record<keyof Logger, (fields: object, message: string) => unknown>;

/** pino has `bindings`, bunyan `addSerializers`; both leave out what stands behind a message without a place for it. */
function takesObjectFirst(logger: object): boolean {
  return ['bindings', 'addSerializers'].some(
    (method) => typeof (logger as Record<string, unknown>)[method] === 'function',
  );
}

/** The event's plain values, by which a log is searched, and its error where the serializers expect it. */
function fieldsOf(event: object, error: Error | undefined): object {
  const fields = Object.entries(event).filter(
    ([name, value]) => name !== 'message' && ['string', 'number', 'boolean'].includes(typeof value),
  );
  return { ...(error === undefined ? {} : { err: error }), ...Object.fromEntries(fields) };
}
