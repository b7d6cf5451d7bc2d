import {
  ClientEndpointConfig,
  ContainerProvider,
  DeploymentException,
  type BinaryData,
  type CodecClass,
  type Decoded,
  type DecoderClass,
  type Encodable,
  type EncoderClass,
  type EndpointClass,
  type Extension,
  type OutgoingMessage,
} from '@serval/api';
import {
  badOption,
  callable,
  isOptionsObject,
  kind,
  list,
  readOptions,
  record,
  requireOptions,
  switchable,
  unknownOptions,
  type OptionTable,
  type ReadOptions,
} from '@serval/api/spi';
import { ClientContainer } from './client-container';
import type { ClientEndpoint } from './client-endpoint';
import { CLIENT_CONTAINER_OPTIONS, type ClientContainerOptions } from './container-options';
import { ConnectionConfig } from './endpoint-config';
import { functionEndpoint, type SessionHandlers } from './function-endpoint';
import { MessageStream, type ReceivedMessage } from './message-stream';
import { RECONNECT_OPTIONS, ReconnectPolicy, type ReconnectOptions } from './reconnect-policy';

/** Headers of the handshake request, by name. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[]>>;

/** The address: `ws:`, `wss:` or `ws+unix:`, or a function that returns one for each attempt. */
export type ServerUri = string | URL | (() => string | URL | Promise<string | URL>);

/** The options of every `connect`, beside all options of a client container. */
export interface CommonConnectOptions extends ClientContainerOptions {
  /** The container to connect with. Default: a new one if you pass options of a container, otherwise the provider's. */
  readonly container?: ClientContainer | undefined;
  /**
   * Ends the client like `close()`, at any time. A pending `connect` rejects with the signal's reason. Default: none.
   */
  readonly signal?: AbortSignal | undefined;
  /** Whether and how to reconnect after a connection is lost. Default false. */
  readonly reconnect?: boolean | ReconnectOptions | undefined;
  /**
   * Additional request headers, or a function that returns them for each request and may be async. A configurator receives
   * them too. Default: none.
   */
  readonly headers?: RequestHeaders | (() => RequestHeaders | Promise<RequestHeaders>) | undefined;
}

/** The messages that a client with these decoders and codecs receives: text and bytes, if it has none. */
export type Received<D extends readonly DecoderClass[], C extends readonly CodecClass[]> =
  IsListed<[...D, ...C]> extends true ? Decoded<[...D, ...C]> : ReceivedMessage;

/** The messages that a client with these encoders and codecs sends: anything, if it has none. */
export type Sent<E extends readonly EncoderClass[], C extends readonly CodecClass[]> =
  IsListed<[...E, ...C]> extends true ? string | BinaryData | Encodable<[...E, ...C]> : OutgoingMessage;

/** Whether the type of a list names its classes. */
type IsListed<L extends readonly unknown[]> = number extends L['length'] ? false : L extends readonly [] ? false : true;

/** The options of `connect` with handlers, or with neither handlers nor endpoint; everything has a default. */
export interface HandlerConnectOptions<
  D extends readonly DecoderClass[] = readonly DecoderClass[],
  E extends readonly EncoderClass[] = readonly EncoderClass[],
  C extends readonly CodecClass[] = readonly CodecClass[],
>
  extends CommonConnectOptions, SessionHandlers<Received<D, C>> {
  /** In order of preference, favourite first. Default: none. */
  readonly subprotocols?: readonly string[] | undefined;
  /** The extensions to offer. Default: none. */
  readonly extensions?: readonly Extension[] | undefined;
  /** The classes of the encoders. Default: none. */
  readonly encoders?: E | undefined;
  /** The classes of the decoders, whose objects `onMessage` or the loop receives. Default: none. */
  readonly decoders?: D | undefined;
  /** Classes that are decoder and encoder in one, such as `json(schema)`. Default: none. */
  readonly codecs?: C | undefined;
  /** TLS options of Node, or a `tls.SecureContext`. Default: Node's. */
  readonly sslContext?: unknown;
  /** Receives the request and the response of each handshake. Default: none. */
  readonly configurator?: ClientEndpointConfig.Configurator | undefined;
  /** The initial user properties of each session. Default: none. */
  readonly userProperties?: Readonly<Record<string, unknown>> | undefined;
  readonly endpoint?: undefined;
  readonly config?: undefined;
}

