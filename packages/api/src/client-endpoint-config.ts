import { showAs } from './show-as';
import { brand } from './brand';
import type { CodecClass } from './codec';
import { type DecoderClass, type EncoderClass, EndpointConfig } from './endpoint-config';
import type { Interceptor } from './interceptor';
import { describeValue } from './describe-value';
import { IllegalArgumentException } from './errors';
import { isExtension, type Extension } from './extension';
import type { HandshakeResponse } from './handshake';
import { listOf } from './list-of';

/** Extend it to take part in a client's opening handshake. Both methods may return a promise. */
export class ClientEndpointConfigurator {
  /** Receives the request headers before the client sends them, and may edit them. */
  beforeRequest(_headers: Map<string, string[]>): void | Promise<void> {}
  /** Receives the response, also when the handshake failed. */
  afterResponse(_response: HandshakeResponse): void | Promise<void> {}
}

/** Builds a {@link ClientEndpointConfig}; use `ClientEndpointConfig.Builder.create()`. */
export class ClientEndpointConfigBuilder {
  #preferredSubprotocols: readonly string[] = [];
  #extensions: readonly Extension[] = [];
  #encoders: readonly EncoderClass[] = [];
  #decoders: readonly DecoderClass[] = [];
  #codecs: readonly CodecClass[] = [];
  #interceptors: readonly Interceptor[] = [];
  #sslContext: unknown;
  #configurator = new ClientEndpointConfigurator();

  private constructor() {}

  static create(): ClientEndpointConfigBuilder {
    return new ClientEndpointConfigBuilder();
  }

  /** @throws IllegalArgumentException when the argument is not an instance of a configurator class */
  configurator(configurator: ClientEndpointConfigurator | null): this {
    if (configurator !== null && configurator !== undefined && !(configurator instanceof ClientEndpointConfigurator)) {
      throw new IllegalArgumentException(
        `configurator takes an instance of a class that extends ClientEndpointConfig.Configurator; found ${describeValue(configurator)}.`,
      );
    }
    this.#configurator = configurator ?? new ClientEndpointConfigurator();
    return this;
  }

  /**
   * In order of preference, favourite first.
   *
   * @throws IllegalArgumentException when the argument is not a list; so do the next methods
   */
  preferredSubprotocols(subprotocols: readonly string[] | null): this {
    this.#preferredSubprotocols = listOf('preferredSubprotocols', 'names', subprotocols);
    return this;
  }

  /** In order of preference, favourite first. */
  extensions(extensions: readonly Extension[] | null): this {
    this.#extensions = listOf('extensions', 'extensions, made with createExtension', extensions, isExtension);
    return this;
  }

  encoders(encoders: readonly EncoderClass[] | null): this {
    this.#encoders = listOf('encoders', 'encoder classes', encoders);
    return this;
  }

  decoders(decoders: readonly DecoderClass[] | null): this {
    this.#decoders = listOf('decoders', 'decoder classes', decoders);
    return this;
  }

  /** Classes that are decoder and encoder in one, behind `encoders` and `decoders`. Not in the specification. */
  codecs(codecs: readonly CodecClass[] | null): this {
    this.#codecs = listOf('codecs', 'codec classes', codecs);
    return this;
  }

  /** Run around every handler, in this order, behind those of the container. Not in the specification. */
  interceptors(interceptors: readonly Interceptor[] | null): this {
    this.#interceptors = listOf('interceptors', 'functions', interceptors);
    return this;
  }

  /** The TLS settings for `wss:`: a `tls.SecureContext`, or options of `tls.connect` (WS 2.1). */
  sslContext(sslContext: unknown): this {
    this.#sslContext = sslContext;
    return this;
  }

  build(): ClientEndpointConfig {
    return new BuiltClientEndpointConfig(
      Object.freeze(this.#preferredSubprotocols),
      Object.freeze(this.#extensions),
      Object.freeze([...this.#encoders, ...this.#codecs]),
      Object.freeze([...this.#decoders, ...this.#codecs]),
      this.#sslContext,
      this.#configurator,
      Object.freeze(this.#interceptors),
    );
  }
}

/** The configuration of a client endpoint. */
export abstract class ClientEndpointConfig extends EndpointConfig {
  static readonly Builder = ClientEndpointConfigBuilder;
  static readonly Configurator = ClientEndpointConfigurator;

  abstract getPreferredSubprotocols(): readonly string[];
  abstract getExtensions(): readonly Extension[];
  /** The value passed to the builder, or undefined. */
  abstract getSSLContext(): unknown;
  abstract getConfigurator(): ClientEndpointConfigurator;
  /** In declared order. Not in the specification. */
  getInterceptors(): readonly Interceptor[] {
    return [];
  }
}

export declare namespace ClientEndpointConfig {
  export type Builder = ClientEndpointConfigBuilder;
  export type Configurator = ClientEndpointConfigurator;
}

class BuiltClientEndpointConfig extends ClientEndpointConfig {
  readonly #userProperties = new Map<string, unknown>();

  constructor(
    private readonly preferredSubprotocols: readonly string[],
    private readonly extensions: readonly Extension[],
    private readonly encoders: readonly EncoderClass[],
    private readonly decoders: readonly DecoderClass[],
    private readonly sslContext: unknown,
    private readonly configurator: ClientEndpointConfigurator,
    private readonly interceptors: readonly Interceptor[],
  ) {
    super();
  }

  override getPreferredSubprotocols(): readonly string[] {
    return this.preferredSubprotocols;
  }
  override getExtensions(): readonly Extension[] {
    return this.extensions;
  }
  override getEncoders(): readonly EncoderClass[] {
    return this.encoders;
  }
  override getDecoders(): readonly DecoderClass[] {
    return this.decoders;
  }
  override getSSLContext(): unknown {
    return this.sslContext;
  }
  override getConfigurator(): ClientEndpointConfigurator {
    return this.configurator;
  }
  override getInterceptors(): readonly Interceptor[] {
    return this.interceptors;
  }
  override getUserProperties(): Map<string, unknown> {
    return this.#userProperties;
  }
}

brand(ClientEndpointConfigurator, 'ClientEndpointConfig.Configurator');
brand(ClientEndpointConfig, 'ClientEndpointConfig');
showAs(
  ClientEndpointConfig,
  'ClientEndpointConfig',
  (config) => config.getPreferredSubprotocols().join(', ') || 'no subprotocols',
);
