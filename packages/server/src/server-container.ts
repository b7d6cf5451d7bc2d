import {
  CloseReason,
  ContainerProvider,
  IllegalArgumentException,
  IllegalStateException,
  ServerEndpointConfig,
  type ClientEndpointConfig,
  type EndpointClass,
  type Extension,
  type ServerContainer as SpecifiedServerContainer,
  type Session,
} from '@serval/api';
import { closeReasonOf, describeValue, requireOptions, showAs } from '@serval/api/spi';
import {
  ContainerContext,
  ContainerDefaults,
  endSessions,
  graceOf,
  inOwnScope,
  toError,
  type ContainerSettings,
  type StopOptions,
} from '@serval/container';
import type { EndpointPlan } from '@serval/plan';
import { AdoptedWebSocket, tolerateErrors } from '@serval/protocol';
import { AsyncResource } from 'node:async_hooks';
import { IncomingMessage } from 'node:http';
import { adopt, type AdoptOptions } from './adoption';
import { claim } from './shared-server';
import { createEngine, readContainerOptions, type ServerContainerOptions } from './container-options';
import { construct, type HandshakePolicy } from './default-configurator';
import type { DeployedEndpoint } from './deployment';
import { Deployment } from './deployment';
import type { RouteMatch } from './endpoint-router';
import { asMap, handedOver, requireIncomingMessage } from './handed-over';
import { originPolicy } from './origin-policy';
import { throughProxies } from './forwarded-request';
import { misplacedOptions } from './server-options';
import { serverUnavailable, type PendingHandshake } from './pending-handshake';
import { parseRequestTarget, type RequestTarget } from './request-target';
import type { IsTrustedProxy } from './trust-proxy';
import type { UpgradeContext } from './routed-request';
import { upgrade } from './upgrade';
import type { UpgradeReply } from './upgrade-reply';
import { fromIncomingMessage, type UpgradeRequest } from './upgrade-request';

/** What becomes of the open sessions of an endpoint that is removed or replaced. */
export interface RemoveOptions {
  /** They are closed with it. Default: they go on, with the class that they began with. */
  readonly closeReason?: CloseReason | undefined;
}

/** The container of server endpoints: the specification's `ServerContainer`, and more. `attach` and `Server` create one. */
export class ServerContainer extends ContainerDefaults implements SpecifiedServerContainer {
  readonly #context: ContainerContext;
  readonly #deployment: Deployment;
  readonly #contextPath: readonly string[];
  readonly #upgradeContext: UpgradeContext;
  readonly #isTrustedProxy: IsTrustedProxy | undefined;
  readonly #pendingHandshakes = new Set<PendingHandshake>();
  /** Upgrades that a host tells begin where the container was made: what runs on the host's connections is not for them. */
  readonly #made = new AsyncResource('SERVAL');
  #isPaused = false;
  #isStopped = false;
  #stopped: Promise<void> | undefined;

  /** @throws DeploymentException for an option that is out of range or of the wrong kind */
  constructor(options: ServerContainerOptions = {}) {
    super();
    requireOptions('The argument with the options of a container', options);
    const settings = readContainerOptions(options);
    const engine = createEngine(settings, options);
    this.#context = new ContainerContext(this, options, engine.installedExtensions);
    this.#contextPath = settings.contextPath;
    for (const message of misplacedOptions(options))
      this.#context.diagnostics.report({ kind: 'setting-warning', message });
    this.#isTrustedProxy = settings.trustProxy;
    const policy: HandshakePolicy = {
      checkOrigin: settings.allowedOrigins ?? originPolicy(options.compatibility === undefined ? [] : '*'),
      createInstance: settings.instanceFactory ?? ((endpointClass) => construct(endpointClass)),
    };
    this.#deployment = new Deployment(this.#context, settings.instanceFactory === undefined);
    this.#upgradeContext = {
      container: this.#context,
      engine,
      policy,
      isAllowedHost: settings.allowedHosts,
      authenticate: settings.authenticate,
      isUserInRole: settings.isUserInRole,
      handshakeTimeoutMs: settings.handshakeTimeout,
      accepted: () => this.#deployment.beginService(),
      pending: this.#pendingHandshakes,
      isStopped: () => this.#isStopped,
      unavailable: () => (!this.#isStopped && !this.#isPaused ? undefined : serverUnavailable()),
    };
  }

