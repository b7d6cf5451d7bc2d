/**
 * A pong that the peer sent, in answer to a ping or on its own.
 *
 * A class, so that a method's parameter type is enough to tell the container what the method wants.
 *
 * @see WSC-2.2.5
 */
export class PongMessage {
  readonly #applicationData: Buffer;

  constructor(applicationData: Buffer) {
    this.#applicationData = applicationData;
  }

  /** The payload, 0 to 125 bytes. */
  getApplicationData(): Buffer {
    return this.#applicationData;
  }
}
