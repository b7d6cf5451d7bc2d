import { ServerApplicationConfig, type EndpointClass, type ServerEndpointConfig } from 'serval';
import { JavaPackage } from '../../java-names';
import {
  WSCGetContainerDefaultConfiguratorServerA,
  WSCGetContainerDefaultConfiguratorServerB,
  WSCGetEndpointInstanceServer,
  WSCModifyHandshakeServer,
  WSCOriginServer,
  WSCOriginServerReturningFalse,
  WSCOriginServerReturningFalseConfigurator,
} from './annotated-servers';
import { ExtensionsServerEndpointConfig, SubprotocolsServerEndpointConfig } from './endpoint-configs';

@JavaPackage('ee.server.serverendpointconfig.configurator')
export class AppConfig extends ServerApplicationConfig {
  override getEndpointConfigs(): Iterable<ServerEndpointConfig> {
    return [new ExtensionsServerEndpointConfig(), new SubprotocolsServerEndpointConfig()];
  }

  override getAnnotatedEndpointClasses(): Iterable<EndpointClass> {
    return [
      WSCGetEndpointInstanceServer,
      WSCOriginServer,
      WSCOriginServerReturningFalse,
      WSCOriginServerReturningFalseConfigurator,
      WSCModifyHandshakeServer,
      WSCGetContainerDefaultConfiguratorServerA,
      WSCGetContainerDefaultConfiguratorServerB,
    ];
  }
}
