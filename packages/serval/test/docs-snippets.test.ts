import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as serval from 'serval';
import ts from 'typescript';
import { readPages, ROOT, type Page } from './documentation';

// Every ```ts block of the documentation compiles as its own ES module:
//   ```ts            in the legacy dialect (experimentalDecorators and emitDecoratorMetadata)
//   ```ts standard   in the standard dialect
//   ```ts both       in each of them
// The test imports the names of `serval` that a snippet uses without an import. Other names from the surrounding text
// are declared, invisible to the reader, in a comment right before the block: <!-- before: declare const x: string; -->

/** packages/conformance/test/peers/fronts.test.ts runs those of front servers. */
const FRONT_SERVERS = ['nginx', 'haproxy', 'apache', 'caddy', 'vcl', 'lighttpd', 'ini', 'squid', 'yaml'];
const LANGUAGES = new Set(['js', 'json', 'sh', 'text', 'java', 'html', ...FRONT_SERVERS]);
type Dialect = 'legacy' | 'standard';
const DIALECTS = new Map<string, readonly Dialect[]>([
  ['ts', ['legacy']],
  ['ts standard', ['standard']],
  ['ts both', ['legacy', 'standard']],
]);

interface Snippet {
  /** `docs/guides/codecs.md:42`. */
  readonly place: string;
  readonly dialect: Dialect;
  readonly before: string;
  readonly code: string;
}

interface Fence {
  readonly place: string;
  readonly info: string;
  readonly before: string;
  readonly code: string;
}

const FENCE = /(?:^<!-- before:((?:(?!-->)[^])*)-->\n+)?^```([^\n`]*)\n([^]*?)^```$/gm;

function fencesOf({ path, text }: Page): Fence[] {
  return [...text.matchAll(FENCE)].map((match) => {
    const [whole, before = '', info = '', code = ''] = match;
    const line = text.slice(0, match.index + whole.indexOf('```')).split('\n').length;
    return { place: `${path}:${line}`, info: info.trim(), before, code };
  });
}

const FENCES = readPages({ examples: false }).flatMap(fencesOf);
const SNIPPETS = FENCES.flatMap(({ info, place, ...fence }) =>
  (DIALECTS.get(info) ?? []).map((dialect, index): Snippet => {
    return { ...fence, place: index === 0 ? place : `${place} (${dialect})`, dialect };
  }),
);

const FOLDER = join(ROOT, 'packages/serval/test/snippets');

// Shows that the test sees what is wrong: the second is right in the other dialect only.
const WRONG: readonly Snippet[] = [
  { place: 'wrong type', dialect: 'legacy', before: '', code: 'const session: Session = 1;' },
  {
    place: 'wrong dialect',
    dialect: 'standard',
    before: '',
    code: `@ServerEndpoint('/x') class X { @OnOpen o(@PathParam('y') y: string) {} }`,
  },
];

/** Of the libraries and of Serval, which all programs share: the dialect does not change how a file is parsed. */
const PARSED = new Map<string, ts.SourceFile | undefined>();

/** The errors of each snippet, by its place. */
function check(dialect: Dialect): Map<string, string[]> {
  const config = join(ROOT, 'packages/tsconfig.test.json');
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(config, (path) => readFileSync(path, 'utf8')).config,
    ts.sys,
    join(ROOT, 'packages'),
  );
  options.incremental = false;
  delete options.tsBuildInfoFile;
  options.types = ['node'];
  if (dialect === 'standard') {
    options.experimentalDecorators = false;
    options.emitDecoratorMetadata = false;
  }

  const snippets = new Map(
    [...SNIPPETS, ...WRONG]
      .filter((snippet) => snippet.dialect === dialect)
      .map((snippet, index) => [join(FOLDER, `${index}.mts`), snippet]),
  );
  const sources = new Map([...snippets].map(([file, snippet]) => [file, moduleOf(snippet)]));
  const program = ts.createProgram([...sources.keys()], options, hostWith(options, sources));

  const problems = new Map<string, string[]>();
  for (const [file, snippet] of snippets) {
    const source = program.getSourceFile(file);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    problems.set(
      snippet.place,
      found.map(({ messageText, start }) => {
        const rest = sources.get(file)?.slice(start) ?? '';
        return `${ts.flattenDiagnosticMessageText(messageText, '\n')}\n    at: ${rest.split('\n')[0]}`;
      }),
    );
  }
  return problems;
}

