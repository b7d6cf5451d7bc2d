import type { CloseReason } from './close-reason';
import type { Decoded, DecoderClass, Encodable, EncoderClass } from './endpoint-config';
import { DeploymentException } from './errors';
import { callable } from './option-kinds';
import type { OptionTable } from './options';
import type { MessageOfType } from './parameter-role';
import type { PongMessage } from './pong-message';
import type { SendResult } from './remote-endpoint';
import type { MessageType, ReplyFor } from './reply-schemas';
import type { BinaryData } from './streams';

/**
 * The result of a message handler: nothing, or a message that the session sends back. The result of a send to many sessions,
 * `session.to('blue').send(text)`, is no reply.
 */
type Result<Reply> = Reply | readonly SendResult[] | void | null | undefined;

/**
 * The handlers of an endpoint without a class. Each may return a promise, and the session waits for it. `onError` receives
 * their errors.
 */
export interface EndpointHandlers<S, Message, Reply> {
  /** Runs when a session opens. The container reads no message before its promise settles. */
  readonly onOpen?: ((session: S) => unknown) | undefined;
  /** Receives a text message. The session sends the result back. */
  readonly onText?: ((text: string, session: S) => Result<Reply> | PromiseLike<Result<Reply>>) | undefined;
  /** Receives a binary message. The session sends the result back. */
  readonly onBinary?: ((bytes: Buffer, session: S) => Result<Reply> | PromiseLike<Result<Reply>>) | undefined;
  /**
   * Receives the objects that the decoders return; without decoders, the text as a string and the bytes as a Buffer, unless
   * `onText` or `onBinary` receives them. The session sends the result back.
   */
  readonly onMessage?: ((message: Message, session: S) => Result<Reply> | PromiseLike<Result<Reply>>) | undefined;
  /** Receives a pong. The session sends the result back. */
  readonly onPong?: ((pong: PongMessage, session: S) => Result<Reply> | PromiseLike<Result<Reply>>) | undefined;
  /** Runs once, when the session ends. */
  readonly onClose?: ((reason: CloseReason, session: S) => unknown) | undefined;
  /** Receives the errors of the other handlers and of the session. Default: the container logs them. */
  readonly onError?: ((error: Error, session: S) => unknown) | undefined;
}

/**
 * One function for each type of message, by the value of the discriminator. The result is sent back, or is the reply, whose
 * type is that of the `replies` of the codecs.
 */
export type TypedHandlers<S, Message, D extends string, Codecs = never> = unknown extends Message
  ? Readonly<Record<string, (message: Message, session: S) => unknown>>
  : {
      readonly [T in TypesOf<Message, D>]?:
        ((message: MessageOfType<Message, D, T>, session: S) => ReplyFor<T, Codecs>) | undefined;
    };

/** The values of the discriminator in a union of messages. */
type TypesOf<Message, D extends string> = Message extends { readonly [K in D]: infer T extends MessageType }
  ? T
  : never;

/** The property that names a message's type, by the codecs of a list. */
export type DiscriminatorOf<D extends readonly DecoderClass[]> = D[number] extends {
  readonly discriminator: infer Name extends string;
}
  ? Name
  : 'type';

/** A message for `onMessage`: an object from the decoders, or else the native message. */
export type HandlerMessage<D extends readonly DecoderClass[]> = D extends readonly [] ? string | Buffer : Decoded<D>;

/**
 * The result of a handler that the session can send: text, bytes, or an object for one of the encoders. A number or a
 * boolean is mostly the result of a call such as `list.push(…)`, so that only an encoder makes it a reply.
 */
export type HandlerReply<E extends readonly EncoderClass[]> = string | BinaryData | Encodable<E>;

/** The messages that a session with these encoders can send. */
export type SendableMessage<E extends readonly EncoderClass[]> = HandlerReply<E> | number | boolean | bigint;

type Handler = (...args: never[]) => unknown;

/** The handlers as options, for `endpoint` and `connect`. */
export const HANDLERS = {
  onOpen: callable<Handler>(),
  onText: callable<Handler>(),
  onBinary: callable<Handler>(),
  onMessage: callable<Handler>(),
  onPong: callable<Handler>(),
  onClose: callable<Handler>(),
  onError: callable<Handler>(),
} satisfies OptionTable<EndpointHandlers<never, never, never>>;

/**
 * @param owner for the message
 * @param isDecoded whether decoders make messages for `onMessage`
 * @throws DeploymentException when `onMessage` would never run
 */
export function requireReachable(
  owner: string,
  { onText, onBinary, onMessage }: { readonly [H in 'onText' | 'onBinary' | 'onMessage']?: unknown },
  isDecoded: boolean,
): void {
  if (isDecoded || onText === undefined || onBinary === undefined || onMessage === undefined) return;
  throw new DeploymentException(
    `${owner}: onMessage receives nothing, because onText and onBinary receive all messages. Remove one of the three, or add decoders.`,
    undefined,
    'WS_DEPLOY_DUPLICATE_HANDLER',
  );
}
