import { measureCell, type Timing } from './cell';
import type { Contender } from './contenders';
import type { LoadGenerator } from './load-generator';
import type { ContenderId, RowResult, Sample } from './results';
import type { Row } from './rows';
import { ServerProcess } from './server-process';

const WARM_UP_SECONDS = 1;

/** How often and how long cells are measured, and the callback after each. */
export interface Schedule {
  readonly rounds: number;
  readonly seconds: number;
  readonly progress: (row: Row, contender: Contender, round: number, sample: Sample) => void;
}

/**
 * Measures every row, one after the other. Within a round the contenders take turns (A B C, A B C, …), so that a
 * disturbance of the machine affects all of them.
 * @throws Error that names contender and row when an answer was wrong
 */
export async function measureRows(
  generator: LoadGenerator,
  rows: readonly Row[],
  contenders: readonly Contender[],
  schedule: Schedule,
): Promise<RowResult[]> {
  const results: RowResult[] = [];
  for (const row of rows) {
    const taking = contenders.filter(({ takes }) => takes(row.workload));
    results.push({ id: row.id, samples: await measureRow(generator, row, taking, schedule) });
  }
  return results;
}

async function measureRow(
  generator: LoadGenerator,
  row: Row,
  contenders: readonly Contender[],
  schedule: Schedule,
): Promise<RowResult['samples']> {
  const samples: Partial<Record<ContenderId, Sample[]>> = {};
  const standing = new Map<ContenderId, ServerProcess>();
  const timing: Timing = { warmUpSeconds: WARM_UP_SECONDS, seconds: schedule.seconds };
  try {
    for (let round = 1; round <= schedule.rounds; round += 1) {
      for (const contender of contenders) {
        const { id, settlingSeconds } = contender;
        try {
          const settled = standing.get(id);
          const server = settled ?? (await ServerProcess.start(contender.command(row.workload)));
          // Stored before anything can fail, so that it is stopped.
          standing.set(id, server);
          const warmUpSeconds = settled === undefined ? WARM_UP_SECONDS + settlingSeconds : WARM_UP_SECONDS;
          const sample = await measureCell(generator, row, contender, server, { ...timing, warmUpSeconds });
          (samples[id] ??= []).push(sample);
          schedule.progress(row, contender, round, sample);
          if (settlingSeconds === 0) {
            standing.delete(id);
            await server.stop();
          }
        } catch (cause) {
          throw new Error(`${contender.name}, ${row.id}: ${cause instanceof Error ? cause.message : String(cause)}`, {
            cause,
          });
        }
      }
    }
  } finally {
    await Promise.all([...standing.values()].map((server) => server.stop()));
  }
  return samples;
}
