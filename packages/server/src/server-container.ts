import {
  type CloseReason,
  ContainerProvider,
  IllegalArgumentException,
  type ClientEndpointConfig,
  type CodecClass,
  type DecoderClass,
  type EncoderClass,
  type EndpointClass,
  type AnySession,
  type Extension,
  type ServerContainer as SpecifiedServerContainer,
  type ServerEndpointConfig,
  type Principal,
  type SecurityConstraint,
  type Session,
  type SessionData,
  type SockJsChoice,
} from '@serval/api';
import {
  closeReasonOf,
  copyOptions,
  describeValue,
  kind,
  readArgument,
  showAs,
  SOCK_JS,
  type OptionTable,
  type ReadRateLimit,
} from '@serval/api/spi';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ContainerContext, ContainerDefaults, type ContainerSettings, type Selections } from '@serval/container';
import type { EndpointPlan } from '@serval/plan';
import type { AdoptOptions } from './adoption';
import {
  createEngine,
  readContainerOptions,
  SERVER_CONTAINER_OPTIONS,
  type ServerContainerOptions,
} from './container-options';
import { construct, type HandshakePolicy } from './default-configurator';
import type { DeployedEndpoint } from './deployment';
import { Deployment } from './deployment';
import { endpoint, type EndpointDefinition, type EndpointUser } from './function-endpoint';
import type { RouteMatch } from './endpoint-router';
import { ConnectionLimits } from './connection-limits';
import { Entrance } from './entrance';
import type { RoutedParameters } from './handed-over';
import { HttpSessions } from './http-sessions';
import { originPolicy } from './origin-policy';
import { misplacedOptions } from './server-options';
import { serverUnavailable, type Refusable } from './pending-handshake';
import { healthOf, type Health } from './health';
import { parseRequestTarget } from './request-target';
import { requestUser } from './request-user';
import { SecurityPolicy } from './security-policy';
import { readChanges, type RuntimeOptions } from './runtime-options';
import { ServerSessions } from './server-sessions';
import { SessionUsers } from './session-users';
import { readStopOptions, Stopping, type ServerStopOptions } from './stopping';
import type { UpgradeContext } from './routed-request';
import type { UnansweredRule } from './routed-response';
import type { UpgradeReply } from './upgrade-reply';
import type { UpgradeRequest } from './upgrade-request';

/** The options for removing or replacing an endpoint. */
export interface RemoveOptions {
  /** Closes the open sessions with this reason. Default: they stay open, with their original class. */
  readonly closeReason?: CloseReason | undefined;
}

/** The attributes of an endpoint that `addEndpoint` may override. */
export interface EndpointOverrides {
  /** Whether clients may also connect by SockJS, or its options. Default: the endpoint's own choice. */
  readonly sockJs?: SockJsChoice | undefined;
}

const ENDPOINT_OVERRIDES = { sockJs: SOCK_JS } satisfies OptionTable<EndpointOverrides>;

const REMOVE_OPTIONS = {
  // closeReasonOf reads it.
  closeReason: kind('a CloseReason', (_value): _value is unknown => true),
} satisfies OptionTable<RemoveOptions>;

/**
 * The container of server endpoints: the specification's `ServerContainer`, and more. `attach` and `Server` create one.
 *
 * The type argument is for the compiler only: the user that `authenticate` returns, for the sessions of {@link endpoint}.
 */
