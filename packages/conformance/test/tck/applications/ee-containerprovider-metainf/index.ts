import { ContainerProvider, OnMessage, ServerEndpoint, type WebSocketContainer } from 'serval';
import { ErrorReporter } from '../../common/error-reporter';
import type { TckContext } from '../../context';
import { JavaPackage, javaName } from '../../java-names';

/** Provides one container that exists already. */
class GivenContainerProvider extends ContainerProvider {
  constructor(private readonly container: WebSocketContainer) {
    super();
  }

  protected override getContainer(): WebSocketContainer {
    return this.container;
  }
}

/** The container of the library's provider. The client reads its name. */
@JavaPackage('ee.containerprovider.metainf')
class TCKWebSocketContainer {}

class TCKContainerProvider extends ContainerProvider {
  protected override getContainer(): WebSocketContainer {
    // Only its class is looked at; in Java it is a proxy that does nothing either.
    return new TCKWebSocketContainer() as WebSocketContainer;
  }
}

@ServerEndpoint('/srv')
class WSCServer extends ErrorReporter {
  @OnMessage
  onMessage(_text: string): string {
    return nameOfLibraryContainer();
  }
}

/** In Java a class loader shows the library's service file for a moment; here its provider is registered so long. */
function nameOfLibraryContainer(): string {
  const original = ContainerProvider.getWebSocketContainer();
  ContainerProvider.register(new TCKContainerProvider());
  try {
    return javaName(ContainerProvider.getWebSocketContainer().constructor);
  } finally {
    ContainerProvider.register(new GivenContainerProvider(original));
  }
}

export const context: TckContext = {
  root: '/wsc_ee_containerprovider_metainf_web',
  endpoints: [WSCServer],
};
