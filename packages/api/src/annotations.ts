import type { AbstractClass, PrimitiveType, PrimitiveValue } from './class-type';
import type { CloseReason } from './close-reason';
import { claimHandlers, recordOf, recordUnclaimed, type ClassRecord } from './class-record';
import type { HandlerKind } from './interceptor';
import type { EndpointConfig } from './endpoint-config';
import type { ClientEndpointOptions, ServerEndpointOptions } from './endpoint-options';
import type { Interceptor } from './interceptor';
import { contextMetadata } from './metadata';
import {
  withPathParam,
  type MessageRole,
  type ParameterRole,
  type ParameterValues,
  type PathParamRole,
  type TypedParameterValues,
} from './parameter-role';
import type { MessageType, ReplyFor } from './reply-schemas';
import type { Session } from './session';

/** A class decorator in both dialects. */
export type EndpointDecorator = (target: AbstractClass, context?: ClassDecoratorContext) => void;

// The argument type is a supertype of every method; decorated methods are only recorded, never called through it.
type AnyMethod = (...args: never[]) => unknown;

/**
 * A method decorator in both dialects. Each dialect has one signature that fits the number of its arguments, so that the
 * compiler explains a mistake by that one only.
 */
export interface HandlerDecorator<M extends AnyMethod = AnyMethod> {
  /** The legacy dialect, in which the descriptor holds the method. */
  <T extends AnyMethod>(
    target: object,
    method: string | symbol,
    descriptor: [T] extends [M] ? TypedPropertyDescriptor<T> : M,
  ): void;
  /** The standard dialect. The rest has no elements; with it the legacy dialect does not consider this signature. */
  (method: M, context: ClassMethodDecoratorContext, ...none: []): void;
}

/** The options that every handler decorator takes. */
export interface HandlerOptions<P extends readonly ParameterRole[]> {
  /**
   * The role of each parameter, in order. Required when the compiler emits no metadata (standard decorators, esbuild,
   * tsx, swc without `decoratorMetadata`). TypeScript checks the list against the method's own types.
   */
  readonly params: P;
}

/** A method with these roles; any method if the list's length is not known. */
type MethodWith<P extends readonly ParameterRole[]> = number extends P['length']
  ? AnyMethod
  : (...args: ParameterValues<P>) => unknown;

/** The same for one type of message. */
type TypedMethodWith<P extends readonly ParameterRole[], T extends MessageType> = number extends P['length']
  ? AnyMethod
  : (...args: TypedParameterValues<P, T>) => ReplyFor<T, P[number]>;

/** A decorator that you write bare (`@OnOpen`) or call (`@OnOpen({ params })`). `Role` limits its list of roles. */
export interface HandlerAnnotation<Role extends ParameterRole = ParameterRole> extends HandlerDecorator {
  (): HandlerDecorator;
  <const P extends readonly Role[]>(
    options: Partial<HandlerOptions<P>> & InterceptorOptions,
  ): HandlerDecorator<MethodWith<P>>;
}

/** The type of {@link OnMessage}: it also takes `maxMessageSize` and the type of the messages, and most roles are payloads. */
export interface MessageAnnotation extends HandlerDecorator {
  (): HandlerDecorator;
  // One signature for each number of arguments, so that the compiler explains a mistake by that one only.
  <const P extends readonly MessageRole[]>(
    optionsOrType: (Partial<HandlerOptions<P>> & MessageOptions) | MessageType,
  ): HandlerDecorator<MethodWith<P>>;
  <const T extends MessageType, const P extends readonly MessageRole[]>(
    type: T,
    options: Partial<HandlerOptions<P>> & MessageOptions,
  ): HandlerDecorator<TypedMethodWith<P, T>>;
}

type OpenRole = typeof Session | typeof EndpointConfig | PathParamRole;
type CloseRole = typeof Session | typeof CloseReason | PathParamRole;
type ErrorRole = ErrorConstructor | typeof Session | PathParamRole;

export interface InterceptorOptions {
  /** Run around this method, in this order, behind those of the container and of the endpoint. Default: none. */
  readonly interceptors?: readonly Interceptor[] | undefined;
}

