import { brand } from './brand';
import type { EndpointClass } from './class-type';
import type { ClientEndpointConfig } from './client-endpoint-config';
import type { Endpoint } from './endpoint';
import { describeValue } from './describe-value';
import { IllegalArgumentException, IllegalStateException } from './errors';
import type { Extension } from './extension';
import type { Session } from './session';

/**
 * What endpoints live in: the defaults for new sessions, and the way to connect as a client.
 *
 * Defaults are copied into a session when it begins; changing them later leaves open sessions as they are.
 *
 * @see WSC-2.1.7
 */
export interface WebSocketContainer {
  /** Milliseconds until an asynchronous send fails; 0 or less means never. Default -1. */
  getDefaultAsyncSendTimeout(): number;
  setAsyncSendTimeout(timeoutMillis: number): void;
  /** Milliseconds without traffic until a session is closed; 0 or less means never. Default 0. */
  getDefaultMaxSessionIdleTimeout(): number;
  setDefaultMaxSessionIdleTimeout(timeoutMillis: number): void;
  /** Bytes of a whole binary message. Default 8192. */
  getDefaultMaxBinaryMessageBufferSize(): number;
  setDefaultMaxBinaryMessageBufferSize(max: number): void;
  /** UTF-8 bytes of a whole text message. Default 8192. */
  getDefaultMaxTextMessageBufferSize(): number;
  setDefaultMaxTextMessageBufferSize(max: number): void;
  /** The extensions that the container can negotiate. */
  getInstalledExtensions(): ReadonlySet<Extension>;

  /** Connects an annotated client endpoint, given as a class or as an instance. */
  connectToServer(annotatedEndpoint: EndpointClass | object, uri: URL | string): Promise<Session>;
  /** Connects a programmatic client endpoint. */
  connectToServer(
    endpoint: EndpointClass<Endpoint> | Endpoint,
    config: ClientEndpointConfig | null,
    uri: URL | string,
  ): Promise<Session>;
}

/**
 * Where applications obtain a client container.
 *
 * Java finds the implementation through a service file; here the client package registers itself when it is loaded.
 */
export abstract class ContainerProvider {
  static #provider: ContainerProvider | undefined;

  /** Names the implementation. The last one registered is used. @throws IllegalArgumentException for what is none */
  static register(provider: ContainerProvider): void {
    if (!(provider instanceof ContainerProvider)) {
      throw new IllegalArgumentException(
        `ContainerProvider.register takes a ContainerProvider; found ${describeValue(provider)}.`,
      );
    }
    ContainerProvider.#provider = provider;
  }

  /** @throws IllegalStateException when no client implementation is loaded */
  static getWebSocketContainer(): WebSocketContainer {
    if (ContainerProvider.#provider === undefined) {
      throw new IllegalStateException(
        'No WebSocket client is loaded: ContainerProvider.register was not called. Load a client implementation first.',
      );
    }
    return ContainerProvider.#provider.getContainer();
  }

  protected abstract getContainer(): WebSocketContainer;
}

brand(ContainerProvider, 'ContainerProvider');
