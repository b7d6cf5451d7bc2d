import {
  DeploymentException,
  IllegalArgumentException,
  IllegalStateException,
  ServerEndpointConfig,
  type EndpointClass,
  type SockJsChoice,
} from '@serval/api';
import { describeType, describeValue, inheritsFrom } from '@serval/api/spi';
import { toError, type ContainerContext, type DeployedPlan } from '@serval/container';
import { planEndpoint, type EndpointPlan } from '@serval/plan';
import { configOfAnnotated } from './endpoint-config';
import { EndpointRouter, type RouteMatch } from './endpoint-router';
import { chooseEndpoints, requirePatterns, scanEndpoints } from './endpoint-scan';
import { requireNoOverlap, type OccupiedPath } from './sockjs-routes';
import { sockJsSettings, type SockJsDefaults, type SockJsSettings } from './sockjs-settings';
import { UriTemplate } from './uri-template';

/** A deployed endpoint. */
export interface DeployedEndpoint {
  readonly plan: EndpointPlan;
  /** Its configuration; each session gets a copy of the user properties. */
  readonly config: ServerEndpointConfig;
  /** Undefined if clients do not connect to it by SockJS. @internal */
  readonly sockJs: SockJsSettings | undefined;
}

interface Deployed extends DeployedEndpoint {
  /** That of `addEndpoint`, which an endpoint in its place keeps. */
  readonly choice: SockJsChoice | undefined;
  readonly template: UriTemplate;
}

/** Deploys, finds and withdraws the endpoints of one container. */
export class Deployment {
  readonly #router = new EndpointRouter<DeployedEndpoint>();
  #deployed: Deployed[] = [];
  /** The endpoints that scans deployed. Adding one of them again does nothing, as in Tomcat. */
  readonly #scanned = new Set<EndpointClass | ServerEndpointConfig>();
  /** The configuration of each annotated class, deployed or not. */
  readonly #annotated = new WeakMap<EndpointClass, ServerEndpointConfig>();
  /** The plans of configurations that are used but not deployed. */
  readonly #undeployed = new WeakMap<ServerEndpointConfig, EndpointPlan>();
  #halted: DeploymentException | undefined;
  /** `complete`: a failed deployment now undoes only itself. `in service`: the first handshake was accepted as well. */
  #phase: 'deploying' | 'complete' | 'in service' = 'deploying';

  /** @param constructsInstances whether the container creates instances with constructors without arguments */
  constructor(
    private readonly context: ContainerContext,
    private readonly constructsInstances: boolean,
    private readonly sockJs: SockJsDefaults,
  ) {}

  /** Whether a failure withdrew all endpoints. */
  get hasFailed(): boolean {
    return this.#halted !== undefined;
  }

