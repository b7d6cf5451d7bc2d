import { showAs } from './show-as';
import { brand } from './brand';
import { describeValue } from './describe-value';
import { IllegalArgumentException } from './errors';

/**
 * A pong that the peer sent, in answer to a ping or unsolicited.
 *
 * It is a class so that the container can recognise the type of a method's parameter.
 *
 * @see WSC-2.2.5
 */
export class PongMessage {
  readonly #applicationData: Buffer;

  /** @throws IllegalArgumentException when the argument is not a Buffer */
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
