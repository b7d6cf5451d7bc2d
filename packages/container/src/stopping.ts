import type { CloseReason } from '@serval/api';
import { Deadline, kind, readArgument, type OptionTable } from '@serval/api/spi';
import type { SessionRegistry } from './session-registry';
import { nextTurn, TURN_MS } from './turns';

/** The options of `stop`. */
export interface StopOptions {
  /** How long sessions may take to close before their connections are dropped, in milliseconds. Default 5000. */
  readonly grace?: number | undefined;
}

/** A grace may be infinite. */
const isGrace = (value: unknown): value is number => typeof value === 'number' && value >= 0;

export const STOP_OPTIONS = {
  grace: { ...kind('a number of milliseconds, 0 or more', isGrace), default: 5000 },
} satisfies OptionTable<StopOptions>;

/** A wait with a limit that later calls may shorten, but not lengthen. */
export class Patience {
  #due = Infinity;
  #deadline: Deadline | undefined;
  #end: () => void = () => undefined;
  /** Resolves at the limit, never without one. */
  readonly over = new Promise<void>((resolve) => (this.#end = resolve));

  limit(milliseconds: number): this {
    const due = performance.now() + milliseconds;
    if (due < this.#due) {
      this.#due = due;
      this.#deadline?.clear();
      this.#deadline = new Deadline(milliseconds, this.#end, { keepsAlive: true });
    }
    return this;
  }

  clear(): void {
    this.#deadline?.clear();
    this.#due = -Infinity;
  }
}

/** How long `@OnClose` methods have after the connections were ended by force. */
const LAST_WORDS_MS = 100;

/**
 * @returns milliseconds
 * @throws IllegalArgumentException for an option of the wrong kind, and for an unknown name
 */
export function graceOf(options: StopOptions): number {
  return readArgument('stop', STOP_OPTIONS, options, '{ grace: 1000 }').grace;
}

/**
 * Lets the handlers that are running finish and closes every session of a container that takes no new ones. Resolves once
 * every `@OnClose` has returned and every connection has ended, by force after the grace; never rejects.
 *
 * @param grace how long they have
 * @param others what else is to end within the same time; never rejects
 * @param onForced called when the grace is over
 */
export async function endSessions(
  registry: SessionRegistry,
  reason: CloseReason,
  grace: Patience,
  others: Promise<unknown> = Promise.resolve(),
  onForced?: () => void,
): Promise<void> {
  const lastWords = new Patience();
  let isOver = false;
  void grace.over.then(() => {
    if (isOver) return;
    onForced?.();
    for (const session of registry.live()) {
      void session.close(reason);
      session.transport.terminate();
    }
    // A handler that never settles must not keep the container from stopping.
    lastWords.limit(LAST_WORDS_MS);
  });
  await closeAllWhenIdle(registry, reason);
  await Promise.race([Promise.all([registry.whenEmpty(), others]), lastWords.over]);
  isOver = true;
  grace.clear();
  lastWords.clear();
  registry.abandon();
}

async function closeAllWhenIdle(registry: SessionRegistry, reason: CloseReason): Promise<void> {
  let began = performance.now();
  for (const session of registry.live()) {
    session.closeWhenIdle(reason);
    // It closes in a microtask.
    await Promise.resolve();
    if (performance.now() - began < TURN_MS) continue;
    await nextTurn();
    began = performance.now();
  }
}
