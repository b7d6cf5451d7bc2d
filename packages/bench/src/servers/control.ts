// Loaded before a contender with `node --require`: it lets the benchmark ask for the memory, and ends the process with it.
import { createInterface } from 'node:readline';

const lines = createInterface({ input: process.stdin });

lines.on('line', (line) => {
  if (line === 'memory') void reportMemory();
});
lines.on('close', () => process.exit());

/** Answers with `{"heapBytes":…}`: what is reachable, after the garbage is gone. */
async function reportMemory(): Promise<void> {
  // What a first collection lets go, such as sockets that have just been closed, a later one takes.
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  process.stdout.write(`${JSON.stringify({ heapBytes: process.memoryUsage().heapUsed })}\n`);
}
