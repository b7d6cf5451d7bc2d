import {
  DeploymentException,
  ServerApplicationConfig,
  ServerEndpointConfig,
  type Authenticate,
  type DecoderClass,
  type EncoderClass,
  type EndpointClass,
  type EndpointLimits,
  type Extension,
  type InboundMode,
  type Interceptor,
  type SecurityConstraint,
  type SockJsChoice,
  type ServerEndpointOptions,
} from '@serval/api';
import {
  ANY,
  callable,
  choice,
  classNameOf,
  CODEC_LISTS,
  ENDPOINT_LIMITS,
  list,
  NAME,
  readAnnotations,
  readOptions,
  requireKnown,
  SECURITY_CONSTRAINT,
  SOCK_JS,
  type OptionTable,
} from '@serval/api/spi';
import { UriTemplate } from './uri-template';

/** The attributes of an endpoint besides its path and its configurator. */
export const ATTRIBUTES = {
  ...CODEC_LISTS,
  subprotocols: { ...list('a list', NAME), default: [] },
  // Deployment checks the functions.
  interceptors: { ...list<Interceptor>('a list'), default: [] },
  inbound: { ...choice('serial', 'concurrent'), default: 'serial' },
  authenticate: callable<Authenticate>(),
  security: SECURITY_CONSTRAINT,
  limits: ENDPOINT_LIMITS,
  sockJs: SOCK_JS,
} satisfies OptionTable<Omit<ServerEndpointOptions, 'value' | 'configurator'>>;

/**
 * Builds the configuration of an annotated class, with a new configurator instance.
 *
 * @throws DeploymentException when the class is not annotated, or its configurator cannot be created
 */
export function configOfAnnotated(endpointClass: EndpointClass): ServerEndpointConfig {
  const name = classNameOf(endpointClass);
  const options = readAnnotations(endpointClass)?.serverEndpoint;
  if (options === undefined) {
    // The types forbid it, but JavaScript programs and readers of Java tutorials try it.
    if ((endpointClass.prototype as unknown) instanceof ServerApplicationConfig) {
      throw new DeploymentException(
        `${name} is a ServerApplicationConfig, which only a scan uses. Export it from a scanned module, or deploy the ` +
          `endpoints that it returns: endpoints: [...new ${name}().getEndpointConfigs(new Set([…]))] (WSC-6.2).`,
        undefined,
        'WS_DEPLOY_NOT_AN_ENDPOINT',
      );
    }
    throw new DeploymentException(
      `${name} has no @ServerEndpoint. Decorate it, or add a ServerEndpointConfig made with ` +
        `ServerEndpointConfig.Builder.create(${name}, '/path'). A subclass needs its own annotation (WSC-4.8); if a class decorator returns a subclass, write @ServerEndpoint above it.`,
      undefined,
      'WS_DEPLOY_NOT_AN_ENDPOINT',
    );
  }
  const { path } = UriTemplate.parse(options.value, name);
  requireKnown(`@ServerEndpoint of ${name}`, { value: NAME, ...ATTRIBUTES, configurator: ANY }, options);
  const { subprotocols, encoders, decoders, codecs, interceptors, inbound, authenticate, security, limits, sockJs } =
    readOptions(ATTRIBUTES, options, `${name}: `);
  return ServerEndpointConfig.Builder.create(endpointClass, path)
    .subprotocols(subprotocols)
    .encoders(encoders)
    .decoders(decoders)
    .codecs(codecs)
    .interceptors(interceptors)
    .configurator(makeConfigurator(name, options.configurator))
    .inbound(inbound)
    .authenticate(authenticate ?? null)
    .security(security ?? null)
    .limits(limits ?? null)
    .sockJs(sockJs ?? null)
    .build();
}

function makeConfigurator(
  endpoint: string,
  configuratorClass: ServerEndpointOptions['configurator'],
): ServerEndpointConfig.Configurator | null {
  if (configuratorClass === undefined) return null;
  let configurator: unknown;
  try {
    configurator = new configuratorClass();
  } catch (cause) {
    throw badConfigurator(
      `${endpoint}: its configurator could not be created without arguments; see the cause.`,
      cause,
    );
  }
  if (configurator instanceof ServerEndpointConfig.Configurator) return configurator;
  throw badConfigurator(`${endpoint}: ${configuratorClass.name} does not extend ServerEndpointConfig.Configurator.`);
}

function badConfigurator(message: string, cause?: unknown): DeploymentException {
  return new DeploymentException(message, cause, 'WS_DEPLOY_BAD_CONFIGURATOR');
}

/** One connection's view of its endpoint's configuration, with its own copy of the user properties (WS 2.1). */
export class ConnectionEndpointConfig extends ServerEndpointConfig {
  #userProperties: Map<string, unknown> | undefined;

  constructor(private readonly shared: ServerEndpointConfig) {
    super();
  }

  /** Whether there are user properties. Unlike `getUserProperties`, it creates no map for a connection without any. */
  get hasUserProperties(): boolean {
    return (this.#userProperties ?? this.shared.getUserProperties()).size > 0;
  }

  override getUserProperties(): Map<string, unknown> {
    return (this.#userProperties ??= new Map(this.shared.getUserProperties()));
  }
  override getEndpointClass(): EndpointClass {
    return this.shared.getEndpointClass();
  }
  override getPath(): string {
    return this.shared.getPath();
  }
  override getSubprotocols(): readonly string[] {
    return this.shared.getSubprotocols();
  }
  override getExtensions(): readonly Extension[] {
    return this.shared.getExtensions();
  }
  override getEncoders(): readonly EncoderClass[] {
    return this.shared.getEncoders();
  }
  override getDecoders(): readonly DecoderClass[] {
    return this.shared.getDecoders();
  }
  override getConfigurator(): ServerEndpointConfig.Configurator {
    return this.shared.getConfigurator();
  }
  override getInboundMode(): InboundMode {
    return this.shared.getInboundMode();
  }
  override getAuthenticate(): Authenticate | undefined {
    return this.shared.getAuthenticate();
  }
  override getSecurityConstraint(): SecurityConstraint | undefined {
    return this.shared.getSecurityConstraint();
  }
  override getLimits(): EndpointLimits {
    return this.shared.getLimits();
  }
  override getSockJs(): SockJsChoice | undefined {
    // A configuration of another copy of the package may lack it.
    return this.shared.getSockJs?.();
  }
}
