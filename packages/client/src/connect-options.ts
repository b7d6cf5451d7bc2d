import {
  ClientEndpointConfig,
  ContainerProvider,
  DeploymentException,
  type DecoderClass,
  type EncoderClass,
  type EndpointClass,
  type Extension,
} from '@serval/api';
import { isOptionsObject, requireOptions } from '@serval/api/spi';
import { WsClientContainer } from './client-container';
import type { ClientEndpoint } from './client-endpoint';
import { containerOptionNames, wrong, type ClientContainerOptions } from './container-options';
import { ConnectionConfig } from './endpoint-config';
import { functionEndpoint, type SessionHandlers } from './function-endpoint';
import { MessageStream } from './message-stream';
import { ReconnectPolicy, type ReconnectOptions } from './reconnect-policy';

/** Headers of the handshake request, by name. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[]>>;

/** Where to connect: `ws:`, `wss:` or `ws+unix:`, or a function that gives one for each attempt. */
export type ServerUri = string | URL | (() => string | URL | Promise<string | URL>);

/** What every `connect` can be told, beside all options of a client container. */
interface CommonConnectOptions extends ClientContainerOptions {
  /** The container to connect with. Default: a new one where options of a container are given, else the provider's. */
  readonly container?: WsClientContainer | undefined;
  /** Ends the connection as `close()` does, at any moment; a `connect` under way rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Whether, and how, a lost connection is got back. Default false. */
  readonly reconnect?: boolean | ReconnectOptions | undefined;
  /** More headers for the request, or a function that gives them anew for each request. A configurator sees them. */
  readonly headers?: RequestHeaders | (() => RequestHeaders | Promise<RequestHeaders>) | undefined;
}

/** What `connect` can be told with handlers, or with neither handlers nor endpoint; everything has a default. */
export interface HandlerConnectOptions extends CommonConnectOptions, SessionHandlers {
  /** In order of preference, favourite first. */
  readonly subprotocols?: readonly string[] | undefined;
  readonly extensions?: readonly Extension[] | undefined;
  readonly encoders?: readonly EncoderClass[] | undefined;
  readonly decoders?: readonly DecoderClass[] | undefined;
  /** TLS options of Node, or a `tls.SecureContext`. */
  readonly sslContext?: unknown;
  readonly configurator?: ClientEndpointConfig.Configurator | undefined;
  /** What each session's user properties begin with. */
  readonly userProperties?: Readonly<Record<string, unknown>> | undefined;
  readonly endpoint?: undefined;
  readonly config?: undefined;
}

/** What `connect` can be told with an endpoint. */
export interface EndpointConnectOptions extends CommonConnectOptions {
  /** What `connectToServer` takes; one instance serves all sessions, that of a class is made once. */
  readonly endpoint: EndpointClass | object;
  /** Default: the annotation's, or the defaults. */
  readonly config?: ClientEndpointConfig | null | undefined;
}

export type ConnectOptions = HandlerConnectOptions | EndpointConnectOptions;

/** The options, checked. */
export interface PreparedConnect {
  readonly container: WsClientContainer;
  readonly endpoint: ClientEndpoint;
  /** Where no handler takes the messages. */
  readonly stream: MessageStream | undefined;
  /** Undefined: a lost connection is not got back. */
  readonly policy: ReconnectPolicy | undefined;
}

const HANDLERS = ['onOpen', 'onText', 'onBinary', 'onPong', 'onClose', 'onError'] as const;
const CONFIGURATION = [
  'subprotocols',
  'extensions',
  'encoders',
  'decoders',
  'sslContext',
  'configurator',
  'userProperties',
] as const;
const COMMON = ['container', 'signal', 'reconnect', 'headers', 'endpoint', 'config'] as const;
const OUR_OPTIONS: ReadonlySet<string> = new Set([...HANDLERS, ...CONFIGURATION, ...COMMON]);

/**
 * Checks the options of `connect`; those that it does not know are the container's.
 *
 * @throws DeploymentException for an option of the wrong kind, and for an endpoint that breaks a rule of chapter 4
 */
export function prepareConnect(options: ConnectOptions): PreparedConnect {
  requireOptions('The second argument of connect', options);
  const { endpoint, reconnect = false, headers, signal } = options;
  if (signal !== undefined && !isAbortSignal(signal)) throw wrong('signal', 'an AbortSignal', signal);
  if (typeof reconnect !== 'boolean' && !isOptionsObject(reconnect))
    throw wrong('reconnect', 'true, false or an object of options', reconnect);
  if (headers !== undefined && typeof headers !== 'function' && !isOptionsObject(headers))
    throw wrong('headers', 'an object of headers by name, or a function that gives one', headers);
  const policy = reconnect === false ? undefined : new ReconnectPolicy(reconnect === true ? {} : reconnect);
  const container = containerFor(options);
  const { stream, prepared } =
    endpoint === undefined ? forHandlers(container, options) : forEndpoint(container, options);
  if (headers === undefined) return { container, endpoint: prepared, stream, policy };
  const configurator = new HeaderSetter(headers, prepared.config.getConfigurator());
  const config = new ConnectionConfig(prepared.config, configurator);
  return { container, endpoint: { ...prepared, config }, stream, policy };
}

