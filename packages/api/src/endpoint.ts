import { brand } from './brand';
import type { CloseReason } from './close-reason';
import type { EndpointConfig } from './endpoint-config';
import type { Session } from './session';

/**
 * A programmatic endpoint: extend it, register message handlers in `onOpen`, deploy it with a `ServerEndpointConfig`.
 * One instance serves one session. A method that returns a promise delays what follows until it settles.
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
  /** A new conversation has begun. No message is read before this has settled. */
  abstract onOpen(session: Session, config: EndpointConfig): void | Promise<void>;

  /** The conversation ends; called exactly once, for every cause. */
  onClose(_session: Session, _closeReason: CloseReason): void | Promise<void> {}

  /** Something failed that the protocol has no word for. Errors of an endpoint that does not override it are logged. */
  onError(_session: Session, _cause: Error): void | Promise<void> {}
}

brand(Endpoint, 'Endpoint');
