import {
  CloseReason,
  ContainerProvider,
  DeploymentException,
  IllegalArgumentException,
  ServerEndpointConfig,
  type ClientEndpointConfig,
  type EndpointClass,
  type Extension,
  type Principal,
  type ServerContainer,
  type Session,
} from '@serval/api';
import {
  checkSetting,
  ContainerContext,
  planEndpoint,
  toError,
  type ContainerOptions,
  type EndpointPlan,
} from '@serval/container';
import { createWsEngine, type Engine, type EngineOptions } from '@serval/protocol';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HandshakePolicy, InstanceFactory } from './default-configurator';
import type { DeployedEndpoint } from './deployed-endpoint';
import { configOfAnnotated } from './endpoint-config';
import { EndpointRouter, type RouteMatch } from './endpoint-router';
import { originPolicy, type AllowedOrigins } from './origin-policy';
import { chooseEndpoints, scanEndpoints } from './endpoint-scan';
import { reject } from './rejection';
import { parseRequestTarget } from './request-target';
import {
  serverUnavailable,
  upgrade,
  type Authenticate,
  type PendingHandshake,
  type UpgradeConnection,
  type UpgradeContext,
} from './upgrade';
import { fromIncomingMessage, type UpgradeRequest } from './upgrade-request';
import { UriTemplate } from './uri-template';

/** What a server container can be told; everything has a default. */
export interface ServerContainerOptions extends ContainerOptions, EngineOptions {
  /** What speaks the protocol on accepted connections; tests put one in that needs no network. Default: over ws. */
  readonly engine?: Engine | undefined;
  /** The path under which all endpoints lie, such as `/ws`. Default `/`. */
  readonly contextPath?: string | undefined;
  /** Foreign origins that may connect. Default: none but the server's own. */
  readonly allowedOrigins?: AllowedOrigins | undefined;
  /** Recognises the user of each handshake request. Default: nobody is known. */
  readonly authenticate?: Authenticate | undefined;
  /** What `HandshakeRequest.isUserInRole` answers for a known user. Default: false. */
  readonly isUserInRole?: ((principal: Principal, role: string) => boolean) | undefined;
  /** Makes endpoint instances, for dependency injection. Default: `new EndpointClass()`. */
  readonly instanceFactory?: InstanceFactory | undefined;
  /** How long user code may hold up a handshake before it is refused with 503, in milliseconds. Default 30000. */
  readonly handshakeTimeout?: number | undefined;
}

/** The defaults for new sessions that WebSocketContainer's setters change. */
type DefaultSetting = 'asyncSendTimeout' | 'maxSessionIdleTimeout' | 'binaryBufferSize' | 'textBufferSize';

/** How to stop. */
export interface StopOptions {
  /** How long sessions may take to close before their connections are dropped, in milliseconds. Default 5000. */
  readonly graceMs?: number | undefined;
}

const DEFAULT_GRACE_MS = 5000;
/** How long `@OnClose` methods have after the connections were ended by force. */
const LAST_WORDS_MS = 100;
/** A timer of Node takes 31 bits; a longer one, such as Infinity, would fire at once. */
const LONGEST_GRACE_MS = 2 ** 30;
const DEFAULT_HANDSHAKE_TIMEOUT_MS = 30_000;

/** A {@link ServerContainer}; `attach` and `Server` make one. */
export class WsServerContainer implements ServerContainer {
  readonly #context: ContainerContext;
  readonly #router = new EndpointRouter<DeployedEndpoint>();
  /** Plans of configurations that were handed to upgradeHttpToWebSocket, which need no deployment. */
  readonly #undeployed = new WeakMap<ServerEndpointConfig, EndpointPlan>();
  readonly #contextPath: readonly string[];
  readonly #upgradeContext: UpgradeContext;
  readonly #pendingHandshakes = new Set<PendingHandshake>();
  /** Whether instances are made by calling constructors without arguments. */
  readonly #constructsInstances: boolean;
  #deployed: { readonly config: ServerEndpointConfig; readonly plan: EndpointPlan; readonly path: string }[] = [];
  /** What a scan has deployed. */
  readonly #scanned = new Set<EndpointClass | ServerEndpointConfig>();
  #halted: DeploymentException | undefined;
  #isPaused = false;
  #hasServed = false;
  #stopped: Promise<void> | undefined;

