import { OnMessage, ServerEndpoint, ServerEndpointConfig } from 'serval';
import type { Servlet, TckContext } from '../../context';
import { JavaPackage } from '../../java-names';

@JavaPackage('spec.servercontainer.upgradehttptowebsocket')
@ServerEndpoint('/TCKTestServer')
class WSTestServer {
  @OnMessage
  echo(message: string): string {
    return message;
  }
}

/** Hands the request over by itself, to an endpoint whose path is another one. */
const testServlet: Servlet = ({ request, socket, head }, container) => {
  const config = ServerEndpointConfig.Builder.create(WSTestServer, '/TCKTestServer').build();
  return container.upgradeHttpToWebSocket(request, { socket, head }, config, {});
};

export const context: TckContext = {
  root: '/ws_spec_upgradehttp_web',
  endpoints: [WSTestServer],
  servlets: { '/TCKTestServlet': testServlet },
};
