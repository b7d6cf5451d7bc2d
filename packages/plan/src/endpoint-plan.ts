import {
  DeploymentException,
  Endpoint,
  type AbstractClass,
  type DecoderClass,
  type EncoderClass,
  type EndpointClass,
  type InboundMode,
  type Interceptor,
} from '@serval/api';
import { classNameOf, describeValue, inheritsFrom, readAnnotations, readClassRecord } from '@serval/api/spi';
import { planCodecs, type CodecPlan } from './codec-plan';
import { checkInterceptors, planHandlerMethods, type HandlerMethods } from './handler-methods';

/** A deployed endpoint class. Sessions run by the plan and never look at metadata. */
export interface EndpointPlan extends HandlerMethods {
  readonly endpointClass: EndpointClass;
  /** The class's name, for messages. */
  readonly name: string;
  readonly codecs: CodecPlan;
  readonly inbound: InboundMode;
  /** Those of the container and of the endpoint, in this order; undefined if there are none. */
  readonly interceptors: readonly Interceptor[] | undefined;
}

/** The source of a plan, from decorators or from a configuration. */
export interface EndpointDeclaration {
  readonly endpointClass: EndpointClass;
  readonly encoders: readonly EncoderClass[];
  readonly decoders: readonly DecoderClass[];
  readonly inbound: InboundMode;
  /** Those of the container, then those of the endpoint. Default: none. */
  readonly interceptors?: readonly Interceptor[] | undefined;
}

/**
 * Checks an endpoint by all rules of chapter 4 and turns it into a plan.
 *
 * @throws DeploymentException naming class, method, position and remedy
 */
export function planEndpoint(declaration: EndpointDeclaration): EndpointPlan {
  const { endpointClass, inbound } = declaration;
  if (typeof endpointClass !== 'function' || endpointClass.prototype === undefined) {
    throw new DeploymentException(
      `An endpoint is a class; found ${describeValue(endpointClass)}.`,
      undefined,
      'WS_DEPLOY_NOT_AN_ENDPOINT',
    );
  }
  const name = classNameOf(endpointClass);
  if (inbound !== 'serial' && inbound !== 'concurrent') {
    throw new DeploymentException(
      `${name}: inbound is 'serial' or 'concurrent'; found ${describeValue(inbound)}.`,
      undefined,
      'WS_DEPLOY_BAD_OPTION',
    );
  }
  const codecs = planCodecs(name, declaration.encoders, declaration.decoders);
  const all = checkInterceptors(name, declaration.interceptors);
  const interceptors = all.length === 0 ? undefined : all;
  if (isProgrammatic(endpointClass))
    return { endpointClass, name, ...programmaticMethods(endpointClass), codecs, inbound, interceptors };
  if (!hasHandlers(endpointClass)) {
    throw new DeploymentException(
      `${name} is not an endpoint: it has no @ServerEndpoint or @ClientEndpoint, no handler method such as @OnMessage, ` +
        'and does not extend Endpoint. A subclass does not inherit its superclass’s class annotation (WSC-4.8).',
      undefined,
      'WS_DEPLOY_NOT_AN_ENDPOINT',
    );
  }
  return {
    endpointClass,
    name,
    ...planHandlerMethods(endpointClass, name, codecs, all),
    codecs,
    inbound,
    interceptors,
  };
}

/** Whether the class extends Endpoint, and so registers its message handlers itself. */
export function isProgrammatic(endpointClass: AbstractClass): endpointClass is EndpointClass<Endpoint> {
  return endpointClass.prototype instanceof Endpoint;
}

function programmaticMethods(endpointClass: EndpointClass<Endpoint>): HandlerMethods {
  const prototype = endpointClass.prototype as Endpoint;
  return {
    open: { method: 'onOpen', bind: (session) => [session, session.endpointConfig] },
    close: { method: 'onClose', bind: (session, reason) => [session, reason] },
    // The inherited onError does nothing; an error must not end there unseen (WSC-5.2.2-3).
    error: inheritsFrom('Endpoint', prototype, 'onError')
      ? undefined
      : { method: 'onError', bind: (session, error) => [session, error] },
    text: undefined,
    binary: undefined,
    pong: undefined,
    pathParameterNames: [],
    unhandledTypes: [],
  };
}

function hasHandlers(endpointClass: AbstractClass): boolean {
  const annotations = readAnnotations(endpointClass);
  return (
    annotations?.serverEndpoint !== undefined ||
    annotations?.clientEndpoint !== undefined ||
    (readClassRecord(endpointClass)?.handlers.length ?? 0) > 0
  );
}