  /** @throws DeploymentException for an option that is out of range or of the wrong kind */
  constructor(options: ServerContainerOptions = {}) {
    const engine = options.engine ?? createWsEngine(options);
    this.#context = new ContainerContext(this, options, engine.installedExtensions);
    this.#contextPath = parseContextPath(options.contextPath ?? '/');
    requireFunctions(options, ['authenticate', 'isUserInRole', 'instanceFactory']);
    const instanceFactory = options.instanceFactory ?? ((endpointClass) => construct(endpointClass));
    const policy: HandshakePolicy = {
      checkOrigin: originPolicy(options.allowedOrigins),
      createInstance: instanceFactory,
    };
    this.#constructsInstances = options.instanceFactory === undefined;
    this.#upgradeContext = {
      context: this.#context,
      engine,
      policy,
      authenticate: options.authenticate,
      isUserInRole: options.isUserInRole ?? (() => false),
      handshakeTimeoutMs: requirePositive('handshakeTimeout', options.handshakeTimeout ?? DEFAULT_HANDSHAKE_TIMEOUT_MS),
      accepted: () => {
        this.#hasServed = true;
      },
      pending: this.#pendingHandshakes,
      unavailable: () => (this.#stopped === undefined && !this.#isPaused ? undefined : serverUnavailable()),
    };
  }

  // --- deployment -------------------------------------------------------------------------------------------------

