import { transformSync } from 'esbuild';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as serval from 'serval';
import * as ts from 'typescript';

type Compile = (source: string) => string;

const withTypeScript =
  (options: ts.CompilerOptions): Compile =>
  (source) =>
    ts.transpileModule(source, {
      compilerOptions: { ...options, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS },
    }).outputText;

const withEsbuild =
  (experimentalDecorators: boolean): Compile =>
  (source) =>
    transformSync(source, {
      loader: 'ts',
      format: 'cjs',
      target: 'node20',
      tsconfigRaw: { compilerOptions: { experimentalDecorators } },
    }).code;

/** The compilers that endpoints are written for. Only the first one leaves the types of parameters. */
export const COMPILERS = {
  'TypeScript, legacy dialect with metadata': withTypeScript({
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
  }),
  'TypeScript, standard dialect': withTypeScript({}),
  'esbuild, standard dialect': withEsbuild(false),
  'esbuild, legacy dialect without metadata': withEsbuild(true),
} as const;

export type CompilerName = keyof typeof COMPILERS;

export const COMPILER_NAMES = Object.keys(COMPILERS) as CompilerName[];

/** Compiles a file of fixtures/ and runs it as a CommonJS module against the sources under test. */
export function load(compiler: CompilerName, fixture: string): Record<string, any> {
  const code = COMPILERS[compiler](readFileSync(join(__dirname, 'fixtures', fixture), 'utf8'));
  const module = { exports: {} };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- what the compiler has made is to be run
  new Function('require', 'module', 'exports', code)(requireServal, module, module.exports);
  return module.exports;
}

function requireServal(name: string): unknown {
  if (name === 'serval') return serval;
  throw new Error(`A fixture imports from 'serval' only; found '${name}'.`);
}
