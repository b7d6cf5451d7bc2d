/** The median of several samples, and their range. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws RangeError when there is no sample */
export function summarize(samples: readonly number[]): Summary {
  const sorted = [...samples].sort((a, b) => a - b);
  const min = sorted[0];
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) throw new RangeError('There is no sample.');
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? max;
  const lower = sorted[sorted.length % 2 === 0 ? middle - 1 : middle] ?? min;
  return { median: (lower + upper) / 2, min, max };
}
