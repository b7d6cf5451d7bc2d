import { Fifo } from '@serval/api/spi';

/** Work on a long queue, which goes on turn by turn. */
export interface LongWork {
  /** Does as much as {@link mayGoOn} allows, and asks for a further turn by {@link goOnLater} where something is left. */
  goOn(): void;
}

/** Sends that are handed over, settled or dropped in one turn of the event loop, for all sessions together. */
const STEPS_PER_TURN = 1024;

/** So many of them for one session before the next one has its turn. */
const STEPS_AT_A_TIME = 64;

/** The real one: a runner that mocks timers leaves the queues alone. */
const startTurn = setImmediate;

let stepsLeft = STEPS_PER_TURN;
/** Of the session whose turn it is; Infinity outside of {@link takeTurns}. */
let stepsAtOnce = Infinity;
let isCounting = false;
const line = new Fifo<LongWork>();

/** A later turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => startTurn(resolve));
}

/** One piece of work should take no longer before the event loop has a turn. */
export const TURN_MS = 10;

/** Takes a step for each item: as many as possible at once, the others in later turns. */
export async function inTurns<T>(items: readonly T[], step: (item: T) => void): Promise<void> {
  let began = performance.now();
  for (const item of items) {
    if (performance.now() - began >= TURN_MS) {
      await nextTurn();
      began = performance.now();
    }
    step(item);
  }
}

/** Takes one step. @returns false where others have to have their turn first */
export function mayGoOn(): boolean {
  if (stepsLeft === 0 || stepsAtOnce === 0) return false;
  stepsLeft -= 1;
  stepsAtOnce -= 1;
  countNextTurn();
  return true;
}

/** Goes on in a later turn, or behind the others that wait for this one. Each work waits once at most. */
export function goOnLater(work: LongWork): void {
  line.push(work);
  countNextTurn();
}

function countNextTurn(): void {
  if (isCounting) return;
  isCounting = true;
  startTurn(takeTurns);
}

function takeTurns(): void {
  isCounting = false;
  stepsLeft = STEPS_PER_TURN;
  while (stepsLeft > 0) {
    const work = line.take();
    if (work === undefined) break;
    stepsAtOnce = STEPS_AT_A_TIME;
    work.goOn();
  }
  stepsAtOnce = Infinity;
  if (line.size > 0) countNextTurn();
}
