import { cpus, loadavg, release, totalmem } from 'node:os';
import type { Machine } from './results';

/** The machine of this run, without its name. */
export function describeMachine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    // The rest after the number is the name of a build.
    kernel: `Linux ${release().split('-')[0]}`,
    node: process.versions.node,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}