  addEndpoint(endpoint: EndpointClass | ServerEndpointConfig): void {
    if (this.#hasServed && this.#context.settings.noAddAfterHandshake) throw tooLate();
    // A class that a scan has found already, as in Tomcat.
    if (this.#scanned.has(endpoint)) return;
    if (this.#halted !== undefined) {
      throw new DeploymentException(
        'An earlier deployment failed, so this container takes no more endpoints (WSC-5.2.1-3). Mend that one first; it is the cause.',
        this.#halted,
        'WS_DEPLOY_HALTED',
      );
    }
    try {
      this.#deploy(endpoint);
    } catch (error) {
      throw this.#deploymentFailed(error);
    }
  }

  /**
   * Deploys what the modules export that the patterns match: annotated classes, or what the `ServerApplicationConfig`
   * classes among them choose (WSC-6.2). A class that is found twice, or added again later, is deployed once.
   *
   * @param patterns glob patterns, such as `'dist/endpoints/**\/*.js'`
   * @param directory what they are relative to
   * @throws DeploymentException (as a rejection); nothing of the deployment is in service then
   */
  async scan(patterns: string | readonly string[], directory = process.cwd()): Promise<void> {
    try {
      const found = await scanEndpoints(typeof patterns === 'string' ? [patterns] : patterns, directory);
      for (const endpoint of chooseEndpoints(found)) {
        this.addEndpoint(endpoint);
        this.#scanned.add(endpoint);
      }
    } catch (error) {
      throw this.#deploymentFailed(error);
    }
  }

  #deploy(endpoint: EndpointClass | ServerEndpointConfig): void {
    const config = endpoint instanceof ServerEndpointConfig ? endpoint : configOfAnnotated(requireClass(endpoint));
    const plan = this.#plan(config);
    const template = UriTemplate.parse(config.getPath(), plan.name);
    // A Tomcat setting among the user properties is found out here and not by the first client.
    this.#context.sessionProperties(config.getUserProperties());
    this.#router.add(template, plan.name, { plan, config });
    this.#deployed.push({ config, plan, path: template.path });
    for (const name of plan.pathParameterNames) {
      if (template.variables.includes(name)) continue;
      this.#context.diagnostics.report({
        kind: 'deployment-warning',
        endpoint: plan.name,
        message: `@PathParam("${name}") is not a variable of ${template.path}; its value will be null (false for a boolean, an error for a number).`,
      });
    }
    this.#context.diagnostics.report({ kind: 'deployed', endpoint: plan.name, path: template.path });
  }

  #plan(config: ServerEndpointConfig): EndpointPlan {
    const endpointClass = config.getEndpointClass();
    const plan = planEndpoint({
      endpointClass,
      encoders: config.getEncoders(),
      decoders: config.getDecoders(),
      inbound: config.getInboundMode(),
    });
    if (endpointClass.length > 0 && this.#constructsInstances && !makesInstances(config.getConfigurator())) {
      throw needsArguments(plan.name, endpointClass.length);
    }
    return plan;
  }

  /** Before the first session a failure undoes the whole deployment (WSC-5.2.1-3); a running service stays as it is. */
  #deploymentFailed(thrown: unknown): DeploymentException {
    const error =
      thrown instanceof DeploymentException
        ? thrown
        : new DeploymentException(`The endpoint could not be deployed: ${toError(thrown).message}`, thrown);
    if (!this.#hasServed) {
      this.#halted = error;
      this.#router.clear();
      this.#deployed = [];
    }
    return error;
  }

  // --- upgrades ---------------------------------------------------------------------------------------------------

  /**
   * The endpoint of a request path, or undefined when none is deployed there.
   *
   * @param target the request line's target
   */
  match(target: string): RouteMatch<DeployedEndpoint> | undefined {
    const parsed = parseRequestTarget(target);
    return parsed && this.#matchSegments(parsed.segments);
  }

  /**
   * Answers an upgrade request, if an endpoint is deployed at its path.
   *
   * @returns false when none is; the request is then untouched
   */
  handleUpgrade(request: UpgradeRequest, connection: UpgradeConnection): boolean {
    const target = parseRequestTarget(request.target);
    const match = target && this.#matchSegments(target.segments);
    if (target === undefined || match === undefined) return false;
    const { target: endpoint, pathParameters } = match;
    void upgrade(this.#upgradeContext, { request, connection, target, pathParameters, endpoint });
    return true;
  }

  async upgradeHttpToWebSocket(
    httpRequest: unknown,
    httpResponse: unknown,
    config: ServerEndpointConfig,
    pathParameters: ReadonlyMap<string, string> | Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const request = fromIncomingMessage(requireRequest(httpRequest));
    const connection = requireConnection(httpResponse);
    if (!(config instanceof ServerEndpointConfig)) {
      throw new IllegalArgumentException(
        `upgradeHttpToWebSocket takes a ServerEndpointConfig; found ${String(config)}.`,
      );
    }
    let plan = this.#deployed.find((deployed) => deployed.config === config)?.plan ?? this.#undeployed.get(config);
    if (plan === undefined) this.#undeployed.set(config, (plan = this.#plan(config)));
    const target = parseRequestTarget(request.target);
    if (target === undefined) {
      reject(connection.socket, 400);
      return;
    }
    this.#hasServed = true;
    const values = pathParameters instanceof Map ? pathParameters : new Map(Object.entries(pathParameters));
    await upgrade(this.#upgradeContext, {
      request,
      connection,
      target,
      pathParameters: values,
      endpoint: { plan, config },
    });
  }

  #matchSegments(segments: readonly string[]): RouteMatch<DeployedEndpoint> | undefined {
    const prefix = this.#contextPath;
    if (segments.length < prefix.length || !prefix.every((segment, index) => segments[index] === segment))
      return undefined;
    const rest = segments.slice(prefix.length);
    return this.#router.match(rest.length === 0 ? [''] : rest);
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
   * resolves once every `@OnClose` has returned and every connection has ended. What is not over after `graceMs` is ended
   * by force. Never rejects; a second call waits for the first.
   */
  stop(options: StopOptions = {}): Promise<void> {
    const graceMs = options.graceMs ?? DEFAULT_GRACE_MS;
    if (!(graceMs >= 0)) {
      throw new IllegalArgumentException(`graceMs is a number of milliseconds, 0 or more; found ${String(graceMs)}.`);
    }
    return (this.#stopped ??= this.#stop(Math.min(graceMs, LONGEST_GRACE_MS)));
  }

  async #stop(graceMs: number): Promise<void> {
    const { registry } = this.#context;
    const reason = new CloseReason(CloseReason.CloseCodes.GOING_AWAY, 'The server is stopping.');
    for (const handshake of this.#pendingHandshakes) handshake.refuse(serverUnavailable());
    for (const session of registry.live()) session.closeWhenIdle(reason);
    const force = setTimeout(() => {
      for (const session of registry.live()) {
        void session.close(reason);
        session.transport.terminate();
      }
    }, graceMs);
    // A handler that never settles must not keep the server from stopping, so the wait itself is bounded as well.
    let giveUp: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (giveUp = setTimeout(resolve, graceMs + LAST_WORDS_MS)));
    await Promise.race([registry.whenEmpty(), patience]);
    clearTimeout(force);
    clearTimeout(giveUp);
  }

  // --- WebSocketContainer -----------------------------------------------------------------------------------------

  getDefaultAsyncSendTimeout(): number {
    return this.#context.settings.asyncSendTimeout;
  }

  setAsyncSendTimeout(timeoutMillis: number): void {
    this.#change('asyncSendTimeout', timeoutMillis);
  }

  getDefaultMaxSessionIdleTimeout(): number {
    return this.#context.settings.maxSessionIdleTimeout;
  }

  setDefaultMaxSessionIdleTimeout(timeoutMillis: number): void {
    this.#change('maxSessionIdleTimeout', timeoutMillis);
  }

  getDefaultMaxBinaryMessageBufferSize(): number {
    return this.#context.settings.binaryBufferSize;
  }

  setDefaultMaxBinaryMessageBufferSize(max: number): void {
    this.#change('binaryBufferSize', max);
  }

  getDefaultMaxTextMessageBufferSize(): number {
    return this.#context.settings.textBufferSize;
  }

  setDefaultMaxTextMessageBufferSize(max: number): void {
    this.#change('textBufferSize', max);
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

  #change(name: DefaultSetting, value: number): void {
    checkSetting(name, value);
    this.#context.settings[name] = value;
  }
}