function containerFor(options: ConnectOptions): WsClientContainer {
  const others = Object.entries(options).filter(([name, value]) => !OUR_OPTIONS.has(name) && value !== undefined);
  const { container } = options;
  if (container !== undefined) {
    if (!(container instanceof WsClientContainer))
      throw wrong('container', 'a WsClientContainer of this copy of serval', container);
    const [other] = others;
    if (other === undefined) return container;
    throw badOption(
      containerOptionNames().includes(other[0])
        ? `${other[0]} is an option of a container: give it to the container that connect is given.`
        : `${other[0]} is not an option of connect.`,
    );
  }
  if (others.length > 0) return new WsClientContainer(Object.fromEntries(others));
  const provided = ContainerProvider.getWebSocketContainer();
  // Another implementation may have registered itself.
  return provided instanceof WsClientContainer ? provided : new WsClientContainer();
}

interface Prepared {
  readonly prepared: ClientEndpoint;
  readonly stream: MessageStream | undefined;
}

function forHandlers(container: WsClientContainer, options: HandlerConnectOptions): Prepared {
  const { config: misplaced }: { readonly config?: unknown } = options;
  if (misplaced !== undefined && misplaced !== null)
    throw wrong('config', 'for an endpoint, and left out where there is none', misplaced);
  for (const name of HANDLERS) {
    const handler: unknown = options[name];
    if (handler !== undefined && typeof handler !== 'function') throw wrong(name, 'a function', handler);
  }
  for (const name of ['subprotocols', 'extensions', 'encoders', 'decoders'] as const) {
    const list: unknown = options[name];
    if (list !== undefined && !Array.isArray(list)) throw wrong(name, 'a list', list);
  }
  const { configurator, userProperties = {} } = options;
  if (configurator !== undefined && !(configurator instanceof ClientEndpointConfig.Configurator))
    throw wrong('configurator', 'an instance of a class that extends ClientEndpointConfig.Configurator', configurator);
  if (!isOptionsObject(userProperties)) throw wrong('userProperties', 'an object of names and values', userProperties);
  const stream = options.onText === undefined && options.onBinary === undefined ? new MessageStream() : undefined;
  const builder = ClientEndpointConfig.Builder.create()
    .preferredSubprotocols(options.subprotocols ?? null)
    .extensions(options.extensions ?? null)
    .encoders(options.encoders ?? null)
    .decoders(options.decoders ?? null)
    .sslContext(options.sslContext);
  if (configurator !== undefined) builder.configurator(configurator);
  const config = builder.build();
  for (const [name, value] of Object.entries(userProperties)) config.getUserProperties().set(name, value);
  return { prepared: container.prepare(functionEndpoint(options, stream), config), stream };
}

function forEndpoint(container: WsClientContainer, options: EndpointConnectOptions): Prepared {
  const other = [...HANDLERS, ...CONFIGURATION].find((name) => name in options);
  if (other !== undefined) {
    throw badOption(
      `connect takes an endpoint or ${other}, not both; ${HANDLERS.some((name) => name === other) ? 'write a method of the endpoint' : 'give it in config or in the annotation'}.`,
    );
  }
  return { prepared: container.prepare(options.endpoint, options.config ?? null), stream: undefined };
}

/** Not `instanceof` alone: one of another realm, or of a library, is one too. */
function isAbortSignal(signal: unknown): signal is AbortSignal {
  const isLike = typeof signal === 'object' && signal !== null && 'aborted' in signal && 'addEventListener' in signal;
  return isLike && typeof signal.aborted === 'boolean' && typeof signal.addEventListener === 'function';
}

/** Sets the headers first; then it is the endpoint's own configurator. */
class HeaderSetter extends ClientEndpointConfig.Configurator {
  constructor(
    private readonly given: NonNullable<CommonConnectOptions['headers']>,
    private readonly configurator: ClientEndpointConfig.Configurator,
  ) {
    super();
  }

  override async beforeRequest(headers: Map<string, string[]>): Promise<void> {
    const given = typeof this.given === 'function' ? await this.given() : this.given;
    for (const [name, value] of Object.entries(given))
      headers.set(name, typeof value === 'string' ? [value] : [...value]);
    await this.configurator.beforeRequest(headers);
  }

  override afterResponse(
    ...response: Parameters<ClientEndpointConfig.Configurator['afterResponse']>
  ): void | Promise<void> {
    return this.configurator.afterResponse(...response);
  }
}

function badOption(message: string): DeploymentException {
  return new DeploymentException(message, undefined, 'WS_DEPLOY_BAD_OPTION');
}
