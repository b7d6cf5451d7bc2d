import { showAs } from './show-as';
import { brand } from './brand';
import type { EndpointClass } from './class-type';
import type { DecoderClass } from './decoder';
import type { EncoderClass } from './encoder';
import { EndpointConfig } from './endpoint-config';
import { classNameOf, describeValue } from './describe-value';
import { IllegalArgumentException, IllegalStateException } from './errors';
import { listOf } from './list-of';
import type { Extension } from './extension';
import type { HandshakeRequest, HandshakeResponse } from './handshake';

const CONTAINER_DEFAULT = Symbol.for('serval:default-configurator');

/** How the container delivers the messages of one session: one after the other, or without waiting for handlers. */
export type InboundMode = 'serial' | 'concurrent';

/** All copies of this package share it: the configuration of one may be deployed in the container of another. */
const SHARED = globalThis as { [CONTAINER_DEFAULT]?: ServerEndpointConfigurator };

/** For server implementations: names the configurator that {@link ServerEndpointConfigurator} delegates to. */
export function registerDefaultConfigurator(configurator: ServerEndpointConfigurator): void {
  SHARED[CONTAINER_DEFAULT] = configurator;
}

/**
 * The developer's hand in the opening handshake: extend it and override what should differ. Every method may return a
 * promise, and may throw a `HandshakeRejection` to refuse the handshake with a status, headers and a body.
 *
 * Methods are called in this order: checkOrigin, getNegotiatedSubprotocol, getNegotiatedExtensions, modifyHandshake,
 * getEndpointInstance. An annotated endpoint has one configurator instance, made at deployment.
 *
 * @see WSC-3.1
 */
export class ServerEndpointConfigurator {
  /** The platform's own algorithms, for overriding methods that want to add to them. */
  getContainerDefaultConfigurator(): ServerEndpointConfigurator {
    const containerDefault = SHARED[CONTAINER_DEFAULT];
    if (containerDefault === undefined) {
      throw new IllegalStateException('No server container is loaded, so there is no default configurator.');
    }
    return containerDefault;
  }

  /**
   * Chooses the subprotocol. The default is the first of the client's list that the server supports.
   *
   * @param supported the endpoint's list
   * @param requested the client's list, in its order of preference
   * @returns the empty string for none
   */
  getNegotiatedSubprotocol(supported: readonly string[], requested: readonly string[]): string | Promise<string> {
    return this.getContainerDefaultConfigurator().getNegotiatedSubprotocol(supported, requested);
  }

  /** Chooses the extensions. The default is all requested ones that are installed, in the client's order. */
  getNegotiatedExtensions(
    installed: readonly Extension[],
    requested: readonly Extension[],
  ): readonly Extension[] | Promise<readonly Extension[]> {
    return this.getContainerDefaultConfigurator().getNegotiatedExtensions(installed, requested);
  }

  /**
   * Checks the Origin header; false refuses the handshake with 403. The default takes requests without one (no browser),
   * from the server's own origin, and from the container's `allowedOrigins`.
   *
   * @param originHeaderValue the header, or `null`
   * @param request the handshake; pass it on when you call `super` after an `await`
   */
  checkOrigin(originHeaderValue: string | null, request?: HandshakeRequest): boolean | Promise<boolean> {
    return this.getContainerDefaultConfigurator().checkOrigin(originHeaderValue, request);
  }

  /**
   * Sees the request, edits the headers of the 101, and edits the connection's own copy of the user properties. The
   * default does nothing.
   */
  modifyHandshake(
    _config: ServerEndpointConfig,
    _request: HandshakeRequest,
    _response: HandshakeResponse,
  ): void | Promise<void> {}

  /**
   * Makes the instance that serves one connection. The default asks the container's `instanceFactory`, or calls the
   * class's constructor without arguments.
   *
   * @param request the handshake; pass it on when you call `super` after an `await`
   */
  getEndpointInstance<T extends object>(endpointClass: EndpointClass<T>, request?: HandshakeRequest): T | Promise<T> {
    return this.getContainerDefaultConfigurator().getEndpointInstance(endpointClass, request);
  }
}

/** Builds a {@link ServerEndpointConfig}; use `ServerEndpointConfig.Builder.create(MyEndpoint, '/path')`. */
export class ServerEndpointConfigBuilder {
  #subprotocols: readonly string[] = [];
  #extensions: readonly Extension[] = [];
  #encoders: readonly EncoderClass[] = [];
  #decoders: readonly DecoderClass[] = [];
  #configurator: ServerEndpointConfigurator | undefined;
  #inbound: InboundMode = 'serial';

  private constructor(
    private readonly endpointClass: EndpointClass,
    private readonly path: string,
  ) {}

