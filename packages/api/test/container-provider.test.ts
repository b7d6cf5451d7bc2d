import { ContainerProvider, type WebSocketContainer } from '@serval/api';
import type * as Api from '@serval/api';

class Provider extends ContainerProvider {
  constructor(private readonly container: WebSocketContainer) {
    super();
  }
  protected override getContainer(): WebSocketContainer {
    return this.container;
  }
}

const container = (): WebSocketContainer => ({ getDefaultAsyncSendTimeout: () => -1 }) as WebSocketContainer;

describe('ContainerProvider', () => {
  test('throws and names the missing client when none is loaded', () => {
    jest.isolateModules(() => {
      const fresh = jest.requireActual<typeof Api>('@serval/api');
      expect(() => fresh.ContainerProvider.getWebSocketContainer()).toThrow(fresh.IllegalStateException);
      expect(() => fresh.ContainerProvider.getWebSocketContainer()).toThrow('No WebSocket client is loaded');
    });
  });

  test('returns the container of the last registered provider', () => {
    const [first, second] = [container(), container()];
    ContainerProvider.register(new Provider(first));
    expect(ContainerProvider.getWebSocketContainer()).toBe(first);
    ContainerProvider.register(new Provider(second));
    expect(ContainerProvider.getWebSocketContainer()).toBe(second);
  });
});
