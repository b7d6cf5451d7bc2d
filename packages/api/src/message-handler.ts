/** What a programmatic endpoint registers with `Session.addMessageHandler` to receive messages: an object or a function. */
// One signature for whole and partial handlers, and not a union of two: that would leave `(text) => …` without a type.
// A MessageHandler.Whole is one, as a method that takes fewer parameters.
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
   * The container knows a partial handler by its two declared parameters, so declare both, and without defaults.
   */
  export interface Partial<T> {
    /** @param last whether this part ends the message */
    onMessage(partialMessage: T, last: boolean): unknown;
  }
}
