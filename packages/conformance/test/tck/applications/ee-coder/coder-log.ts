import { javaName } from '../../java-names';

/** A call of a coder. */
export type CoderEvent = 'init' | 'destroy' | 'code' | 'willcode';

const EVENTS: readonly CoderEvent[] = ['init', 'destroy', 'code', 'willcode'];

const log = new Map<CoderEvent, string>();

/** Logs the Java name of a coder's class. In Java each application has its own log; here two share this one. */
export function note(event: CoderEvent, coder: object): void {
  log.set(event, `${log.get(event) ?? ''}${javaName(coder.constructor)} `);
}

/** @param command `get` or `clear` with an event behind it, or `clearall`. Anything else is sent back as it is. */
export function operate(command: string): string {
  if (command === 'clearall') log.clear();
  const event = EVENTS.find((one) => command === `get${one}` || command === `clear${one}`);
  if (event === undefined) return command;
  if (command.startsWith('get')) return log.get(event) ?? '';
  log.delete(event);
  return command;
}
