import { showAs } from './show-as';
import { brand } from './brand';
import { describeValue } from './describe-value';
import { IllegalArgumentException } from './errors';

/**
 * A pong that the peer sent, in answer to a ping or on its own.
 *
 * A class, so that a method's parameter type is enough to tell the container what the method wants.
 *
 * @see WSC-2.2.5
 */
export class PongMessage {
  readonly #applicationData: Buffer;

  /** @throws IllegalArgumentException for what is no Buffer */
  constructor(applicationData: Buffer) {
    if (!Buffer.isBuffer(applicationData))
      throw new IllegalArgumentException(`A PongMessage takes a Buffer; found ${describeValue(applicationData)}.`);
    this.#applicationData = applicationData;
  }

  /** The payload, 0 to 125 bytes. */
  getApplicationData(): Buffer {
    return this.#applicationData;
  }
}

brand(PongMessage, 'PongMessage');
showAs(PongMessage, 'PongMessage', (pong) => `${pong.getApplicationData().length} bytes`);
