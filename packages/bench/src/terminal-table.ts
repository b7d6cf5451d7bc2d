import { formatSummary } from './figures';
import { figureOf, type Results } from './results';
import { ROWS } from './rows';

/** The results as text: a line per figure, a column per contender, medians and ranges. */
export function formatTerminalTable(results: Results): string {
  const head = ['', ...results.contenders.map(({ name }) => name)];
  const lines = ROWS.filter((row) => results.rows.some(({ id }) => id === row.id)).flatMap((row) => [
    [row.title],
    ...row.metrics.map(({ key, title }) => [
      `  ${title}`,
      ...results.contenders.map(({ id }) => formatSummary(figureOf(results, row.id, id, key))),
    ]),
  ]);
  const table = [head, ...lines];
  const widths = head.map((_, column) =>
    Math.max(...table.filter(isFull).map((cells) => (cells[column] ?? '').length)),
  );
  return table.map((cells) => formatLine(cells, widths)).join('\n') + '\n';
}

/** A title spans all columns, so it makes none wider. */
function isFull(cells: readonly string[]): boolean {
  return cells.length > 1;
}

function formatLine(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
    .join('  ')
    .trimEnd();
}
