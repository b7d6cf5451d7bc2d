import type { EndpointClass } from './class-type';
import type { ServerEndpointConfig } from './server-endpoint-config';
import type { WebSocketContainer } from './web-socket-container';

/**
 * A container for server endpoints.
 *
 * You may add endpoints at any time. If one fails to deploy before the first session, the container withdraws every
 * endpoint and accepts no more. After the first session it rejects only the endpoint that failed.
 *
 * @see WSC-5.2.1, WSC-6.3
 */
export interface ServerContainer extends WebSocketContainer {
  /**
   * Deploys an annotated class, or a configuration.
   *
   * @throws DeploymentException when it cannot be deployed; the message names the class, the method, the parameter's
   * position and the remedy
   */
  addEndpoint(endpoint: EndpointClass | ServerEndpointConfig): void;

  /**
   * Upgrades an HTTP request that your application has routed itself to a session (WS 2.1).
   *
   * @param httpRequest the host's request: Node's IncomingMessage or Http2ServerRequest
   * @param httpResponse the host's side of the answer: the socket of Node's 'upgrade' event, or, over HTTP/2, the
   * response of its 'connect' event
   * @param config the endpoint; its path need not be deployed, and the request's path need not match it
   * @param pathParameters the values for `@PathParam` and `getPathParameters`
   * @returns a promise that resolves once the server has answered the handshake, with 101 or a refusal
   */
  upgradeHttpToWebSocket(
    httpRequest: unknown,
    httpResponse: unknown,
    config: ServerEndpointConfig,
    pathParameters: ReadonlyMap<string, string> | Readonly<Record<string, string>>,
  ): Promise<void>;
}
