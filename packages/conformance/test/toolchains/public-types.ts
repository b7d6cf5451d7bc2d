import * as ts from 'typescript';

/**
 * The text of a module that exports a value of every type that TypeScript can infer from a package's exports: each
 * value, each result of a function, each member of a class or interface.
 */
export function everyInference(packageName: string, folder: string, options: ts.CompilerOptions): readonly string[] {
  const probe = `${folder}/probe.ts`;
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (name, ...rest) =>
    name === probe
      ? ts.createSourceFile(name, `export * as all from '${packageName}';`, ts.ScriptTarget.ES2022)
      : getSourceFile.call(host, name, ...rest);
  const fileExists = host.fileExists.bind(host);
  host.fileExists = (name) => name === probe || fileExists(name);
  const program = ts.createProgram([probe], options, host);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(probe);
  const [all] = checker.getExportsOfModule(checker.getSymbolAtLocation(source!)!);
  const lines = [`import type * as all from '${packageName}';`];
  for (const exported of checker.getExportsOfModule(checker.getAliasedSymbol(all!))) {
    lines.push(...inferencesOf(checker, exported));
  }
  return lines;
}

function inferencesOf(checker: ts.TypeChecker, exported: ts.Symbol): string[] {
  const { name } = exported;
  const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
  const symbol = isAlias ? checker.getAliasedSymbol(exported) : exported;
  const isValue =
    (symbol.flags & ts.SymbolFlags.Value) !== 0 &&
    !exported.declarations!.some((declaration) => ts.isTypeOnlyExportDeclaration(declaration));
  const lines: string[] = [];
  if (isValue) {
    lines.push(`export const value_${name} = (it: typeof all.${name}) => it;`);
    if (symbol.flags & ts.SymbolFlags.Function)
      lines.push(
        `export const result_${name} = (it: typeof all.${name}, args: never) => it(...(args as Parameters<typeof it>));`,
      );
    if (symbol.flags & ts.SymbolFlags.Class)
      for (const member of membersOf(checker.getTypeOfSymbol(symbol)))
        lines.push(`export const static_${name}_${member} = (it: typeof all.${name}) => it.${member};`);
  }
  if (symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface)) {
    const type = checker.getDeclaredTypeOfSymbol(symbol) as ts.InterfaceType;
    const parameters = type.typeParameters?.map(() => 'any') ?? [];
    const of = parameters.length === 0 ? '' : `<${parameters.join(', ')}>`;
    for (const member of membersOf(type))
      lines.push(`export const member_${name}_${member} = (it: all.${name}${of}) => it.${member};`);
  }
  return lines;
}

function membersOf(type: ts.Type): string[] {
  return type
    .getProperties()
    .filter(({ name, valueDeclaration }) => {
      const modifiers = valueDeclaration === undefined ? 0 : ts.getCombinedModifierFlags(valueDeclaration);
      const isHidden = (modifiers & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0;
      return /^[A-Za-z]\w*$/.test(name) && name !== 'prototype' && !isHidden;
    })
    .map(({ name }) => name);
}
