/**
 * The only file that reads or writes the metadata of compilers and decorators. None of it is sure to exist: decorators and
 * their metadata are proposals, older runtimes lack `Symbol.metadata`, and `Reflect.metadata` belongs to a package. Each
 * read therefore has a fallback, which may be that nothing is known.
 */

// Node 20 has no Symbol.metadata, and compilers create `context.metadata` only where it exists. The registered symbol is
// the fallback of esbuild as well. A frozen Symbol stays as it is.
const withMetadata = Symbol as { readonly metadata?: symbol };
if (withMetadata.metadata === undefined) {
  Reflect.defineProperty(Symbol, 'metadata', { value: Symbol.for('Symbol.metadata') });
}
const METADATA = withMetadata.metadata ?? Symbol.for('Symbol.metadata');

/** The metadata object of this very class (standard dialect), or undefined where the compiler left none. */
export function standardMetadata(target: object): object | undefined {
  return Object.hasOwn(target, METADATA) ? asObject((target as Record<symbol, unknown>)[METADATA]) : undefined;
}

/** The metadata object that a standard decorator shares with the others of its class, or undefined where there is none. */
export function contextMetadata(context: object | undefined): object | undefined {
  return context !== undefined && 'metadata' in context ? asObject(context.metadata) : undefined;
}

/**
 * The types that the compiler emitted for the parameters of a method (legacy dialect with `emitDecoratorMetadata`).
 *
 * @returns undefined where it emitted none, or nothing keeps them: see {@link lostMetadata}
 */
export function emittedParameterTypes(prototype: object, method: string | symbol): readonly unknown[] | undefined {
  const read: unknown = Reflect.get(Reflect, 'getOwnMetadata');
  if (typeof read !== 'function') return undefined;
  const types: unknown = Reflect.apply(read, Reflect, ['design:paramtypes', prototype, method]);
  return Array.isArray(types) ? types : undefined;
}

/** Why emitted types are lost, for messages; undefined while nothing suggests it. */
export function lostMetadata(): string | undefined {
  return lost;
}

let lost: string | undefined;

/**
 * Makes `Reflect.metadata`, which compiled classes call to keep their types, load reflect-metadata at its first use. A
 * program whose compiler emits no types never loads it. An implementation that is there already stays, and one that comes
 * later replaces this.
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
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it at the start
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
