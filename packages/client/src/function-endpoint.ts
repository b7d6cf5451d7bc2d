import {
  DeploymentException,
  Endpoint,
  PongMessage,
  type CloseReason,
  type MessageHandler,
  type MessageType,
  type Session,
} from '@serval/api';
import { unhurried } from '@serval/container';
import { AnyDecoded, methodOfType, typeOfKey } from '@serval/plan';
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

/** The receiver of the messages of a client that are no text and no bytes. */
export interface MessageReceiver {
  /** Receives the messages for which there is no handler. */
  readonly stream: MessageStream<unknown> | undefined;
  /** Whether the endpoint has decoders, whose objects `onMessage` or the stream receives. */
  readonly isDecoded: boolean;
  /** The functions of `messages`, with `onMessage`. */
  readonly typed: MessageHandler<unknown> | undefined;
}

export function functionEndpoint(handlers: SessionHandlers<unknown>, receiver: MessageReceiver): Endpoint {
  return handlers.onError === undefined
    ? new FunctionEndpoint(handlers, receiver)
    : new ListeningFunctionEndpoint(handlers, receiver);
}

/**
 * The functions of `messages` as the methods of one handler.
 *
 * @returns undefined if there are none
 * @throws DeploymentException when no decoder makes the messages
 */
export function typedHandler(
  messages: Readonly<Record<string, object>>,
  onMessage: SessionHandlers<unknown>['onMessage'],
  isDecoded: boolean,
): { readonly handler: MessageHandler<unknown>; readonly types: readonly MessageType[] } | undefined {
  const functions = Object.entries(messages);
  if (functions.length === 0) return undefined;
  if (!isDecoded) {
    throw new DeploymentException(
      'connect: messages needs decoded objects. Add a codec, such as codecs: [json(schema)].',
      undefined,
      'WS_DEPLOY_BAD_CODEC',
    );
  }
  const methods = functions.map(([type, handler]) => [methodOfType(type), handler] as const);
  return {
    // The plan calls onMessage only if the client has one.
    handler: {
      // A second parameter would mark a handler of parts.
      onMessage: (...[message, session]: unknown[]) => onMessage?.(message, session as Session),
      ...Object.fromEntries(methods),
    },
    types: functions.map(([type]) => typeOfKey(type)),
  };
}

/** The programmatic endpoint of a client without a class. It has no `onError`, so the container logs errors. */
class FunctionEndpoint extends Endpoint {
  constructor(
    protected readonly handlers: SessionHandlers<unknown>,
    private readonly receiver: MessageReceiver,
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
    const { typed } = this.receiver;
    if (typed !== undefined) session.addMessageHandler(AnyDecoded, typed);
    else if (handlers.onMessage !== undefined)
      this.#receive(session, (message) => handlers.onMessage?.(message, session));
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
    const { stream } = this.receiver;
    if (stream === undefined || session.getMessageHandlers().size > ours) return;
    this.#receive(
      session,
      unhurried((message: unknown) => stream.push(message)),
    );
  }

  /** Registers a handler for the objects of the decoders, or else for text and bytes that have no handler. */
  #receive(session: Session, handler: (message: unknown) => unknown): void {
    const { onText, onBinary } = this.handlers;
    if (this.receiver.isDecoded) {
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
