import {
  DeploymentException,
  IllegalArgumentException,
  IllegalStateException,
  ServerEndpointConfig,
  type EndpointClass,
} from '@serval/api';
import { describeValue, inheritsFrom } from '@serval/api/spi';
import { toError, type ContainerContext } from '@serval/container';
import { planEndpoint, type EndpointPlan } from '@serval/plan';
import { configOfAnnotated } from './endpoint-config';
import { EndpointRouter, type RouteMatch } from './endpoint-router';
import { chooseEndpoints, requirePatterns, scanEndpoints } from './endpoint-scan';
import { UriTemplate } from './uri-template';

/** An endpoint that is in service. */
export interface DeployedEndpoint {
  readonly plan: EndpointPlan;
  /** Its configuration; each session gets a copy of the user properties. */
  readonly config: ServerEndpointConfig;
}

interface Deployed extends DeployedEndpoint {
  readonly template: UriTemplate;
}

/** The endpoints of one container, from their checks to their withdrawal. */
export class Deployment {
  readonly #router = new EndpointRouter<DeployedEndpoint>();
  #deployed: Deployed[] = [];
  /** What scans have deployed: adding it again does nothing, as in Tomcat. */
  readonly #scanned = new Set<EndpointClass | ServerEndpointConfig>();
  /** The configuration that each annotated class has here, deployed or not. */
  readonly #annotated = new WeakMap<EndpointClass, ServerEndpointConfig>();
  /** Plans of configurations that are used without being deployed. */
  readonly #undeployed = new WeakMap<ServerEndpointConfig, EndpointPlan>();
  #halted: DeploymentException | undefined;
  /** `complete`: a failure undoes only itself from now on; `in service`: a handshake was accepted, too. */
  #phase: 'deploying' | 'complete' | 'in service' = 'deploying';

  /** @param constructsInstances whether instances are made by calling constructors without arguments */
  constructor(
    private readonly context: ContainerContext,
    private readonly constructsInstances: boolean,
  ) {}

