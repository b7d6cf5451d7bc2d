import { ContainerProvider } from '@serval/api';
import { ClientContainer } from './client-container';

/** Provides one container with the default options. Creates it on first use, and again after it was stopped. */
class ClientContainerProvider extends ContainerProvider {
  #container: ClientContainer | undefined;

  protected override getContainer(): ClientContainer {
    if (this.#container === undefined || this.#container.isStopped) this.#container = new ClientContainer();
    return this.#container;
  }
}

ContainerProvider.register(new ClientContainerProvider());