function tooLate(): DeploymentException {
  return new DeploymentException(
    'noAddAfterHandshake is set and the first handshake has been made, so no more endpoints are taken. Add them before, or unset it.',
    undefined,
    'WS_DEPLOY_TOO_LATE',
  );
}

function construct<T extends object>(endpointClass: EndpointClass<T>): T {
  // Deployment has checked that the constructor needs no arguments, unless something else makes the instances.
  return new (endpointClass as unknown as new () => T)();
}

/** Whether a developer's configurator makes endpoint instances itself. */
function makesInstances(configurator: ServerEndpointConfig.Configurator): boolean {
  const isDefault = configurator === configurator.getContainerDefaultConfigurator();
  return (
    !isDefault && configurator.getEndpointInstance !== ServerEndpointConfig.Configurator.prototype.getEndpointInstance
  );
}

function requireClass(endpoint: unknown): EndpointClass {
  if (typeof endpoint === 'function') return endpoint as EndpointClass;
  throw new DeploymentException(
    `addEndpoint takes an endpoint class or a ServerEndpointConfig; found ${endpoint === null ? 'null' : typeof endpoint}.`,
    undefined,
    'WS_DEPLOY_NOT_AN_ENDPOINT',
  );
}

function needsArguments(name: string, count: number): DeploymentException {
  return new DeploymentException(
    `The constructor of ${name} declares ${count} parameter(s), and nothing makes its instances. Remove them, give the ` +
      'container an instanceFactory, or override getEndpointInstance in a configurator.',
    undefined,
    'WS_DEPLOY_NOT_AN_ENDPOINT',
  );
}

function parseContextPath(contextPath: unknown): readonly string[] {
  const target =
    typeof contextPath === 'string' && contextPath.startsWith('/') ? parseRequestTarget(contextPath) : undefined;
  // With or without a slash at its end.
  const segments = target?.segments.at(-1) === '' ? target.segments.slice(0, -1) : target?.segments;
  if (!target || !segments || segments.includes('') || target.query !== null || /[{}<>]/.test(target.path)) {
    throw new DeploymentException(
      `contextPath is a path with a leading slash, such as "/ws"; found ${JSON.stringify(contextPath) ?? 'none'}.`,
      undefined,
      'WS_DEPLOY_BAD_OPTION',
    );
  }
  return segments;
}

function requireFunctions(options: ServerContainerOptions, names: readonly (keyof ServerContainerOptions)[]): void {
  for (const name of names) {
    const value: unknown = options[name];
    if (value === undefined || typeof value === 'function') continue;
    throw new DeploymentException(`${name} is a function; found ${typeof value}.`, undefined, 'WS_DEPLOY_BAD_OPTION');
  }
}

function requirePositive(name: string, value: number): number {
  if (Number.isInteger(value) && value > 0 && value < 2 ** 31) return value;
  throw new DeploymentException(
    `${name} is a whole number of milliseconds from 1 to ${2 ** 31 - 1}; found ${String(value)}.`,
    undefined,
    'WS_DEPLOY_BAD_OPTION',
  );
}

function requireRequest(request: unknown): IncomingMessage {
  if (typeof request === 'object' && request !== null && 'rawHeaders' in request && 'socket' in request) {
    return request as IncomingMessage;
  }
  throw new IllegalArgumentException(`upgradeHttpToWebSocket takes Node's IncomingMessage; found ${String(request)}.`);
}

/** The socket of Node's 'upgrade' event, alone or with the bytes that came behind the request: `{ socket, head }`. */
function requireConnection(response: unknown): UpgradeConnection {
  if (isDuplex(response)) return { socket: response, head: Buffer.alloc(0) };
  if (typeof response === 'object' && response !== null && 'socket' in response && isDuplex(response.socket)) {
    const head: unknown = 'head' in response ? response.head : undefined;
    return { socket: response.socket, head: Buffer.isBuffer(head) ? head : Buffer.alloc(0) };
  }
  throw new IllegalArgumentException(
    `upgradeHttpToWebSocket takes the socket of the 'upgrade' event, or { socket, head }; found ${String(response)}.`,
  );
}

function isDuplex(value: unknown): value is Duplex {
  return typeof value === 'object' && value !== null && 'write' in value && 'pipe' in value && 'destroy' in value;
}