  /** All that belongs together is deployed: from now on a failed deployment undoes only itself. */
  complete(): void {
    if (this.#phase === 'deploying') this.#phase = 'complete';
  }

  /** The first handshake was accepted. */
  beginService(): void {
    this.#phase = 'in service';
  }

  /** @param segments of the request path below the context path, percent-decoded */
  match(segments: readonly string[]): RouteMatch<DeployedEndpoint> | undefined {
    return this.#router.match(segments);
  }

  /** @throws DeploymentException */
  add(endpoint: EndpointClass | ServerEndpointConfig): void {
    if (this.#isClosedToEndpoints()) throw tooLate();
    if (this.#halted !== undefined) throw halted(this.#halted);
    if (this.#scanned.has(endpoint)) return;
    try {
      this.#deploy(endpoint);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** @throws DeploymentException (as a rejection); what this scan has deployed before is withdrawn */
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
   * @throws IllegalArgumentException where it is not deployed
   */
  remove(endpoint: string | EndpointClass | ServerEndpointConfig): EndpointPlan {
    const index = this.#indexOf('removeEndpoint', endpoint);
    return this.#withdraw(index).plan;
  }

  /**
   * Puts an endpoint in the place of another one, in one step. Where the new one cannot be deployed, nothing changes.
   *
   * @returns the plan of the old one
   * @throws IllegalArgumentException where the old one is not deployed
   * @throws DeploymentException where the new one cannot be
   */
  replace(
    old: string | EndpointClass | ServerEndpointConfig,
    endpoint: EndpointClass | ServerEndpointConfig,
  ): EndpointPlan {
    const index = this.#indexOf('replaceEndpoint', old);
    if (this.#isClosedToEndpoints()) throw tooLate();
    const withdrawn = this.#withdraw(index);
    try {
      this.#deploy(endpoint);
    } catch (error) {
      const { template, plan, config } = withdrawn;
      this.#router.add(template, plan.name, { plan, config });
      this.#deployed.push(withdrawn);
      throw asDeploymentException(error);
    }
    return withdrawn.plan;
  }

  #indexOf(method: string, endpoint: unknown): number {
    const index = this.#deployed.findIndex(
      ({ config, template }) =>
        config === endpoint || config.getEndpointClass() === endpoint || template.path === endpoint,
    );
    if (index >= 0) return index;
    const paths = this.#deployed.map(({ template }) => template.path).join(', ');
    throw new IllegalArgumentException(
      `${method} takes the path, the class or the configuration of an endpoint that is deployed; found ${describeValue(endpoint)}. ` +
        (paths === '' ? 'None is deployed.' : `Deployed are ${paths}.`),
    );
  }

  #withdraw(index: number): Deployed {
    const [withdrawn] = this.#deployed.splice(index, 1);
    if (withdrawn === undefined) throw new IllegalStateException('The endpoint was withdrawn before.');
    this.#router.remove(withdrawn.template);
    this.#scanned.delete(withdrawn.config);
    this.#scanned.delete(withdrawn.config.getEndpointClass());
    return withdrawn;
  }

  #isClosedToEndpoints(): boolean {
    return this.#phase === 'in service' && this.context.settings.noAddAfterHandshake;
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
  endpointOf(endpoint: EndpointClass | ServerEndpointConfig): DeployedEndpoint {
    const config = this.#configOf('adoptWebSocket', endpoint);
    return { plan: this.planOf(config), config };
  }

  #configOf(method: string, endpoint: EndpointClass | ServerEndpointConfig): ServerEndpointConfig {
    if (endpoint instanceof ServerEndpointConfig) return endpoint;
    const endpointClass = requireClass(method, endpoint);
    const config = this.#annotated.get(endpointClass) ?? configOfAnnotated(endpointClass);
    this.#annotated.set(endpointClass, config);
    return config;
  }

  #deploy(endpoint: EndpointClass | ServerEndpointConfig): void {
    const config = this.#configOf('addEndpoint', endpoint);
    // The sessions of a configuration that was used before it was deployed belong to the same endpoint.
    const plan = this.planOf(config);
    const template = UriTemplate.parse(config.getPath(), plan.name);
    // A Tomcat setting among the user properties is found out here and not by the first client.
    this.context.sessionProperties(config.getUserProperties());
    this.#router.add(template, plan.name, { plan, config });
    this.#deployed.push({ config, plan, template });
    this.#warnOfUnknownVariables(plan, template);
    this.context.diagnostics.report({ kind: 'deployed', endpoint: plan.name, path: template.path });
  }

  #plan(config: ServerEndpointConfig): EndpointPlan {
    const endpointClass = config.getEndpointClass();
    const plan = planEndpoint({
      endpointClass,
      encoders: config.getEncoders(),
      decoders: config.getDecoders(),
      inbound: config.getInboundMode(),
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

  /** A failure undoes the whole deployment (WSC-5.2.1-3); what is complete stays as it is. */
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
    'An earlier deployment failed, so this container takes no more endpoints (WSC-5.2.1-3). Mend that one first; it is the cause.',
    cause,
    'WS_DEPLOY_HALTED',
  );
}

function tooLate(): DeploymentException {
  return new DeploymentException(
    'noAddAfterHandshake is set and the first handshake has been made, so no more endpoints are taken. Add them before, or unset it.',
    undefined,
    'WS_DEPLOY_TOO_LATE',
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

function requireClass(method: string, endpoint: unknown): EndpointClass {
  if (typeof endpoint === 'function') return endpoint as EndpointClass;
  throw new DeploymentException(
    `${method} takes an endpoint class or a ServerEndpointConfig; found ${endpoint === null ? 'null' : typeof endpoint}.`,
    undefined,
    'WS_DEPLOY_NOT_AN_ENDPOINT',
  );
}

/** Whether a developer's configurator makes endpoint instances itself. */
function makesInstances(configurator: ServerEndpointConfig.Configurator): boolean {
  const isDefault = configurator === configurator.getContainerDefaultConfigurator();
  return !isDefault && !inheritsFrom('ServerEndpointConfig.Configurator', configurator, 'getEndpointInstance');
}
