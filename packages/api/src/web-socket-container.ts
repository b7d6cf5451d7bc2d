import { brand } from './brand';
import type { EndpointClass } from './class-type';
import type { ClientEndpointConfig } from './client-endpoint-config';
import type { Endpoint } from './endpoint';
import { describeValue } from './describe-value';
import { IllegalArgumentException, IllegalStateException } from './errors';
import type { Extension } from './extension';
import type { Rooms, SessionSelection, SessionTarget } from './rooms';
import type { Session } from './session';

/**
 * Holds the defaults for new sessions, and connects as a client.
 *
 * A session copies the defaults when it begins. A later change does not affect open sessions.
 *
 * @see WSC-2.1.7
 */
export interface WebSocketContainer {
  /** Milliseconds after which an unfinished asynchronous send fails; 0 or less means never. Default -1. */
  getDefaultAsyncSendTimeout(): number;
  setAsyncSendTimeout(timeoutMillis: number): void;
  /** Milliseconds without traffic after which the container closes a session; 0 or less means never. Default 0. */
  getDefaultMaxSessionIdleTimeout(): number;
  setDefaultMaxSessionIdleTimeout(timeoutMillis: number): void;
  /** Largest whole binary message, in bytes. Default 8192. */
  getDefaultMaxBinaryMessageBufferSize(): number;
  setDefaultMaxBinaryMessageBufferSize(max: number): void;
  /** Largest whole text message, in UTF-8 bytes. Default 8192. */
  getDefaultMaxTextMessageBufferSize(): number;
  setDefaultMaxTextMessageBufferSize(max: number): void;
  /** The extensions that the container can negotiate. */
  getInstalledExtensions(): ReadonlySet<Extension>;

  /**
   * Selects open sessions, such as the members of rooms, to send to them. Several targets select the sessions of any of
   * them, each once; no target selects no session. Not in the specification.
   *
   * @throws IllegalArgumentException for anything but a target, and for an endpoint that is not deployed
   *
   * @example
   * await container.to('blue', 'green').except(session).send('hello');
   */
  to(...targets: readonly SessionTarget[]): SessionSelection;
  /** Selects all open sessions of the container. Not in the specification. */
  toAll(): SessionSelection;
  /** The rooms that the container's sessions joined. Not in the specification. */
  readonly rooms: Rooms;

  /** Connects an annotated client endpoint, passed as a class or an instance. */
  connectToServer(annotatedEndpoint: EndpointClass | object, uri: URL | string): Promise<Session>;
  /** Connects a programmatic client endpoint. */
  connectToServer(
    endpoint: EndpointClass<Endpoint> | Endpoint,
    config: ClientEndpointConfig | null,
    uri: URL | string,
  ): Promise<Session>;
}

/**
 * Gives applications a client container.
 *
 * Java finds the implementation through a service file. Here the client package registers itself when it is loaded.
 */
export abstract class ContainerProvider {
  static #provider: ContainerProvider | undefined;

  /**
   * Sets the implementation. The last registration wins.
   *
   * @throws IllegalArgumentException when the argument is not a ContainerProvider
   */
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
