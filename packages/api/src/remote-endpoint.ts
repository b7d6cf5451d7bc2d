import { showAs } from './show-as';
import { brand } from './brand';
import type { AnySession, Session } from './session';
import type { BinaryData, OutputStream, Writer } from './streams';

/**
 * A promise that you may ignore: a rejection that nothing handles never becomes an `unhandledRejection`. It works like any
 * promise. Only its type has another name, because lint rules such as `no-floating-promises` report a promise by its name.
 */
export type SafePromise<T> = Pick<Promise<T>, keyof Promise<T>>;

/** A message of `send`: text, bytes, or a value for an encoder. */
export type OutgoingMessage = string | BinaryData | object | number | boolean | bigint;

/**
 * The members that {@link RemoteEndpoint.Basic} and {@link RemoteEndpoint.Async} share.
 *
 * A method that returns a promise never throws. It rejects for a wrong argument or a call at the wrong time, so that a
 * timer that sends cannot end the process. A method without a promise, such as one with a {@link SendHandler}, throws.
 *
 * You need not await these promises: a rejection that nothing handles never becomes an `unhandledRejection`. If the
 * connection is gone, the session ends anyway.
 *
 * @see WSC-2.1.4
 */
export interface RemoteEndpoint {
  /** Lets the container collect messages and send them together. Default false. Setting false sends collected messages. */
  setBatchingAllowed(allowed: boolean): SafePromise<void>;
  getBatchingAllowed(): boolean;
  /** Sends the messages that batching has collected. */
  flushBatch(): SafePromise<void>;
  /**
   * Sends a ping. You may call it in the middle of a partial message.
   *
   * @param applicationData at most 125 bytes; default: none
   * @throws IllegalArgumentException (as a rejection) when it is longer, or not bytes
   */
  sendPing(applicationData?: BinaryData): SafePromise<void>;
  /** Sends an unsolicited pong: a heartbeat without an answer. The limits of {@link RemoteEndpoint.sendPing} apply. */
  sendPong(applicationData?: BinaryData): SafePromise<void>;
}

export declare namespace RemoteEndpoint {
  /**
   * Sends and waits. A promise resolves once the message is accepted for writing (little is pending) or written. Await
   * it to match the peer's pace. `blockingSendTimeout` limits the wait.
   *
   * The sends of one session leave in call order. Sending a whole message inside an unfinished partial one is an error.
   */
  export interface Basic extends RemoteEndpoint {
    /**
     * Sends a whole text message.
     *
     * @throws IllegalArgumentException (as a rejection) when the text is not a string
     * @throws IllegalStateException (as a rejection) in the middle of a partial message
     */
    sendText(text: string): SafePromise<void>;
    /** Sends one part of a text message. A part may be empty. The last part ends the message. */
    sendText(partialMessage: string, isLast: boolean): SafePromise<void>;
    /** Sends a whole binary message. Rejects as `sendText` does. */
    sendBinary(data: BinaryData): SafePromise<void>;
    /** Sends one part of a binary message. */
    sendBinary(partialByte: BinaryData, isLast: boolean): SafePromise<void>;
    /** A stream for one binary message. You cannot send another message before you close it. */
    getSendStream(): OutputStream;
    /** A writer for one text message. You cannot send another message before you close it. */
    getSendWriter(): Writer;
    /**
     * Sends an object with the first encoder that accepts it. Without one, it sends a string or another primitive as
     * text, and bytes as binary.
     *
     * @throws EncodeException (as a rejection) when no encoder accepts it or the encoder fails; the session stays usable
     */
    sendObject(data: unknown): SafePromise<void>;
  }

  /**
   * Sends without waiting. The outcome arrives as a promise or at a {@link SendHandler}. Messages leave in call order,
   * together with those of {@link Basic}.
   */
  export interface Async extends RemoteEndpoint {
    /** Milliseconds until an unfinished send fails; 0 or less means never. */
    getSendTimeout(): number;
    /** Applies to sends that start after this call. */
    setSendTimeout(timeoutMillis: number): void;
    sendText(text: string): SafePromise<void>;
    sendText(text: string, handler: SendHandler): void;
    sendBinary(data: BinaryData): SafePromise<void>;
    sendBinary(data: BinaryData, handler: SendHandler): void;
    sendObject(data: unknown): SafePromise<void>;
    sendObject(data: unknown, handler: SendHandler): void;
  }
}

/**
 * Receives the result of an asynchronous send: a function, or an object as in Java. The container calls it once, never
 * from inside the call that sent.
 */
export type SendHandler = ((result: SendResult) => unknown) | { onResult(result: SendResult): unknown };

/** The options of `send` and `broadcast`. */
export interface SendOptions {
  /**
   * A message that waits in a session's queue with the same key is replaced by this one, which takes its place and its time
   * limits. Of a value that changes often, such as a price, a slow receiver then gets the latest one only. The promise of
   * the replaced message settles with this one. Messages that the transport already has are not replaced. Default: none.
   */
  readonly coalesce?: string | undefined;
}

/** The result of an asynchronous send. */
export class SendResult {
  readonly #session: AnySession;
  readonly #exception: Error | null;

  /** @param exception why the send failed; leave it out for success */
  constructor(session: AnySession, exception: Error | null = null) {
    this.#session = session;
    this.#exception = exception;
  }

  isOK(): boolean {
    return this.#exception === null;
  }

  /** Why the send failed, or `null`. */
  getException(): Error | null {
    return this.#exception;
  }

  getSession(): Session {
    // The sender's endpoint has typed it; here it is a session of any endpoint, with the default types.
    return this.#session as Session;
  }
}

brand(SendResult, 'SendResult');
showAs(SendResult, 'SendResult', (result) => result.getException()?.message ?? 'ok');
