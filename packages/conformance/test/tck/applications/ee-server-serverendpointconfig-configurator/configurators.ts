import {
  ServerEndpointConfig,
  type EndpointClass,
  type Extension,
  type HandshakeRequest,
  type HandshakeResponse,
} from 'serval';
import { identityHashCode } from '../../common/identity-hash-code';
import { JavaPackage, javaName } from '../../java-names';

// The configurators record what they see in static members, as in Java: the endpoints of later connections report it.

@JavaPackage('ee.server.serverendpointconfig.configurator')
export class ContainerDefaultConfiguratorA extends ServerEndpointConfig.Configurator {
  static platformDefaultConfiguratorId = '';

  constructor() {
    super();
    ContainerDefaultConfiguratorA.platformDefaultConfiguratorId = String(
      identityHashCode(this.getContainerDefaultConfigurator()),
    );
  }
}

@JavaPackage('ee.server.serverendpointconfig.configurator')
export class ContainerDefaultConfiguratorB extends ServerEndpointConfig.Configurator {
  static platformDefaultConfiguratorId = '';

  constructor() {
    super();
    ContainerDefaultConfiguratorB.platformDefaultConfiguratorId = String(
      identityHashCode(this.getContainerDefaultConfigurator()),
    );
  }
}

@JavaPackage('ee.server.serverendpointconfig.configurator')
export class ExtensionsConfigurator extends ServerEndpointConfig.Configurator {
  static installed: readonly Extension[] = [];
  static requested: readonly Extension[] = [];
  static resulted: readonly Extension[] = [];

  override async getNegotiatedExtensions(
    installed: readonly Extension[],
    requested: readonly Extension[],
  ): Promise<readonly Extension[]> {
    const resulted = await super.getNegotiatedExtensions(installed, requested);
    ExtensionsConfigurator.requested = requested;
    ExtensionsConfigurator.resulted = resulted;
    ExtensionsConfigurator.installed = installed;
    return resulted;
  }
}

@JavaPackage('ee.server.serverendpointconfig.configurator')
export class GetNegotiatedSubprotocolConfigurator extends ServerEndpointConfig.Configurator {
  static supported: readonly string[] = [];
  static requested: readonly string[] = [];
  static resulted = '';

  override async getNegotiatedSubprotocol(supported: readonly string[], requested: readonly string[]): Promise<string> {
    const resulted = await super.getNegotiatedSubprotocol(supported, requested);
    GetNegotiatedSubprotocolConfigurator.requested = requested;
    GetNegotiatedSubprotocolConfigurator.supported = supported;
    GetNegotiatedSubprotocolConfigurator.resulted = resulted;
    return resulted;
  }
}

/** Lets the container make the instance, remembers of which class it was, and has another one serve the connection. */
@JavaPackage('ee.server.serverendpointconfig.configurator')
export class GetEndpointInstanceConfigurator extends ServerEndpointConfig.Configurator {
  static instanceName = 'null';

  override async getEndpointInstance<T extends object>(
    endpointClass: EndpointClass<T>,
    request?: HandshakeRequest,
  ): Promise<T> {
    const instance = await super.getEndpointInstance(endpointClass, request);
    GetEndpointInstanceConfigurator.instanceName = javaName(instance.constructor);
    // Java asks for the class by name and casts; its constructor with a String is the one that takes information.
    const withInformation = endpointClass as unknown as new (additionalInformation: string) => T;
    return new withInformation('Additional information passed to instance');
  }
}

@JavaPackage('ee.server.serverendpointconfig.configurator')
export class ModifyHandshakeConfigurator extends ServerEndpointConfig.Configurator {
  static request: HandshakeRequest | undefined;
  static response: HandshakeResponse | undefined;
  static isCheckedOriginBeforeModifyHandshake = false;
  #isCheckedOrigin = false;

  override checkOrigin(origin: string | null, request?: HandshakeRequest): boolean | Promise<boolean> {
    this.#isCheckedOrigin = true;
    return super.checkOrigin(origin, request);
  }

  override modifyHandshake(
    config: ServerEndpointConfig,
    request: HandshakeRequest,
    response: HandshakeResponse,
  ): void | Promise<void> {
    ModifyHandshakeConfigurator.isCheckedOriginBeforeModifyHandshake = this.#isCheckedOrigin;
    ModifyHandshakeConfigurator.request = request;
    ModifyHandshakeConfigurator.response = response;
    return super.modifyHandshake(config, request, response);
  }
}

@JavaPackage('ee.server.serverendpointconfig.configurator')
export class OriginConfigurator extends ServerEndpointConfig.Configurator {
  static origin: string | null = null;

  override checkOrigin(origin: string | null, request?: HandshakeRequest): boolean | Promise<boolean> {
    OriginConfigurator.origin = origin;
    return super.checkOrigin(origin, request);
  }
}

@JavaPackage('ee.server.serverendpointconfig.configurator')
export class OriginConfiguratorReturningFalse extends ServerEndpointConfig.Configurator {
  static origin = true;

  override checkOrigin(): boolean {
    return OriginConfiguratorReturningFalse.origin;
  }
}
