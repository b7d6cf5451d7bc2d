import { createExtension, type EndpointClass, type Extension, type ServerEndpointConfig } from 'serval';
import { PlainServerEndpointConfig } from '../../common/plain-server-endpoint-config';
import { JavaPackage } from '../../java-names';
import {
  ServerEndpointConfigConfigurator,
  SubprotocolsConfigurator,
  UserPropertiesConfigurator,
} from './configurators';
import {
  WSProgramaticConfiguratorServer,
  WSProgramaticExtensionsServer,
  WSProgramaticSubprotocolsServer,
  WSProgramaticUserPropertiesServer,
} from './servers';
import { SEC_1, SEC_2 } from './user-properties';

@JavaPackage('ee.server.serverendpointconfig')
export class ConfiguratorServerEndpointConfig extends PlainServerEndpointConfig {
  override getEndpointClass(): EndpointClass {
    return WSProgramaticConfiguratorServer;
  }

  override getPath(): string {
    return '/programatic/configurator';
  }

  override getConfigurator(): ServerEndpointConfig.Configurator {
    return new ServerEndpointConfigConfigurator();
  }
}

@JavaPackage('ee.server.serverendpointconfig')
export class ExtensionsServerEndpointConfig extends PlainServerEndpointConfig {
  override getEndpointClass(): EndpointClass {
    return WSProgramaticExtensionsServer;
  }

  override getPath(): string {
    return '/programatic/extensions';
  }

  override getExtensions(): readonly Extension[] {
    return [createExtension('empty'), createExtension('secondEmpty')];
  }
}

@JavaPackage('ee.server.serverendpointconfig')
export class SubprotocolsServerEndpointConfig extends PlainServerEndpointConfig {
  override getEndpointClass(): EndpointClass {
    return WSProgramaticSubprotocolsServer;
  }

  override getPath(): string {
    return '/programatic/subprotocols';
  }

  override getSubprotocols(): readonly string[] {
    return ['abc', 'def'];
  }

  override getConfigurator(): ServerEndpointConfig.Configurator {
    return new SubprotocolsConfigurator();
  }
}

@JavaPackage('ee.server.serverendpointconfig')
export class UserPropertiesServerEndpointConfig extends PlainServerEndpointConfig {
  readonly #userProperties = new Map<string, unknown>([
    [SEC_1, {}],
    [SEC_2, {}],
  ]);

  override getEndpointClass(): EndpointClass {
    return WSProgramaticUserPropertiesServer;
  }

  override getPath(): string {
    return '/programatic/userproperties';
  }

  override getConfigurator(): ServerEndpointConfig.Configurator {
    return new UserPropertiesConfigurator();
  }

  override getUserProperties(): Map<string, unknown> {
    return this.#userProperties;
  }
}
