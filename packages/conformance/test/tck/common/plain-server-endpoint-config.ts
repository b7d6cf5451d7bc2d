import { ServerEndpointConfig, type DecoderClass, type EncoderClass, type EndpointClass, type Extension } from 'serval';

/** A configuration that says nothing but class and path: what the TCK's own implementations of ServerEndpointConfig share. */
export abstract class PlainServerEndpointConfig extends ServerEndpointConfig {
  abstract override getEndpointClass(): EndpointClass;
  abstract override getPath(): string;

  override getSubprotocols(): readonly string[] {
    return [];
  }

  override getExtensions(): readonly Extension[] {
    return [];
  }

  override getEncoders(): readonly EncoderClass[] {
    return [];
  }

  override getDecoders(): readonly DecoderClass[] {
    return [];
  }

  override getConfigurator(): ServerEndpointConfig.Configurator {
    return new ServerEndpointConfig.Configurator();
  }

  override getUserProperties(): Map<string, unknown> {
    return new Map();
  }
}
