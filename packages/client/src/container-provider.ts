import { ContainerProvider } from '@serval/api';
import { WsClientContainer } from './client-container';

/** Provides one container with the default options, made when it is first asked for, and again once it was stopped. */
class ClientContainerProvider extends ContainerProvider {
  #container: WsClientContainer | undefined;

  protected override getContainer(): WsClientContainer {
    if (this.#container === undefined || this.#container.isStopped) this.#container = new WsClientContainer();
    return this.#container;
  }
}

ContainerProvider.register(new ClientContainerProvider());
