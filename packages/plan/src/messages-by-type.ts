import { DeploymentException, type Codec, type ErrorCode, type MessageType } from '@serval/api';
import { nearestName } from '@serval/api/spi';
import type { CodecPlan, DecoderEntry } from './codec-plan';
import type { MessageRoute, MethodPlan } from './message-route';
import {
  AnyDecoded,
  NO_DECODER,
  planPayload,
  planUntypedPayload,
  type Decoding,
  type NativeType,
  type PayloadPlan,
} from './payload-plan';
import { typesInSchema } from './schema-types';

/** An `@OnMessage` method, checked on its own. */
export interface MessageMethod extends MethodPlan {
  /** `Chat.say`, for messages. */
  readonly label: string;
  /** Undefined for a method without a type. */
  readonly type: MessageType | undefined;
  /** Empty for a method with a type and without a payload. */
  readonly payloads: readonly PayloadPlan[];
  readonly inParts: boolean;
  readonly maxMessageSize: number;
}

/** The methods for the types of messages. */
export interface TypedMethods {
  readonly routes: ReadonlyMap<NativeType, MessageRoute>;
  /** The types in the schema for which there is neither a method nor a fallback. */
  readonly unhandledTypes: readonly MessageType[];
}

/**
 * Joins the methods that have a type to one route for each native type. The method without a type that takes the same
 * objects becomes their fallback.
 *
 * @throws DeploymentException when two methods have one type, the schema does not have a type, or the methods do not take
 * the objects of the same decoders
 */
export function joinByType(name: string, methods: readonly MessageMethod[], codecs: CodecPlan): TypedMethods {
  const typed = methods.filter(({ type }) => type !== undefined);
  const routes = new Map<NativeType, MessageRoute>();
  const unhandled = new Set<MessageType>();
  if (typed.length === 0) return { routes, unhandledTypes: [] };
  refuseTwice(name, typed);
  for (const { native, decoding } of payloadsOf(typed, codecs)) {
    const decoders = decodersOf(decoding);
    const [decoder] = decoders;
    if (decoder === undefined) throw noDecoder(firstOf(typed));
    const takers = typed.filter(
      ({ payloads }) => payloads.length === 0 || payloads.some((one) => one.native === native),
    );
    const [fallback] = methods.filter(
      ({ type, payloads }) => type === undefined && payloads.some((one) => one.native === native),
    );
    for (const taker of fallback === undefined ? takers : [...takers, fallback])
      requireSameDecoders(taker, native, decoders);
    const known = knownTypes(name, decoders);
    for (const { label, type } of takers) requireKnown(label, type as MessageType, decoder, known);
    for (const { decoderClass } of decoders)
      for (const key of Object.keys((decoderClass as Partial<Codec>).replies ?? {}))
        requireKnown(`${name}: replies.${key}`, typeOfKey(key), decoder, known, 'the reply');
    const byType = new Map<unknown, MethodPlan>(takers.map((taker) => [taker.type, taker]));
    if (fallback === undefined) for (const type of known ?? []) if (!byType.has(type)) unhandled.add(type);
    const all = fallback === undefined ? takers : [...takers, fallback];
    routes.set(native, {
      native,
      decoding,
      inParts: false,
      maxMessageSize: Math.max(...all.map(({ maxMessageSize }) => maxMessageSize)),
      receiver: undefined,
      method: takers.map(({ method }) => String(method)).join('|'),
      bind: () => [],
      replies: true,
      byType: { decoder, methods: byType, fallback },
    });
  }
  return { routes, unhandledTypes: [...unhandled] };
}

/**
 * The routes of functions by type that are no methods of an endpoint class: `messages` of `connect`. A route's methods are
 * `messages.say`, and `onMessage` for all other types; each receives the message and the session.
 *
 * @throws DeploymentException when the schema does not have a type, or no decoder makes the objects
 */
export function planByType(
  name: string,
  types: readonly MessageType[],
  hasFallback: boolean,
  codecs: CodecPlan,
): ReadonlyMap<NativeType, MessageRoute> {
  const plans = planPayload(AnyDecoded, codecs);
  const method = (called: string, type: MessageType | undefined): MessageMethod => ({
    label: `${name}: ${called}`,
    method: called,
    type,
    payloads: plans === NO_DECODER ? [] : plans,
    bind: (session, payload) => [payload, session],
    inParts: false,
    maxMessageSize: -1,
  });
  const typed = types.map((type) => method(methodOfType(type), type));
  const methods = hasFallback ? [...typed, method('onMessage', undefined)] : typed;
  return joinByType(name, methods, codecs).routes;
}

/** The type that a key of `messages` stands for. The keys of an object are strings; a number is an opcode. */
export function typeOfKey(key: string): MessageType {
  return String(Number(key)) === key ? Number(key) : key;
}

/** The name of a function of `messages` as a method, and in errors. */
export function methodOfType(type: MessageType): string {
  return `messages.${type}`;
}

