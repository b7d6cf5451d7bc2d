import { showAs } from './show-as';
import { brand } from './brand';
import type { Session } from './session';
import type { OutputStream, Writer } from './streams';

/** What may be sent as a binary message or as the data of a ping. Not copied: leave it alone until the send settles. */
export type BinaryData = Uint8Array | ArrayBuffer | DataView;

/**
 * What both ways of sending share.
 *
 * What returns a promise never throws: a wrong argument, or a call at the wrong time, is a rejection, so that a timer
 * that sends cannot end the process. Where there is no promise, as with a {@link SendHandler}, it is thrown.
 *
 * A promise of this interface that nobody awaits never becomes an unhandled rejection: a failed send is told to whoever
 * awaits it, and ends the session anyway where the connection is gone.
 *
 * @see WSC-2.1.4
 */
export interface RemoteEndpoint {
  /** Lets the container collect messages and send them together. Default false; setting false sends what is collected. */
  setBatchingAllowed(allowed: boolean): Promise<void>;
  getBatchingAllowed(): boolean;
  /** Sends what batching has collected. */
  flushBatch(): Promise<void>;
  /**
   * Sends a ping; may be called in the middle of a partial message.
   *
   * @param applicationData at most 125 bytes; none when left out
   * @throws IllegalArgumentException (as a rejection) when it is longer, or no bytes
   */
  sendPing(applicationData?: BinaryData): Promise<void>;
  /** Sends an unsolicited pong, a heartbeat that needs no answer. Limits as in {@link RemoteEndpoint.sendPing}. */
  sendPong(applicationData?: BinaryData): Promise<void>;
}

export declare namespace RemoteEndpoint {
  /**
   * Sends and waits: a promise resolves once the message is accepted for writing (little is pending) or written, so
   * that awaiting it keeps the pace of the peer. `blockingSendTimeout` bounds the wait.
   *
   * Sends of one session leave in the order of the calls. A whole message inside an unfinished partial one is an error.
   */
  export interface Basic extends RemoteEndpoint {
    /**
     * Sends a whole text message.
     *
     * @throws IllegalArgumentException (as a rejection) when the text is not a string
     * @throws IllegalStateException (as a rejection) in the middle of a partial message
     */
    sendText(text: string): Promise<void>;
    /** Sends a part of a text message. Parts may be empty; the last one ends the message. */
    sendText(partialMessage: string, isLast: boolean): Promise<void>;
    /** Sends a whole binary message. Errors as in `sendText`. */
    sendBinary(data: BinaryData): Promise<void>;
    /** Sends a part of a binary message. */
    sendBinary(partialByte: BinaryData, isLast: boolean): Promise<void>;
    /** A stream for one binary message. No other message can be sent before it is closed. */
    getSendStream(): OutputStream;
    /** A writer for one text message. No other message can be sent before it is closed. */
    getSendWriter(): Writer;
    /**
     * Sends an object through the first encoder that takes it; without one, a string and a primitive as text, bytes as
     * binary.
     *
     * @throws EncodeException (as a rejection) when no encoder takes it or the encoder fails; the session stays usable
     */
    sendObject(data: unknown): Promise<void>;
  }

  /** Sends without waiting: the outcome comes as a promise or to a {@link SendHandler}. Ordered with {@link Basic}. */
  export interface Async extends RemoteEndpoint {
    /** Milliseconds until an unfinished send fails; 0 or less means never. */
    getSendTimeout(): number;
    /** Applies to the sends that start after the call. */
    setSendTimeout(timeoutMillis: number): void;
    sendText(text: string): Promise<void>;
    sendText(text: string, handler: SendHandler): void;
    sendBinary(data: BinaryData): Promise<void>;
    sendBinary(data: BinaryData, handler: SendHandler): void;
    sendObject(data: unknown): Promise<void>;
    sendObject(data: unknown, handler: SendHandler): void;
  }
}

/** Told once how an asynchronous send went, never from inside the call that sent: a function, or Java's object form. */
export type SendHandler = ((result: SendResult) => unknown) | { onResult(result: SendResult): unknown };

/** How an asynchronous send went. */
export class SendResult {
  readonly #session: Session;
  readonly #exception: Error | null;

  /** @param exception why it failed; leave out for success */
  constructor(session: Session, exception: Error | null = null) {
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
    return this.#session;
  }
}

brand(SendResult, 'SendResult');
showAs(SendResult, 'SendResult', (result) => result.getException()?.message ?? 'ok');
