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