export interface MessageOptions extends InterceptorOptions {
  /**
   * The largest whole message that the method accepts, in bytes. The container closes the session with 1009 when a
   * message is larger. The default, -1, uses the session's buffer size. A value above that size raises the limit for
   * this method. The methods for the types of messages have one limit, the largest of theirs.
   */
  readonly maxMessageSize?: number | undefined;
}

/**
 * Makes a class a server endpoint. The container creates one instance per session.
 *
 * @example
 * @ServerEndpoint('/chat/{room}')
 * class Chat {
 *   @OnMessage say(text: string, session: Session) { return `you said ${text}`; }
 * }
 *
 * @see WSC-4.1
 */
export function ServerEndpoint(
  value: string | ServerEndpointOptions,
  options: Omit<ServerEndpointOptions, 'value'> = {},
): EndpointDecorator {
  // Written bare, the decorator receives the class as its path, and its return value would replace the class.
  if (typeof value === 'function')
    throw new TypeError('@ServerEndpoint has no path. Write it with one, such as @ServerEndpoint("/chat").');
  const attributes = typeof value === 'object' && value !== null ? value : { ...options, value };
  return (target, context) => {
    classRecordOf(target, context).serverEndpoint = attributes;
  };
}

/** Makes a class a client endpoint for `WebSocketContainer.connectToServer`. Write it bare or call it. @see WSC-4.2 */
export function ClientEndpoint(target: AbstractClass, context?: ClassDecoratorContext): void;
export function ClientEndpoint(options?: ClientEndpointOptions): EndpointDecorator;
export function ClientEndpoint(
  first: AbstractClass | ClientEndpointOptions = {},
  bareContext?: ClassDecoratorContext,
): EndpointDecorator | undefined {
  if (typeof first !== 'function') {
    return (target, context) => {
      classRecordOf(target, context).clientEndpoint = first;
    };
  }
  classRecordOf(first, bareContext).clientEndpoint = {};
  return undefined;
}

/**
 * Marks the method that runs when a session opens. The container reads no message before the method settles. It may
 * take a Session, an EndpointConfig and path parameters, in any order.
 *
 * @see WSC-4.4
 */
export const OnOpen = handlerAnnotation('open') as HandlerAnnotation<OpenRole>;

/**
 * Marks a method that receives messages. It takes exactly one payload and, in any order, optionally the Session and
 * path parameters. With a text or binary payload it may also take a boolean, and then receives each message in parts;
 * the boolean is true for the last part. The container sends the return value back to the peer.
 *
 * `@OnMessage('say')` marks the method for one type of message: objects of a decoder whose property `type` (or the codec's
 * `discriminator`) is `'say'`. Such a method may leave out the payload. The method without a type receives all other types;
 * without one the container drops them, and reports `unknown-message-type` to the diagnostics. Not in the specification.
 *
 * @see WSC-4.7
 */
export const OnMessage = handlerAnnotation('message') as MessageAnnotation;

/**
 * Marks the method that runs once, when the session ends. It may take the Session, the CloseReason and path parameters.
 *
 * @see WSC-4.5
 */
export const OnClose = handlerAnnotation('close') as HandlerAnnotation<CloseRole>;

/**
 * Marks the method that receives every error of the session. It takes the Error, and may take the Session and path
 * parameters.
 *
 * @see WSC-4.6
 */
export const OnError = handlerAnnotation('error') as HandlerAnnotation<ErrorRole>;

/**
 * Passes the value of a URI template variable to a parameter. Use it as a parameter decorator (legacy dialect) or as an
 * entry of a `params` list.
 *
 * @param name the variable's name
 * @param type the type to convert the value to; default: the parameter's declared type, or a string if there is none
 *
 * @see WSC-4.3
 */
export function PathParam(name: string): ParameterDecoratorFunction & PathParamRole<string>;
export function PathParam<P extends PrimitiveType>(
  name: string,
  type: P,
): ParameterDecoratorFunction & PathParamRole<PrimitiveValue<P>>;
export function PathParam(name: string, type?: PrimitiveType): ParameterDecoratorFunction & PathParamRole<never> {
  // Written bare, the decorator receives the class instead of a name, and the parameter would silently get another role.
  if (Object(name) === name)
    throw new TypeError('@PathParam has no variable name. Write it with one, such as @PathParam("room").');
  const decorate: ParameterDecoratorFunction = (target, method, index) => {
    // The role belongs to the class whose body contains it. A constructor parameter has no method; deployment rejects it.
    recordOf(classOf(target)).parameters.push({ method: method ?? 'constructor', index, role: { name, type } });
  };
  return withPathParam(decorate, name, type);
}

