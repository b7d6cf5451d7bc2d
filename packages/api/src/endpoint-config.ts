import { brand } from './brand';
import type { DecoderClass } from './decoder';
import type { EncoderClass } from './encoder';

/**
 * The configuration of an endpoint. It is a class so that the container can recognise the parameter type in
 * `open(config: EndpointConfig)`.
 *
 * @see WSC-3
 */
export abstract class EndpointConfig {
  /** In declared order. */
  abstract getEncoders(): readonly EncoderClass[];
  /** In declared order. */
  abstract getDecoders(): readonly DecoderClass[];
  /**
   * Your own data. Each connection gets a shallow copy of the deployed configuration's map. `modifyHandshake` may edit
   * the copy, and the session's own map starts with its entries (WS 2.1).
   */
  abstract getUserProperties(): Map<string, unknown>;
}

brand(EndpointConfig, 'EndpointConfig');
