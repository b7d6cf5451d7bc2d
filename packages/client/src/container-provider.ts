import { ContainerProvider } from '@serval/api';
import { WsClientContainer } from './client-container';

/** Provides one container with the default options, made when it is first asked for. */
class ClientContainerProvider extends ContainerProvider {
  #container: WsClientContainer | undefined;

  protected override getContainer(): WsClientContainer {
    return (this.#container ??= new WsClientContainer());
  }
}

ContainerProvider.register(new ClientContainerProvider());
