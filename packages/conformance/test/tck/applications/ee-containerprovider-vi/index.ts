import { ContainerProvider, OnMessage, ServerEndpoint } from 'serval';
import { ErrorReporter } from '../../common/error-reporter';
import type { TckContext } from '../../context';

@ServerEndpoint('/srv')
class WSCServer extends ErrorReporter {
  @OnMessage
  onMessage(_text: string): boolean {
    return Boolean(ContainerProvider.getWebSocketContainer());
  }
}

export const context: TckContext = {
  root: '/wsc_ee_containerprovider_vi_web',
  endpoints: [WSCServer],
};
