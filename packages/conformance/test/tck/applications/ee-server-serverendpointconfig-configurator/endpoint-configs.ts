import { type EndpointClass, type Extension, type ServerEndpointConfig } from 'serval';
import { PlainServerEndpointConfig } from '../../common/plain-server-endpoint-config';
import { JavaPackage } from '../../java-names';
import { ExtensionsConfigurator, GetNegotiatedSubprotocolConfigurator } from './configurators';
import { CONFIGURED } from './extensions';
import { WSCExtensionsServer, WSCSubprotocolServer } from './programmatic-servers';
import { SUPPORTED } from './subprotocols';

@JavaPackage('ee.server.serverendpointconfig.configurator')
export class ExtensionsServerEndpointConfig extends PlainServerEndpointConfig {
  override getEndpointClass(): EndpointClass {
    return WSCExtensionsServer;
  }

  override getPath(): string {
    return '/extensions';
  }

  override getExtensions(): readonly Extension[] {
    return CONFIGURED;
  }

  override getConfigurator(): ServerEndpointConfig.Configurator {
    return new ExtensionsConfigurator();
  }
}

@JavaPackage('ee.server.serverendpointconfig.configurator')
export class SubprotocolsServerEndpointConfig extends PlainServerEndpointConfig {
  override getEndpointClass(): EndpointClass {
    return WSCSubprotocolServer;
  }

  override getPath(): string {
    return '/subprotocols';
  }

  override getSubprotocols(): readonly string[] {
    return SUPPORTED;
  }

  override getConfigurator(): ServerEndpointConfig.Configurator {
    return new GetNegotiatedSubprotocolConfigurator();
  }
}