function hostWith(options: ts.CompilerOptions, sources: ReadonlyMap<string, string>): ts.CompilerHost {
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => sources.has(path) || fileExists(path);
  host.getSourceFile = (path, languageVersion, ...rest) => {
    const text = sources.get(path);
    if (text === undefined) {
      if (!PARSED.has(path)) PARSED.set(path, getSourceFile(path, languageVersion, ...rest));
      return PARSED.get(path);
    }
    // As in a package with "type": "module".
    return ts.createSourceFile(path, text, languageVersion, true);
  };
  return host;
}

/** The names that a package exports, values and types, read from its index: a program would take seconds. */
function exportedNames(path: string): readonly string[] {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const { statements } = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  return statements.filter(ts.isExportDeclaration).flatMap(({ exportClause, moduleSpecifier }) => {
    if (exportClause === undefined) return exportedNames(INDEX[moduleSpecifier?.getText().slice(1, -1) ?? ''] ?? '');
    return ts.isNamedExports(exportClause)
      ? exportClause.elements.map(({ name }) => name.text)
      : [exportClause.name.text];
  });
}

function moduleOf({ before, code }: Snippet): string {
  const all = `${before}\n${code}`;
  const imported = new Set(
    [...all.matchAll(/import (?:type )?{([^}]*)}/g)].flatMap(([, names = '']) =>
      names.split(',').map((name) => name.trim().replace(/^type /, '')),
    ),
  );
  const missing = EXPORTED.filter(
    (name) => !imported.has(name) && new RegExp(`(?<![\\w$'"/.-])${name}(?![\\w$-])`).test(all) && !declares(all, name),
  );
  const names = missing.map((name) => (VALUES.has(name) ? name : `type ${name}`));
  return `import { ${names.join(', ')} } from 'serval';\n${all}`;
}

function declares(code: string, name: string): boolean {
  return new RegExp(`(?:class|interface|const|let|function|type) ${name}\\b`).test(code);
}

const INDEX: Readonly<Record<string, string>> = {
  serval: 'packages/serval/src/index.ts',
  '@serval/api': 'packages/api/src/index.ts',
};
// A name of the index hides the same name of `export *`.
const EXPORTED = [...new Set(exportedNames(INDEX['serval'] ?? ''))];
const VALUES = new Set(Object.keys(serval));

describe('snippets', () => {
  let problems: ReadonlyMap<string, string[]>;

  beforeAll(() => {
    problems = new Map([...check('legacy'), ...check('standard')]);
  }, 300_000);

  it.each(SNIPPETS)('$place compiles in the $dialect dialect', ({ place }) => {
    expect(problems.get(place)).toEqual([]);
  });

  it('imports every name of the package that a block uses', () => {
    expect(EXPORTED).toEqual(expect.arrayContaining([...VALUES]));
  });

  it('reports a block that does not compile', () => {
    expect(problems.get('wrong type')).toEqual([expect.stringContaining('not assignable')]);
    expect(problems.get('wrong dialect')).toEqual([expect.stringContaining('Decorators are not valid here')]);
  });

  it('covers every block: each is in a known language and dialect', () => {
    const isKnown = ({ info }: Fence): boolean => LANGUAGES.has(info) || DIALECTS.has(info);
    expect(FENCES.filter((fence) => !isKnown(fence)).map(({ place, info }) => `${place}: ${info}`)).toEqual([]);
    const fences = FENCES.filter(({ info }) => info.startsWith('ts'));
    const twice = fences.filter(({ info }) => info === 'ts both');
    expect(SNIPPETS.length).toBe(fences.length + twice.length);
  });
});
