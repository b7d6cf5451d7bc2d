import { ServerEndpointConfig, type DecoderClass, type EncoderClass, type EndpointConfig } from 'serval';
import { JavaName, javaName } from '../java-names';

JavaName('jakarta.websocket.server.ServerEndpointConfig$Configurator')(ServerEndpointConfig.Configurator);

/** The configuration that `@OnOpen` was given; Java casts it. */
export function asServerEndpointConfig(config: EndpointConfig | undefined): ServerEndpointConfig {
  if (config instanceof ServerEndpointConfig) return config;
  throw new TypeError('The endpoint was not opened with a ServerEndpointConfig.');
}

/** The answer of the endpoints that report their configuration; undefined for any other text. */
export function answerAbout(config: ServerEndpointConfig, question: string): string | undefined {
  switch (question) {
    case 'path':
      return config.getPath();
    case 'endpoint':
      return javaName(config.getEndpointClass());
    case 'configurator':
      return configuratorName(config);
    case 'subprotocols':
      return config.getSubprotocols().join(' ');
    case 'extensions':
      return `[${config
        .getExtensions()
        .map((extension) => `${extension.getName()} `)
        .join('')}]`;
    case 'decoders':
      return `{${classNames(config.getDecoders())}}`;
    case 'encoders':
      return `{${classNames(config.getEncoders())}}`;
    default:
      return undefined;
  }
}

/** The configurator's class; that of the container's default is the one which annotations have by default. */
function configuratorName(config: ServerEndpointConfig): string {
  const configurator = config.getConfigurator();
  const isDefault = configurator === configurator.getContainerDefaultConfigurator();
  return javaName(isDefault ? ServerEndpointConfig.Configurator : configurator.constructor);
}

/** The classes as Java prints them in a row. */
function classNames(classes: readonly (DecoderClass | EncoderClass)[]): string {
  return classes.map((coder) => `class ${javaName(coder)}`).join(' ');
}
