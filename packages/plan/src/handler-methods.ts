import {
  DeploymentException,
  type AbstractClass,
  type EndpointClass,
  type ErrorCode,
  type Interceptor,
  type MessageType,
} from '@serval/api';
import { describeValue, readClassRecord, type HandlerKind, type HandlerRecord } from '@serval/api/spi';
import { bindArguments } from './argument-binder';
import type { CodecPlan } from './codec-plan';
import type { MessageRoute, MethodPlan } from './message-route';
import { joinByType, type MessageMethod } from './messages-by-type';
import { readParameters, type DeclaredMethod } from './method-parameters';
import { assignMessageRoles, assignRoles } from './parameter-roles';
import type { NativeType } from './payload-plan';

/** The part of a plan that comes from methods. */
export interface HandlerMethods {
  readonly open: MethodPlan | undefined;
  readonly close: MethodPlan | undefined;
  readonly error: MethodPlan | undefined;
  /** The annotated message methods; a programmatic endpoint registers handlers per session instead. */
  readonly text: MessageRoute | undefined;
  readonly binary: MessageRoute | undefined;
  readonly pong: MessageRoute | undefined;
  /** The names in `@PathParam`, to compare with the template. */
  readonly pathParameterNames: readonly string[];
  /** The types of messages in the schema that no method handles. */
  readonly unhandledTypes: readonly MessageType[];
}

/** The annotated methods of a class and its superclasses, checked and planned. @see WSC-4.4 to WSC-4.8 */
export function planHandlerMethods(
  endpointClass: EndpointClass,
  name: string,
  codecs: CodecPlan,
  interceptors: readonly Interceptor[],
): HandlerMethods {
  const found = collectHandlers(endpointClass);
  if (readClassRecord(endpointClass)?.parameters.some(({ method }) => method === 'constructor') === true) {
    throw broken(
      'WS_DEPLOY_BAD_PARAMETER',
      `${name}: a parameter of its constructor has @PathParam; only handler methods receive path parameters (WSC-4.3).`,
    );
  }
  const messages = found
    .filter(({ record }) => record.kind === 'message')
    .map((handler) => planMessage(name, handler, codecs, interceptors));
  const { routes, unhandledTypes } = joinByType(name, messages, codecs);
  const routeOf = (native: NativeType): MessageRoute | undefined => {
    const only = onlyRoute(name, native, messages);
    return routes.get(native) ?? only;
  };
  return {
    open: planSingle(name, 'open', found, interceptors),
    close: planSingle(name, 'close', found, interceptors),
    error: planSingle(name, 'error', found, interceptors),
    text: routeOf('text'),
    binary: routeOf('binary'),
    pong: routeOf('pong'),
    pathParameterNames: [...new Set(found.flatMap((handler) => pathParametersOf(declare(name, handler))))],
    unhandledTypes,
  };
}

function pathParametersOf(method: DeclaredMethod): string[] {
  return readParameters(method).flatMap((parameter) => (parameter.kind === 'path' ? [parameter.name] : []));
}

interface FoundHandler {
  readonly record: HandlerRecord;
  /** The class in whose body the annotation stands. */
  readonly declaredIn: AbstractClass;
}

/** Own and inherited annotations, the class's own first; an override without annotation hides the superclass's (WSC-4.8). */
function collectHandlers(endpointClass: AbstractClass): FoundHandler[] {
  const found: FoundHandler[] = [];
  const overridden = new Set<string | symbol>();
  for (let at: unknown = endpointClass; isUserClass(at); at = Object.getPrototypeOf(at)) {
    const declaredIn = at;
    const own = readClassRecord(declaredIn)?.handlers ?? [];
    found.push(...own.filter(({ method }) => !overridden.has(method)).map((record) => ({ record, declaredIn })));
    for (const key of Reflect.ownKeys(declaredIn.prototype)) overridden.add(key);
  }
  return found;
}

function isUserClass(value: unknown): value is AbstractClass & { readonly prototype: object } {
  return typeof value === 'function' && value !== Function.prototype && value !== Object;
}

