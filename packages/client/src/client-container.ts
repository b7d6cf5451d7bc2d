import {
  CloseReason,
  HandshakeException,
  IllegalArgumentException,
  type ClientEndpointConfig,
  type Endpoint,
  type EndpointClass,
  type Extension,
  type Session,
  type WebSocketContainer,
} from '@serval/api';
import { copyOptions, pause, showAs, unknownOptions } from '@serval/api/spi';
import {
  ContainerContext,
  ContainerDefaults,
  endSessions,
  graceOf,
  Patience,
  type ContainerSettings,
  type Selections,
  type StopOptions,
  type WsSession,
} from '@serval/container';
import { createClientEngine, type ClientEngine } from '@serval/protocol';
import { ClientEndpoints, makeInstance, type ClientEndpoint } from './client-endpoint';
import type * as ConnectEndpoint from './connect-endpoint';
import type { ConnectContext, ConnectWatch } from './connect-endpoint';
import {
  CLIENT_CONTAINER_OPTIONS,
  CLIENT_PROPERTIES,
  readContainerOptions,
  type ClientContainerOptions,
  type ClientContainerSettings,
} from './container-options';
import type { Deadline } from './deadline';
import { retrying } from './retry';
import { parseServerUri, type ServerTarget } from './server-uri';

/**
 * The {@link WebSocketContainer} of client endpoints. `ContainerProvider.getWebSocketContainer()` gives one with the
 * default options; create another one for other options.
 *
 * @example
 * const container = new ClientContainer({ perMessageDeflate: true, ioTimeout: 2000 });
 * const session = await container.connectToServer(Prices, 'wss://example.com/prices');
 */
export class ClientContainer extends ContainerDefaults implements WebSocketContainer {
  readonly #context: ContainerContext;
  readonly #endpoints: ClientEndpoints;
  readonly #settings: ClientContainerSettings;
  readonly #plain: ClientEngine;
  readonly #connecting = new Set<Deadline>();
  #stopped: Promise<void> | undefined;
  /** Ends the waits that a Retry-After header causes. */
  readonly #stopping = new AbortController();
  readonly #grace = new Patience();
  /** Undefined if the options forbid compression. */
  readonly #compressing: ClientEngine | undefined;

  /** @throws DeploymentException when an option is out of range or of the wrong type */
  constructor(options: ClientContainerOptions = {}) {
    super();
    const given = copyOptions('The argument with the options of a container', CLIENT_CONTAINER_OPTIONS, options);
    this.#settings = readContainerOptions(given);
    const { perMessageDeflate = true } = this.#settings;
    this.#plain = createClientEngine({ ...given, perMessageDeflate: false });
    if (perMessageDeflate !== false) this.#compressing = createClientEngine({ ...given, perMessageDeflate });
    this.#context = new ContainerContext(this, given, this.#compressing?.offers ?? [], CLIENT_PROPERTIES);
    for (const message of unknownOptions('a client container', CLIENT_CONTAINER_OPTIONS, given))
      this.#context.diagnostics.report({ kind: 'setting-warning', message });
    this.#endpoints = new ClientEndpoints(this.#context);
  }

