import {
  ClientEndpointConfig,
  DeploymentException,
  type ClientEndpointOptions,
  type DecoderClass,
  type EncoderClass,
  type EndpointClass,
  type ErrorCode,
  type Extension,
  type Interceptor,
} from '@serval/api';
import {
  ANY,
  classNameOf,
  CODEC_LISTS,
  describeValue,
  list,
  readAnnotations,
  readOptions,
  requireKnown,
  type OptionTable,
} from '@serval/api/spi';

/** The attributes of an endpoint besides its configurator. */
const ATTRIBUTES = {
  ...CODEC_LISTS,
  // checkOffers checks the names, deployment the functions.
  subprotocols: { ...list<string>('a list'), default: [] },
  interceptors: { ...list<Interceptor>('a list'), default: [] },
} satisfies OptionTable<Omit<ClientEndpointOptions, 'configurator'>>;

/**
 * Builds the configuration of an annotated class, with a new configurator. A class that only extends Endpoint gets the
 * default configuration.
 *
 * @throws DeploymentException when an attribute has the wrong type, or the configurator cannot be created
 */
export function configOfAnnotated(endpointClass: EndpointClass): ClientEndpointConfig {
  const name = classNameOf(endpointClass);
  const options = readAnnotations(endpointClass)?.clientEndpoint ?? {};
  requireKnown(`@ClientEndpoint of ${name}`, { ...ATTRIBUTES, configurator: ANY }, options);
  const { subprotocols, encoders, decoders, codecs, interceptors } = readOptions(ATTRIBUTES, options, `${name}: `);
  const builder = ClientEndpointConfig.Builder.create()
    .preferredSubprotocols(subprotocols)
    .encoders(encoders)
    .decoders(decoders)
    .codecs(codecs)
    .interceptors(interceptors);
  if (options.configurator !== undefined) builder.configurator(makeConfigurator(name, options.configurator));
  return builder.build();
}

/** @throws DeploymentException when the argument is not a ClientEndpointConfig */
export function requireConfig(config: unknown): ClientEndpointConfig {
  if (config instanceof ClientEndpointConfig) return config;
  throw broken(
    'WS_DEPLOY_BAD_OPTION',
    `connectToServer takes a ClientEndpointConfig, made with ClientEndpointConfig.Builder.create(), or null; found ${describeValue(config)}.`,
  );
}

// RFC 9110 5.6.2, 5.5.
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const FIELD_CONTENT = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Checks the subprotocols and extensions that the endpoint offers to a server.
 *
 * @throws DeploymentException when a header cannot contain one of their names or values
 */
export function checkOffers(name: string, config: ClientEndpointConfig): void {
  const subprotocols: readonly unknown[] = config.getPreferredSubprotocols();
  for (const [index, subprotocol] of subprotocols.entries()) {
    // RFC 6455 4.1: the elements must be tokens, and unique.
    const isToken = typeof subprotocol === 'string' && TOKEN.test(subprotocol);
    if (isToken && subprotocols.indexOf(subprotocol) === index) continue;
    throw broken(
      'WS_DEPLOY_BAD_OPTION',
      `${name}: a subprotocol is a name without spaces or separators, listed once; found ${describeValue(subprotocol)}${isToken ? ' twice' : ''}.`,
    );
  }
  for (const extension of config.getExtensions()) {
    const names = [extension.getName(), ...extension.getParameters().map((parameter) => parameter.getName())];
    const wrong = names.find((one) => !TOKEN.test(one));
    if (wrong !== undefined) {
      throw broken(
        'WS_DEPLOY_BAD_OPTION',
        `${name}: the name of an extension or of its parameter has no spaces or separators; found ${JSON.stringify(wrong)}.`,
      );
    }
    const unsendable = extension.getParameters().find((parameter) => !FIELD_CONTENT.test(parameter.getValue()));
    if (unsendable === undefined) continue;
    throw broken(
      'WS_DEPLOY_BAD_OPTION',
      `${name}: a header cannot contain the value of the extension parameter ${unsendable.getName()}; found ${JSON.stringify(unsendable.getValue())}.`,
    );
  }
}

function makeConfigurator(
  endpoint: string,
  configuratorClass: NonNullable<ClientEndpointOptions['configurator']>,
): ClientEndpointConfig.Configurator {
  let configurator: unknown;
  try {
    configurator = new configuratorClass();
  } catch (cause) {
    throw broken(
      'WS_DEPLOY_BAD_CONFIGURATOR',
      `${endpoint}: its configurator could not be created without arguments; see the cause.`,
      cause,
    );
  }
  if (configurator instanceof ClientEndpointConfig.Configurator) return configurator;
  throw broken(
    'WS_DEPLOY_BAD_CONFIGURATOR',
    `${endpoint}: ${configuratorClass.name} does not extend ClientEndpointConfig.Configurator.`,
  );
}

function broken(code: ErrorCode, message: string, cause?: unknown): DeploymentException {
  return new DeploymentException(message, cause, code);
}

/** One connection's view of its endpoint's configuration, with its own copy of the user properties (WS 2.1). */
export class ConnectionConfig extends ClientEndpointConfig {
  readonly #userProperties: Map<string, unknown>;

  constructor(
    private readonly shared: ClientEndpointConfig,
    private readonly configurator: ClientEndpointConfig.Configurator = shared.getConfigurator(),
  ) {
    super();
    this.#userProperties = new Map(shared.getUserProperties());
  }

  override getUserProperties(): Map<string, unknown> {
    return this.#userProperties;
  }
  override getPreferredSubprotocols(): readonly string[] {
    return this.shared.getPreferredSubprotocols();
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
  override getSSLContext(): unknown {
    return this.shared.getSSLContext();
  }
  override getConfigurator(): ClientEndpointConfig.Configurator {
    return this.configurator;
  }
}
