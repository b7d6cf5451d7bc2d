import type { EndpointClass } from './class-type';
import type { ServerEndpointConfig } from './server-endpoint-config';
import type { WebSocketContainer } from './web-socket-container';

/**
 * A container that endpoints are deployed into.
 *
 * Endpoints may be added at any time. A failed deployment before the first session undoes the whole deployment: every
 * endpoint is withdrawn and the container takes no more. After the first session it is refused by itself.
 *
 * @see WSC-5.2.1, WSC-6.3
 */
export interface ServerContainer extends WebSocketContainer {
  /**
   * Deploys an annotated class, or a configuration.
   *
   * @throws DeploymentException naming class, method, position and remedy
   */
  addEndpoint(endpoint: EndpointClass | ServerEndpointConfig): void;

  /**
   * Turns an HTTP request that the application has routed itself into a session (WS 2.1).
   *
   * @param httpRequest the request as the host knows it: Node's IncomingMessage, or Http2ServerRequest
   * @param httpResponse what the host hands over to answer with: Node's socket of the 'upgrade' event, or the response
   * of its 'connect' event over HTTP/2
   * @param config the endpoint; its path need not be deployed and is not matched
   * @param pathParameters the values for `@PathParam` and `getPathParameters`
   * @returns a promise that resolves when the handshake has been answered, with 101 or a refusal
   */
  upgradeHttpToWebSocket(
    httpRequest: unknown,
    httpResponse: unknown,
    config: ServerEndpointConfig,
    pathParameters: ReadonlyMap<string, string> | Readonly<Record<string, string>>,
  ): Promise<void>;
}
