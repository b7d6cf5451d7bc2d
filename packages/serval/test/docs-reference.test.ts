import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeploymentException, Endpoint, Server, ServerEndpointConfig } from 'serval';
import ts from 'typescript';
import { ROOT } from './documentation';

// The reference pages say what the code does: their tables are read and tried. Errors are compared in packages/api.

class Nothing extends Endpoint {
  override onOpen(): void {}
}

/** The rows of the table whose heading line begins so, as cells. */
function tableOf(page: string, heading: string): string[][] {
  const lines = readFileSync(join(ROOT, 'docs/reference', page), 'utf8').split('\n');
  const start = lines.findIndex((line) => line.startsWith(heading));
  expect(start).toBeGreaterThanOrEqual(0);
  const rest = lines.slice(start + 2);
  const end = rest.findIndex((line) => !line.startsWith('|'));
  return rest.slice(0, end).map((line) => line.slice(2, -2).split(' | '));
}

/** The texts in backticks in a cell. */
function codesOf(cell: string | undefined): string[] {
  return [...(cell ?? '').matchAll(/`([^`]*)`/g)].map(([, code = '']) => code);
}

function deploy(...paths: string[]): Server['container'] {
  const { container } = new Server({ logger: { error() {}, warn() {}, debug() {} } });
  for (const path of paths) container.addEndpoint(ServerEndpointConfig.Builder.create(Nothing, path).build());
  return container;
}

describe('docs/reference/templates.md', () => {
  const rules = tableOf('templates.md', '| rule | deployed');
  const paths = (column: number): string[] =>
    rules.flatMap((row) => codesOf(row[column])).filter((path) => path.startsWith('/'));

  it.each(paths(1))('%s is deployed', (path) => {
    expect(() => deploy(path)).not.toThrow();
  });

  it.each(paths(2))('%s is rejected', (path) => {
    let code: string | undefined;
    try {
      deploy(path);
    } catch (error) {
      code = error instanceof DeploymentException ? error.code : undefined;
    }
    expect(code).toBe('WS_DEPLOY_BAD_PATH');
  });

  it.each(tableOf('templates.md', '| endpoint | request'))('%s, request %s: %s', (endpoint, request, outcome) => {
    const [path = ''] = codesOf(endpoint);
    const [target = ''] = codesOf(request);
    const match = deploy(path).match(target);
    const [name, value] = codesOf(/^matches, (.*)$/.exec(outcome)?.[1]);
    expect(match !== undefined).toBe(outcome.startsWith('matches'));
    if (name !== undefined) expect(match?.pathParameters.get(name)).toBe(value);
  });

  it.each(tableOf('templates.md', '| endpoints | request'))('%s, request %s: %s', (endpoints, request, outcome) => {
    const [target = ''] = codesOf(request);
    const [winner] = outcome.startsWith('none') ? [] : codesOf(outcome);
    expect(
      deploy(...codesOf(endpoints))
        .match(target)
        ?.target.config.getPath(),
    ).toBe(winner);
  });
});

describe('docs/reference/options.md and settings.md', () => {
  let checker: ts.TypeChecker;
  let exported: readonly ts.Symbol[];

  beforeAll(() => {
    const index = join(ROOT, 'packages/serval/src/index.ts');
    const { config } = ts.readConfigFile(join(ROOT, 'packages/tsconfig.test.json'), (path) =>
      readFileSync(path, 'utf8'),
    );
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, join(ROOT, 'packages'));
    const program = ts.createProgram([index], options);
    checker = program.getTypeChecker();
    const source = program.getSourceFile(index);
    const module = source && checker.getSymbolAtLocation(source);
    exported = module ? checker.getExportsOfModule(module) : [];
  }, 60_000);

  /** The names of an interface's properties, inherited ones included. */
  function optionsOf(name: string): string[] {
    const symbol = exported.find((one) => one.name === name);
    return symbol
      ? checker
          .getDeclaredTypeOfSymbol(symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol)
          .getProperties()
          .map((property) => property.name)
      : [];
  }

  /** The names in the first column of a page's sections with these titles, or of the whole page. */
  function listedIn(page: string, ...titles: readonly string[]): string[] {
    const sections = readFileSync(join(ROOT, 'docs/reference', page), 'utf8').split(/^## /m);
    const read =
      titles.length === 0 ? sections : titles.map((title) => sections.find((text) => text.startsWith(title)));
    return read.flatMap((text) => [...(text ?? '').matchAll(/^\| `(\w+)` \|/gm)].map(([, name = '']) => name));
  }

  it('list every server option exactly once and no others', () => {
    const listed = [
      ...listedIn('options.md', 'Every container', 'Server containers', 'Standalone servers'),
      ...listedIn('settings.md'),
    ];
    expect(listed.sort()).toEqual(optionsOf('ServerOptions').sort());
  });

  it('list every client option exactly once and no others', () => {
    const common = ['compatibility', 'initParameters', 'maxFragments', 'sharedReads', 'logger', 'interceptors'];
    const listed = [...common, ...listedIn('options.md', 'Client containers'), ...listedIn('settings.md')];
    expect(listed.sort()).toEqual(optionsOf('ClientContainerOptions').sort());
    expect(listedIn('options.md', 'Every container')).toEqual(expect.arrayContaining(common));
  });
});

describe('docs/reference/settings.md and options.md', () => {
  it('are what the options tables and docstrings in code say; npm run docs regenerates them', () => {
    // The tables as npm test has compiled them.
    const script = join(ROOT, '.config/settings-reference.mjs');
    const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
