import { type Summary, summarize } from './statistics';

/** In the order of the columns. */
export const CONTENDER_IDS = ['serval', 'ws', 'nestjs', 'socketio', 'tomcat'] as const;

export type ContenderId = (typeof CONTENDER_IDS)[number];

/** The figures of one cell in one round, by the keys of the row's metrics. */
export type Sample = Readonly<Record<string, number>>;

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly node: string;
  /** The one-minute load average before the run: other work on the machine. */
  readonly loadBefore: number;
}

export interface ContenderInfo {
  readonly id: ContenderId;
  readonly name: string;
  /** With its base: `12.5.1 (ws 8.22.0)`. */
  readonly version: string;
}

export interface RowResult {
  readonly id: string;
  /** Per round; without contenders for which the row makes no sense. */
  readonly samples: Readonly<Partial<Record<ContenderId, readonly Sample[]>>>;
}

/** All results of a run, for `--json` and the page. */
export interface Results {
  /** `2026-01-31` */
  readonly date: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly machine: Machine;
  readonly contenders: readonly ContenderInfo[];
  readonly rows: readonly RowResult[];
}

/** The figure of a contender in a row; undefined if there is none. */
export function figureOf(results: Results, row: string, contender: ContenderId, metric: string): Summary | undefined {
  const samples = results.rows.find(({ id }) => id === row)?.samples[contender] ?? [];
  const values = samples.flatMap((sample) => sample[metric] ?? []);
  return values.length === 0 ? undefined : summarize(values);
}

/**
 * How many times less a contender needs than another, by the medians of a metric for which less is better: 2 for half.
 * Undefined if one of them has no figure.
 */
export function advantage(
  results: Results,
  row: string,
  metric: string,
  contender: ContenderId,
  over: ContenderId,
): number | undefined {
  const own = figureOf(results, row, contender, metric);
  const other = figureOf(results, row, over, metric);
  return own === undefined || other === undefined || own.median <= 0 ? undefined : other.median / own.median;
}