/** The options of `connect` with an endpoint. */
export interface EndpointConnectOptions extends CommonConnectOptions {
  /**
   * An endpoint, as for `connectToServer`, instead of handlers. One instance serves all sessions; `connect` creates that of
   * a class once. Default: none.
   */
  readonly endpoint: EndpointClass | object;
  /** The configuration of `endpoint`. Default: that of its annotation, or the defaults. */
  readonly config?: ClientEndpointConfig | null | undefined;
}

export type ConnectOptions<
  D extends readonly DecoderClass[] = readonly DecoderClass[],
  E extends readonly EncoderClass[] = readonly EncoderClass[],
  C extends readonly CodecClass[] = readonly CodecClass[],
> = HandlerConnectOptions<D, E, C> | EndpointConnectOptions;

/** The checked options. */
export interface PreparedConnect {
  readonly container: ClientContainer;
  readonly endpoint: ClientEndpoint;
  /** Set if no handler receives the messages. */
  readonly stream: MessageStream<unknown> | undefined;
  /** Undefined if the client does not reconnect. */
  readonly policy: ReconnectPolicy | undefined;
}

type Handler = (...args: never[]) => unknown;
const HANDLERS = {
  onOpen: callable<Handler>(),
  onText: callable<Handler>(),
  onBinary: callable<Handler>(),
  onMessage: callable<Handler>(),
  onPong: callable<Handler>(),
  onClose: callable<Handler>(),
  onError: callable<Handler>(),
} satisfies OptionTable<SessionHandlers<unknown>>;

const CONFIGURATION = {
  subprotocols: list<string>('a list'),
  extensions: list<Extension>('a list'),
  encoders: list<EncoderClass>('a list'),
  decoders: list<DecoderClass>('a list'),
  codecs: list<CodecClass>('a list'),
  // Read when the handshake begins.
  sslContext: kind('TLS options of Node, or a tls.SecureContext', (_value): _value is unknown => true),
  configurator: kind(
    'an instance of a class that extends ClientEndpointConfig.Configurator',
    (value): value is ClientEndpointConfig.Configurator => value instanceof ClientEndpointConfig.Configurator,
  ),
  userProperties: {
    ...record<Readonly<Record<string, unknown>>>('an object of names and values', { isSecret: true }),
    default: {},
  },
};

const COMMON = {
  container: kind(
    'a ClientContainer of this copy of serval',
    (value): value is ClientContainer => value instanceof ClientContainer,
  ),
  signal: kind('an AbortSignal', isAbortSignal),
  reconnect: { ...switchable(RECONNECT_OPTIONS), default: false },
  headers: kind('an object of headers by name, or a function that returns one', isHeaders, { isSecret: true }),
  // The container reads these two together.
  endpoint: kind('a client endpoint, a class or an instance', (_value): _value is unknown => true),
  config: kind('a ClientEndpointConfig or null', (_value): _value is unknown => true),
} satisfies OptionTable<Omit<EndpointConnectOptions, keyof ClientContainerOptions>>;

const OWN_OPTIONS = { ...COMMON, ...CONFIGURATION, ...HANDLERS };

export const CONNECT_OPTIONS = {
  ...CLIENT_CONTAINER_OPTIONS,
  ...OWN_OPTIONS,
} satisfies OptionTable<Omit<HandlerConnectOptions, 'endpoint' | 'config'> & EndpointConnectOptions>;

type ConnectSettings = ReadOptions<typeof OWN_OPTIONS>;

function isHeaders(value: unknown): value is NonNullable<CommonConnectOptions['headers']> {
  return typeof value === 'function' || isOptionsObject(value);
}

/**
 * Reads the options of `connect`. The container reads its own options.
 *
 * @throws DeploymentException when an option has the wrong type, or the endpoint breaks a rule of chapter 4
 */
export function prepareConnect(options: ConnectOptions): PreparedConnect {
  requireOptions('The second argument of connect', options);
  const settings = readOptions(OWN_OPTIONS, options);
  const { reconnect, headers } = settings;
  const policy = reconnect === false ? undefined : new ReconnectPolicy(reconnect);
  const container = containerFor(settings, options);
  const { stream, prepared } =
    options.endpoint === undefined
      ? // The handler takes what the decoders of the same options make.
        forHandlers(container, settings, options as SessionHandlers<unknown>)
      : forEndpoint(container, settings, options);
  if (headers === undefined) return { container, endpoint: prepared, stream, policy };
  const configurator = new HeaderSetter(headers, prepared.config.getConfigurator());
  const config = new ConnectionConfig(prepared.config, configurator);
  return { container, endpoint: { ...prepared, config }, stream, policy };
}

