import type { Extension, WebSocketContainer } from '@serval/api';
import { Diagnostics } from './diagnostics';
import { IdleTimeouts } from './idle-timeouts';
import { requireLogger, type Logger } from './logger';
import { SessionProperties } from './session-properties';
import { SessionRegistry } from './session-registry';
import { resolveSettings, type ContainerSettings, type SettingOptions } from './settings';

/** What a container can be told; everything has a default. */
export interface ContainerOptions extends SettingOptions {
  /** Default: errors and warnings to the console. */
  readonly logger?: Logger | undefined;
}

/** What the sessions of one container share. */
export class ContainerContext {
  readonly settings: ContainerSettings;
  readonly diagnostics: Diagnostics;
  readonly registry = new SessionRegistry();
  readonly idleTimeouts = new IdleTimeouts();

  /**
   * @param container what `session.getContainer()` answers
   * @param handshakeProperties the user properties that the container reads itself, before there is a session
   * @throws DeploymentException for an option out of range
   */
  constructor(
    readonly container: WebSocketContainer,
    options: ContainerOptions,
    readonly installedExtensions: readonly Extension[],
    private readonly handshakeProperties: ReadonlySet<string> = new Set(),
  ) {
    this.diagnostics = new Diagnostics(requireLogger(options.logger));
    this.settings = resolveSettings(options, this.#warn);
  }

  /** @throws IllegalArgumentException for a Tomcat setting among the properties that is out of range */
  sessionProperties(seed: ReadonlyMap<string, unknown>): SessionProperties {
    return new SessionProperties(seed, this.#warn, this.handshakeProperties);
  }

  readonly #warn = (message: string): void => this.diagnostics.report({ kind: 'setting-warning', message });
}
