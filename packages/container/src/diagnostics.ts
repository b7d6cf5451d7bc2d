import { channel } from 'node:diagnostics_channel';
import type { DiagnosticEvent } from './diagnostic-event';
import { DiagnosticLog } from './diagnostic-log';
import type { Logger } from './logger';

/** The name of the `node:diagnostics_channel` on which every {@link DiagnosticEvent} is published. */
export const DIAGNOSTICS_CHANNEL = 'serval';

/** Publishes events on the diagnostics channel and writes them to the container's log. */
export class Diagnostics {
  readonly #channel = channel(DIAGNOSTICS_CHANNEL);
  #log: DiagnosticLog;

  constructor(logger: Logger) {
    this.#log = new DiagnosticLog(logger);
  }

  /** Writes to another logger from now on. */
  useLogger(logger: Logger): void {
    this.#log = new DiagnosticLog(logger);
  }

  /** Whether anybody listens. Otherwise sessions count nothing, and nothing is published. */
  get hasSubscribers(): boolean {
    return this.#channel.hasSubscribers;
  }

  report(event: DiagnosticEvent): void {
    if (this.#channel.hasSubscribers) this.#channel.publish(event);
    this.#log.write(event);
  }
}
