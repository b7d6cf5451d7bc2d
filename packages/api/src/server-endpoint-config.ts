import { showAs } from './show-as';
import { brand } from './brand';
import type { EndpointClass } from './class-type';
import type { CodecClass } from './codec';
import { type DecoderClass, type EncoderClass, EndpointConfig } from './endpoint-config';
import type { Interceptor } from './interceptor';
import { ENDPOINT_LIMITS, type EndpointLimits } from './endpoint-limits';
import { classNameOf, describeValue } from './describe-value';
import { IllegalArgumentException, IllegalStateException } from './errors';
import { listOf } from './list-of';
import { isExtension, type Extension } from './extension';
import type { Authenticate, HandshakeRequest, HandshakeResponse } from './handshake';
import { callable } from './option-kinds';
import { SOCK_JS, type SockJsChoice } from './sockjs-options';
import { SECURITY_CONSTRAINT, type SecurityConstraint } from './security-constraint';

const CONTAINER_DEFAULT = Symbol.for('serval:default-configurator');

/** How the container delivers a session's messages: one after the other, or without waiting for handlers. */
export type InboundMode = 'serial' | 'concurrent';

/** All copies of this package share it, because a container may deploy a configuration from another copy. */
const SHARED = globalThis as { [CONTAINER_DEFAULT]?: ServerEndpointConfigurator };

/** For server implementations: sets the configurator that {@link ServerEndpointConfigurator} delegates to. */
export function registerDefaultConfigurator(configurator: ServerEndpointConfigurator): void {
  SHARED[CONTAINER_DEFAULT] = configurator;
}

/**
 * Extend it to take part in the opening handshake, and override the methods that should differ. Every method may return
 * a promise, and may throw a `HandshakeRejection` to refuse the handshake with a status, headers and a body.
 *
 * The container calls the methods in this order: checkOrigin, getNegotiatedSubprotocol, getNegotiatedExtensions,
 * modifyHandshake, getEndpointInstance. An annotated endpoint has one configurator instance, created at deployment.
 *
 * @see WSC-3.1
 */
export class ServerEndpointConfigurator {
  /** The container's own algorithms, for overriding methods that extend them. */
  getContainerDefaultConfigurator(): ServerEndpointConfigurator {
    const containerDefault = SHARED[CONTAINER_DEFAULT];
    if (containerDefault === undefined) {
      throw new IllegalStateException(
        'No server container is loaded, so there is no default configurator. Import a server implementation first, such as serval.',
      );
    }
    return containerDefault;
  }

  /**
   * Chooses the subprotocol. The default is the first one in the client's list that the server supports.
   *
   * @param supported the endpoint's list
   * @param requested the client's list, in its order of preference
   * @returns a subprotocol, or the empty string for none
   */
  getNegotiatedSubprotocol(supported: readonly string[], requested: readonly string[]): string | Promise<string> {
    return this.getContainerDefaultConfigurator().getNegotiatedSubprotocol(supported, requested);
  }

  /** Chooses the extensions. The default is every requested extension that is installed, in the client's order. */
  getNegotiatedExtensions(
    installed: readonly Extension[],
    requested: readonly Extension[],
  ): readonly Extension[] | Promise<readonly Extension[]> {
    return this.getContainerDefaultConfigurator().getNegotiatedExtensions(installed, requested);
  }

  /**
   * Checks the Origin header; returning false refuses the handshake with 403. The default accepts requests without an
   * Origin (no browser), from the server's own origin, and from the container's `allowedOrigins`.
   *
   * @param originHeaderValue the header, or `null`
   * @param request the handshake; pass it on when you call `super` after an `await`
   */
  checkOrigin(originHeaderValue: string | null, request?: HandshakeRequest): boolean | Promise<boolean> {
    return this.getContainerDefaultConfigurator().checkOrigin(originHeaderValue, request);
  }

  /**
   * Receives the request, and may edit the headers of the 101 and the connection's own copy of the user properties. The
   * default does nothing.
   */
  modifyHandshake(
    _config: ServerEndpointConfig,
    _request: HandshakeRequest,
    _response: HandshakeResponse,
  ): void | Promise<void> {}

  /**
   * Creates the instance that serves one connection. The default calls the container's `instanceFactory`, or the class's
   * constructor without arguments.
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
  #codecs: readonly CodecClass[] = [];
  #interceptors: readonly Interceptor[] = [];
  #configurator: ServerEndpointConfigurator | undefined;
  #inbound: InboundMode = 'serial';
  #authenticate: Authenticate | undefined;
  #security: SecurityConstraint | undefined;
  #limits: EndpointLimits = {};
  #sockJs: SockJsChoice | undefined;

  private constructor(
    private readonly endpointClass: EndpointClass,
    private readonly path: string,
  ) {}

  /**
   * @param endpointClass a subclass of Endpoint, or an annotated class; this configuration then replaces the path and
   * settings of its annotation
   * @param path a URI or level-1 URI template with a leading slash
   * @throws IllegalArgumentException when the first argument is not a class
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

  /** @throws IllegalArgumentException when the argument is not a list; so do the next methods */
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