  /**
   * @param endpointClass a subclass of Endpoint, or an annotated class (its path and settings then come from here)
   * @param path a URI or level-1 URI template with a leading slash
   * @throws IllegalArgumentException without a class
   * @throws IllegalStateException when the path does not begin with a slash
   */
  static create(endpointClass: EndpointClass, path: string): ServerEndpointConfigBuilder {
    if (typeof endpointClass !== 'function') {
      throw new IllegalArgumentException(
        `ServerEndpointConfig.Builder.create needs an endpoint class; found ${describeValue(endpointClass)}.`,
      );
    }
    if (typeof path !== 'string' || !path.startsWith('/')) {
      throw new IllegalStateException(
        `The path of ${classNameOf(endpointClass)} must begin with a slash; found ${path === undefined ? 'none' : describeValue(path)}.`,
      );
    }
    return new ServerEndpointConfigBuilder(endpointClass, path);
  }

  /** @throws IllegalArgumentException for what is no list, as the next methods */
  encoders(encoders: readonly EncoderClass[] | null): this {
    this.#encoders = listOf('encoders', 'encoder classes', encoders);
    return this;
  }

  decoders(decoders: readonly DecoderClass[] | null): this {
    this.#decoders = listOf('decoders', 'decoder classes', decoders);
    return this;
  }

  /** In order of preference. */
  subprotocols(subprotocols: readonly string[] | null): this {
    this.#subprotocols = listOf('subprotocols', 'names', subprotocols);
    return this;
  }

  /** In order of preference. */
  extensions(extensions: readonly Extension[] | null): this {
    this.#extensions = listOf('extensions', 'extensions', extensions);
    return this;
  }

  /** @throws IllegalArgumentException for what is no instance of a configurator */
  configurator(configurator: ServerEndpointConfigurator | null): this {
    if (configurator !== null && configurator !== undefined && !(configurator instanceof ServerEndpointConfigurator)) {
      throw new IllegalArgumentException(
        `configurator takes an instance of a class that extends ServerEndpointConfig.Configurator; found ${describeValue(configurator)}.`,
      );
    }
    this.#configurator = configurator ?? undefined;
    return this;
  }

  /** Whether a message waits for the handler of the one before (default `'serial'`). Not in the specification. */
  inbound(mode: InboundMode): this {
    if (mode !== 'serial' && mode !== 'concurrent')
      throw new IllegalArgumentException(`inbound takes 'serial' or 'concurrent'; found ${describeValue(mode)}.`);
    this.#inbound = mode;
    return this;
  }

  build(): ServerEndpointConfig {
    return new BuiltServerEndpointConfig(
      this.endpointClass,
      this.path,
      Object.freeze(this.#subprotocols),
      Object.freeze(this.#extensions),
      Object.freeze(this.#encoders),
      Object.freeze(this.#decoders),
      this.#configurator ?? new ServerEndpointConfigurator().getContainerDefaultConfigurator(),
      this.#inbound,
    );
  }
}

/**
 * How a server endpoint is configured.
 *
 * @example
 * const config = ServerEndpointConfig.Builder.create(Echo, '/echo').subprotocols(['v1']).build();
 *
 * @see WSC-3.1
 */
export abstract class ServerEndpointConfig extends EndpointConfig {
  static readonly Builder = ServerEndpointConfigBuilder;
  static readonly Configurator = ServerEndpointConfigurator;

  abstract getEndpointClass(): EndpointClass;
  /** The URI or URI template, with a leading slash. */
  abstract getPath(): string;
  abstract getSubprotocols(): readonly string[];
  abstract getExtensions(): readonly Extension[];
  abstract getConfigurator(): ServerEndpointConfigurator;
  /** Whether a message waits for the handler of the one before. Not in the specification. */
  getInboundMode(): InboundMode {
    return 'serial';
  }
}

/** The specification's nested types, for annotations such as `configurator: ServerEndpointConfig.Configurator`. */

export declare namespace ServerEndpointConfig {
  export type Builder = ServerEndpointConfigBuilder;
  export type Configurator = ServerEndpointConfigurator;
}

class BuiltServerEndpointConfig extends ServerEndpointConfig {
  readonly #userProperties = new Map<string, unknown>();

  constructor(
    private readonly endpointClass: EndpointClass,
    private readonly path: string,
    private readonly subprotocols: readonly string[],
    private readonly extensions: readonly Extension[],
    private readonly encoders: readonly EncoderClass[],
    private readonly decoders: readonly DecoderClass[],
    private readonly configurator: ServerEndpointConfigurator,
    private readonly inbound: InboundMode,
  ) {
    super();
  }

  override getEndpointClass(): EndpointClass {
    return this.endpointClass;
  }
  override getPath(): string {
    return this.path;
  }
  override getSubprotocols(): readonly string[] {
    return this.subprotocols;
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
  override getConfigurator(): ServerEndpointConfigurator {
    return this.configurator;
  }
  override getInboundMode(): InboundMode {
    return this.inbound;
  }
  override getUserProperties(): Map<string, unknown> {
    return this.#userProperties;
  }
}

brand(ServerEndpointConfigurator, 'ServerEndpointConfig.Configurator');
brand(ServerEndpointConfig, 'ServerEndpointConfig');
showAs(
  ServerEndpointConfig,
  'ServerEndpointConfig',
  (config) => `${classNameOf(config.getEndpointClass())} at ${config.getPath()}`,
);
