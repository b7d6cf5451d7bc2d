import type { AbstractClass, PrimitiveType } from './class-type';
import type { ClientEndpointOptions, ServerEndpointOptions } from './endpoint-options';
import { classNameOf } from './describe-value';
import { standardMetadata } from './metadata';
import type { ParameterRole } from './parameter-role';

/** The key of a class's record, on the class itself or in its standard metadata. A second copy of this package shares it. */
const RECORD = Symbol.for('serval:endpoint');

export type HandlerKind = 'open' | 'message' | 'close' | 'error';

/** One use of `@OnOpen`, `@OnMessage`, `@OnClose` or `@OnError`. */
export interface HandlerRecord {
  readonly kind: HandlerKind;
  readonly method: string | symbol;
  /** Why the decorated thing can never be a handler, or undefined: `'is static'`. */
  readonly problem: string | undefined;
  readonly params: readonly ParameterRole[] | undefined;
  readonly maxMessageSize: number | undefined;
}

/** One use of `@PathParam` on a parameter (legacy dialect only). */
export interface ParameterRecord {
  readonly method: string | symbol;
  /** From 0. */
  readonly index: number;
  readonly role: { readonly name: string; readonly type: PrimitiveType | undefined };
}

/** All that the decorators of one class have recorded. Decorators judge nothing; deployment does. */
export interface ClassRecord {
  readonly handlers: HandlerRecord[];
  readonly parameters: ParameterRecord[];
  serverEndpoint?: ServerEndpointOptions;
  clientEndpoint?: ClientEndpointOptions;
}

/** The record of this very class, superclasses left out, or undefined when none of our decorators touched it. */
export function readClassRecord(target: AbstractClass): ClassRecord | undefined {
  const own = ownRecord(target);
  if (own !== undefined) return own;
  const metadata = standardMetadata(target);
  return metadata && ownRecord(metadata);
}

/**
 * The record with the class annotation of an endpoint: that of the class, or of the one that a class decorator has
 * replaced. A subclass that a program has written itself inherits none (WSC-4.8).
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
 * In the legacy dialect a class decorator may return a subclass, and nothing is left on it of the annotation below it. Such
 * a class is anonymous, has the name of the class that it replaces, or extends a parameter of the decorator, where a
 * program extends the class by its name.
 */
function replacedClass(target: AbstractClass): AbstractClass | undefined {
  const parent: unknown = Object.getPrototypeOf(target);
  if (typeof parent !== 'function' || parent === Function.prototype) return undefined;
  // It is a class, or nothing that has a record.
  const replaced = parent as unknown as AbstractClass;
  const name = classNameOf(replaced);
  return target.name === '' || target.name === name || extendsParameter(target, name) ? replaced : undefined;
}

function extendsParameter(target: AbstractClass, parentName: string): boolean {
  const heritage = /^class\s+[\w$]+\s+extends\s+([\w$]+)\s*\{/.exec(Function.prototype.toString.call(target))?.[1];
  // Compilers put underscores and numbers beside a name.
  return heritage !== undefined && heritage.replace(/^_+|[_$\d]+$/g, '') !== parentName.replace(/^_+|[_$\d]+$/g, '');
}

/** The record kept on a class (legacy dialect) or in a metadata object (standard dialect), made if missing. */
export function recordOf(holder: object): ClassRecord {
  const existing = ownRecord(holder);
  if (existing !== undefined) return existing;
  const record: ClassRecord = { handlers: [], parameters: [] };
  Object.defineProperty(holder, RECORD, { value: record });
  return record;
}

/** A handler whose decorator ran without metadata, and so without its class. */
interface Unclaimed {
  readonly handler: HandlerRecord;
  /** The decorated member, as the decorator received it. */
  readonly member: unknown;
}

const unclaimed: Unclaimed[] = [];

/** Keeps a handler for the class decorator that runs next and claims it: {@link claimHandlers}. */
export function recordUnclaimed(handler: HandlerRecord, member: unknown): void {
  unclaimed.push({ handler, member });
}

/**
 * Gives a class, and those that it extends, the handlers that were recorded without metadata. A method belongs to the class
 * that has it. Where another decorator has wrapped it, it belongs to the nearest class that has a method of its name.
 */
export function claimHandlers(target: AbstractClass): void {
  const lineage = lineageOf(target);
  // The last ones are those of the class itself.
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
    // What a class extends is a class.
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