  // --- deployment -------------------------------------------------------------------------------------------------

  addEndpoint(endpoint: EndpointClass | ServerEndpointConfig): void {
    this.#deployment.add(endpoint);
  }

  /**
   * Says that the application is deployed: from now on an `addEndpoint` or `scan` that fails is refused by itself, and the
   * other endpoints stay. The first accepted handshake says it as well, and so does a `Server` that has started with
   * endpoints. Until then a failure withdraws all endpoints (WSC-5.2.1). Not in the specification.
   */
  completeDeployment(): void {
    this.#deployment.complete();
  }

  /**
   * Takes an endpoint out of service, at any time: new handshakes get 404. Its open sessions go on, or are closed once the
   * handlers that are running have finished. It may be added again. Not in the specification.
   *
   * @param endpoint its path as it was declared, its class or its configuration
   * @throws IllegalArgumentException where it is not deployed here
   *
   * @example
   * container.removeEndpoint('/chat/{room}', { closeReason: new CloseReason(1001, 'moved') });
   */
  removeEndpoint(endpoint: string | EndpointClass | ServerEndpointConfig, options: RemoveOptions = {}): void {
    const reason = closeReasonIn('removeEndpoint', options);
    this.#closeSessionsOf(this.#deployment.remove(endpoint), reason);
  }

  /**
   * Puts an endpoint in the place of another one, in one step: no handshake in between gets 404. Sessions of the old one as
   * in {@link removeEndpoint}. Where the new one cannot be deployed, everything stays as it is. Not in the specification.
   *
   * @throws IllegalArgumentException where the old one is not deployed here
   * @throws DeploymentException where the new one cannot be deployed
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
   * Deploys what the modules export that the patterns match: annotated classes, or what the `ServerApplicationConfig`
   * classes among them choose (WSC-6.2). A class that is found twice, or added again later, is deployed once.
   *
   * @param patterns glob patterns, such as `'dist/endpoints/**\/*.js'`
   * @param directory what they are relative to
   * @throws DeploymentException (as a rejection); nothing of what the patterns match is in service then
   */
  async scan(patterns: string | readonly string[], directory = process.cwd()): Promise<void> {
    await this.#deployment.scan(patterns, directory);
  }

  /** How long user code may take for a handshake, and other listeners for what no endpoint has. */
  get handshakeTimeoutMs(): number {
    return this.#upgradeContext.handshakeTimeoutMs;
  }

  /** Whether the engine can speak on streams of HTTP/2. */
  get servesStreams(): boolean {
    return this.#upgradeContext.engine.acceptStream !== undefined;
  }

  // --- upgrades ---------------------------------------------------------------------------------------------------

  /**
   * The endpoint of a request path, or undefined when none is deployed there.
   *
   * @param target the request line's target
   */
  match(target: string): RouteMatch<DeployedEndpoint> | undefined {
    if (typeof target !== 'string')
      throw new IllegalArgumentException(`match takes the path of a request; found ${describeValue(target)}.`);
    const parsed = parseRequestTarget(target);
    return parsed && this.#matchSegments(parsed.segments);
  }

