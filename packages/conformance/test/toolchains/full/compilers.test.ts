import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTool } from '..';

// Runs every compiler on fixtures/compilers. Their results make the tables of docs/guides/compilers.md.

const TOOLS = join(__dirname, '..', 'tools');
const PAGE = join(__dirname, '..', '..', '..', '..', '..', 'docs', 'guides', 'compilers.md');
const LIMIT_MS = 20 * 60_000;

interface Outcome {
  readonly tool: string;
  readonly version: string;
  readonly dialect: string;
  readonly options: string;
  /** One meaning per shape for the dialect with metadata, otherwise the endpoint's answer. */
  readonly result?: string | Readonly<Record<string, string>>;
  readonly failure?: string;
}

let outcomes: readonly Outcome[];

beforeAll(async () => {
  const { code, output } = await runTool(process.execPath, ['compilers.mjs'], { cwd: TOOLS, timeoutMs: LIMIT_MS });
  if (code !== 0) throw new Error(output);
  outcomes = JSON.parse(output) as Outcome[];
}, LIMIT_MS);

/** Bun and Babel emit T for `T | null`, so a class cannot tell the two apart. */
const MISTAKEN = /\| null`$/;

function shapesOf({ result }: Outcome): Readonly<Record<string, string>> {
  return typeof result === 'object' ? result : {};
}

test('a class behaves the same under all of them, or is rejected without params', () => {
  const meanings = new Map<string, Set<string>>();
  for (const outcome of outcomes) {
    for (const [shape, meaning] of Object.entries(shapesOf(outcome))) {
      if (meaning === 'refused') continue;
      meanings.set(shape, (meanings.get(shape) ?? new Set()).add(meaning));
      if (MISTAKEN.test(shape)) expect(['Bun', 'Babel']).toContain(outcome.tool);
    }
  }
  expect(meanings.size).toBeGreaterThan(5);
  for (const [shape, found] of meanings) expect([shape, ...found]).toHaveLength(2);
});

test('the endpoint with params answers under each compiler of decorators', () => {
  for (const { dialect, result, failure } of outcomes) {
    if (dialect.endsWith('metadata')) continue;
    expect(result ?? failure).toBe(
      result === undefined ? 'SyntaxError: Invalid or unexpected token' : 'lobby hello true',
    );
  }
});

test("the guide's tables equal the results", () => {
  const page = readFileSync(PAGE, 'utf8');
  const made = replaceTable(replaceTable(page, 'tools', toolsTable()), 'types', typesTable());
  if (process.env.UPDATE_PAGES === '1') writeFileSync(PAGE, made);
  else expect(page).toBe(made);
});

function replaceTable(page: string, name: string, table: string): string {
  const [begin, end] = [`<!-- ${name}: made by npm run test:full -->\n`, `\n<!-- end of ${name} -->`];
  const from = page.indexOf(begin) + begin.length;
  const to = page.indexOf(end, from);
  if (from < begin.length || to < 0) throw new Error(`The guide has no place for the table "${name}".`);
  return `${page.slice(0, from)}\n${table}\n${page.slice(to)}`;
}

const row = (...cells: string[]): string => `| ${cells.join(' | ')} |`;

function toolsTable(): string {
  const rows = outcomes.map((outcome) => {
    const { tool, version, dialect, options, failure } = outcome;
    const works = dialect.endsWith('metadata') ? 'works; roles by types' : 'works; roles by `params`';
    return row(tool, version, dialect, options, failure === undefined ? works : `\`${failure}\``);
  });
  const head = ['tool', 'version', 'dialect', 'options', 'result'];
  return [row(...head), row(...head.map(() => '---')), ...rows].join('\n');
}

function typesTable(): string {
  // Tools of one family emit the same types and share a column.
  const columns = new Map<string, { tools: string[]; shapes: Readonly<Record<string, string>> }>();
  for (const outcome of outcomes) {
    const shapes = shapesOf(outcome);
    if (Object.keys(shapes).length === 0) continue;
    const key = JSON.stringify(shapes);
    const column = columns.get(key) ?? { tools: [], shapes };
    columns.set(key, column);
    if (!column.tools.includes(outcome.tool)) column.tools.push(outcome.tool);
  }
  const all = [...columns.values()];
  const names = Object.keys(all[0]?.shapes ?? {});
  return [
    row('parameter', ...all.map(({ tools }) => tools.join(', '))),
    row('---', ...all.map(() => '---')),
    ...names.map((name) => row(name, ...all.map(({ shapes }) => shapes[name] ?? 'does not compile'))),
  ].join('\n');
}
