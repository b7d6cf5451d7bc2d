import { EndpointConfig, OnMessage, OnOpen, ServerEndpoint, ServerEndpointConfig } from 'serval';
import { ErrorReporter } from '../../common/error-reporter';
import { JavaPackage } from '../../java-names';
import {
  ContainerDefaultConfiguratorA,
  ContainerDefaultConfiguratorB,
  GetEndpointInstanceConfigurator,
  ModifyHandshakeConfigurator,
  OriginConfigurator,
  OriginConfiguratorReturningFalse,
} from './configurators';

@JavaPackage('ee.server.serverendpointconfig.configurator')
@ServerEndpoint('/containerdefaultconfiguratorA', { configurator: ContainerDefaultConfiguratorA })
export class WSCGetContainerDefaultConfiguratorServerA extends ErrorReporter {
  @OnMessage
  onMessage(_message: string): string {
    return ContainerDefaultConfiguratorA.platformDefaultConfiguratorId;
  }
}

@JavaPackage('ee.server.serverendpointconfig.configurator')
@ServerEndpoint('/containerdefaultconfiguratorB', { configurator: ContainerDefaultConfiguratorB })
export class WSCGetContainerDefaultConfiguratorServerB extends ErrorReporter {
  @OnMessage
  onMessage(_message: string): string {
    return ContainerDefaultConfiguratorB.platformDefaultConfiguratorId;
  }
}

@JavaPackage('ee.server.serverendpointconfig.configurator')
@ServerEndpoint('/endpointinstance', { configurator: GetEndpointInstanceConfigurator })
export class WSCGetEndpointInstanceServer extends ErrorReporter {
  // Two constructors in Java, one of them without parameters.
  constructor(private readonly additionalInformation: string | null = null) {
    super();
  }

  @OnMessage
  onMessage(_message: string): string {
    const instance = GetEndpointInstanceConfigurator.instanceName;
    GetEndpointInstanceConfigurator.instanceName = 'null';
    return instance + String(this.additionalInformation);
  }
}

@JavaPackage('ee.server.serverendpointconfig.configurator')
@ServerEndpoint('/modifyhandshake', { configurator: ModifyHandshakeConfigurator })
export class WSCModifyHandshakeServer extends ErrorReporter {
  #config: EndpointConfig | undefined;

  @OnOpen
  onOpen(config: EndpointConfig): void {
    this.#config = config;
  }

  @OnMessage
  onMessage(message: string): string {
    return String(this.#isSeen(message));
  }

  #isSeen(what: string): boolean {
    switch (what) {
      case 'origin':
        return ModifyHandshakeConfigurator.isCheckedOriginBeforeModifyHandshake;
      case 'config':
        return this.#config instanceof ServerEndpointConfig;
      case 'request':
        return ModifyHandshakeConfigurator.request !== undefined;
      case 'response':
        return ModifyHandshakeConfigurator.response !== undefined;
      default:
        return false;
    }
  }
}

@JavaPackage('ee.server.serverendpointconfig.configurator')
@ServerEndpoint('/origin', { configurator: OriginConfigurator })
export class WSCOriginServer extends ErrorReporter {
  @OnMessage
  onMessage(message: string): string {
    if (message === 'get') return OriginConfigurator.origin ?? 'NULL';
    if (message === 'reset') OriginConfigurator.origin = '';
    return '';
  }
}

@JavaPackage('ee.server.serverendpointconfig.configurator')
@ServerEndpoint('/originreturnsfalse', { configurator: OriginConfiguratorReturningFalse })
export class WSCOriginServerReturningFalse extends ErrorReporter {
  @OnMessage
  onMessage(message: string): string {
    return message;
  }
}

/** Tells the configurator of the one above what to say of an origin. */
@JavaPackage('ee.server.serverendpointconfig.configurator')
@ServerEndpoint('/originreturnsfalseconfig')
export class WSCOriginServerReturningFalseConfigurator extends ErrorReporter {
  @OnMessage
  onMessage(message: string): string {
    OriginConfiguratorReturningFalse.origin = message === 'true';
    return message;
  }
}
