import type { Summary } from './statistics';

/** Three digits, two decimals at most: `0.61`, `12.3`, `123`, `98,700`. */
export function formatFigure(value: number): string {
  const rounded = Number(value.toPrecision(3));
  const size = Math.abs(rounded);
  if (size >= 1000) return Math.round(rounded).toLocaleString('en-US');
  return rounded.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** `1.36 (1.34-1.42)`, or only the median if there was one round. */
export function formatSummary(summary: Summary | undefined): string {
  if (summary === undefined) return '-';
  const { median, min, max } = summary;
  return min === max ? formatFigure(median) : `${formatFigure(median)} (${formatFigure(min)}-${formatFigure(max)})`;
}

/** `2.41x`; a dash for none. */
export function formatRatio(ratio: number | undefined): string {
  return ratio === undefined ? '-' : `${formatFigure(ratio)}x`;
}
