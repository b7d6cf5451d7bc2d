import {
  DeploymentException,
  Endpoint,
  HandshakeException,
  type ClientEndpointConfig,
  type EndpointClass,
} from '@serval/api';
import { classNameOf, describeValue, readAnnotations } from '@serval/api/spi';
import { toError, type ContainerContext } from '@serval/container';
import { planEndpoint, type EndpointPlan } from '@serval/plan';
import { checkOffers, configOfAnnotated, requireConfig } from './endpoint-config';

/** An endpoint that passed every check. */
export interface ClientEndpoint {
  readonly plan: EndpointPlan;
  readonly config: ClientEndpointConfig;
  /** Undefined if each connection gets its own instance. */
  readonly instance: object | undefined;
}

/** The client endpoints of one container. */
export class ClientEndpoints {
  /**
   * `getOpenSessions` groups sessions by plan. A client's sessions are grouped by endpoint instance, as in Tomcat, so each
   * instance has its own plan, and one more for each other set of codecs and interceptors.
   */
  readonly #plans = new WeakMap<object, EndpointPlan[]>();
  readonly #codecsOf = new WeakMap<EndpointPlan, readonly (readonly unknown[])[]>();
  readonly #warnedOf = new WeakSet<EndpointClass>();

  constructor(private readonly context: ContainerContext) {}

  /**
   * Checks the arguments of `connectToServer` against all rules of chapter 4.
   *
   * @throws DeploymentException when one is broken; the message names class, method, position and remedy
   */
  resolve(endpoint: unknown, given: unknown): ClientEndpoint {
    const { endpointClass, instance } = classOf(endpoint);
    const config = given === null || given === undefined ? configOfAnnotated(endpointClass) : requireConfig(given);
    const plan = this.#planOf(endpointClass, instance, config);
    checkOffers(plan.name, config);
    if (instance === undefined && endpointClass.length > 0) {
      throw notAnEndpoint(
        `The constructor of ${plan.name} declares ${endpointClass.length} parameter(s), but the client calls it without arguments. Remove them, or connect an instance.`,
      );
    }
    this.#warnOfPathParameters(plan);
    return { plan, config, instance };
  }

  #planOf(endpointClass: EndpointClass, instance: object | undefined, config: ClientEndpointConfig): EndpointPlan {
    const encoders = config.getEncoders();
    const decoders = config.getDecoders();
    // A configuration of another copy of the package may lack them.
    const interceptors = [...this.context.interceptors, ...(config.getInterceptors?.() ?? [])];
    const plans = (instance && this.#plans.get(instance)) ?? [];
    const known = plans.find((plan) => {
      const [itsEncoders, itsDecoders] = this.#codecsOf.get(plan) ?? [];
      const isSameCodecs = isSame(itsEncoders, encoders) && isSame(itsDecoders, decoders);
      return isSameCodecs && isSame(plan.interceptors ?? [], interceptors);
    });
    if (known !== undefined) return known;
    const plan = planEndpoint({
      endpointClass,
      encoders,
      decoders,
      inbound: 'serial',
      interceptors,
    });
    if (instance !== undefined) {
      this.#codecsOf.set(plan, [encoders, decoders]);
      this.#plans.set(instance, [...plans, plan]);
    }
    return plan;
  }

  #warnOfPathParameters({ endpointClass, name, pathParameterNames }: EndpointPlan): void {
    if (pathParameterNames.length === 0 || this.#warnedOf.has(endpointClass)) return;
    this.#warnedOf.add(endpointClass);
    this.context.diagnostics.report({
      kind: 'deployment-warning',
      endpoint: name,
      message: `a client has no URI template, so @PathParam("${pathParameterNames.join('", "')}") is null (false for a boolean, an error for a number).`,
    });
  }
}

/** @throws DeploymentException when the argument is not a client endpoint */
function classOf(endpoint: unknown): { readonly endpointClass: EndpointClass; readonly instance: object | undefined } {
  const isClass = typeof endpoint === 'function';
  if (!isClass && (typeof endpoint !== 'object' || endpoint === null)) {
    throw notAnEndpoint(
      `connectToServer takes a client endpoint, a class or an instance; found ${describeValue(endpoint)}.`,
    );
  }
  const found = isClass ? endpoint : constructorOf(endpoint);
  const record = typeof found === 'function' ? readAnnotations(found as EndpointClass) : undefined;
  const isProgrammatic = typeof found === 'function' && found.prototype instanceof Endpoint;
  if (record?.clientEndpoint === undefined && !isProgrammatic) {
    const name = typeof found === 'function' ? classNameOf(found as EndpointClass) : '(anonymous class)';
    throw notAnEndpoint(
      record?.serverEndpoint !== undefined
        ? `${name} is a server endpoint; connectToServer takes a class with @ClientEndpoint, or one that extends Endpoint.`
        : `${name} is not a client endpoint: it has no @ClientEndpoint and does not extend Endpoint. A subclass needs its own annotation (WSC-4.8).`,
    );
  }
  // It is a class: it is annotated, or it extends Endpoint.
  return { endpointClass: found as EndpointClass, instance: isClass ? undefined : endpoint };
}

/** Its getter, or a proxy, may throw. */
function constructorOf(instance: object): unknown {
  try {
    return instance.constructor;
  } catch {
    return undefined;
  }
}

function isSame(one: readonly unknown[] | undefined, other: readonly unknown[]): boolean {
  return one !== undefined && one.length === other.length && one.every((item, index) => item === other[index]);
}

function notAnEndpoint(message: string): DeploymentException {
  return new DeploymentException(message, undefined, 'WS_DEPLOY_NOT_AN_ENDPOINT');
}

/** @throws HandshakeException with WS_CONNECT_ENDPOINT */
export function makeInstance({ endpointClass, ...plan }: EndpointPlan): object {
  try {
    // Its constructor needs no arguments; that was checked before.
    return new endpointClass();
  } catch (thrown) {
    throw endpointFailed(plan, 'the constructor', thrown);
  }
}

export function endpointFailed(
  { name }: Pick<EndpointPlan, 'name'>,
  what: string,
  thrown: unknown,
): HandshakeException {
  const cause = toError(thrown);
  return new HandshakeException(
    `${name} could not be connected, because ${what} threw: ${cause.message}`,
    cause,
    'WS_CONNECT_ENDPOINT',
  );
}
