import { IllegalArgumentException, type CloseReason } from '@serval/api';
import { Deadline, describeValue } from '@serval/api/spi';
import type { SessionRegistry } from './session-registry';
import { nextTurn } from './turns';

/** How to stop. */
export interface StopOptions {
  /** How long sessions may take to close before their connections are dropped, in milliseconds. Default 5000. */
  readonly graceMs?: number | undefined;
}

const DEFAULT_GRACE_MS = 5000;
/** How long `@OnClose` methods have after the connections were ended by force. */
const LAST_WORDS_MS = 100;
/** Closing a session hands over all that waits for its peer; the event loop has a turn after so much of it. */
const TURN_MS = 10;

/** @throws IllegalArgumentException for what is no number of milliseconds */
export function graceOf(options: StopOptions): number {
  if (typeof options !== 'object' || options === null) {
    throw new IllegalArgumentException(
      `stop takes an object of options, such as { graceMs: 1000 }; found ${describeValue(options)}.`,
    );
  }
  const { graceMs = DEFAULT_GRACE_MS } = options;
  if (typeof graceMs === 'number' && graceMs >= 0) return graceMs;
  throw new IllegalArgumentException(
    `graceMs is a number of milliseconds, 0 or more; found ${describeValue(graceMs)}.`,
  );
}

/**
 * Lets the handlers that are running finish and closes every session of a container that takes no new ones. Resolves once
 * every `@OnClose` has returned and every connection has ended, by force after `graceMs`; never rejects.
 *
 * @param others what else is to end within the same time; never rejects
 */
export async function endSessions(
  registry: SessionRegistry,
  reason: CloseReason,
  graceMs: number,
  others: Promise<unknown> = Promise.resolve(),
): Promise<void> {
  const onForce = (): void => {
    for (const session of registry.live()) {
      void session.close(reason);
      session.transport.terminate();
    }
  };
  const force = new Deadline(graceMs, onForce, { keepsAlive: true });
  // A handler that never settles must not keep the container from stopping, so the wait itself is bounded as well.
  let giveUp: Deadline | undefined;
  const patience = new Promise<void>(
    (resolve) => (giveUp = new Deadline(graceMs + LAST_WORDS_MS, resolve, { keepsAlive: true })),
  );
  await closeAllWhenIdle(registry, reason);
  await Promise.race([Promise.all([registry.whenEmpty(), others]), patience]);
  force.clear();
  giveUp?.clear();
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
