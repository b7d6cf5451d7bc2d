import { format } from 'node:util';
import type { Logger } from 'serval';

/** For applications whose path parameters name variables that there are not: the container rightly warns of each. */
export const loggerWithoutWarnings: Logger = {
  error: (...message) => void process.stderr.write(`${format(...message)}\n`),
  warn: () => undefined,
  debug: () => undefined,
};
