import { ServerApplicationConfig, type EndpointClass, type ServerEndpointConfig } from 'serval';
import { JavaPackage } from '../../java-names';
import {
  ConfiguratorServerEndpointConfig,
  ExtensionsServerEndpointConfig,
  SubprotocolsServerEndpointConfig,
  UserPropertiesServerEndpointConfig,
} from './endpoint-configs';
import { WSAnnotatedConfiguratorServer, WSAnnotatedSubprotocolsServer } from './servers';

@JavaPackage('ee.server.serverendpointconfig')
export class AppConfig extends ServerApplicationConfig {
  override getEndpointConfigs(): Iterable<ServerEndpointConfig> {
    return [
      new SubprotocolsServerEndpointConfig(),
      new ConfiguratorServerEndpointConfig(),
      new ExtensionsServerEndpointConfig(),
      new UserPropertiesServerEndpointConfig(),
    ];
  }

  override getAnnotatedEndpointClasses(): Iterable<EndpointClass> {
    return [WSAnnotatedSubprotocolsServer, WSAnnotatedConfiguratorServer];
  }
}