function planSingle(
  name: string,
  kind: Exclude<HandlerKind, 'message'>,
  found: readonly FoundHandler[],
  interceptors: readonly Interceptor[],
): MethodPlan | undefined {
  const [only, second] = found.filter(({ record }) => record.kind === kind);
  if (only === undefined) return undefined;
  if (second !== undefined) throw duplicate(name, annotationOf(kind), only.record.method, second.record.method);
  const method = declare(name, only);
  const parameters = readParameters(method);
  return {
    method: only.record.method,
    bind: bindArguments(assignRoles(kind, method, parameters)),
    interceptors: around(method, interceptors),
  };
}

/** The interceptors of a method that has its own, behind those of its endpoint. */
function around(
  { label, record }: DeclaredMethod,
  interceptors: readonly Interceptor[],
): readonly Interceptor[] | undefined {
  const own = checkInterceptors(label, record.interceptors);
  return own.length === 0 ? undefined : [...interceptors, ...own];
}

/** @throws DeploymentException when it is not a list of functions */
export function checkInterceptors(
  place: string,
  interceptors: readonly Interceptor[] | undefined = [],
): readonly Interceptor[] {
  const list: unknown = interceptors;
  if (Array.isArray(list) && list.every((one) => typeof one === 'function')) return interceptors;
  throw broken(
    'WS_DEPLOY_BAD_OPTION',
    `${place}: interceptors is a list of functions (context, next); found ${describeValue(interceptors)}.`,
  );
}

function planMessage(
  name: string,
  handler: FoundHandler,
  codecs: CodecPlan,
  interceptors: readonly Interceptor[],
): MessageMethod {
  const method = declare(name, handler);
  const { roles, payloads, inParts } = assignMessageRoles(method, readParameters(method), codecs);
  const { label, record } = method;
  return {
    label,
    type: record.type,
    method: record.method,
    bind: bindArguments(roles),
    interceptors: around(method, interceptors),
    payloads,
    inParts,
    maxMessageSize: checkMaxMessageSize(method, record.maxMessageSize ?? -1),
  };
}

function declare(className: string, { record, declaredIn }: FoundHandler): DeclaredMethod {
  const label = `${className}.${String(record.method)}`;
  if (record.problem !== undefined) {
    throw broken(
      'WS_DEPLOY_BAD_METHOD',
      `${label} ${record.problem}; ${annotationOf(record.kind)} belongs on a public instance method.`,
    );
  }
  return { label, annotation: annotationOf(record.kind), record, declaredIn };
}

/** The route of the one method without a type for a native type. */
function onlyRoute(name: string, native: NativeType, methods: readonly MessageMethod[]): MessageRoute | undefined {
  const [only, second] = methods
    .filter(({ type }) => type === undefined)
    .flatMap(({ payloads, ...method }) =>
      payloads.filter((payload) => payload.native === native).map(({ decoding }) => ({ ...method, decoding })),
    );
  if (only === undefined) return undefined;
  if (second !== undefined) throw duplicate(name, `@OnMessage for ${native} messages`, only.method, second.method);
  const { method, bind, interceptors, decoding, inParts, maxMessageSize } = only;
  return { native, decoding, inParts, maxMessageSize, receiver: undefined, method, bind, interceptors, replies: true };
}

function checkMaxMessageSize(method: DeclaredMethod, size: number): number {
  // WS 2.2: a size that does not fit Java's int is a deployment error.
  if (Number.isInteger(size) && size >= -1 && size <= 2 ** 31 - 1) return size;
  throw broken(
    'WS_DEPLOY_BAD_OPTION',
    `${method.label}: maxMessageSize is a whole number of bytes from -1 (none) to ${2 ** 31 - 1}; found ${String(size)}.`,
  );
}

function duplicate(
  name: string,
  annotation: string,
  first: string | symbol,
  second: string | symbol,
): DeploymentException {
  return broken(
    'WS_DEPLOY_DUPLICATE_HANDLER',
    `${name} has more than one method with ${annotation}: ${String(first)} and ${String(second)}. Keep one (WSC-4.4 to 4.7).`,
  );
}

function annotationOf(kind: HandlerKind): string {
  return { open: '@OnOpen', message: '@OnMessage', close: '@OnClose', error: '@OnError' }[kind];
}

function broken(code: ErrorCode, message: string): DeploymentException {
  return new DeploymentException(message, undefined, code);
}
