import { Endpoint, PongMessage, type CloseReason, type Session } from '@serval/api';
import { unhurried } from '@serval/container';
import { AnyDecoded } from '@serval/plan';
import type { MessageStream, ReceivedMessage } from './message-stream';

/**
 * The name of the user property with the number of the attempt that opened a session of `connect`: 0 for the first
 * connection; after a loss, 1 for the first attempt to reconnect, and so on.
 */
export const ATTEMPT_PROPERTY = 'reconnect.attempt';

/** The second argument of `onOpen`. */
export interface OpenInfo {
  /** 0 for the first connection; after a loss, the number of the attempt that succeeded. */
  readonly attempt: number;
}

/**
 * The handlers of a client without a class. Each may return a promise, and the session waits for it. `onError` receives
 * their errors. The session does not send their results.
 */
export interface SessionHandlers<Message = ReceivedMessage> {
  /** Runs when a session opens. No message is read before its promise settles. */
  readonly onOpen?: ((session: Session, info: OpenInfo) => unknown) | undefined;
  /** Receives a text message. */
  readonly onText?: ((text: string, session: Session) => unknown) | undefined;
  /** Receives a binary message. */
  readonly onBinary?: ((bytes: Buffer, session: Session) => unknown) | undefined;
  /**
   * Receives the objects that the decoders and codecs return; without them, the text as a string and the bytes as a Buffer,
   * unless `onText` or `onBinary` receives them. The result is the reply to a request.
   */
  readonly onMessage?: ((message: Message, session: Session) => unknown) | undefined;
  /** Receives a pong. */
  readonly onPong?: ((pong: PongMessage, session: Session) => unknown) | undefined;
  /** Runs when a session ends, for any reason; another one may follow it. */
  readonly onClose?: ((reason: CloseReason, session: Session) => unknown) | undefined;
  /** Receives errors of the other handlers and of the session. Default: errors are logged. */
  readonly onError?: ((error: Error, session: Session) => unknown) | undefined;
}

/**
 * @param stream receives the messages for which there is no handler
 * @param isDecoded whether the endpoint has decoders, whose objects `onMessage` or the stream receives
 */
export function functionEndpoint(
  handlers: SessionHandlers<unknown>,
  stream: MessageStream<unknown> | undefined,
  isDecoded: boolean,
): Endpoint {
  return handlers.onError === undefined
    ? new FunctionEndpoint(handlers, stream, isDecoded)
    : new ListeningFunctionEndpoint(handlers, stream, isDecoded);
}

/** The programmatic endpoint of a client without a class. It has no `onError`, so the container logs errors. */
class FunctionEndpoint extends Endpoint {
  constructor(
    protected readonly handlers: SessionHandlers<unknown>,
    private readonly stream: MessageStream<unknown> | undefined,
    private readonly isDecoded: boolean,
  ) {
    super();
  }

  override async onOpen(session: Session): Promise<void> {
    const { handlers } = this;
    // One parameter each; with two parameters they would receive parts.
    if (handlers.onText !== undefined) session.addMessageHandler(String, (text) => handlers.onText?.(text, session));
    if (handlers.onBinary !== undefined)
      session.addMessageHandler(Buffer, (bytes) => handlers.onBinary?.(bytes, session));
    if (handlers.onPong !== undefined)
      session.addMessageHandler(PongMessage, (pong) => handlers.onPong?.(pong, session));
    if (handlers.onMessage !== undefined) this.#receive(session, (message) => handlers.onMessage?.(message, session));
    const ours = session.getMessageHandlers().size;
    // connect() sets this property.
    const attempt = session.getUserProperties().get(ATTEMPT_PROPERTY) as number;
    await handlers.onOpen?.(session, { attempt });
    this.#streamTo(session, ours);
  }

  override onClose(session: Session, reason: CloseReason): void | Promise<void> {
    // The container waits for it if it is a promise.
    return this.handlers.onClose?.(reason, session) as void | Promise<void>;
  }

  /** The loop receives the messages unless `onOpen` registered its own handlers. */
  #streamTo(session: Session, ours: number): void {
    const { stream } = this;
    if (stream === undefined || session.getMessageHandlers().size > ours) return;
    this.#receive(
      session,
      unhurried((message: unknown) => stream.push(message)),
    );
  }

  /** Registers a handler for the objects of the decoders, or else for text and bytes that have no handler. */
  #receive(session: Session, handler: (message: unknown) => unknown): void {
    const { onText, onBinary } = this.handlers;
    if (this.isDecoded) {
      session.addMessageHandler(AnyDecoded, handler);
      return;
    }
    if (onText === undefined) session.addMessageHandler(String, handler);
    if (onBinary === undefined) session.addMessageHandler(Buffer, handler);
  }
}

class ListeningFunctionEndpoint extends FunctionEndpoint {
  override onError(session: Session, error: Error): void | Promise<void> {
    return this.handlers.onError?.(error, session) as void | Promise<void>;
  }
}

// The log and the diagnostics show an endpoint's class name; callers of connect expect `connect`.
for (const endpointClass of [FunctionEndpoint, ListeningFunctionEndpoint]) {
  Object.defineProperty(endpointClass, 'name', { value: 'connect', configurable: true });
}
