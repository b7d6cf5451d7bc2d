import { CloseReason } from '@serval/api';
import { callable, milliseconds, readArgument } from '@serval/api/spi';
import type { OptionTable, ReadOptions } from '@serval/api/spi';
import {
  endSessions,
  isThenable,
  Patience,
  STOP_OPTIONS,
  toError,
  type Diagnostics,
  type SessionRegistry,
  type StopOptions,
  type StopPhase,
} from '@serval/container';

/** The options of `stop` of a server and of its container; everything has a default. */
export interface ServerStopOptions extends StopOptions {
  /**
   * How long sessions go on after new ones are refused, so that a load balancer notices, in milliseconds. Default 0.
   */
  readonly drain?: number | undefined;
  /**
   * Called when a phase begins, and once a second while the number of sessions falls. Its errors go to the log, and
   * nothing waits for its promise. Default: nothing is called.
   */
  readonly onProgress?: ((progress: StopProgress) => unknown) | undefined;
}

/** How far a stop is. */
export interface StopProgress {
  /**
   * `draining`: new sessions are refused, open ones go on, and `onStop` runs; `closing`: handlers finish and sessions close;
   * `forcing`: the grace is over, and the remaining connections are dropped; `stopped`: everything has ended.
   */
  readonly phase: StopPhase;
  /** The sessions that are not over. */
  readonly sessions: number;
}

export const SERVER_STOP_OPTIONS = {
  ...STOP_OPTIONS,
  drain: { ...milliseconds(0), default: 0 },
  onProgress: callable<(progress: StopProgress) => unknown>(),
} satisfies OptionTable<ServerStopOptions>;

type StopSettings = ReadOptions<typeof SERVER_STOP_OPTIONS>;

/** @throws IllegalArgumentException for an option of the wrong kind, and for an unknown name */
export function readStopOptions(options: ServerStopOptions): StopSettings {
  return readArgument('stop', SERVER_STOP_OPTIONS, options, '{ grace: 1000 }');
}

/** A container as its stop uses it. */
export interface StoppingHost {
  readonly registry: SessionRegistry;
  readonly diagnostics: Diagnostics;
  /** The application's own work before the sessions close. */
  readonly onStop: (() => unknown) | undefined;
}

const PROGRESS_INTERVAL_MS = 1000;

/** One stop of a container that takes no new sessions: draining, closing, forcing, stopped. */
export class Stopping {
  #phase: StopPhase = 'draining';
  #reported: number | undefined;
  #graceMs: number;
  readonly #drain = new Patience();
  readonly #hook = new Patience();
  readonly #grace = new Patience();
  readonly #observers: NonNullable<StopSettings['onProgress']>[] = [];

  constructor(
    private readonly host: StoppingHost,
    private readonly settings: StopSettings,
  ) {
    this.#graceMs = settings.grace;
    if (settings.onProgress !== undefined) this.#observers.push(settings.onProgress);
  }

  get phase(): StopPhase {
    return this.#phase;
  }

  /**
   * A further call of `stop`: its times count from now where they end earlier, and its `onProgress` is called too.
   *
   * @param isHurried whether it has times
   */
  join({ drain, grace, onProgress }: StopSettings, isHurried: boolean): void {
    if (this.#phase === 'stopped') return;
    if (onProgress !== undefined) {
      this.#observers.push(onProgress);
      this.#tell(onProgress, { phase: this.#phase, sessions: this.host.registry.size });
    }
    if (!isHurried) return;
    this.#graceMs = Math.min(this.#graceMs, grace);
    this.#drain.limit(drain);
    this.#hook.limit(grace);
    if (this.#phase !== 'draining') this.#grace.limit(grace);
  }

  /** Resolves once every session is over; never rejects. */
  async run(): Promise<void> {
    const ticking = setInterval(() => this.#tick(), PROGRESS_INTERVAL_MS).unref();
    const { drain } = this.settings;
    // Without either, idle sessions close within this call.
    if (drain > 0 || this.host.onStop !== undefined) {
      this.#enter('draining');
      await Promise.all([this.#drain.limit(drain).over, this.#runHook()]);
    }
    await this.#close();
    clearInterval(ticking);
    for (const patience of [this.#drain, this.#hook]) patience.clear();
    this.#enter('stopped');
  }

  #close(): Promise<void> {
    this.#enter('closing');
    const reason = new CloseReason(CloseReason.CloseCodes.GOING_AWAY, 'The server is stopping.');
    const { registry } = this.host;
    const grace = this.#grace.limit(this.#graceMs);
    return endSessions(registry, reason, grace, undefined, () => this.#enter('forcing'));
  }

  /** The hook gets as much time as the sessions; then the stop goes on without it. */
  async #runHook(): Promise<void> {
    const { onStop } = this.host;
    if (onStop === undefined) return;
    const overdue = this.#hook.limit(this.#graceMs).over.then(() => {
      throw new Error(`onStop has not settled within ${this.#graceMs} ms; the stop goes on.`);
    });
    try {
      await Promise.race([onStop(), overdue]);
    } catch (thrown) {
      this.host.diagnostics.report({ kind: 'hook-failed', hook: 'onStop', error: toError(thrown) });
    }
    this.#hook.clear();
  }

  #enter(phase: StopPhase): void {
    this.#phase = phase;
    this.#report();
  }

  #tick(): void {
    if (this.host.registry.size !== this.#reported) this.#report();
  }

  #report(): void {
    const { registry, diagnostics } = this.host;
    const progress: StopProgress = { phase: this.#phase, sessions: registry.size };
    this.#reported = progress.sessions;
    diagnostics.report({ kind: 'stopping', ...progress });
    for (const observer of this.#observers) this.#tell(observer, progress);
  }

  #tell(observer: NonNullable<StopSettings['onProgress']>, progress: StopProgress): void {
    const failed = (thrown: unknown): void =>
      this.host.diagnostics.report({ kind: 'hook-failed', hook: 'onProgress', error: toError(thrown) });
    try {
      const going: unknown = observer(progress);
      if (isThenable(going)) void Promise.resolve(going).catch(failed);
    } catch (thrown) {
      failed(thrown);
    }
  }
}
