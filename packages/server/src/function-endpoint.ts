import {
  CloseReason,
  DeploymentException,
  PongMessage,
  ServerEndpointConfig,
  Session,
  type Authenticate,
  type CodecClass,
  type DecoderClass,
  type DiscriminatorOf,
  type EncoderClass,
  type EndpointHandlers,
  type HandlerReply,
  type HandlerMessage,
  type MessageType,
  type ParameterRole,
  type PathVariables,
  type Principal,
  type SecurityConstraint,
  type SendableMessage,
  type ServerEndpointOptions,
  type SessionData,
  type TypedHandlers,
} from '@serval/api';
import {
  callable,
  HANDLERS,
  kind,
  membersOf,
  readOptions,
  recordOf,
  requireKnown,
  requireOptions,
  requireReachable,
  wholeNumber,
  type HandlerKind,
  type OptionTable,
  type ReadOptions,
} from '@serval/api/spi';
import { AnyDecoded, methodOfType, typeOfKey } from '@serval/plan';
import { ATTRIBUTES, configOfAnnotated } from './endpoint-config';
import { UriTemplate } from './uri-template';

/** The options of {@link endpoint} beside the handlers; everything has a default. */
export interface EndpointSettings<
  D extends readonly DecoderClass[],
  E extends readonly EncoderClass[],
  C extends readonly CodecClass[],
> extends Omit<ServerEndpointOptions, 'value' | 'decoders' | 'encoders' | 'codecs' | 'authenticate'> {
  /** The classes of the decoders, whose objects `onMessage` receives. The container tries them in this order. Default: none. */
  readonly decoders?: D | undefined;
  /** The classes of the encoders. The container tries them in this order. Default: none. */
  readonly encoders?: E | undefined;
  /** Classes that are decoder and encoder in one, such as `json(schema)`, behind the others. Default: none. */
  readonly codecs?: C | undefined;
  /** The largest message of the handlers, in bytes; -1 for the session's own limit. Default -1. */
  readonly maxMessageSize?: number | undefined;
}

/** The user of an endpoint's sessions: not null if the endpoint requires a role, because nobody else opens it. */
export type EndpointUser<Security, User extends Principal | null = Principal | null> = Security extends {
  readonly rolesAllowed: readonly string[];
}
  ? NonNullable<User>
  : User;

/** The handlers and options of {@link endpoint}. */
export type EndpointDefinition<
  Path extends string = string,
  Data extends object = SessionData,
  User extends Principal | null = Principal | null,
  D extends readonly DecoderClass[] = readonly [],
  E extends readonly EncoderClass[] = readonly [],
  C extends readonly CodecClass[] = readonly [],
  Security extends SecurityConstraint | undefined = SecurityConstraint | undefined,
> = EndpointHandlers<
  Session<Data, User, PathVariables<Path>, SendableMessage<[...E, ...C]>>,
  HandlerMessage<[...D, ...C]>,
  HandlerReply<[...E, ...C]>
> &
  EndpointSettings<D, E, C> & {
    /** The clients that may open the endpoint. With `rolesAllowed`, `session.user` is not null. Default: everybody. */
    readonly security?: Security;
    /**
     * Identifies the user of a handshake, in place of the container's `authenticate`; may be async. `session.user` has the
     * type that it returns; write it above the handlers, so that the compiler infers it first. Default: that of the
     * container.
     */
    readonly authenticate?: Authenticate<User> | undefined;
    /**
     * One function for each type of message of the codecs, by the value of the discriminator: `{ say: (message) => … }`.
     * `onMessage` receives all other types. Default: none.
     */
    readonly messages?:
      | TypedHandlers<
          Session<Data, User, PathVariables<Path>, SendableMessage<[...E, ...C]>>,
          HandlerMessage<[...D, ...C]>,
          DiscriminatorOf<[...D, ...C]>,
          C[number]
        >
      | undefined;
  };

const SETTINGS = {
  ...ATTRIBUTES,
  configurator: kind(
    'a class that extends ServerEndpointConfig.Configurator',
    (value): value is NonNullable<ServerEndpointOptions['configurator']> => typeof value === 'function',
  ),
  maxMessageSize: { ...wholeNumber('whole number of bytes', -1), default: -1 },
} satisfies OptionTable<EndpointSettings<readonly [], readonly [], readonly []>>;

/** The `messages`: one function for each type. */
const TYPED = {
  messages: { ...membersOf('an object of functions by type', callable<object>()), default: {} },
};

export const ENDPOINT_OPTIONS = { ...HANDLERS, ...SETTINGS, ...TYPED };

type TypedFunctions = ReadOptions<typeof TYPED>['messages'];

/**
 * Defines a server endpoint by functions, for `new Server({ endpoints })` and `addEndpoint`. It works like an annotated
 * class with the same methods: results are sent back, promises are awaited, and errors go to `onError`. The functions of
 * one definition serve all sessions; keep what belongs to one session in `session.data`.
 *
 * @param path a URI or level-1 URI template with a leading slash; its variables are the properties of `session.params`
 * @throws DeploymentException when the path, an option or a codec is invalid
 *
 * @example
 * const chat = endpoint('/chat/{room}', {
 *   onOpen: (session) => session.send(`Welcome to ${session.params.room}.`),
 *   onText: (text, session) => `${session.id}: ${text}`,
 * });
 * await new Server({ port: 8080, endpoints: [chat] }).start();
 */
