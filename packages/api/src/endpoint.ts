import { brand } from './brand';
import type { CloseReason } from './close-reason';
import type { EndpointConfig } from './endpoint-config';
import type { Session } from './session';

/**
 * A programmatic endpoint: extend it, register message handlers in `onOpen`, and deploy it with a
 * `ServerEndpointConfig`. One instance serves one session. When a method returns a promise, the next call waits until it
 * settles.
 *
 * @example
 * class Echo extends Endpoint {
 *   onOpen(session: Session) {
 *     session.addMessageHandler(String, (text) => session.getBasicRemote().sendText(text));
 *   }
 * }
 *
 * @see WSC-2.1.1
 */
export abstract class Endpoint {
  /** Runs when the session opens. The container reads no message before it settles. */
  abstract onOpen(session: Session, config: EndpointConfig): void | Promise<void>;

  /** Runs exactly once when the session ends, whatever the cause. */
  onClose(_session: Session, _closeReason: CloseReason): void | Promise<void> {}

  /**
   * Runs for an error that is not a close, such as a handler that throws or a message that cannot be decoded. The
   * container logs the errors of an endpoint that does not override this method.
   */
  onError(_session: Session, _cause: Error): void | Promise<void> {}
}

brand(Endpoint, 'Endpoint');
