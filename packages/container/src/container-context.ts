import type { Extension, Interceptor, WebSocketContainer } from '@serval/api';
import { list, readOptions, type OptionTable } from '@serval/api/spi';
import { Diagnostics } from './diagnostics';
import { IdleTimeouts } from './idle-timeouts';
import { consoleLogger, LOGGER, type Logger } from './logger';
import { SessionProperties } from './session-properties';
import { SessionRegistry } from './session-registry';
import { resolveSettings, SETTING_OPTIONS, type SettingOptions } from './setting-sources';
import type { ContainerSettings } from './settings';

/** The options of every container; everything has a default. */
export interface ContainerOptions extends SettingOptions {
  /** Receives errors, warnings and debug messages. Default: errors and warnings to the console, debug messages nowhere. */
  readonly logger?: Logger | undefined;
  /** Run around every handler of every endpoint, in this order, before those of the endpoint. Default: none. */
  readonly interceptors?: readonly Interceptor[] | undefined;
}

export const CONTAINER_OPTIONS = {
  ...SETTING_OPTIONS,
  logger: { ...LOGGER, default: consoleLogger },
  interceptors: { ...list<Interceptor>('a list of functions'), default: [] },
} satisfies OptionTable<ContainerOptions>;

/** The settings, diagnostics, registry and clock that the sessions of one container share. */
export class ContainerContext {
  readonly settings: ContainerSettings;
  readonly diagnostics: Diagnostics;
  readonly interceptors: readonly Interceptor[];
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
    const { logger, interceptors } = CONTAINER_OPTIONS;
    const read = readOptions({ logger, interceptors }, options);
    this.diagnostics = new Diagnostics(read.logger);
    this.interceptors = read.interceptors;
    this.settings = resolveSettings(options, this.#warn);
  }

  /** @throws IllegalArgumentException for a Tomcat setting among the properties that is out of range */
  sessionProperties(seed: ReadonlyMap<string, unknown>): SessionProperties {
    return new SessionProperties(seed, this.#warn, this.handshakeProperties);
  }

  readonly #warn = (message: string): void => this.diagnostics.report({ kind: 'setting-warning', message });
}
