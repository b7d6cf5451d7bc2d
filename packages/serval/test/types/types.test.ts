import * as ts from 'typescript';

// The files in fixtures/ are checked as a user's compiler would check them. A line that must not compile stands below
// `@ts-expect-error`, and TypeScript reports such a comment when the line does compile: neither kind of claim can rot.

type Dialect = 'legacy' | 'standard';

const DIALECTS: Record<Dialect, ts.CompilerOptions> = {
  legacy: { experimentalDecorators: true, emitDecoratorMetadata: true },
  // The options of a user without the strictest settings.
  standard: {
    experimentalDecorators: false,
    emitDecoratorMetadata: false,
    useDefineForClassFields: true,
    exactOptionalPropertyTypes: false,
    noUncheckedIndexedAccess: false,
  },
};

const BROKEN = ['fixtures/broken/roles.ts', 'fixtures/broken/unused.ts'];

/** Type-checks some files, given as globs, and gives what the compiler says of them as `file:line code text`. */
function check(include: readonly string[], dialect: Dialect): { files: string[]; found: string[] } {
  const config = {
    extends: '../../../tsconfig.test.json',
    compilerOptions: { ...DIALECTS[dialect], incremental: false, tsBuildInfoFile: null, types: ['node'] },
    include,
    exclude: [],
  };
  const { options, fileNames, errors } = ts.parseJsonConfigFileContent(config, ts.sys, __dirname);
  const program = ts.createProgram(fileNames, options, hostOf(options));
  const diagnostics = [...errors, ...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics()];
  for (const fileName of fileNames) {
    const file = program.getSourceFile(fileName);
    diagnostics.push(...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file));
  }
  return { files: fileNames.map(nameOf), found: diagnostics.map(describeDiagnostic) };
}

/** Files that both programs parse alike: the dialect does not change how a file is parsed. */
const PARSED = new Map<string, ts.SourceFile | undefined>();

function hostOf(options: ts.CompilerOptions): ts.CompilerHost {
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (path, ...rest) => {
    if (!PARSED.has(path)) PARSED.set(path, getSourceFile(path, ...rest));
    return PARSED.get(path);
  };
  return host;
}

function describeDiagnostic({ file, start = 0, code, messageText }: ts.Diagnostic): string {
  const text = ts.flattenDiagnosticMessageText(messageText, '\n');
  if (file === undefined) return `TS${code} ${text}`;
  return `${nameOf(file.fileName)}:${file.getLineAndCharacterOfPosition(start).line + 1} TS${code} ${text}`;
}

function nameOf(fileName: string): string {
  return fileName.split('/').slice(-2).join('/');
}

// A type check of the whole API takes seconds on a slow machine.
jest.setTimeout(120_000);

const BOTH = [
  'fixtures/shared/codecs.ts',
  'fixtures/shared/configuration.ts',
  'fixtures/shared/function-endpoint.ts',
  'fixtures/shared/handlers.ts',
  'fixtures/shared/same.ts',
  'fixtures/shared/sessions.ts',
  'fixtures/shared/short-forms.ts',
  '../dialects/fixtures/with-params.ts',
  '../dialects/fixtures/without-params.ts',
];

const INCLUDED: Record<Dialect, readonly string[]> = {
  legacy: [
    ...BOTH,
    'fixtures/legacy/path-params.ts',
    '../dialects/fixtures/by-metadata.ts',
    '../dialects/fixtures/parameter-decorators.ts',
  ],
  standard: [...BOTH, 'fixtures/standard/members.ts'],
};

/** The second line for a list of roles that the method does not fit. Each dialect has a line more for details. */
const MISFIT: Record<Dialect, (method: string, roles: string) => string> = {
  legacy: (method, roles) =>
    `Argument of type 'TypedPropertyDescriptor<${method}>' is not assignable to parameter of type '${roles}'.`,
  standard: (method, roles) => `Argument of type '${method}' is not assignable to parameter of type '${roles}'.`,
};

describe.each<[Dialect]>([['legacy'], ['standard']])('in the %s dialect', (dialect) => {
  // One program for both tests.
  const { files, found: all } = check([...INCLUDED[dialect], ...BROKEN], dialect);
  const inBroken = (line: string): boolean => line.startsWith('broken/');

  test('exactly the expected code compiles', () => {
    expect(files.sort()).toEqual([...INCLUDED[dialect], ...BROKEN].map(nameOf).sort());
    expect(all.filter((line) => !inBroken(line))).toEqual([]);
  });

  test('errors are found and short', () => {
    const found = all.filter(inBroken);
    const [count, say, enter, open, unused, missing] = found;
    expect(found).toHaveLength(6);
    expect(count).toContain('broken/roles.ts:5 TS1241 Unable to resolve signature of method decorator');
    expect(count).toContain(MISFIT[dialect]('(count: number) => number', '(args_0: string) => unknown'));
    expect(say).toContain(`roles.ts:8 TS2322 Type 'typeof CloseReason' is not assignable to type 'MessageRole'.`);
    expect(enter).toContain(MISFIT[dialect]('(_room: number) => void', '(args_0: string) => unknown'));
    expect(open).toContain(`roles.ts:10 TS2322 Type 'StringConstructor' is not assignable to type 'OpenRole'.`);
    expect(unused).toContain(`broken/unused.ts:4 TS2578 Unused '@ts-expect-error' directive.`);
    expect(missing).toContain('broken/unused.ts:7 TS1241 Unable to resolve signature of method decorator');
    for (const error of found) {
      expect(error).not.toContain('No overload matches this call');
      expect(error.split('\n').length).toBeLessThanOrEqual(5);
    }
  });
});
