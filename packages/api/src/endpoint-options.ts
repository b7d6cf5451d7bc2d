import type { Class } from './class-type';
import type { ClientEndpointConfigurator } from './client-endpoint-config';
import type { CodecClass } from './codec';
import type { DecoderClass, EncoderClass } from './endpoint-config';
import type { EndpointLimits } from './endpoint-limits';
import type { Interceptor } from './interceptor';
import type { Authenticate } from './handshake';
import { list } from './option-kinds';
import type { SecurityConstraint } from './security-constraint';
import type { SockJsChoice } from './sockjs-options';
import type { InboundMode, ServerEndpointConfigurator } from './server-endpoint-config';

/** The attributes of `@ServerEndpoint`, with the names that Java uses. */
export interface ServerEndpointOptions {
  /** A URI or level-1 URI template with a leading slash; `{room}` and `<room>` mean the same. */
  readonly value: string;
  /** In order of preference. Default: none. */
  readonly subprotocols?: readonly string[] | undefined;
  /** The container tries them in this order. Default: none. */
  readonly decoders?: readonly DecoderClass[] | undefined;
  /** The container tries them in this order. Default: none. */
  readonly encoders?: readonly EncoderClass[] | undefined;
  /**
   * Classes that are decoder and encoder in one, such as `json(schema)`; the container tries them after `decoders` and
   * `encoders`. Default: none. Not in the specification.
   */
  readonly codecs?: readonly CodecClass[] | undefined;
  /** Run around every handler, in this order, behind those of the container. Default: none. Not in the specification. */
  readonly interceptors?: readonly Interceptor[] | undefined;
  /** Takes part in the handshake. The container creates one instance per endpoint. */
  readonly configurator?: Class<ServerEndpointConfigurator> | undefined;
  /** Whether a message waits for the previous message's handler. Default `'serial'`. Not in the specification. */
  readonly inbound?: InboundMode | undefined;
  /**
   * Identifies the user of a handshake, in place of the container's `authenticate`; may be async. Default: that of the
   * container. Not in the specification.
   */
  readonly authenticate?: Authenticate | undefined;
  /** The clients that may open the endpoint. Default: everybody. Not in the specification. */
  readonly security?: SecurityConstraint | undefined;
  /** Limits of this endpoint, such as `{ maxConnections: 1000 }`. Default: those of the container. Not in the specification. */
  readonly limits?: EndpointLimits | undefined;
  /**
   * Whether clients may also connect by SockJS, at the paths below the endpoint's own; or its options. Default: the
   * container's. Not in the specification.
   */
  readonly sockJs?: SockJsChoice | undefined;
}

/** The attributes of `@ClientEndpoint`, with the names that Java uses. */
export interface ClientEndpointOptions {
  readonly subprotocols?: readonly string[] | undefined;
  readonly decoders?: readonly DecoderClass[] | undefined;
  readonly encoders?: readonly EncoderClass[] | undefined;
  /** As in {@link ServerEndpointOptions}. */
  readonly codecs?: readonly CodecClass[] | undefined;
  /** As in {@link ServerEndpointOptions}. */
  readonly interceptors?: readonly Interceptor[] | undefined;
  readonly configurator?: Class<ClientEndpointConfigurator> | undefined;
}

/** The lists of codecs as options. Deployment checks the classes. */
export const CODEC_LISTS = {
  encoders: { ...list<EncoderClass>('a list'), default: [] },
  decoders: { ...list<DecoderClass>('a list'), default: [] },
  codecs: { ...list<CodecClass>('a list'), default: [] },
};
