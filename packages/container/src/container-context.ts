import type { Extension, WebSocketContainer } from '@serval/api';
import { Diagnostics } from './diagnostics';
import { IdleTimeouts } from './idle-timeouts';
import { SessionRegistry } from './session-registry';
import { resolveLogger, resolveSettings, type ContainerOptions, type ContainerSettings } from './settings';

/** What the sessions of one container share. */
export class ContainerContext {
  readonly settings: ContainerSettings;
  readonly diagnostics: Diagnostics;
  readonly registry = new SessionRegistry();
  readonly idleTimeouts = new IdleTimeouts();

  /**
   * @param container what `session.getContainer()` answers
   * @throws DeploymentException for an option out of range
   */
  constructor(
    readonly container: WebSocketContainer,
    options: ContainerOptions,
    readonly installedExtensions: readonly Extension[],
  ) {
    this.settings = resolveSettings(options);
    this.diagnostics = new Diagnostics(resolveLogger(options));
  }
}