function containerFor({ container }: ConnectSettings, options: ConnectOptions): ClientContainer {
  const others = Object.entries(options).filter(
    ([name, value]) => !Object.hasOwn(OWN_OPTIONS, name) && value !== undefined,
  );
  const [unknown] = unknownOptions('connect', CONNECT_OPTIONS, Object.fromEntries(others));
  if (unknown !== undefined) throw wrong(unknown.endsWith('?') ? unknown : `${unknown}.`);
  const [other] = others;
  if (container !== undefined) {
    if (other !== undefined) throw misplaced(other[0]);
    return container;
  }
  if (other !== undefined) return new ClientContainer(Object.fromEntries(others));
  const provided = ContainerProvider.getWebSocketContainer();
  // Another implementation may have registered itself.
  return provided instanceof ClientContainer ? provided : new ClientContainer();
}

interface Prepared {
  readonly prepared: ClientEndpoint;
  readonly stream: MessageStream<unknown> | undefined;
}

function forHandlers(
  container: ClientContainer,
  settings: ConnectSettings,
  handlers: SessionHandlers<unknown>,
): Prepared {
  const { config: misplaced } = settings;
  if (misplaced !== undefined && misplaced !== null)
    throw badOption('config', 'for an endpoint, and left out if there is none', misplaced);
  const { onText, onBinary, onMessage } = handlers;
  const hasHandler = onText !== undefined || onBinary !== undefined || onMessage !== undefined;
  const stream = hasHandler ? undefined : new MessageStream<unknown>();
  const isDecoded = (settings.decoders ?? []).length + (settings.codecs ?? []).length > 0;
  if (!isDecoded && onText !== undefined && onBinary !== undefined && onMessage !== undefined) {
    throw new DeploymentException(
      'connect: onMessage receives nothing, because onText and onBinary receive all messages. Remove one of the three, or add decoders.',
      undefined,
      'WS_DEPLOY_DUPLICATE_HANDLER',
    );
  }
  const builder = ClientEndpointConfig.Builder.create()
    .preferredSubprotocols(settings.subprotocols ?? null)
    .extensions(settings.extensions ?? null)
    .encoders(settings.encoders ?? null)
    .decoders(settings.decoders ?? null)
    .codecs(settings.codecs ?? null)
    .sslContext(settings.sslContext);
  if (settings.configurator !== undefined) builder.configurator(settings.configurator);
  const config = builder.build();
  for (const [name, value] of Object.entries(settings.userProperties)) config.getUserProperties().set(name, value);
  return { prepared: container.prepare(functionEndpoint(handlers, stream, isDecoded), config), stream };
}

function forEndpoint(
  container: ClientContainer,
  { endpoint, config }: ConnectSettings,
  options: EndpointConnectOptions,
): Prepared {
  const other = Object.keys({ ...HANDLERS, ...CONFIGURATION }).find((name) => name in options);
  if (other !== undefined)
    throw wrong(
      `connect takes an endpoint or ${other}, not both; ${other in HANDLERS ? 'write a method of the endpoint' : 'set it in config or in the annotation'}.`,
    );
  return { prepared: container.prepare(endpoint, config ?? null), stream: undefined };
}

/** Not `instanceof`, because a signal may come from another realm or from a library. */
function isAbortSignal(signal: unknown): signal is AbortSignal {
  const isLike = typeof signal === 'object' && signal !== null && 'aborted' in signal && 'addEventListener' in signal;
  return isLike && typeof signal.aborted === 'boolean' && typeof signal.addEventListener === 'function';
}

/** Sets the headers, then calls the endpoint's own configurator. */
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

function misplaced(name: string): DeploymentException {
  return wrong(`${name} is an option of a container. Pass it to the container that you pass to connect.`);
}

function wrong(message: string): DeploymentException {
  return new DeploymentException(message, undefined, 'WS_DEPLOY_BAD_OPTION');
}
