import { formatFigure, formatRatio, formatSummary } from './figures';
import { advantage, figureOf, type Results } from './results';
import { CPU, DRAINED, GROWTH, HEAP, RATE, RESIDENT, type Row, ROWS, TURN } from './rows';

export const BEGIN = '<!-- bench: begin. Written by `npm run bench -- --write`. -->';
export const END = '<!-- bench: end -->';

/** Puts the results between the markers of a page. @throws Error unless the page has each marker once, in order */
export function replaceResults(page: string, section: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  const once = begin === page.lastIndexOf(BEGIN) && end === page.lastIndexOf(END);
  if (begin === -1 || end < begin || !once) {
    throw new Error(`The page must have ${BEGIN} and, after it, ${END}, each once.`);
  }
  return `${page.slice(0, begin + BEGIN.length)}\n\n${section.trim()}\n\n${page.slice(end)}`;
}

/** The results in Markdown: machine and versions, then the tables. */
export function formatResults(results: Results): string {
  const parts = [formatCircumstances(results), formatCpu(results), formatRates(results), formatMemory(results)];
  return [...parts, ...(rowsWith(results, TURN).length === 0 ? [] : [formatTurns(results)])].join('\n\n');
}

function formatCircumstances({ date, machine, rounds, seconds, contenders }: Results): string {
  return table([
    ['', 'of this run'],
    ['date', date],
    ['machine', `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.kernel}`],
    ['load average before', formatFigure(machine.loadBefore)],
    ['Node.js', machine.node],
    ['contenders', contenders.map(({ name, version }) => `${name} ${version}`).join(', ')],
    ['measured', `${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${seconds} s for each cell`],
  ]);
}

function formatCpu(results: Results): string {
  const rows = rowsWith(results, CPU);
  const names = results.contenders.map(({ name }) => name);
  const figures = rows.map(({ id, title }) => [
    title,
    ...results.contenders.map((contender) => formatSummary(figureOf(results, id, contender.id, CPU))),
  ]);
  const overWs = results.contenders.filter(({ id }) => id !== 'ws');
  const withTomcat = results.contenders.some(({ id }) => id === 'tomcat');
  const ratios = rows.map(({ id, title }) => [
    title,
    ...overWs.map((contender) => formatRatio(advantage(results, id, CPU, contender.id, 'ws'))),
    ...(withTomcat ? [formatRatio(advantage(results, id, CPU, 'serval', 'tomcat'))] : []),
  ]);
  return [
    '### CPU of the server',
    'Microseconds per message, or per delivery for a broadcast: the median, and in brackets the smallest and largest of all rounds. Less is better.',
    table([['', ...names], ...figures]),
    `Messages per second of CPU time, as a multiple of plain ws${withTomcat ? ', and in the last column of Tomcat' : ''}. 2x is half the CPU, 0.5x is twice the CPU.`,
    table([['', ...overWs.map(({ name }) => `${name} : ws`), ...(withTomcat ? ['Serval : Tomcat'] : [])], ...ratios]),
  ].join('\n\n');
}

function formatRates(results: Results): string {
  return [
    '### Messages per second',
    'Medians. The load generator and the server share the machine, so these are the limits of neither.',
    table([
      ['', ...results.contenders.map(({ name }) => name)],
      ...rowsWith(results, RATE).map(({ id, title }) => [
        title,
        ...results.contenders.map((contender) => {
          const figure = figureOf(results, id, contender.id, RATE);
          return figure === undefined ? '-' : formatFigure(figure.median);
        }),
      ]),
    ]),
  ].join('\n\n');
}

function formatMemory(results: Results): string {
  return formatSummaries('Memory', results, [HEAP, RESIDENT, GROWTH]);
}

function formatTurns(results: Results): string {
  return formatSummaries('Long queues', results, [TURN, DRAINED]);
}

function formatSummaries(heading: string, results: Results, keys: readonly string[]): string {
  const lines = keys.flatMap((key) =>
    rowsWith(results, key).map((row) => [
      `${row.title}: ${row.metrics.find((metric) => metric.key === key)?.title}`,
      ...results.contenders.map(({ id }) => formatSummary(figureOf(results, row.id, id, key))),
    ]),
  );
  return [
    `### ${heading}`,
    'The median, and in brackets the smallest and largest of all rounds. Less is better.',
    table([['', ...results.contenders.map(({ name }) => name)], ...lines]),
  ].join('\n\n');
}

/** The measured rows with such a figure. */
export function rowsWith(results: Results, metric: string): readonly Row[] {
  return ROWS.filter(
    ({ id, metrics }) => metrics.some(({ key }) => key === metric) && results.rows.some((row) => row.id === id),
  );
}

function table([head = [], ...lines]: readonly (readonly string[])[]): string {
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