export function endpoint<
  const Path extends string,
  Data extends object = SessionData,
  const Security extends SecurityConstraint | undefined = undefined,
  User extends Principal | null = EndpointUser<Security>,
  const D extends readonly DecoderClass[] = readonly [],
  const E extends readonly EncoderClass[] = readonly [],
  const C extends readonly CodecClass[] = readonly [],
>(path: Path, definition: EndpointDefinition<Path, Data, User, D, E, C, Security>): ServerEndpointConfig {
  const template = UriTemplate.parse(path, 'An endpoint');
  const name = template.path;
  requireOptions(`${name}: the second argument of endpoint`, definition);
  requireKnown(name, ENDPOINT_OPTIONS, definition);
  const handlers = readOptions(HANDLERS, definition, `${name}.`);
  const { messages } = readOptions(TYPED, definition, `${name}.`);
  const { maxMessageSize, configurator, ...settings } = readOptions(SETTINGS, definition, `${name}.`);
  const isDecoded = settings.decoders.length + settings.codecs.length > 0;
  requireReachable(name, handlers, isDecoded);

  // A new class for each endpoint, with the records of an annotated one.
  const endpointClass = class {};
  Object.defineProperty(endpointClass, 'name', { value: name });
  const endpointRecord = recordOf(endpointClass);
  for (const { kind, method, params, type } of [
    ...methodsOf(handlers, isDecoded),
    ...typedMethods(name, messages, isDecoded),
  ]) {
    const size = kind === 'message' ? maxMessageSize : undefined;
    endpointRecord.handlers.push({ kind, method, params, type, maxMessageSize: size, problem: undefined });
  }
  endpointRecord.serverEndpoint = {
    ...settings,
    value: path,
    configurator: withInstance(instanceOf(definition, messages), configurator ?? ServerEndpointConfig.Configurator),
  };
  const config = configOfAnnotated(endpointClass);
  Object.defineProperty(config, FUNCTIONS, { value: true });
  return config;
}

/** All copies of this package share it, because a scanned module may import another copy. */
const FUNCTIONS = Symbol.for('serval:functions');

/** Whether a value is the result of {@link endpoint}, which a scan deploys. */
export function isFunctionEndpoint(value: unknown): value is ServerEndpointConfig {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, FUNCTIONS);
}

interface HandlerMethod {
  readonly kind: HandlerKind;
  readonly method: string;
  readonly params: readonly ParameterRole[];
  readonly type?: MessageType;
}

/** The definition, with the functions of `messages` as methods. */
function instanceOf(definition: object, messages: TypedFunctions): object {
  const methods = Object.entries(messages).map(([type, handler]) => [methodOfType(type), handler] as const);
  return methods.length === 0
    ? definition
    : Object.assign(Object.create(definition) as object, Object.fromEntries(methods));
}

/** @throws DeploymentException when no decoder makes the messages */
function typedMethods(name: string, messages: TypedFunctions, isDecoded: boolean): readonly HandlerMethod[] {
  const types = Object.keys(messages);
  if (types.length > 0 && !isDecoded) {
    throw new DeploymentException(
      `${name}: messages needs decoded objects. Add a codec, such as codecs: [json(schema)].`,
      undefined,
      'WS_DEPLOY_BAD_CODEC',
    );
  }
  return types.map((key) => {
    return { kind: 'message', method: methodOfType(key), params: [AnyDecoded, Session], type: typeOfKey(key) };
  });
}

/** The handlers that are there, as methods with roles. */
function methodsOf(handlers: ReadOptions<typeof HANDLERS>, isDecoded: boolean): readonly HandlerMethod[] {
  const untaken = [
    ...(handlers.onText === undefined ? [String] : []),
    ...(handlers.onBinary === undefined ? [Buffer] : []),
  ];
  const methods: readonly (HandlerMethod & { readonly method: keyof typeof HANDLERS })[] = [
    { kind: 'open', method: 'onOpen', params: [Session] },
    { kind: 'message', method: 'onText', params: [String, Session] },
    { kind: 'message', method: 'onBinary', params: [Buffer, Session] },
    ...(isDecoded ? [AnyDecoded] : untaken).map((message) => {
      return { kind: 'message', method: 'onMessage', params: [message, Session] } as const;
    }),
    { kind: 'message', method: 'onPong', params: [PongMessage, Session] },
    { kind: 'close', method: 'onClose', params: [CloseReason, Session] },
    { kind: 'error', method: 'onError', params: [Error, Session] },
  ];
  return methods.filter(({ method }) => handlers[method] !== undefined);
}

/** A configurator whose sessions all have the same instance; an instance factory is for classes. */
function withInstance(
  instance: object,
  Configurator: NonNullable<ServerEndpointOptions['configurator']>,
): NonNullable<ServerEndpointOptions['configurator']> {
  return class extends Configurator {
    override getEndpointInstance<T extends object>(): T {
      // The plan calls its handlers by name, as it would call the methods of the class.
      return instance as T;
    }
  };
}
