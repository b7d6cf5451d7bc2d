import 'reflect-metadata';
import type { AbstractClass, PrimitiveType } from './class-type';
import type { ClientEndpointOptions, ServerEndpointOptions } from './annotations';
import type { ParameterRole } from './parameter-role';

// The standard dialect keeps what decorators record in `context.metadata`, which exists only where Symbol.metadata does.
// Node 20 has none. The registered symbol is what esbuild falls back to, so both agree whichever comes first.
const withMetadata = Symbol as { metadata?: symbol };
if (withMetadata.metadata === undefined) {
  Object.defineProperty(Symbol, 'metadata', { value: Symbol.for('Symbol.metadata') });
}
const METADATA = withMetadata.metadata ?? Symbol.for('Symbol.metadata');

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
  const metadata: unknown = Object.hasOwn(target, METADATA)
    ? (target as unknown as Record<symbol, unknown>)[METADATA]
    : undefined;
  return typeof metadata === 'object' && metadata !== null ? ownRecord(metadata) : undefined;
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

/** The name of a class, for messages: a class without one is called by its nearest ancestor that has one. */
export function classNameOf(target: AbstractClass): string {
  for (
    let at: unknown = target;
    typeof at === 'function' && at !== Function.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    if (at.name !== '') return at.name;
  }
  return '(anonymous class)';
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

function ownRecord(holder: object): ClassRecord | undefined {
  // Only this module writes under the key, so the type holds.
  return Object.hasOwn(holder, RECORD) ? (holder as Record<symbol, ClassRecord>)[RECORD] : undefined;
}
