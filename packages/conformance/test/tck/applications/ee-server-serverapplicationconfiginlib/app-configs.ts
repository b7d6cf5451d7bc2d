import { ServerApplicationConfig, type EndpointClass, type ServerEndpointConfig } from 'serval';
import { JavaPackage } from '../../java-names';
import { UsedServerEndpointConfig } from '../ee-server-serverapplicationconfig/endpoint-configs';
import { WSOtherUsedServer, WSUsedServer } from '../ee-server-serverapplicationconfig/servers';

@JavaPackage('ee.server.serverapplicationconfiginlib')
export class AppConfig extends ServerApplicationConfig {
  override getEndpointConfigs(): Iterable<ServerEndpointConfig> {
    return [new UsedServerEndpointConfig()];
  }

  override getAnnotatedEndpointClasses(): Iterable<EndpointClass> {
    return [WSUsedServer];
  }
}

@JavaPackage('ee.server.serverapplicationconfiginlib')
export class OtherAppConfig extends ServerApplicationConfig {
  /** Null in Java. */
  override getEndpointConfigs(): Iterable<ServerEndpointConfig> {
    return [];
  }

  override getAnnotatedEndpointClasses(): Iterable<EndpointClass> {
    return [WSOtherUsedServer];
  }
}
