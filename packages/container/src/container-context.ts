import type { Extension, Interceptor, SessionSelection, SessionTarget, WebSocketContainer } from '@serval/api';
import { callable, list, readOptions, type Bus, type OptionTable } from '@serval/api/spi';
import type { DeployedPlan } from './deployed-encoders';
import { Diagnostics } from './diagnostics';
import { IdleTimeouts } from './idle-timeouts';
import { LocalBus } from './local-bus';
import { LocalSessions, type Selectable } from './local-sessions';
import { consoleLogger, LOGGER, type Logger } from './logger';
import { NodeLink } from './node-link';
import { WsRooms, type RoomMember } from './rooms';
import { WsSelection } from './selection';
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
  interceptors: { ...list('a list of functions', callable<Interceptor>()), default: [] },
} satisfies OptionTable<ContainerOptions>;

/** A session as its container uses it. */
type ContainerSession = RegisteredSession & Selectable & RoomMember;

/** The endpoints of a container that has deployed ones. */
export interface EndpointDirectory extends EndpointPaths {
  deployed(): Iterable<DeployedPlan>;
}

/** The parts of a container that only one of server endpoints has. */
export interface ServerParts {
  /** Called after the construction. */
  readonly endpoints: () => EndpointDirectory;
  /** Connects it with other nodes. Default: it serves alone. */
  readonly bus: Bus | undefined;
}

/** The settings, diagnostics, registry, rooms and clock that the sessions of one container share. */
export class ContainerContext {
  readonly settings: ContainerSettings;
  readonly diagnostics: Diagnostics;
  readonly interceptors: readonly Interceptor[];
  readonly registry = new SessionRegistry<ContainerSession>();
  readonly rooms: WsRooms<ContainerSession>;
  readonly bus: Bus;
  readonly local: LocalSessions<ContainerSession>;
  readonly link: NodeLink;
  readonly idleTimeouts = new IdleTimeouts();

  /**
   * @param container what `session.getContainer()` answers
   * @param handshakeProperties the user properties that the container reads itself, before there is a session
   * @param server undefined for a container of client endpoints
   * @throws DeploymentException for an option out of range
   */
  constructor(
    readonly container: WebSocketContainer,
    options: ContainerOptions,
    readonly installedExtensions: readonly Extension[],
    private readonly handshakeProperties: ReadonlySet<string> = new Set(),
    private readonly server?: ServerParts,
  ) {
    const { logger, interceptors } = CONTAINER_OPTIONS;
    const read = readOptions({ logger, interceptors }, options);
    this.diagnostics = new Diagnostics(read.logger);
    this.interceptors = read.interceptors;
    this.settings = resolveSettings(options, this.#warn);
    this.rooms = new WsRooms(this.diagnostics);
    this.bus = server?.bus ?? new LocalBus();
    this.local = new LocalSessions(this);
    this.link = new NodeLink(this);
  }

  /** Selections name them. */
  get endpoints(): EndpointPaths | undefined {
    return this.server?.endpoints();
  }

  deployed(): Iterable<DeployedPlan> {
    return this.server?.endpoints().deployed() ?? [];
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

  /** @throws IllegalArgumentException for a Tomcat setting among the properties that is out of range */
  sessionProperties(seed: ReadonlyMap<string, unknown>): SessionProperties {
    return new SessionProperties(seed, this.#warn, this.handshakeProperties);
  }

  readonly #warn = (message: string): void => this.diagnostics.report({ kind: 'setting-warning', message });
}