  /** Marks the application as deployed. A failed deployment now undoes only itself. */
  complete(): void {
    if (this.#phase === 'deploying') this.#phase = 'complete';
  }

  /** Marks that the first handshake was accepted. */
  beginService(): void {
    this.#phase = 'in service';
  }

  /** @param segments of the request path below the context path, percent-decoded */
  match(segments: readonly string[]): RouteMatch<DeployedEndpoint> | undefined {
    return this.#router.match(segments);
  }

  /**
   * @param sockJs stands before the endpoint's own choice
   * @throws DeploymentException
   */
  add(endpoint: EndpointClass | ServerEndpointConfig, sockJs?: SockJsChoice): void {
    if (this.#isClosedToEndpoints()) throw tooLate();
    if (this.#halted !== undefined) throw halted(this.#halted);
    if (this.#scanned.has(endpoint)) return;
    try {
      this.#deploy(endpoint, sockJs);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** @throws DeploymentException (as a rejection) when it fails; it then withdraws the endpoints of this scan */
  async scan(patterns: string | readonly string[], directory: string): Promise<void> {
    const deployedBefore = this.#deployed.length;
    const scanned: (EndpointClass | ServerEndpointConfig)[] = [];
    try {
      for (const endpoint of chooseEndpoints(await scanEndpoints(requirePatterns(patterns), directory))) {
        if (!this.#deployed.some(({ config }) => config.getEndpointClass() === endpoint)) this.add(endpoint);
        scanned.push(endpoint);
      }
    } catch (error) {
      for (const { template } of this.#deployed.splice(deployedBefore)) this.#router.remove(template);
      throw this.#failed(error);
    }
    for (const endpoint of scanned) this.#scanned.add(endpoint);
  }

  /**
   * Takes an endpoint out of service.
   *
   * @param endpoint its path, its class or its configuration
   * @returns its plan, to which its open sessions belong
   * @throws IllegalArgumentException when it is not deployed
   */
  remove(endpoint: string | EndpointClass | ServerEndpointConfig): EndpointPlan {
    const index = this.#indexOf('removeEndpoint', endpoint);
    return this.#withdraw(index).plan;
  }

  /**
   * Replaces an endpoint in one step. Nothing changes if the new one cannot be deployed.
   *
   * @returns the plan of the old one
   * @throws IllegalArgumentException when the old one is not deployed
   * @throws DeploymentException when the new one cannot be deployed
   */
  replace(
    old: string | EndpointClass | ServerEndpointConfig,
    endpoint: EndpointClass | ServerEndpointConfig,
  ): EndpointPlan {
    const index = this.#indexOf('replaceEndpoint', old);
    if (this.#isClosedToEndpoints()) throw tooLate();
    const withdrawn = this.#withdraw(index);
    try {
      this.#deploy(endpoint, withdrawn.choice);
    } catch (error) {
      const { template, plan, config, sockJs } = withdrawn;
      this.#router.add(template, plan.name, { plan, config, sockJs });
      this.#deployed.push(withdrawn);
      throw asDeploymentException(error);
    }
    return withdrawn.plan;
  }

  /** The endpoints in service, each at its path. */
  deployed(): Iterable<DeployedPlan> {
    return this.#deployed.map(({ config, plan, template: { path } }) => ({ config, plan, path }));
  }

  /**
   * The paths of an endpoint: those of a class are several if several configurations name it.
   *
   * @throws IllegalArgumentException for a path that is not deployed, and for anything but an endpoint
   */
  pathsOf(endpoint: string | EndpointClass | ServerEndpointConfig, call = 'to'): readonly string[] {
    // A request that the application routes itself may use a configuration that is not deployed.
    if (endpoint instanceof ServerEndpointConfig) return [endpoint.getPath()];
    const paths = this.#deployed.flatMap(({ config, template: { path } }) =>
      path === endpoint || config.getEndpointClass() === endpoint ? path : [],
    );
    if (paths.length > 0) return paths;
    if (typeof endpoint === 'function' && this.#annotated.has(endpoint))
      return [this.#configOf(call, endpoint).getPath()];
    throw this.#notDeployed(call, endpoint);
  }

  #indexOf(method: string, endpoint: unknown): number {
    const index = this.#deployed.findIndex(
      ({ config, template }) =>
        config === endpoint || config.getEndpointClass() === endpoint || template.path === endpoint,
    );
    if (index >= 0) return index;
    throw this.#notDeployed(method, endpoint);
  }

  #notDeployed(method: string, endpoint: unknown): IllegalArgumentException {
    const paths = this.#deployed.map(({ template }) => template.path).join(', ');
    return new IllegalArgumentException(
      `${method} takes the path, the class or the configuration of a deployed endpoint; found ${describeValue(endpoint)}. ` +
        (paths === '' ? 'No endpoint is deployed.' : `Deployed are ${paths}.`),
    );
  }

  #withdraw(index: number): Deployed {
    const [withdrawn] = this.#deployed.splice(index, 1);
    if (withdrawn === undefined) throw new IllegalStateException('The endpoint is already withdrawn.');
    this.#router.remove(withdrawn.template);
    this.#scanned.delete(withdrawn.config);
    this.#scanned.delete(withdrawn.config.getEndpointClass());
    return withdrawn;
  }

  #isClosedToEndpoints(): boolean {
    return this.#phase === 'in service' && this.context.settings.noAddAfterHandshake;
  }

  /** The paths of the deployed endpoints. */
  get templates(): readonly UriTemplate[] {
    return this.#deployed.map(({ template }) => template);
  }

  /** The plan of a configuration, deployed or not. @throws DeploymentException */
  planOf(config: ServerEndpointConfig): EndpointPlan {
    const known = this.#deployed.find((deployed) => deployed.config === config)?.plan ?? this.#undeployed.get(config);
    if (known !== undefined) return known;
    const plan = this.#plan(config);
    this.#undeployed.set(config, plan);
    return plan;
  }

  /** An annotated class or a configuration, deployed or not. @throws DeploymentException */
  endpointOf(method: string, endpoint: EndpointClass | ServerEndpointConfig): DeployedEndpoint {
    const config = this.#configOf(method, endpoint);
    return { plan: this.planOf(config), config, sockJs: undefined };
  }

  #configOf(method: string, endpoint: EndpointClass | ServerEndpointConfig): ServerEndpointConfig {
    if (endpoint instanceof ServerEndpointConfig) return endpoint;
    const endpointClass = requireClass(method, endpoint);
    const config = this.#annotated.get(endpointClass) ?? configOfAnnotated(endpointClass);
    this.#annotated.set(endpointClass, config);
    return config;
  }

  /** The path of each endpoint, and whether it has those of SockJS. */
  *#occupied(): Iterable<OccupiedPath> {
    for (const { plan, template, sockJs } of this.#deployed)
      yield { endpoint: plan.name, template, sockJs: sockJs !== undefined };
  }

  /** Whether an endpoint speaks SockJS. */
  get speaksSockJs(): boolean {
    return this.#deployed.some(({ sockJs }) => sockJs !== undefined);
  }

  /** @param choice stands before that of the endpoint */
  #deploy(endpoint: EndpointClass | ServerEndpointConfig, choice?: SockJsChoice): void {
    const config = this.#configOf('addEndpoint', endpoint);
    // If the configuration was used before, its sessions belong to the same endpoint.
    const plan = this.planOf(config);
    const template = UriTemplate.parse(config.getPath(), plan.name);
    // Checks Tomcat settings among the user properties now, instead of for the first client.
    this.context.sessionProperties(config.getUserProperties());
    const sockJs = sockJsSettings(choice ?? config.getSockJs?.(), this.sockJs);
    requireNoOverlap({ endpoint: plan.name, template, sockJs: sockJs !== undefined }, this.#occupied());
    this.#router.add(template, plan.name, { plan, config, sockJs });
    this.#deployed.push({ config, plan, template, sockJs, choice });
    this.#warnOfUnknownVariables(plan, template);
    this.#warnOfUnhandledTypes(plan);
    this.context.diagnostics.report({ kind: 'deployed', endpoint: plan.name, path: template.path });
  }

  #plan(config: ServerEndpointConfig): EndpointPlan {
    const endpointClass = config.getEndpointClass();
    const plan = planEndpoint({
      endpointClass,
      encoders: config.getEncoders(),
      decoders: config.getDecoders(),
      inbound: config.getInboundMode(),
      // A configuration of another copy of the package may lack them.
      interceptors: [...this.context.interceptors, ...(config.getInterceptors?.() ?? [])],
    });
    if (endpointClass.length > 0 && this.constructsInstances && !makesInstances(config.getConfigurator())) {
      throw needsArguments(plan.name, endpointClass.length);
    }
    return plan;
  }

  #warnOfUnknownVariables(plan: EndpointPlan, template: UriTemplate): void {
    for (const name of plan.pathParameterNames) {
      if (template.variables.includes(name)) continue;
      this.context.diagnostics.report({
        kind: 'deployment-warning',
        endpoint: plan.name,
        message: `@PathParam("${name}") is not a variable of ${template.path}; its value will be null (false for a boolean, an error for a number).`,
      });
    }
  }

  #warnOfUnhandledTypes({ name, unhandledTypes }: EndpointPlan): void {
    if (unhandledTypes.length === 0) return;
    this.context.diagnostics.report({
      kind: 'deployment-warning',
      endpoint: name,
      message: `no method handles messages of type ${unhandledTypes.map(describeType).join(', ')}, which the schema has; they are dropped. Add @OnMessage(${JSON.stringify(unhandledTypes[0])}), or an @OnMessage method without a type.`,
    });
  }

  /** A failure undoes the whole deployment (WSC-5.2.1-3), unless it is complete. */
  #failed(thrown: unknown): DeploymentException {
    const error = asDeploymentException(thrown);
    if (this.#phase === 'deploying') {
      this.#halted = error;
      this.#router.clear();
      this.#deployed = [];
    }
    return error;
  }
}

