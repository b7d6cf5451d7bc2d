import { ServerEndpoint, ServerEndpointConfig, type HandshakeRequest, type HandshakeResponse } from 'serval';
import { attemptToAdd, copyTo } from '../../common/headers';
import { TextEcho } from '../../common/text-echo';
import type { TckContext } from '../../context';

class EchoConfigurator extends ServerEndpointConfig.Configurator {
  override modifyHandshake(
    _config: ServerEndpointConfig,
    request: HandshakeRequest,
    response: HandshakeResponse,
  ): void {
    attemptToAdd(request.getHeaders(), 'ReadOnlyKey', ['ReadOnlyValue1', 'ReadOnlyValue2']);
    copyTo(response, request.getHeaders());
  }
}

class SetHeadersConfigurator extends ServerEndpointConfig.Configurator {
  override modifyHandshake(
    _config: ServerEndpointConfig,
    request: HandshakeRequest,
    response: HandshakeResponse,
  ): void {
    copyTo(response, request.getHeaders());
    const values = Array.from({ length: 8 }, (_, index) => `header${index + 1}`);
    response.getHeaders().set('aFirstKey', values);
  }
}

@ServerEndpoint('/echo', { configurator: EchoConfigurator })
class WSCEchoServer extends TextEcho {}

@ServerEndpoint('/setheaders', { configurator: SetHeadersConfigurator })
class WSCSetHeadersServer extends TextEcho {}

export const context: TckContext = {
  root: '/wsc_ee_jakarta_websocket_handshakeresponse_web',
  endpoints: [WSCEchoServer, WSCSetHeadersServer],
};