  /** In order of preference. */
  subprotocols(subprotocols: readonly string[] | null): this {
    this.#subprotocols = listOf('subprotocols', 'names', subprotocols);
    return this;
  }

  /** In order of preference. */
  extensions(extensions: readonly Extension[] | null): this {
    this.#extensions = listOf('extensions', 'extensions, made with createExtension', extensions, isExtension);
    return this;
  }

  /** @throws IllegalArgumentException when the argument is not an instance of a configurator class */
  configurator(configurator: ServerEndpointConfigurator | null): this {
    if (configurator !== null && configurator !== undefined && !(configurator instanceof ServerEndpointConfigurator)) {
      throw new IllegalArgumentException(
        `configurator takes an instance of a class that extends ServerEndpointConfig.Configurator; found ${describeValue(configurator)}.`,
      );
    }
    this.#configurator = configurator ?? undefined;
    return this;
  }

  /** Whether a message waits for the previous message's handler (default `'serial'`). Not in the specification. */
  inbound(mode: InboundMode): this {
    if (mode !== 'serial' && mode !== 'concurrent')
      throw new IllegalArgumentException(`inbound takes 'serial' or 'concurrent'; found ${describeValue(mode)}.`);
    this.#inbound = mode;
    return this;
  }

  /**
   * Identifies the user of a handshake, in place of the container's `authenticate`. Not in the specification.
   *
   * @throws DeploymentException when the argument is not a function
   */
  authenticate(authenticate: Authenticate | null): this {
    this.#authenticate =
      authenticate === null ? undefined : callable<Authenticate>().read(authenticate, 'authenticate');
    return this;
  }

  /**
   * The clients that may open the endpoint, beside what annotations of its class say. Not in the specification.
   *
   * @throws DeploymentException when the constraint is invalid
   */
  security(constraint: SecurityConstraint | null): this {
    this.#security = constraint === null ? undefined : SECURITY_CONSTRAINT.read(constraint, 'security');
    return this;
  }

  /**
   * Limits of the endpoint, such as `{ maxConnections: 1000 }`. Not in the specification.
   *
   * @throws DeploymentException when a limit is unknown or out of range
   */
  limits(limits: EndpointLimits | null): this {
    this.#limits = limits === null ? {} : ENDPOINT_LIMITS.read(limits, 'limits');
    return this;
  }

  /**
   * Whether clients may also connect by SockJS, or its options; null for the container's. Not in the specification.
   *
   * @throws DeploymentException when an option is unknown or out of range
   */
  sockJs(choice: SockJsChoice | null): this {
    this.#sockJs = choice === null ? undefined : SOCK_JS.read(choice, 'sockJs');
    return this;
  }

  build(): ServerEndpointConfig {
    return new BuiltServerEndpointConfig(
      this.endpointClass,
      this.path,
      Object.freeze(this.#subprotocols),
      Object.freeze(this.#extensions),
      Object.freeze([...this.#encoders, ...this.#codecs]),
      Object.freeze([...this.#decoders, ...this.#codecs]),
      this.#configurator ?? new ServerEndpointConfigurator().getContainerDefaultConfigurator(),
      this.#inbound,
      Object.freeze(this.#interceptors),
      this.#authenticate,
      this.#security,
      Object.freeze(this.#limits),
      this.#sockJs,
    );
  }
}

/**
 * The configuration of a server endpoint.
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
  /** Whether a message waits for the previous message's handler. Not in the specification. */
  getInboundMode(): InboundMode {
    return 'serial';
  }
  /** In declared order. Not in the specification. */
  getInterceptors(): readonly Interceptor[] {
    return [];
  }
  /** Identifies the users of handshakes; undefined for the container's `authenticate`. Not in the specification. */
  getAuthenticate(): Authenticate | undefined {
    return undefined;
  }
  /** The clients that may open the endpoint; undefined for everybody. Not in the specification. */
  getSecurityConstraint(): SecurityConstraint | undefined {
    return undefined;
  }
  /** The limits that differ from the container's. Not in the specification. */
  getLimits(): EndpointLimits {
    return {};
  }
  /** Whether clients may connect by SockJS, or its options; undefined for the container's. Not in the specification. */
  getSockJs(): SockJsChoice | undefined {
    return undefined;
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
    private readonly interceptors: readonly Interceptor[],
    private readonly authenticate: Authenticate | undefined,
    private readonly security: SecurityConstraint | undefined,
    private readonly limits: EndpointLimits,
    private readonly sockJs: SockJsChoice | undefined,
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
  override getInterceptors(): readonly Interceptor[] {
    return this.interceptors;
  }
  override getAuthenticate(): Authenticate | undefined {
    return this.authenticate;
  }
  override getSecurityConstraint(): SecurityConstraint | undefined {
    return this.security;
  }
  override getLimits(): EndpointLimits {
    return this.limits;
  }
  override getSockJs(): SockJsChoice | undefined {
    return this.sockJs;
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