function asDeploymentException(thrown: unknown): DeploymentException {
  if (thrown instanceof DeploymentException) return thrown;
  return new DeploymentException(`The endpoint could not be deployed: ${toError(thrown).message}`, thrown);
}

function halted(cause: DeploymentException): DeploymentException {
  return new DeploymentException(
    'An earlier deployment failed, so this container accepts no more endpoints (WSC-5.2.1-3). Fix that one first; it is the cause of this error.',
    cause,
    'WS_DEPLOY_HALTED',
  );
}

function tooLate(): DeploymentException {
  return new DeploymentException(
    'noAddAfterHandshake is set and the first handshake was accepted, so the container accepts no more endpoints. Add them earlier, or unset it.',
    undefined,
    'WS_DEPLOY_TOO_LATE',
  );
}

function needsArguments(name: string, count: number): DeploymentException {
  return new DeploymentException(
    `The constructor of ${name} declares ${count} parameter(s), but the container calls it without arguments. Remove them, ` +
      'set the option instanceFactory, or override getEndpointInstance in a configurator.',
    undefined,
    'WS_DEPLOY_NOT_AN_ENDPOINT',
  );
}

function requireClass(method: string, endpoint: unknown): EndpointClass {
  if (typeof endpoint === 'function') return endpoint as EndpointClass;
  throw new DeploymentException(
    `${method} takes an endpoint class or a ServerEndpointConfig; found ${endpoint === null ? 'null' : typeof endpoint}.`,
    undefined,
    'WS_DEPLOY_NOT_AN_ENDPOINT',
  );
}

/** Whether the application's configurator creates endpoint instances itself. */
function makesInstances(configurator: ServerEndpointConfig.Configurator): boolean {
  const isDefault = configurator === configurator.getContainerDefaultConfigurator();
  return !isDefault && !inheritsFrom('ServerEndpointConfig.Configurator', configurator, 'getEndpointInstance');
}
