/** A handler for `Session.addMessageHandler`: an object or a function. */
// One signature covers whole and partial handlers, because a union of two would leave `text` in `(text) => …` untyped.
// A MessageHandler.Whole is assignable to it, since a method may take fewer parameters.
export type MessageHandler<T = never> = MessageHandler.Partial<T> | ((message: T, last: boolean) => unknown);

export declare namespace MessageHandler {
  /**
   * Receives each message whole. The next message of the session waits for the returned promise.
   *
   * `T` may be `string`, `Buffer`, `Uint8Array`, `ArrayBuffer`, `Reader`, `InputStream`, `PongMessage`, or a type for
   * which the endpoint has a decoder.
   */
  export interface Whole<T> {
    onMessage(message: T): unknown;
  }

  /**
   * Receives each message in parts, as they arrive. `T` may be `string`, `Buffer`, `Uint8Array` or `ArrayBuffer`.
   *
   * The container recognises a partial handler by its two declared parameters: declare both, without defaults.
   */
  export interface Partial<T> {
    /** @param last whether this part ends the message */
    onMessage(partialMessage: T, last: boolean): unknown;
  }
}
