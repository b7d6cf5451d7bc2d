// Loaded before a contender with `node --require`: it lets the benchmark ask for the memory, and ends the process with it.
import { createInterface } from 'node:readline';

const lines = createInterface({ input: process.stdin });

lines.on('line', (line) => {
  if (line === 'memory') void reportMemory();
  if (line === 'watch') watchTurns();
  if (line === 'turn') reportTurn();
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

let turnBegan = 0;
let longestTurnMs = 0;

/** Every turn of the event loop is seen: the loop does not wait while this runs. */
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
