import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';
import type * as Metadata from '../src/metadata';

// Runs the module in runtimes without one kind of metadata or another. It imports nothing, so a test can replace its globals.

const CODE = ts.transpileModule(readFileSync(join(__dirname, '../src/metadata.ts'), 'utf8'), {
  compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS },
}).outputText;

interface Runtime {
  readonly Symbol?: object;
  readonly Reflect?: object;
  /** Replaces `require('reflect-metadata')`. */
  readonly load?: () => void;
}

function loadOn({ Symbol: symbols = {}, Reflect: reflect = reflectOf(), load = missing }: Runtime): typeof Metadata {
  const exports = {};
  const runtimeSymbol = Object.isFrozen(symbols) ? symbols : Object.assign(symbols, { for: Symbol.for.bind(Symbol) });
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the test runs the compiler's output
  new Function('Symbol', 'Reflect', 'require', 'exports', CODE)(runtimeSymbol, reflect, load, exports);
  return exports as typeof Metadata;
}

/** A Reflect without metadata, like Node's. */
function reflectOf(): Record<string, unknown> {
  const { apply, defineProperty, deleteProperty, get } = Reflect;
  return { apply, defineProperty, deleteProperty, get };
}

function missing(): never {
  throw Object.assign(new Error("Cannot find module 'reflect-metadata'"), { code: 'MODULE_NOT_FOUND' });
}

class Chat {
  say(text: string): string {
    return text;
  }
}

/** The part of reflect-metadata that compiled classes and this module use. */
function install(reflect: object): void {
  const kept = new Map<string | symbol, unknown>();
  const define = (name: string, value: unknown): unknown =>
    Object.defineProperty(reflect, name, { configurable: true, writable: true, value });
  define('metadata', (key: string, types: unknown) => (_target: object, method: string) => kept.set(method, types));
  define('getOwnMetadata', (_key: string, _target: object, method: string) => kept.get(method));
}

/** The code that tsc, swc and others emit for a method with types. */
function emitTypes(reflect: Record<string, unknown>): void {
  if (typeof reflect.metadata !== 'function') return;
  const decorate = reflect.metadata('design:paramtypes', [String]) as (target: object, method: string) => void;
  decorate(Chat.prototype, 'say');
}

describe('Symbol.metadata', () => {
  const METADATA = Symbol.for('Symbol.metadata');
  const classWith = (key: symbol): object => Object.assign(class {}, { [key]: { kept: true } });

  test('is defined if the runtime lacks it', () => {
    const symbols: { metadata?: symbol } = {};
    const { standardMetadata } = loadOn({ Symbol: symbols });
    expect(symbols.metadata).toBe(METADATA);
    expect(standardMetadata(classWith(METADATA))).toEqual({ kept: true });
    expect(standardMetadata(class {})).toBeUndefined();
  });

  test('keeps the runtime’s own symbol', () => {
    const own = Symbol('metadata');
    const { standardMetadata } = loadOn({ Symbol: { metadata: own } });
    expect(standardMetadata(classWith(own))).toEqual({ kept: true });
    expect(standardMetadata(classWith(METADATA))).toBeUndefined();
  });

  test('tolerates a frozen Symbol', () => {
    const { standardMetadata } = loadOn({ Symbol: Object.freeze({ for: Symbol.for.bind(Symbol) }) });
    expect(standardMetadata(classWith(METADATA))).toEqual({ kept: true });
  });

  test('does not read a superclass’s metadata as the class’s own', () => {
    const { standardMetadata } = loadOn({});
    class Base {}
    Object.assign(Base, { [METADATA]: { kept: true } });
    expect(standardMetadata(class extends Base {})).toBeUndefined();
  });
});

describe('context.metadata', () => {
  test.each<[string, object | undefined, object | undefined]>([
    ['an object', { metadata: { kept: true } }, { kept: true }],
    ['undefined', { metadata: undefined }, undefined],
    ['no object', { metadata: 'text' }, undefined],
    ['missing', { kind: 'method' }, undefined],
    ['missing with its context', undefined, undefined],
  ])('may be %s', (_case, context, expected) => {
    expect(loadOn({}).contextMetadata(context)).toEqual(expected);
  });
});

describe('Reflect.metadata', () => {
  test('loads reflect-metadata only when a compiled class uses it', () => {
    const reflect = reflectOf();
    const load = jest.fn(() => install(reflect));
    const { emittedParameterTypes, lostMetadata } = loadOn({ Reflect: reflect, load });
    expect(emittedParameterTypes(Chat.prototype, 'say')).toBeUndefined();
    expect(load).not.toHaveBeenCalled();

    emitTypes(reflect);
    emitTypes(reflect);
    expect(load).toHaveBeenCalledTimes(1);
    expect(load).toHaveBeenCalledWith('reflect-metadata');
    expect(emittedParameterTypes(Chat.prototype, 'say')).toEqual([String]);
    expect(lostMetadata()).toBeUndefined();
  });

  test('keeps an implementation that is already present', () => {
    const reflect = reflectOf();
    install(reflect);
    const { metadata } = reflect;
    const load = jest.fn();
    const { emittedParameterTypes } = loadOn({ Reflect: reflect, load });
    emitTypes(reflect);
    expect(reflect.metadata).toBe(metadata);
    expect(load).not.toHaveBeenCalled();
    expect(emittedParameterTypes(Chat.prototype, 'say')).toEqual([String]);
  });

  test.each<[string, (reflect: Record<string, unknown>) => void]>([
    ['defined', install],
    [
      'assigned',
      (reflect) => {
        const other: Record<string, unknown> = {};
        install(other);
        reflect.metadata = other.metadata;
        reflect.getOwnMetadata = other.getOwnMetadata;
      },
    ],
  ])('is replaced by an implementation that is %s later', (_way, installLater) => {
    const reflect = reflectOf();
    const load = jest.fn();
    const { emittedParameterTypes } = loadOn({ Reflect: reflect, load });
    installLater(reflect);
    emitTypes(reflect);
    expect(load).not.toHaveBeenCalled();
    expect(emittedParameterTypes(Chat.prototype, 'say')).toEqual([String]);
  });

  test('without the package, types are lost and lostMetadata names the reason', () => {
    const reflect = reflectOf();
    const { emittedParameterTypes, lostMetadata } = loadOn({ Reflect: reflect });
    expect(lostMetadata()).toBeUndefined();
    emitTypes(reflect);
    expect(emittedParameterTypes(Chat.prototype, 'say')).toBeUndefined();
    expect(lostMetadata()).toContain('npm install reflect-metadata');
  });

  test('tolerates a frozen Reflect and then returns no types', () => {
    const reflect = Object.freeze(reflectOf());
    const { emittedParameterTypes } = loadOn({ Reflect: reflect });
    emitTypes(reflect);
    expect(emittedParameterTypes(Chat.prototype, 'say')).toBeUndefined();
  });
});

test('no other source file reads metadata', () => {
  const packages = join(__dirname, '../..');
  const readers = ts.sys
    .readDirectory(packages, ['.ts'], ['**/node_modules', '**/dist', '**/test'], ['*/src/**/*.ts'])
    .filter((path) =>
      /Symbol\.metadata|\bcontext\??\.metadata|Reflect\.(?:\w*Metadata|metadata)\b|design:paramtypes/.test(
        readFileSync(path, 'utf8').replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, ''),
      ),
    );
  // The module for NestJS reads the metadata of NestJS.
  const expected = ['api/src/metadata.ts', 'serval/src/nestjs-enhancers.ts'];
  expect(readers.map((path) => path.slice(packages.length + 1))).toEqual(expected);
});
