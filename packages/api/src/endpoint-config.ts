import { brand } from './brand';
import type { DecoderClass } from './decoder';
import type { EncoderClass } from './encoder';

/**
 * How an endpoint is configured. A class, so that `config: EndpointConfig` tells the container what a method wants.
 *
 * @see WSC-3
 */
export abstract class EndpointConfig {
  /** In declared order. */
  abstract getEncoders(): readonly EncoderClass[];
  /** In declared order. */
  abstract getDecoders(): readonly DecoderClass[];
  /**
   * Developer data. Of the configuration that an endpoint is deployed with, each connection receives a shallow copy,
   * which `modifyHandshake` may edit and which seeds the session's own map (WS 2.1).
   */
  abstract getUserProperties(): Map<string, unknown>;
}

brand(EndpointConfig, 'EndpointConfig');
