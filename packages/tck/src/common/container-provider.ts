import { ContainerProvider, IllegalStateException, type WebSocketContainer } from 'serval';

/** Provides one container that exists already. */
export class GivenContainerProvider extends ContainerProvider {
  constructor(private readonly container: WebSocketContainer) {
    super();
  }

  protected override getContainer(): WebSocketContainer {
    return this.container;
  }
}

/**
 * Registers a container with the provider where no client implementation has done so. In Java every server brings one;
 * a server container of Serval is a WebSocketContainer too, but nothing registers it.
 */
export function provideUnlessProvided(container: WebSocketContainer): void {
  try {
    ContainerProvider.getWebSocketContainer();
  } catch (error) {
    if (!(error instanceof IllegalStateException)) throw error;
    ContainerProvider.register(new GivenContainerProvider(container));
  }
}