function refuseTwice(name: string, typed: readonly MessageMethod[]): void {
  const seen = new Map<unknown, MessageMethod>();
  for (const method of typed) {
    const first = seen.get(method.type);
    if (first !== undefined) {
      throw broken(
        'WS_DEPLOY_DUPLICATE_HANDLER',
        `${name} has more than one method with ${annotation(method)}: ${String(first.method)} and ${String(method.method)}. Keep one.`,
      );
    }
    seen.set(method.type, method);
  }
}

/** The payloads of the methods that have one; of methods that have none, the objects of decoders without a class. */
function payloadsOf(typed: readonly MessageMethod[], codecs: CodecPlan): readonly PayloadPlan[] {
  const payloads = new Map(typed.flatMap((method) => method.payloads.map((payload) => [payload.native, payload])));
  if (payloads.size > 0) return [...payloads.values()];
  const untyped = planUntypedPayload(codecs);
  if (untyped === NO_DECODER) throw noDecoder(firstOf(typed));
  return untyped;
}

function decodersOf(decoding: Decoding): readonly DecoderEntry[] {
  switch (decoding.kind) {
    case 'decoders':
      return decoding.otherwise === undefined ? decoding.candidates : [...decoding.candidates, decoding.otherwise];
    case 'stream-decoder':
      return [decoding.decoder];
    default:
      return [];
  }
}

function requireSameDecoders(method: MessageMethod, native: NativeType, wanted: readonly DecoderEntry[]): void {
  const payload = method.payloads.find((one) => one.native === native);
  if (payload === undefined) return;
  const decoders = decodersOf(payload.decoding);
  if (decoders.length === 0) {
    if (method.type !== undefined) throw noDecoder(method);
    throw broken(
      'WS_DEPLOY_DUPLICATE_HANDLER',
      `${method.label} takes ${native} messages without a decoder, and the methods with a type take them as well. ` +
        'Let it take the decoded object, as the method for all other types, or remove it.',
    );
  }
  if (decoders.length === wanted.length && decoders.every((one, index) => one === wanted[index])) return;
  const names = (entries: readonly DecoderEntry[]): string => entries.map(({ name }) => name).join(', ');
  throw broken(
    'WS_DEPLOY_BAD_PARAMETER',
    `${method.label}: its payload comes from ${names(decoders)}, and that of other methods with a type from ${names(wanted)}. ` +
      'All of them take the objects of the same decoders: use one codec for all types, such as json(schema) of a union.',
  );
}

/** The types that the schemas of all decoders have; undefined if one of them leaves it open. */
function knownTypes(name: string, decoders: readonly DecoderEntry[]): ReadonlySet<MessageType> | undefined {
  const all = new Set<MessageType>();
  let isOpen = false;
  for (const { name: decoderName, decoderClass, discriminator } of decoders) {
    if (discriminator !== decoders[0]?.discriminator) {
      throw broken(
        'WS_DEPLOY_BAD_CODEC',
        `${name}: ${decoderName} names the type of a message "${discriminator}", and ${decoders[0]?.name} names it "${decoders[0]?.discriminator}". Give both the same discriminator.`,
      );
    }
    const types = typesInSchema(decoderClass, discriminator);
    if (types === undefined) isOpen = true;
    for (const type of types ?? []) all.add(type);
  }
  return isOpen ? undefined : all;
}

function requireKnown(
  label: string,
  type: MessageType,
  { name, discriminator }: DecoderEntry,
  known: ReadonlySet<MessageType> | undefined,
  what = 'the method',
): void {
  if (known === undefined || known.has(type)) return;
  const names = [...known].map(quote);
  const nearest = nearestName(String(type), [...known].map(String));
  throw broken(
    'WS_DEPLOY_BAD_METHOD',
    `${label}: the schema of ${name} has no message whose ${discriminator} is ${quote(type)}; it has ${names.slice(0, MOST_NAMES).join(', ')}${names.length > MOST_NAMES ? ', …' : ''}.` +
      (nearest === undefined
        ? ` Add it to the schema or remove ${what}.`
        : ` Did you mean ${JSON.stringify(nearest)}?`),
  );
}

const MOST_NAMES = 10;

function noDecoder(method: MessageMethod): DeploymentException {
  return broken(
    'WS_DEPLOY_BAD_PARAMETER',
    `${method.label}: ${annotation(method)} receives decoded objects, but no decoder makes them. ` +
      'Add one to the endpoint, such as codecs: [json(schema)], and let the method take its object.',
  );
}

function annotation({ type }: MessageMethod): string {
  return `@OnMessage(${quote(type)})`;
}

function quote(type: MessageType | undefined): string {
  return JSON.stringify(type);
}

function firstOf(typed: readonly MessageMethod[]): MessageMethod {
  const [first] = typed;
  if (first === undefined) throw new RangeError('There is no method with a type.');
  return first;
}

function broken(code: ErrorCode, message: string): DeploymentException {
  return new DeploymentException(message, undefined, code);
}
