import { ServerEndpointConfig, type HandshakeRequest, type HandshakeResponse } from 'serval';
import { JavaName, JavaPackage } from '../../java-names';
import { requireKey, SEC_1, SEC_2, UPC_1, UPC_2 } from './user-properties';

@JavaPackage('ee.server.serverendpointconfig')
export class ServerEndpointConfigConfigurator extends ServerEndpointConfig.Configurator {}

/** Anonymous in Java, inside of the class that it is named after. */
@JavaName('ee.jakarta.tck.websocket.ee.server.serverendpointconfig.SubprotocolsServerEndpointConfig$1')
export class SubprotocolsConfigurator extends ServerEndpointConfig.Configurator {}

/** Finds the endpoint's user properties in the connection's own, removes one and adds two. */
@JavaPackage('ee.server.serverendpointconfig')
export class UserPropertiesConfigurator extends ServerEndpointConfig.Configurator {
  override modifyHandshake(
    config: ServerEndpointConfig,
    _request: HandshakeRequest,
    _response: HandshakeResponse,
  ): void {
    const userProperties = config.getUserProperties();
    requireKey(userProperties, SEC_1);
    requireKey(userProperties, SEC_2);
    userProperties.delete(SEC_2);
    userProperties.set(UPC_1, {});
    userProperties.set(UPC_2, {});
  }
}