  /**
   * Answers an upgrade request, if an endpoint is deployed at its path.
   *
   * @returns false when none is; the request is then untouched
   */
  handleUpgrade(request: UpgradeRequest, reply: UpgradeReply): boolean {
    const target = parseRequestTarget(request.target);
    const match = target && this.#matchSegments(target.segments);
    if (target === undefined || match === undefined) return false;
    const { target: endpoint, pathParameters } = match;
    // The one that took the socket before answers.
    if (!claim(reply.stream)) return true;
    const routed = { request: this.#throughProxies(request, target), reply, target, pathParameters, endpoint };
    this.#made.runInAsyncScope(() => void inOwnScope(() => upgrade(this.#upgradeContext, routed)));
    return true;
  }

  /** The host of the server serves an upgrade as a plain request, although an endpoint may be at its path. */
  upgradeWithheld(target: string): void {
    if (this.match(target) === undefined) return;
    this.#context.diagnostics.report({
      kind: 'handshake-warning',
      path: parseRequestTarget(target)?.path ?? target,
      message:
        'server.shouldUpgradeCallback says no, so the request is served as a plain one. ' +
        'Let it return true where container.match(request.url) finds an endpoint.',
    });
  }

  upgradeHttpToWebSocket(
    httpRequest: unknown,
    httpResponse: unknown,
    config: ServerEndpointConfig,
    pathParameters: ReadonlyMap<string, string> | Readonly<Record<string, string>> = {},
  ): Promise<void> {
    return this.#reported(httpRequest, this.#upgradeHttp(httpRequest, httpResponse, config, pathParameters));
  }

  async #upgradeHttp(
    httpRequest: unknown,
    httpResponse: unknown,
    config: ServerEndpointConfig,
    pathParameters: ReadonlyMap<string, string> | Readonly<Record<string, string>>,
  ): Promise<void> {
    const [request, reply] = handedOver(httpRequest, httpResponse);
    if (!(config instanceof ServerEndpointConfig)) {
      throw new IllegalArgumentException(
        `upgradeHttpToWebSocket takes a ServerEndpointConfig; found ${describeValue(config)}.`,
      );
    }
    const plan = this.#deployment.planOf(config);
    if (!claim(reply.stream)) {
      throw new IllegalStateException(
        'upgradeHttpToWebSocket takes a request whose socket is free; it was taken before, by an earlier call, by an ' +
          'endpoint deployed at its path, or by ws. Call it once, for paths that have no endpoint.',
      );
    }
    const target = parseRequestTarget(request.target);
    if (target === undefined) {
      tolerateErrors(reply.stream);
      reply.refuse(400);
      return;
    }
    const routed = {
      request: this.#throughProxies(request, target),
      reply,
      target,
      pathParameters: asMap(pathParameters),
      endpoint: { plan, config },
    };
    await inOwnScope(() => upgrade(this.#upgradeContext, routed));
  }

  /**
   * Opens a session on a WebSocket of the ws library that somebody else has accepted: a framework, or a server of ws. Its
   * handshake is over, so `authenticate`, origin, subprotocol, extensions and `modifyHandshake` are its owner's. All else
   * is as with any session. Not in the specification.
   *
   * Call it when the socket is handed over, before anything is awaited: from then on nothing is read until the session
   * is ready, and nothing is lost. What has arrived before went to its owner.
   *
   * @param webSocket open, and not adopted before
   * @param httpRequest Node's request that the socket came with, for `getRequestURI` and the endpoint's configurator
   * @param endpoint need not be deployed; its path is not matched
   * @returns the session, once `@OnOpen` has begun; undefined when the socket was closed instead: with 1001 by a container
   * that is paused or has been stopped, 1011 when no instance or codec could be made
   * @throws IllegalArgumentException for what is no WebSocket of ws or no request of Node. This and the next are
   * rejections; they are logged too, so nobody has to handle them
   * @throws IllegalStateException for a socket that is not open any more, or was adopted before
   * @throws DeploymentException for an endpoint that could not be deployed either
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
    return this.#reported(httpRequest, this.#adopt(webSocket, httpRequest, endpoint, options));
  }

  // It has no await, so that the socket is taken within the call; what it throws is a rejection.
  async #adopt(
    webSocket: object,
    httpRequest: object,
    endpoint: EndpointClass | ServerEndpointConfig,
    options: AdoptOptions,
  ): Promise<Session | undefined> {
    const received = fromIncomingMessage(requireIncomingMessage('adoptWebSocket', httpRequest));
    const target = parseRequestTarget(received.target);
    if (target === undefined) {
      throw new IllegalArgumentException(
        `adoptWebSocket takes a request for a path; found the target ${JSON.stringify(received.target)}.`,
      );
    }
    const request = this.#throughProxies(received, target);
    const deployed = this.#deployment.endpointOf(endpoint);
    const { diagnostics, settings } = this.#context;
    const adoption = {
      socket: AdoptedWebSocket.take(webSocket, {
        isSecure: request.isSecure,
        remoteAddress: request.remoteAddress,
        deliveredWhole: () => diagnostics.report({ kind: 'delivered-whole', endpoint: deployed.plan.name }),
        maxFrameBytes: settings.maxFrameSize,
      }),
      request,
      target,
      pathParameters: asMap(options.pathParameters ?? {}),
      endpoint: deployed,
      userPrincipal: options.userPrincipal ?? null,
    };
    return inOwnScope(() => adopt(this.#upgradeContext, adoption));
  }

  /** Listeners of events call these methods and await nothing: what they reject with is logged, and ends no process. */
  #reported<T>(httpRequest: unknown, going: Promise<T>): Promise<T> {
    going.catch((error: unknown) => {
      const url = httpRequest instanceof IncomingMessage ? httpRequest.url : undefined;
      this.#context.diagnostics.report({ kind: 'handshake-failed', path: url ?? '(unknown)', error: toError(error) });
    });
    return going;
  }

  /** A `trustProxy` that fails trusts nobody: the request stays as it came. */
  #throughProxies(request: UpgradeRequest, target: RequestTarget): UpgradeRequest {
    try {
      return throughProxies(request, this.#isTrustedProxy);
    } catch (thrown) {
      this.#context.diagnostics.report({ kind: 'handshake-failed', path: target.path, error: toError(thrown) });
      return request;
    }
  }

  #matchSegments(segments: readonly string[]): RouteMatch<DeployedEndpoint> | undefined {
    const prefix = this.#contextPath;
    if (segments.length < prefix.length || !prefix.every((segment, index) => segments[index] === segment))
      return undefined;
    const rest = segments.slice(prefix.length);
    return this.#deployment.match(rest.length === 0 ? [''] : rest);
  }

  // --- sessions ---------------------------------------------------------------------------------------------------

  /** The sessions of all endpoints that have not ended. Not in the specification. */
  getSessions(): ReadonlySet<Session> {
    return new Set(this.#context.registry.live());
  }

  /** Refuses new sessions with 503 and Retry-After; those that are open go on. For draining before a stop. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Takes new sessions again. */
  resume(): void {
    this.#isPaused = false;
  }

  /**
   * Refuses new sessions with 503, lets the handlers that are running finish, closes every session with 1001, and
   * resolves once every `@OnClose` has returned and every connection has ended. What is not over after `grace` is ended
   * by force. A second call waits for the first.
   *
   * @throws IllegalArgumentException (as a rejection) for a grace that is out of range; it rejects for nothing else
   */
  async stop(options: StopOptions = {}): Promise<void> {
    const graceMs = graceOf(options);
    await (this.#stopped ??= this.#stop(graceMs));
  }

  #stop(graceMs: number): Promise<void> {
    this.#isStopped = true;
    for (const handshake of this.#pendingHandshakes) handshake.refuse(serverUnavailable());
    const reason = new CloseReason(CloseReason.CloseCodes.GOING_AWAY, 'The server is stopping.');
    return endSessions(this.#context.registry, reason, graceMs);
  }

  // --- WebSocketContainer -----------------------------------------------------------------------------------------

  /** As {@link stop}: `await using container = attach(httpServer)`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  static {
    showAs(ServerContainer, 'ServerContainer', (container) => `${container.#context.registry.size} sessions`);
  }

  protected override get settings(): ContainerSettings {
    return this.#context.settings;
  }

  getInstalledExtensions(): ReadonlySet<Extension> {
    return new Set(this.#context.installedExtensions);
  }

  /** By the client implementation that is loaded. @throws IllegalStateException when there is none */
  async connectToServer(
    ...args: [object, URL | string] | [object, ClientEndpointConfig | null, URL | string]
  ): Promise<Session> {
    const client = ContainerProvider.getWebSocketContainer();
    // The two overloads of the interface, passed on as they came.
    return (client.connectToServer as (...passed: unknown[]) => Promise<Session>).apply(client, args);
  }
}

function closeReasonIn(method: string, options: RemoveOptions): CloseReason | undefined {
  requireOptions(`The last argument of ${method}`, options);
  const { closeReason } = options;
  return closeReason === undefined ? undefined : closeReasonOf(`closeReason of ${method}`, closeReason);
}
