import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BenchOptions, HELP, parseArguments } from './arguments';
import { formatChart } from './chart';
import { prepareContenders } from './contenders';
import { formatFigure } from './figures';
import { ROOT } from './folders';
import { LoadGenerator } from './load-generator';
import { describeMachine } from './machine';
import { formatResults, replaceResults } from './page';
import type { Results } from './results';
import { ROWS } from './rows';
import { measureRows } from './schedule';
import { formatTerminalTable } from './terminal-table';
import { Unavailable } from './unavailable';

const PAGE = join(ROOT, 'docs', 'performance.md');
const CHART = join(ROOT, 'docs', 'images', 'performance.svg');

async function main(): Promise<number> {
  const parsed = parseArguments(process.argv.slice(2));
  switch (parsed.kind) {
    case 'help':
      process.stdout.write(HELP);
      return 0;
    case 'mistake':
      process.stderr.write(`bench: ${parsed.message} npm run bench -- --help tells more.\n`);
      return 1;
    case 'run':
      return run(parsed.options);
  }
}

async function run(options: BenchOptions): Promise<number> {
  try {
    const results = await measure(options);
    process.stdout.write(`\n${formatTerminalTable(results)}`);
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
    if (options.write) writePage(results);
    return 0;
  } catch (cause) {
    if (!(cause instanceof Unavailable)) tell(`FAILED ${cause instanceof Error ? cause.message : String(cause)}`);
    else tell(cause.message);
    return 1;
  }
}

async function measure({ rounds, seconds, ...chosen }: BenchOptions): Promise<Results> {
  const machine = describeMachine();
  const generator = LoadGenerator.compile();
  const contenders = await prepareContenders(chosen.contenders, tell);
  if (contenders.length === 0) throw new Unavailable('There is nobody to measure.');
  const rows = await measureRows(
    generator,
    ROWS.filter(({ id }) => chosen.rows.includes(id)),
    contenders,
    {
      rounds,
      seconds,
      progress: ({ id, metrics }, { name }, round, sample) => {
        const figures = metrics.map(({ key, title }) => `${formatFigure(sample[key] ?? Number.NaN)} ${title}`);
        tell(`${id}, round ${round} of ${rounds}, ${name}: ${figures.join(', ')}`);
      },
    },
  );
  return {
    date: new Date().toISOString().slice(0, 10),
    rounds,
    seconds,
    machine,
    contenders: contenders.map(({ id, name, version }) => ({ id, name, version })),
    rows,
  };
}

function writePage(results: Results): void {
  writeFileSync(PAGE, replaceResults(readFileSync(PAGE, 'utf8'), formatResults(results)));
  writeFileSync(CHART, formatChart(results));
}

/** Progress goes to stderr; stdout has only the table. */
function tell(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}

void main().then((code) => (process.exitCode = code));
