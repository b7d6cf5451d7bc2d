import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/**
 * The lines of a program without imports, blank lines and lines that are only a comment. All programs have the format of
 * Prettier, so the lines of two can be compared.
 *
 * @param path from this folder
 */
export function countLines(path: string): number {
  return countLinesOf(readFileSync(join(__dirname, path), 'utf8'));
}

/** The same for a text. */
export function countLinesOf(text: string): number {
  const source = ts.createSourceFile('program.ts', text, ts.ScriptTarget.Latest);
  const lines = source.text.split('\n');
  for (const statement of source.statements.filter(ts.isImportDeclaration)) {
    const [first, last] = [statement.getStart(source), statement.end].map(
      (at) => source.getLineAndCharacterOfPosition(at).line,
    );
    lines.fill('', first, (last ?? 0) + 1);
  }
  return lines.filter((line) => !/^\s*($|\/\/|\/\*|\*)/.test(line)).length;
}
