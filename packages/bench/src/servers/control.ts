// Loaded before a contender with `node --require`: it reports the memory to the benchmark, and exits with it.
import { createInterface } from 'node:readline';

const lines = createInterface({ input: process.stdin });

lines.on('line', (line) => {
  if (line === 'memory') void reportMemory();
  if (line === 'watch') watchTurns();
  if (line === 'turn') reportTurn();
});
lines.on('close', () => process.exit());

/** Answers with `{"heapBytes":…}`: the reachable bytes, after garbage collection. */
async function reportMemory(): Promise<void> {
  // A later collection frees objects that the first one released, such as sockets that were just closed.
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  process.stdout.write(`${JSON.stringify({ heapBytes: process.memoryUsage().heapUsed })}\n`);
}

let turnBegan = 0;
let longestTurnMs = 0;

/** Sees every turn of the event loop: the loop does not wait while this runs. */
function watchTurns(): void {
  turnBegan = performance.now();
  const turn = (): void => {
    noteTurn();
    setImmediate(turn);
  };
  setImmediate(turn);
}

function noteTurn(): void {
  const now = performance.now();
  longestTurnMs = Math.max(longestTurnMs, now - turnBegan);
  turnBegan = now;
}

function reportTurn(): void {
  process.stdout.write(`${JSON.stringify({ longestTurnMs })}\n`);
  longestTurnMs = 0;
}
