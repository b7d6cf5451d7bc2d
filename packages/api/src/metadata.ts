/**
 * The only file that reads or writes the metadata of compilers and decorators. Any of it may be missing: decorators and
 * their metadata are proposals, older runtimes lack `Symbol.metadata`, and `Reflect.metadata` belongs to a package. Each
 * read therefore has a fallback, which may be undefined.
 */

// Node 20 has no Symbol.metadata, and compilers create `context.metadata` only if it exists. esbuild also falls back to
// this registered symbol. A frozen Symbol stays unchanged.
const withMetadata = Symbol as { readonly metadata?: symbol };
if (withMetadata.metadata === undefined) {
  Reflect.defineProperty(Symbol, 'metadata', { value: Symbol.for('Symbol.metadata') });
}
const METADATA = withMetadata.metadata ?? Symbol.for('Symbol.metadata');

/** The class's own metadata object (standard dialect), or undefined if the compiler emitted none. */
export function standardMetadata(target: object): object | undefined {
  return Object.hasOwn(target, METADATA) ? asObject((target as Record<symbol, unknown>)[METADATA]) : undefined;
}

/** The metadata object that the standard decorators of one class share, or undefined if there is none. */
export function contextMetadata(context: object | undefined): object | undefined {
  return context !== undefined && 'metadata' in context ? asObject(context.metadata) : undefined;
}

/**
 * The types that the compiler emitted for the parameters of a method (legacy dialect with `emitDecoratorMetadata`).
 *
 * @returns undefined if it emitted none, or if they are lost: see {@link lostMetadata}
 */
export function emittedParameterTypes(prototype: object, method: string | symbol): readonly unknown[] | undefined {
  const read: unknown = Reflect.get(Reflect, 'getOwnMetadata');
  if (typeof read !== 'function') return undefined;
  const types: unknown = Reflect.apply(read, Reflect, ['design:paramtypes', prototype, method]);
  return Array.isArray(types) ? types : undefined;
}

/** Why emitted types are lost, for messages; undefined if none are known to be lost. */
export function lostMetadata(): string | undefined {
  return lost;
}

let lost: string | undefined;

/**
 * Defines `Reflect.metadata`, which compiled classes call to store their types, so that its first use loads
 * reflect-metadata. A program whose compiler emits no types never loads it. An existing implementation stays, and a later
 * one replaces this.
 */
function provideReflectMetadata(): void {
  if (Object.hasOwn(Reflect, 'metadata')) return;
  Reflect.defineProperty(Reflect, 'metadata', {
    configurable: true,
    get: loadReflectMetadata,
    set: (value: unknown) => Reflect.defineProperty(Reflect, 'metadata', { configurable: true, writable: true, value }),
  });
}

function loadReflectMetadata(): unknown {
  Reflect.deleteProperty(Reflect, 'metadata');
  try {
    require('reflect-metadata');
  } catch {
    lost =
      'the compiler emits types, but reflect-metadata, which keeps them, could not be loaded; run "npm install reflect-metadata"';
  }
  return Reflect.get(Reflect, 'metadata');
}

provideReflectMetadata();

function asObject(value: unknown): object | undefined {
  return typeof value === 'object' && value !== null ? value : undefined;
}
