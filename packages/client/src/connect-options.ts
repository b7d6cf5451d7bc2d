import {
  ClientEndpointConfig,
  ContainerProvider,
  DeploymentException,
  type BinaryData,
  type CodecClass,
  type Decoded,
  type DecoderClass,
  type DiscriminatorOf,
  type Encodable,
  type EncoderClass,
  type EndpointClass,
  type Extension,
  type OutgoingMessage,
  type Session,
  type TypedHandlers,
} from '@serval/api';
import {
  ANY,
  badOption,
  callable,
  CODEC_LISTS,
  copyOptions,
  EXTENSION,
  HANDLERS,
  kind,
  list,
  membersOf,
  NAME,
  readOptions,
  requireKnown,
  requireReachable,
  SIGNAL,
  switchable,
  type OptionTable,
  type ReadOptions,
} from '@serval/api/spi';
import { byType } from '@serval/container';
import { planByType } from '@serval/plan';
import { ClientContainer } from './client-container';
import type { ClientEndpoint } from './client-endpoint';
import { CLIENT_CONTAINER_OPTIONS, type ClientContainerOptions } from './container-options';
import { ConnectionConfig } from './endpoint-config';
import { functionEndpoint, typedHandler, type SessionHandlers } from './function-endpoint';
import { MessageStream, type ReceivedMessage } from './message-stream';
import { RECONNECT_OPTIONS, ReconnectPolicy, type ReconnectOptions } from './reconnect-policy';
import { HEADERS, HeaderSetter, type RequestHeaders } from './request-headers';

/**
 * The address: `ws:`, `wss:` or `ws+unix:`, or with `sockJs` also `http:` or `https:`; or a function that returns one for each
 * attempt.
 */
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
  /**
   * One function for each type of message of the codecs, by the value of the discriminator: `{ say: (message) => … }`. The
   * result is the reply to a request. `onMessage` receives all other types. Default: none.
   */
  readonly messages?: TypedHandlers<Session, Received<D, C>, DiscriminatorOf<[...D, ...C]>, C[number]> | undefined;
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
  readonly signal: AbortSignal | undefined;
}

const CONFIGURATION = {
  ...CODEC_LISTS,
  messages: { ...membersOf('an object of functions by type', callable<object>()), default: {} },
  subprotocols: list('a list', NAME),
  extensions: list('a list', EXTENSION),
  // Read when the handshake begins.
  sslContext: { ...ANY, expected: 'TLS options of Node, or a tls.SecureContext' },
  configurator: kind(
    'an instance of a class that extends ClientEndpointConfig.Configurator',
    (value): value is ClientEndpointConfig.Configurator => value instanceof ClientEndpointConfig.Configurator,
  ),
  userProperties: { ...membersOf('an object of names and values', ANY, { isSecret: true }), default: {} },
};

const COMMON = {
  container: kind(
    'a ClientContainer of this copy of serval',
    (value): value is ClientContainer => value instanceof ClientContainer,
  ),
  signal: SIGNAL,
  reconnect: { ...switchable(RECONNECT_OPTIONS), default: false },
  headers: HEADERS,
  // The container checks it.
  endpoint: kind(
    'a client endpoint, a class or an instance',
    (value): value is object => typeof value === 'function' || (typeof value === 'object' && value !== null),
  ),
  config: kind(
    'a ClientEndpointConfig, made with ClientEndpointConfig.Builder.create(), or null',
    (value): value is ClientEndpointConfig | null => value === null || value instanceof ClientEndpointConfig,
  ),
} satisfies OptionTable<Omit<EndpointConnectOptions, keyof ClientContainerOptions>>;

const OWN_OPTIONS = { ...COMMON, ...CONFIGURATION, ...HANDLERS };

export const CONNECT_OPTIONS = {
  ...CLIENT_CONTAINER_OPTIONS,
  ...OWN_OPTIONS,
} satisfies OptionTable<Omit<HandlerConnectOptions, 'endpoint' | 'config'> & EndpointConnectOptions>;

type ConnectSettings = ReadOptions<typeof OWN_OPTIONS>;

/**
 * Reads the options of `connect`. The container reads its own options.
 *
 * @throws DeploymentException when an option has the wrong type, or the endpoint breaks a rule of chapter 4
 */
export function prepareConnect(given: ConnectOptions): PreparedConnect {
  const options = copyOptions('The second argument of connect', CONNECT_OPTIONS, given);
  requireKnown('connect', CONNECT_OPTIONS, options);
  const settings = readOptions(OWN_OPTIONS, options);
  const { reconnect, headers, signal } = settings;
  const policy = reconnect === false ? undefined : new ReconnectPolicy(reconnect);
  const container = containerFor(settings, options);
  const { stream, prepared } =
    options.endpoint === undefined
      ? // The handler takes what the decoders of the same options make.
        forHandlers(container, settings, options as SessionHandlers<unknown>)
      : forEndpoint(container, settings, options);
  if (headers === undefined) return { container, endpoint: prepared, stream, policy, signal };
  const configurator = new HeaderSetter(headers, prepared.config.getConfigurator());
  const config = new ConnectionConfig(prepared.config, configurator);
  return { container, endpoint: { ...prepared, config }, stream, policy, signal };
}

function containerFor({ container }: ConnectSettings, options: ConnectOptions): ClientContainer {
  const others = Object.entries(options).filter(([name]) => !Object.hasOwn(OWN_OPTIONS, name));
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
  const isDecoded = settings.decoders.length + settings.codecs.length > 0;
  const typed = typedHandler(settings.messages, onMessage, isDecoded);
  const hasHandler = [onText, onBinary, onMessage, typed].some((handler) => handler !== undefined);
  const stream = hasHandler ? undefined : new MessageStream<unknown>();
  requireReachable('connect', handlers, isDecoded);
  const builder = ClientEndpointConfig.Builder.create()
    .preferredSubprotocols(settings.subprotocols ?? null)
    .extensions(settings.extensions ?? null)
    .encoders(settings.encoders)
    .decoders(settings.decoders)
    .codecs(settings.codecs)
    .sslContext(settings.sslContext);
  if (settings.configurator !== undefined) builder.configurator(settings.configurator);
  const config = builder.build();
  for (const [name, value] of Object.entries(settings.userProperties)) config.getUserProperties().set(name, value);
  const prepared = container.prepare(functionEndpoint(handlers, { stream, isDecoded, typed: typed?.handler }), config);
  if (typed !== undefined)
    byType(typed.handler, planByType('connect', typed.types, onMessage !== undefined, prepared.plan.codecs));
  return { prepared, stream };
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

function misplaced(name: string): DeploymentException {
  return wrong(`${name} is an option of a container. Pass it to the container that you pass to connect.`);
}

function wrong(message: string): DeploymentException {
  return new DeploymentException(message, undefined, 'WS_DEPLOY_BAD_OPTION');
}
