import { loadavg, tmpdir } from 'node:os';

/** The options of both servers; tests set them. */
export interface Options {
  /** The folder of the uploads. */
  readonly folder: string;
  readonly periodMs: number;
  /** The next state of the dashboard. */
  readonly snapshot: () => object;
}

let number = 0;

export const DEFAULTS: Options = {
  folder: tmpdir(),
  periodMs: 100,
  snapshot: () => ({ number: ++number, load: loadavg()[0], megabytes: process.memoryUsage().rss / 1e6 }),
};
