import { IllegalArgumentException, OnMessage, ServerEndpoint, ServerEndpointConfig } from 'serval';
import { ErrorReporter } from '../../common/error-reporter';
import { TextEcho } from '../../common/text-echo';
import type { TckContext } from '../../context';

@ServerEndpoint('/echo')
class WSCEchoServer extends TextEcho {}

class GetNegotiatedSubprotocolConfigurator extends ServerEndpointConfig.Configurator {
  static resulted = '';

  override async getNegotiatedSubprotocol(supported: readonly string[], requested: readonly string[]) {
    const resulted = await super.getNegotiatedSubprotocol(supported, requested);
    return (GetNegotiatedSubprotocolConfigurator.resulted = resulted);
  }
}

@ServerEndpoint({
  value: '/subprotocol',
  subprotocols: ['MBWS.huawei.com', 'MBLWS.huawei.com'],
  configurator: GetNegotiatedSubprotocolConfigurator,
})
class WSCSubprotocolServer extends ErrorReporter {
  @OnMessage
  echo(message: string): string {
    switch (message) {
      case 'ECHO_MSG':
        return message;
      case 'NEGOTIATED':
        return `{${GetNegotiatedSubprotocolConfigurator.resulted.trim()}}`;
      default:
        throw new IllegalArgumentException(`Operation ${message} has not been implemented`);
    }
  }
}

export const context: TckContext = {
  root: '/wsc_ee_clientendpoint_web',
  endpoints: [WSCEchoServer, WSCSubprotocolServer],
};