export class ServerContainer<User extends Principal | null = Principal | null>
  extends ContainerDefaults
  implements SpecifiedServerContainer
{
  readonly #context: ContainerContext;
  readonly #deployment: Deployment;
  readonly #upgradeContext: UpgradeContext;
  readonly #entrance: Entrance;
  readonly #httpSessions: HttpSessions;
  readonly #users: SessionUsers;
  readonly #limits: ConnectionLimits;
  readonly #onStop: (() => unknown) | undefined;
  #handshakeTimeoutMs: number;
  #rateLimits: readonly ReadRateLimit[];
  readonly #pendingHandshakes = new Set<Refusable>();
  #isPaused = false;
  #isOver = false;
  #stopping: Stopping | undefined;
  #stopped: Promise<void> | undefined;
  /** The open sessions, to list, filter and close. Not in the specification. */
  readonly sessions: ServerSessions;

  /** @throws DeploymentException when an option is out of range or of the wrong type */
  constructor(options: ServerContainerOptions<User> = {}) {
    super();
    const given = copyOptions('The argument with the options of a container', SERVER_CONTAINER_OPTIONS, options);
    const settings = readContainerOptions(given);
    const engine = createEngine(settings, given);
    this.#context = new ContainerContext(this, given, engine.installedExtensions, undefined, {
      endpoints: () => this.#deployment,
      bus: settings.bus,
    });
    for (const message of misplacedOptions(given))
      this.#context.diagnostics.report({ kind: 'setting-warning', message });
    this.sessions = new ServerSessions(this.#context);
    this.#limits = new ConnectionLimits(settings, () => this.#context.registry.live());
    this.#onStop = settings.onStop;
    this.#handshakeTimeoutMs = settings.handshakeTimeout;
    this.#rateLimits = settings.rateLimits;
    const handshakeTimeoutMs = (): number => this.#handshakeTimeoutMs;
    const rateLimits = (): readonly ReadRateLimit[] => this.#rateLimits;
    const policy: HandshakePolicy = {
      checkOrigin: settings.allowedOrigins ?? originPolicy(given.compatibility === undefined ? [] : '*'),
      createInstance: (endpointClass, request) =>
        settings.instanceFactory === undefined
          ? construct(endpointClass)
          : settings.instanceFactory.create(endpointClass, request),
    };
    this.#httpSessions = new HttpSessions(settings.httpSessionCheckInterval, (message) =>
      this.#context.diagnostics.report({ kind: 'setting-warning', message }),
    );
    this.#deployment = new Deployment(this.#context, settings.instanceFactory === undefined, {
      choice: settings.sockJs,
      allowedOrigins: given.allowedOrigins ?? (given.compatibility === undefined ? undefined : '*'),
    });
    this.#users = new SessionUsers(this.#httpSessions);
    this.#upgradeContext = {
      container: this.#context,
      engine,
      policy,
      instanceFactory: settings.instanceFactory?.destroy && settings.instanceFactory,
      isAllowedHost: settings.allowedHosts,
      middleware: settings.handshakeMiddleware,
      authenticate:
        settings.authenticate ??
        (settings.handshakeMiddleware.length > 0 || settings.routeUpgrades ? requestUser() : undefined),
      security: new SecurityPolicy(
        settings.securityConstraints,
        settings.contextPath,
        settings.authenticationChallenge,
      ),
      users: this.#users,
      limits: this.#limits,
      get rateLimits() {
        return rateLimits();
      },
      isUserInRole: settings.isUserInRole,
      get handshakeTimeoutMs() {
        return handshakeTimeoutMs();
      },
      accepted: () => this.#deployment.beginService(),
      pending: this.#pendingHandshakes,
      isStopped: () => this.#stopping !== undefined,
      unavailable: () => {
        if (this.#stopping !== undefined) return serverUnavailable('stopped');
        if (this.#isPaused) return serverUnavailable('paused');
        return this.#context.link.isReady ? undefined : serverUnavailable('bus');
      },
    };
    this.#entrance = new Entrance(this.#upgradeContext, this.#deployment, settings);
  }

  // --- deployment -------------------------------------------------------------------------------------------------

  /** @param overrides stand before the endpoint's own attributes. Not in the specification */
  addEndpoint(endpoint: EndpointClass | ServerEndpointConfig, overrides: EndpointOverrides = {}): void {
    const { sockJs } = readArgument('addEndpoint', ENDPOINT_OVERRIDES, overrides, '{ sockJs: true }');
    this.#deployment.add(endpoint, sockJs);
  }

  /**
   * Defines an endpoint by functions and adds it. See {@link endpoint}.
   *
   * @returns its configuration, for `removeEndpoint`
   * @throws DeploymentException when it cannot be deployed
   *
   * @example
   * container.endpoint('/chat/{room}', { onText: (text, session) => `${session.params.room}: ${text}` });
   */
  endpoint<
    const Path extends string,
    Data extends object = SessionData,
    const Security extends SecurityConstraint | undefined = undefined,
    UserOfEndpoint extends Principal | null = EndpointUser<Security, User>,
    const D extends readonly DecoderClass[] = readonly [],
    const E extends readonly EncoderClass[] = readonly [],
    const C extends readonly CodecClass[] = readonly [],
  >(path: Path, definition: EndpointDefinition<Path, Data, UserOfEndpoint, D, E, C, Security>): ServerEndpointConfig {
    const config = endpoint(path, definition);
    this.addEndpoint(config);
    return config;
  }

  /**
   * Marks the application as deployed. An `addEndpoint` or `scan` that fails later affects no other endpoint. Until then a
   * failure withdraws all endpoints (WSC-5.2.1). The first accepted handshake also completes the deployment, and so does a
   * `Server` that starts with endpoints. Not in the specification.
   */
  completeDeployment(): void {
    this.#deployment.complete();
  }

  /**
   * Removes an endpoint, at any time. New handshakes at its path get 404. Its open sessions stay open or, with
   * `closeReason`, close once their running handlers have finished. You may add the endpoint again. Not in the
   * specification.
   *
   * @param endpoint its path as declared, its class or its configuration
   * @throws IllegalArgumentException when it is not deployed here
   *
   * @example
   * container.removeEndpoint('/chat/{room}', { closeReason: new CloseReason(1001, 'moved') });
   */
  removeEndpoint(endpoint: string | EndpointClass | ServerEndpointConfig, options: RemoveOptions = {}): void {
    const reason = closeReasonIn('removeEndpoint', options);
    this.#closeSessionsOf(this.#deployment.remove(endpoint), reason);
  }

  /**
   * Replaces an endpoint in one step, so that no handshake in between gets 404. It treats the old endpoint's sessions like
   * {@link removeEndpoint}. Nothing changes if the new endpoint cannot be deployed. Not in the specification.
   *
   * @throws IllegalArgumentException when the old one is not deployed here
   * @throws DeploymentException when the new one cannot be deployed
   */
  replaceEndpoint(
    old: string | EndpointClass | ServerEndpointConfig,
    endpoint: EndpointClass | ServerEndpointConfig,
    options: RemoveOptions = {},
  ): void {
    const reason = closeReasonIn('replaceEndpoint', options);
    this.#closeSessionsOf(this.#deployment.replace(old, endpoint), reason);
  }

  #closeSessionsOf(plan: EndpointPlan, reason: CloseReason | undefined): void {
    if (reason === undefined) return;
    for (const session of this.#context.registry.live()) if (session.plan === plan) session.closeWhenIdle(reason);
  }

  /**
   * Deploys the endpoints that the matching modules export: all endpoints of functions and annotated classes, or those that exported
   * `ServerApplicationConfig` classes choose (WSC-6.2). It deploys a class once, even if it is found twice or added again
   * later.
   *
   * @param patterns glob patterns, such as `'dist/endpoints/**\/*.js'`
   * @param directory the base of relative patterns; default: the current directory
   * @throws DeploymentException (as a rejection) when it fails; none of the matching endpoints is then deployed
   */
  async scan(patterns: string | readonly string[], directory = process.cwd()): Promise<void> {
    await this.#deployment.scan(patterns, directory);
  }

  /** How long user code may delay a handshake, and other listeners a request without an endpoint, in milliseconds. */
  get handshakeTimeoutMs(): number {
    return this.#handshakeTimeoutMs;
  }

  /** Whether the engine supports HTTP/2 streams. */
  get servesStreams(): boolean {
    return this.#upgradeContext.engine.acceptStream !== undefined;
  }

  // --- upgrades ---------------------------------------------------------------------------------------------------

  /**
   * Finds the endpoint for a request path. Returns undefined if none is deployed there.
   *
   * @param target the request line's target
   */
  match(target: string): RouteMatch<DeployedEndpoint> | undefined {
    if (typeof target !== 'string')
      throw new IllegalArgumentException(`match takes the path of a request; found ${describeValue(target)}.`);
    return this.#entrance.match(target);
  }

  /**
   * Answers an upgrade request, if an endpoint is deployed at its path.
   *
   * @returns false if none is; the request then stays untouched
   */
  handleUpgrade(request: UpgradeRequest, reply: UpgradeReply): boolean {
    return this.#entrance.handleUpgrade(request, reply);
  }

  /**
   * Answers a plain request of SockJS below the path of an endpoint that speaks it.
   *
   * @returns false if it is another request, which then stays untouched
   */
  handleRequest(request: IncomingMessage, response: ServerResponse): boolean {
    return this.#entrance.handleRequest(request, response);
  }

  /** Whether the routes of the host receive an upgrade request to a path without an endpoint: see `routeUpgrades`. */
  routesUpgrade(target: string): boolean {
    return this.#entrance.routesUpgrade(target);
  }

  /** Reports an upgrade that the host answers with 503, because none of its routes answered in time. @internal */
  upgradeUnanswered(target: string, rule: UnansweredRule): void {
    this.#entrance.reportUnanswered(target, rule);
  }

  /** Calls a function when the container begins to stop. @returns a function that forgets it */
  whenStopping(refuse: () => void): () => void {
    const waiting = { refuse };
    this.#pendingHandshakes.add(waiting);
    return () => this.#pendingHandshakes.delete(waiting);
  }

  /** Warns that the host serves an upgrade as a plain request although an endpoint is deployed at its path. */
  upgradeWithheld(target: string): void {
    if (this.match(target) === undefined) return;
    this.#context.diagnostics.report({
      kind: 'handshake-warning',
      path: parseRequestTarget(target)?.path ?? target,
      message:
        'server.shouldUpgradeCallback returned false, so the server handles the request as a plain one. ' +
        'Return true if container.match(request.url) finds an endpoint.',
    });
  }

  /** The template of the endpoint that a request's target, at which none is deployed, probably means. */
  nearestTo(target: string): string | undefined {
    return this.#entrance.nearestTo(target);
  }

  /** Reports an upgrade that the host answers with 404, because no endpoint is deployed at its path. */
  upgradeUnmatched(target: string, nearest: string | undefined): void {
    this.#entrance.reportUnmatched(target, nearest);
  }

  /**
   * Upgrades an HTTP request that your application has routed itself to a session (WS 2.1). In a route of a framework, set
   * `routeUpgrades`, and return or await the promise.
   *
   * @param httpRequest the host's request: Node's IncomingMessage or Http2ServerRequest
   * @param httpResponse the response of the route, whose headers become part of the 101. Or the socket of Node's 'upgrade'
   * event, alone or as `{ socket, head }`. Or, over HTTP/2, the response of its 'connect' event. A host that sends its
   * headers late passes `{ response, respond }`: `respond({ status, headers, body })` makes it write a 101 or a refusal
   * @param endpoint an endpoint, which need not be deployed; the request's path need not match its path
   * @param pathParameters the values for `@PathParam` and `session.params`, such as `request.params`. The container joins
   * the parts of a list with slashes
   * @returns a promise that resolves once the server has answered the handshake, with 101 or a refusal
   * @throws IllegalArgumentException when an argument has the wrong type. This and the following errors are rejections. The
   * container also logs them, so you need not handle them
   * @throws IllegalStateException when the response is already sent, or the socket is already taken
   * @throws DeploymentException when the endpoint breaks a rule of deployment
   *
   * @example
   * app.get('/rooms/:room', requireLogin, (request, response) =>
   *   container.upgradeHttpToWebSocket(request, response, chat, request.params),
   * );
   */
  upgradeHttpToWebSocket(
    httpRequest: unknown,
    httpResponse: unknown,
    endpoint: EndpointClass | ServerEndpointConfig,
    pathParameters: RoutedParameters = {},
  ): Promise<void> {
    return this.#entrance.upgradeHttp(httpRequest, httpResponse, endpoint, pathParameters);
  }

  /**
   * Opens a session on a WebSocket of the ws library that a framework or a ws server has accepted. Its handshake is over,
   * so its owner is responsible for authentication, origin, subprotocol, extensions and response headers. Everything else
   * works as in any session. Not in the specification.
   *
   * Call it as soon as you receive the socket, before you await anything. From then on the container reads nothing until
   * the session is ready, and loses nothing. Messages that arrived earlier went to the socket's owner.
   *
   * @param webSocket an open socket that is not adopted yet
   * @param httpRequest the socket's request from Node, for `getRequestURI` and the endpoint's configurator
   * @param endpoint an endpoint, which need not be deployed; the request's path need not match its path
   * @returns the session, once `@OnOpen` has begun; undefined when the container closes the socket instead: with 1001 if it
   * is paused or stopped, with 1011 if it cannot create the instance or a codec
   * @throws IllegalArgumentException when an argument is not a WebSocket of ws or not a request of Node. This and the
   * following errors are rejections. The container also logs them, so you need not handle them
   * @throws IllegalStateException when the socket is no longer open, or is already adopted
   * @throws DeploymentException when the endpoint breaks a rule of deployment
   *
   * @example
   * webSocketServer.on('connection', (webSocket, request) => void container.adoptWebSocket(webSocket, request, Chat));
   */
  adoptWebSocket(
    webSocket: object,
    httpRequest: object,
    endpoint: EndpointClass | ServerEndpointConfig,
    options: AdoptOptions = {},
  ): Promise<Session | undefined> {
    return this.#entrance.adopt(webSocket, httpRequest, endpoint, options);
  }

  // --- sessions ---------------------------------------------------------------------------------------------------

  /** The open sessions of all endpoints. Not in the specification. */
  getSessions(): ReadonlySet<Session> {
    return new Set(this.#context.registry.live());
  }

  /** The state for the probes of an orchestrator; see {@link healthCheck}. Not in the specification. */
  get health(): Health {
    return healthOf(this.#state, this.#context.registry.size, this.#isOver ? undefined : this.#stopping?.phase);
  }

  get #state(): Health['state'] {
    if (this.#isOver) return 'stopped';
    if (this.#stopping !== undefined) return 'stopping';
    if (this.#deployment.hasFailed) return 'failed';
    return this.#isPaused ? 'paused' : 'started';
  }

  /**
   * Resolves once the container takes part in its bus: at once without the option `bus`. Until then it refuses sessions
   * with 503. Rejects with an IOException if the engine of the bus refuses. `Server` waits for it. Not in the specification.
   */
  get ready(): Promise<void> {
    return this.#context.link.ready;
  }

  /**
   * Ends what depends on an HTTP session: closes its WebSockets with 1008, and refuses its handshakes with 401. Call it
   * from your logout; otherwise the container finds out within `httpSessionCheckInterval`. Only sessions with a user
   * depend on an HTTP session. Not in the specification.
   *
   * @param id of the session, such as `request.sessionID`
   * @returns how many WebSockets it ends
   * @throws IllegalArgumentException when the ID is not a string
   *
   * @example
   * app.post('/logout', (request, response) => {
   *   container.endHttpSession(request.sessionID);
   *   request.session.destroy(() => response.redirect('/'));
   * });
   */
  endHttpSession(id: string): number {
    if (typeof id !== 'string')
      throw new IllegalArgumentException(
        `endHttpSession takes the ID of an HTTP session, such as request.sessionID; found ${describeValue(id)}.`,
      );
    return this.#httpSessions.end(id);
  }

  /**
   * Replaces the user of an open session by the same user with newer credentials, such as a later `expiresAt` and other
   * roles. Not in the specification.
   *
   * @throws IllegalArgumentException when the name differs from that of the session's user
   * @throws IllegalStateException when the session is closed, has no user, or belongs to another container
   */
  renewUser(session: AnySession, principal: Principal): void {
    this.#users.renew(session, principal);
  }

  /** Refuses new sessions with 503 and Retry-After. Open sessions continue. Use it to drain a server before a stop. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Accepts new sessions again. */
  resume(): void {
    this.#isPaused = false;
  }

  /**
   * Changes limits, timeouts and the logger while the container runs. Limits of connections, queue limits and close
   * timeouts count at once; sizes, idle timeouts, pings and rates for sessions that open from now on. `undefined` changes nothing.
   * Not in the specification.
   *
   * @throws IllegalArgumentException for an unknown option, one that is fixed, and a wrong value; nothing changes then
   *
   * @example
   * container.configure({ maxConnectionsPerAddress: 10, maxQueuedMessages: 1000 });
   */
  configure(options: RuntimeOptions): void {
    const { settings, limits, rateLimits, handshakeTimeout, logger } = readChanges(options);
    Object.assign(this.#context.settings, settings);
    this.#limits.change(limits);
    if (rateLimits !== undefined) this.#rateLimits = rateLimits;
    if (handshakeTimeout !== undefined) this.#handshakeTimeoutMs = handshakeTimeout;
    if (logger !== undefined) this.#context.diagnostics.useLogger(logger);
  }

  /**
   * Stops the container: refuses new sessions with 503, waits for `drain` and `onStop`, lets running handlers finish,
   * and closes every session with 1001. It resolves once every `@OnClose` has returned and every connection has ended. After `grace` it drops the remaining
   * connections. A further call waits for the first; with `drain` or `grace` it hurries it, by times that count from that call.
   *
   * @throws IllegalArgumentException (as a rejection) when an option is out of range; it rejects for no other reason
   */
  async stop(options: ServerStopOptions = {}): Promise<void> {
    const settings = readStopOptions(options);
    if (this.#stopping === undefined) {
      const { registry, diagnostics } = this.#context;
      this.#stopping = new Stopping({ registry, diagnostics, onStop: this.#onStop }, settings);
      this.#stopped = this.#stop(this.#stopping);
    } else this.#stopping.join(settings, options.drain !== undefined || options.grace !== undefined);
    await this.#stopped;
    this.#isOver = true;
  }

  #stop(stopping: Stopping): Promise<void> {
    for (const handshake of this.#pendingHandshakes) handshake.refuse(serverUnavailable('stopped'));
    return stopping.run().finally(() => this.#context.link.close());
  }

  // --- WebSocketContainer -----------------------------------------------------------------------------------------

  /** Calls {@link stop}: `await using container = attach(httpServer)`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  static {
    showAs(ServerContainer, 'ServerContainer', (container) => `${container.#context.registry.size} sessions`);
  }

  protected override get settings(): ContainerSettings {
    return this.#context.settings;
  }

  protected override get selections(): Selections {
    return this.#context;
  }

  getInstalledExtensions(): ReadonlySet<Extension> {
    return new Set(this.#context.installedExtensions);
  }

  /** Connects with the loaded client implementation. @throws IllegalStateException (as a rejection) if none is loaded */
  async connectToServer(
    ...args: [object, URL | string] | [object, ClientEndpointConfig | null, URL | string]
  ): Promise<Session> {
    const client = ContainerProvider.getWebSocketContainer();
    // Passes the arguments of both overloads on unchanged.
    const connectToServer = client.connectToServer.bind(client) as (...passed: unknown[]) => Promise<Session>;
    return connectToServer(...args);
  }
}

function closeReasonIn(method: string, options: RemoveOptions): CloseReason | undefined {
  const { closeReason } = readArgument(method, REMOVE_OPTIONS, options, '{ closeReason: new CloseReason(1001) }');
  return closeReason === undefined ? undefined : closeReasonOf(`closeReason of ${method}`, closeReason);
}
