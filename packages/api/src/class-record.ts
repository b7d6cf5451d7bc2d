import type { AbstractClass, PrimitiveType } from './class-type';
import type { ClientEndpointOptions, ServerEndpointOptions } from './endpoint-options';
import { classNameOf } from './describe-value';
import { standardMetadata } from './metadata';
import type { HandlerKind, Interceptor } from './interceptor';
import type { ParameterRole } from './parameter-role';
import type { MessageType } from './reply-schemas';

/** The key of a class's record, on the class itself or in its standard metadata. All copies of this package share it. */
const RECORD = Symbol.for('serval:endpoint');

/** One use of `@OnOpen`, `@OnMessage`, `@OnClose` or `@OnError`. */
export interface HandlerRecord {
  readonly kind: HandlerKind;
  readonly method: string | symbol;
  /** Why the decorated member can never be a handler, such as `'is static'`; otherwise undefined. */
  readonly problem: string | undefined;
  readonly params: readonly ParameterRole[] | undefined;
  readonly maxMessageSize: number | undefined;
  /** The type of messages that an `@OnMessage` method handles; undefined for every type. */
  readonly type?: MessageType | undefined;
  readonly interceptors?: readonly Interceptor[] | undefined;
}

/** One use of `@PathParam` on a parameter (legacy dialect only). */
export interface ParameterRecord {
  readonly method: string | symbol;
  /** From 0. */
  readonly index: number;
  readonly role: { readonly name: string; readonly type: PrimitiveType | undefined };
}

/** Everything that the decorators of one class recorded. Decorators check nothing; deployment does. */
export interface ClassRecord {
  readonly handlers: HandlerRecord[];
  readonly parameters: ParameterRecord[];
  serverEndpoint?: ServerEndpointOptions;
  clientEndpoint?: ClientEndpointOptions;
  /** The roles of `@RolesAllowed`, none for `@DenyAll`. */
  access?: readonly string[] | 'everybody';
  transportGuarantee?: 'NONE' | 'INTEGRAL' | 'CONFIDENTIAL';
}

/** The class's own record, without superclasses; undefined if none of our decorators is applied to it. */
export function readClassRecord(target: AbstractClass): ClassRecord | undefined {
  const own = ownRecord(target);
  if (own !== undefined) return own;
  const metadata = standardMetadata(target);
  return metadata && ownRecord(metadata);
}

/**
 * The record that holds an endpoint's class annotation: the class's own record, or that of the class which a class
 * decorator replaced. A subclass written in the program inherits no annotation (WSC-4.8).
 */
export function readAnnotations(
  target: AbstractClass,
): Pick<ClassRecord, 'serverEndpoint' | 'clientEndpoint'> | undefined {
  const own = readClassRecord(target);
  if (own?.serverEndpoint !== undefined || own?.clientEndpoint !== undefined) return own;
  const replaced = replacedClass(target);
  return (replaced && readAnnotations(replaced)) ?? own;
}

/**
 * In the legacy dialect a class decorator may return a subclass, which loses the annotations below the decorator. Such a
 * subclass is anonymous, has the name of the class that it replaces, or extends a parameter of the decorator. A subclass
 * written in the program extends the class by its name instead.
 */
function replacedClass(target: AbstractClass): AbstractClass | undefined {
  const parent: unknown = Object.getPrototypeOf(target);
  if (typeof parent !== 'function' || parent === Function.prototype) return undefined;
  // It is a class, or a function without a record.
  const replaced = parent as unknown as AbstractClass;
  const name = classNameOf(replaced);
  return target.name === '' || target.name === name || extendsParameter(target, name) ? replaced : undefined;
}

function extendsParameter(target: AbstractClass, parentName: string): boolean {
  const heritage = /^class\s+[\w$]+\s+extends\s+([\w$]+)\s*\{/.exec(Function.prototype.toString.call(target))?.[1];
  // Compilers add underscores and numbers to a name.
  return heritage !== undefined && heritage.replace(/^_+|[_$\d]+$/g, '') !== parentName.replace(/^_+|[_$\d]+$/g, '');
}

/** The record on a class (legacy dialect) or in a metadata object (standard dialect). Creates it if it is missing. */
export function recordOf(holder: object): ClassRecord {
  const existing = ownRecord(holder);
  if (existing !== undefined) return existing;
  const record: ClassRecord = { handlers: [], parameters: [] };
  Object.defineProperty(holder, RECORD, { value: record });
  return record;
}

/** A handler whose decorator ran without metadata, so its class is not known yet. */
interface Unclaimed {
  readonly handler: HandlerRecord;
  /** The decorated member, as the decorator received it. */
  readonly member: unknown;
}

const unclaimed: Unclaimed[] = [];

/** Keeps a handler until the next class decorator claims it with {@link claimHandlers}. */
export function recordUnclaimed(handler: HandlerRecord, member: unknown): void {
  unclaimed.push({ handler, member });
}

/**
 * Assigns the handlers that were recorded without metadata to a class and its superclasses. A method belongs to the class
 * that has it. If another decorator wrapped the method, it belongs to the nearest class with a method of that name.
 */
export function claimHandlers(target: AbstractClass): void {
  const lineage = lineageOf(target);
  // The last entries belong to the class itself.
  for (const entry of unclaimed.splice(0).reverse()) {
    const { handler, member } = entry;
    const owner =
      lineage.find((one) => Object.getOwnPropertyDescriptor(one.prototype, handler.method)?.value === member) ??
      lineage.find((one) => lacksHandler(one, handler)) ??
      (handler.problem === undefined ? undefined : target);
    if (owner === undefined) unclaimed.splice(0, 0, entry);
    else recordOf(owner).handlers.splice(0, 0, handler);
  }
}

function lineageOf(target: AbstractClass): readonly AbstractClass[] {
  const lineage: AbstractClass[] = [];
  for (let at: unknown = target; typeof at === 'function' && at !== Function.prototype; at = Object.getPrototypeOf(at))
    // A class extends only classes.
    lineage.push(at as unknown as AbstractClass);
  return lineage;
}

function lacksHandler(target: AbstractClass, { kind, method }: HandlerRecord): boolean {
  const isRecorded = ownRecord(target)?.handlers.some((other) => other.kind === kind && other.method === method);
  return Object.hasOwn(target.prototype as object, method) && isRecorded !== true;
}

function ownRecord(holder: object): ClassRecord | undefined {
  // Only this module writes under the key, so the type holds.
  return Object.hasOwn(holder, RECORD) ? (holder as Record<symbol, ClassRecord>)[RECORD] : undefined;
}