  /**
   * Connects a client endpoint to a server: an annotated or programmatic one, as a class or an instance. A class gets a
   * new instance. The container reads no message before `@OnOpen` has settled, and loses none that the server sends
   * earlier.
   *
   * @param uri `ws:`, `wss:` or `ws+unix:`, without a fragment, or with the option `sockJs` also `http:` or `https:`; the
   * client sends user information as Basic credentials
   * @returns the open session, once `@OnOpen` has settled
   * @throws DeploymentException (as a rejection) when the endpoint breaks a rule of chapter 4
   * @throws HandshakeException (as a rejection), a subclass of DeploymentException, when the WebSocket cannot be opened
   *
   * @see WSC-2.1.7
   */
  connectToServer(annotatedEndpoint: EndpointClass | object, uri: URL | string): Promise<Session>;
  connectToServer(
    endpoint: EndpointClass<Endpoint> | Endpoint,
    config: ClientEndpointConfig | null,
    uri: URL | string,
  ): Promise<Session>;
  async connectToServer(
    ...args: [object, URL | string] | [object, ClientEndpointConfig | null, URL | string]
  ): Promise<Session> {
    const passed: readonly unknown[] = args;
    if (passed.length !== 2 && passed.length !== 3) {
      throw new IllegalArgumentException(
        `connectToServer takes an endpoint, optionally its configuration or null, and a URI; found ${passed.length} argument(s).`,
      );
    }
    const endpoint = this.#endpoints.resolve(passed[0], passed.length === 3 ? passed[1] : null);
    if (this.isStopped) throw containerStopped();
    const server = parseServerUri(passed.at(-1), 'connectToServer', this.#settings.sockJs !== false);
    const wait = (milliseconds: number): Promise<void> => this.#waitUnlessStopped(milliseconds);
    return retrying(this.#settings.retryAfter, () => this.#connect(endpoint, server), wait);
  }

  /**
   * For clients that reconnect: prepares an endpoint with one instance for all of their sessions.
   *
   * @throws DeploymentException when the endpoint breaks a rule of chapter 4, or its constructor throws
   * @internal
   */
  prepare(endpoint: unknown, config: unknown): ClientEndpoint {
    const resolved = this.#endpoints.resolve(endpoint, config);
    if (resolved.instance !== undefined) return resolved;
    return { ...this.#endpoints.resolve(makeInstance(resolved.plan), config), config: resolved.config };
  }

  /**
   * For clients that reconnect: connects once, like {@link connectToServer}. `retryAfter` applies to the first attempt.
   *
   * @internal
   */
  async attempt(endpoint: ClientEndpoint, uri: unknown, watch: ConnectWatch): Promise<WsSession> {
    if (this.isStopped) throw containerStopped();
    const server = parseServerUri(uri, 'connect', this.#settings.sockJs !== false);
    const { attempt, signal } = watch;
    const wait = (milliseconds: number): Promise<void> => pause(milliseconds, signal);
    // Later attempts use the delays of the reconnect policy.
    const retryAfter = attempt === 0 ? this.#settings.retryAfter : false;
    return retrying(retryAfter, () => this.#connect(endpoint, server, watch), wait);
  }

  /**
   * Callbacks for clients that reconnect. A stop calls them, because such a client may have no session to end.
   *
   * @internal
   */
  readonly stopListeners = new Set<(why: HandshakeException) => void>();

  /** The limit for one attempt. @internal */
  get handshakeTimeoutMs(): number {
    return this.#settings.handshakeTimeout;
  }

  /** @internal */
  get diagnostics(): ContainerContext['diagnostics'] {
    return this.#context.diagnostics;
  }

  /** Whether {@link stop} has been called. */
  get isStopped(): boolean {
    return this.#stopped !== undefined;
  }

  /**
   * Stops the container: rejects new connects, aborts pending ones, lets running handlers finish, and closes every session
   * with 1001. It resolves once every `@OnClose` has returned and every connection has ended. After `grace` it drops the
   * remaining connections. A second call waits for the first, and may shorten its grace. Not in the specification.
   *
   * A connect whose `@OnOpen` is running already has a session: it resolves, and the container closes the session. Every
   * other pending or later connect rejects with a HandshakeException, `WS_CONNECT_STOPPED`. `ContainerProvider` then
   * creates a new container instead of returning the stopped one.
   *
   * @throws IllegalArgumentException (as a rejection) when `grace` is out of range; it rejects for no other reason
   */
  async stop(options: StopOptions = {}): Promise<void> {
    const graceMs = graceOf(options);
    if (options.grace !== undefined) this.#grace.limit(graceMs);
    await (this.#stopped ??= this.#stop(graceMs));
  }

  async #waitUnlessStopped(milliseconds: number): Promise<void> {
    const { signal } = this.#stopping;
    await pause(milliseconds, signal).catch(() => undefined);
    if (signal.aborted) throw containerStopped();
  }

  #stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    const connecting = [...this.#connecting];
    for (const deadline of connecting) deadline.abort(containerStopped());
    for (const tell of this.stopListeners) tell(containerStopped());
    const reason = new CloseReason(CloseReason.CloseCodes.GOING_AWAY, 'The client is stopping.');
    const given = Promise.all(connecting.map(({ cleared }) => cleared));
    return endSessions(this.#context.registry, reason, this.#grace.limit(graceMs), given);
  }

  /** Calls {@link stop}: `await using container = new ClientContainer()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  static {
    showAs(ClientContainer, 'ClientContainer', (container) => `${container.#context.registry.size} sessions`);
  }

  protected override get settings(): ContainerSettings {
    return this.#context.settings;
  }

  protected override get selections(): Selections {
    return this.#context;
  }

  /** permessage-deflate, unless the options forbid it. */
  getInstalledExtensions(): ReadonlySet<Extension> {
    return new Set(this.#context.installedExtensions);
  }

  #connect(endpoint: ClientEndpoint, server: ServerTarget, watch?: ConnectWatch): Promise<WsSession> {
    // The handshake, its proxies and its TLS load with the first connect: a server that never connects does not need them.
    const { connectEndpoint } = require('./connect-endpoint') as typeof ConnectEndpoint;
    const context: ConnectContext = {
      connecting: this.#connecting,
      container: this.#context,
      settings: this.#settings,
      engineFor: (connecting) => this.#engineFor(connecting),
    };
    return connectEndpoint(context, endpoint, server, watch);
  }

  /** The engine offers compression if the options or the endpoint's configuration request it. */
  #engineFor({ config }: ClientEndpoint): ClientEngine {
    if (this.#compressing === undefined) return this.#plain;
    const { perMessageDeflate } = this.#settings;
    const installed = this.#compressing.offers.map((extension) => extension.getName());
    const isAsked = config.getExtensions().some((extension) => installed.includes(extension.getName()));
    return isAsked || perMessageDeflate !== undefined ? this.#compressing.forHandshake() : this.#plain;
  }
}

function containerStopped(): HandshakeException {
  return new HandshakeException(
    'The client container is stopped and connects no more. Create a new one.',
    undefined,
    'WS_CONNECT_STOPPED',
  );
}
