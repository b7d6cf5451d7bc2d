import type { Class } from './class-type';
import type { ClientEndpointConfigurator } from './client-endpoint-config';
import type { DecoderClass } from './decoder';
import type { EncoderClass } from './encoder';
import type { InboundMode, ServerEndpointConfigurator } from './server-endpoint-config';

/** The attributes of `@ServerEndpoint`, with Java's names. */
export interface ServerEndpointOptions {
  /** A URI or level-1 URI template with a leading slash; `{room}` and `<room>` mean the same. */
  readonly value: string;
  /** In order of preference. Default none. */
  readonly subprotocols?: readonly string[] | undefined;
  /** In the order in which they are tried. Default none. */
  readonly decoders?: readonly DecoderClass[] | undefined;
  /** In the order in which they are tried. Default none. */
  readonly encoders?: readonly EncoderClass[] | undefined;
  /** Takes part in the handshake; the container makes one instance per endpoint. */
  readonly configurator?: Class<ServerEndpointConfigurator> | undefined;
  /** Whether a message waits for the handler of the one before. Default `'serial'`. Not in the specification. */
  readonly inbound?: InboundMode | undefined;
}

/** The attributes of `@ClientEndpoint`, with Java's names. */
export interface ClientEndpointOptions {
  readonly subprotocols?: readonly string[] | undefined;
  readonly decoders?: readonly DecoderClass[] | undefined;
  readonly encoders?: readonly EncoderClass[] | undefined;
  readonly configurator?: Class<ClientEndpointConfigurator> | undefined;
}
