import { randomBytes } from 'node:crypto';
import type { Extension, Interceptor, SessionSelection, SessionTarget, WebSocketContainer } from '@serval/api';
import { list, readOptions, type OptionTable } from '@serval/api/spi';
import { Broadcaster, type BroadcastHost } from './broadcaster';
import { Diagnostics } from './diagnostics';
import { IdleTimeouts } from './idle-timeouts';
import { consoleLogger, LOGGER, type Logger } from './logger';
import { WsRooms, type RoomMember } from './rooms';
import { WsSelection, type SelectionHost } from './selection';
import { readTargets, type EndpointPaths, type Target } from './selection-target';
import { SessionProperties } from './session-properties';
import { SessionRegistry, type RegisteredSession } from './session-registry';
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

/** A session as its container uses it. */
type ContainerSession = RegisteredSession & BroadcastHost & RoomMember;

/** The settings, diagnostics, registry, rooms and clock that the sessions of one container share. */
export class ContainerContext implements SelectionHost<ContainerSession> {
  readonly settings: ContainerSettings;
  readonly diagnostics: Diagnostics;
  readonly interceptors: readonly Interceptor[];
  readonly registry = new SessionRegistry<ContainerSession>();
  readonly rooms: WsRooms<ContainerSession>;
  readonly node = randomBytes(8).toString('hex');
  readonly #broadcasters = new WeakMap<object, Broadcaster>();
  readonly idleTimeouts = new IdleTimeouts();

  /**
   * @param container what `session.getContainer()` answers
   * @param handshakeProperties the user properties that the container reads itself, before there is a session
   * @param endpointPaths the deployed endpoints, which selections name; undefined for a container of client endpoints
   * @throws DeploymentException for an option out of range
   */
  constructor(
    readonly container: WebSocketContainer,
    options: ContainerOptions,
    readonly installedExtensions: readonly Extension[],
    private readonly handshakeProperties: ReadonlySet<string> = new Set(),
    private readonly endpointPaths?: () => EndpointPaths,
  ) {
    const { logger, interceptors } = CONTAINER_OPTIONS;
    const read = readOptions({ logger, interceptors }, options);
    this.diagnostics = new Diagnostics(read.logger);
    this.interceptors = read.interceptors;
    this.settings = resolveSettings(options, this.#warn);
    this.rooms = new WsRooms(this.diagnostics);
  }

  get endpoints(): EndpointPaths | undefined {
    return this.endpointPaths?.();
  }

  /** @throws IllegalArgumentException for anything but targets */
  to(targets: readonly SessionTarget[]): SessionSelection {
    return this.#select(readTargets('to', targets, this.endpoints));
  }

  toAll(): SessionSelection {
    return this.#select([{ kind: 'all' }]);
  }

  #select(targets: readonly Target[]): SessionSelection {
    return new WsSelection(this, { targets, exceptions: [] });
  }

  /** Of the messages to many sessions of one endpoint. */
  broadcasterOf(plan: object): Broadcaster {
    let broadcaster = this.#broadcasters.get(plan);
    if (broadcaster === undefined) this.#broadcasters.set(plan, (broadcaster = new Broadcaster()));
    return broadcaster;
  }

  /** @throws IllegalArgumentException for a Tomcat setting among the properties that is out of range */
  sessionProperties(seed: ReadonlyMap<string, unknown>): SessionProperties {
    return new SessionProperties(seed, this.#warn, this.handshakeProperties);
  }

  readonly #warn = (message: string): void => this.diagnostics.report({ kind: 'setting-warning', message });
}