/** The record of a class in either dialect, including the handlers that were recorded before their class was known. */
export function classRecordOf(target: AbstractClass, context: ClassDecoratorContext | undefined): ClassRecord {
  const metadata = contextMetadata(context);
  if (metadata !== undefined) return recordOf(metadata);
  if (context !== undefined) claimHandlers(target);
  return recordOf(target);
}

export type ParameterDecoratorFunction = (target: object, method: string | symbol | undefined, index: number) => void;

interface RuntimeOptions {
  readonly params?: readonly ParameterRole[] | undefined;
  readonly maxMessageSize?: number | undefined;
  readonly type?: MessageType | undefined;
  readonly interceptors?: readonly Interceptor[] | undefined;
}

function handlerAnnotation(kind: HandlerKind): unknown {
  return (...args: unknown[]): unknown => {
    if (record(kind, {}, args)) return undefined;
    const isTyped = kind === 'message' && isMessageType(args[0]);
    const [options = {}, ...others] = isTyped ? args.slice(1) : args;
    // Misplaced and written bare: a decorator returned from here would replace the decorated class or member.
    if (others.length > 0 || typeof options !== 'object' || options === null) throw misplaced(kind, args);
    const use: RuntimeOptions = isTyped ? { ...options, type: args[0] as MessageType } : options;
    return (...decoratorArgs: unknown[]): void => {
      if (!record(kind, use, decoratorArgs)) throw misplaced(kind, decoratorArgs);
    };
  };
}

function isMessageType(value: unknown): value is MessageType {
  return typeof value === 'string' || typeof value === 'number';
}

function misplaced(kind: HandlerKind, [target]: readonly unknown[]): TypeError {
  const annotation = `@On${kind[0]?.toUpperCase()}${kind.slice(1)}`;
  const found = typeof target === 'function' ? 'a class or function' : String(target);
  return new TypeError(
    `${annotation} decorates a method, bare or with options such as { params: [] }; found ${found}.`,
  );
}

/** Records one use. Returns false when the arguments are not those that a compiler passes to a member decorator. */
function record(kind: HandlerKind, options: RuntimeOptions, args: readonly unknown[]): boolean {
  const [first, second, third] = args;
  const { params, maxMessageSize, type, interceptors } = options;
  const use = { kind, params, maxMessageSize, type, interceptors };
  if (isMemberContext(second)) {
    const handler = { ...use, method: second.name, problem: standardProblem(second) };
    const metadata = contextMetadata(second);
    if (metadata === undefined) recordUnclaimed(handler, first);
    else recordOf(metadata).handlers.push(handler);
    return true;
  }
  if ((typeof second === 'string' || typeof second === 'symbol') && Object(first) === first) {
    const target = first as object;
    recordOf(classOf(target)).handlers.push({ ...use, method: second, problem: legacyProblem(target, third) });
    return true;
  }
  return false;
}

function isMemberContext(value: unknown): value is ClassMemberDecoratorContext {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    value.kind !== 'class' &&
    'name' in value &&
    (typeof value.name === 'string' || typeof value.name === 'symbol')
  );
}

function standardProblem(context: ClassMemberDecoratorContext): string | undefined {
  if (context.kind !== 'method') return `is ${context.kind === 'accessor' ? 'an' : 'a'} ${context.kind}, not a method`;
  if (context.static) return 'is static';
  return context.private ? 'is private' : undefined;
}

function legacyProblem(target: object, descriptor: unknown): string | undefined {
  if (typeof target === 'function') return 'is static';
  const isMethod =
    typeof descriptor === 'object' &&
    descriptor !== null &&
    'value' in descriptor &&
    typeof descriptor.value === 'function';
  return isMethod ? undefined : 'is not a method';
}

/** The class of a decorator's target, which is the constructor for a static member and the prototype for all others. */
function classOf(target: object): object {
  return typeof target === 'function' ? target : target.constructor;
}
