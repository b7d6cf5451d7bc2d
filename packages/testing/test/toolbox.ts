// Every package's tests share this.

// As they are before a test replaces them by fake ones.
const { setImmediate } = globalThis;

/** One turn of the event loop: everything due has run, and an unhandled rejection has failed the test. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Undone after each test, the last first. */
const cleanUps: (() => unknown)[] = [];

export function afterTest(cleanUp: () => unknown): void {
  cleanUps.push(cleanUp);
}

// Jest fails a test with an unhandled rejection or an uncaught exception if it comes before the test ends.
afterEach(async () => {
  await turn();
  for (let cleanUp = cleanUps.pop(); cleanUp !== undefined; cleanUp = cleanUps.pop()) await cleanUp();
});

/** True in `npm run test:full`, which runs every case of every test. A file that reads it runs there, too. */
export const FULL = process.env['TEST_ALL'] === '1';

/** Every case in `npm run test:full`. In `npm test` at most `count` of them, evenly spread: the first, …, the last. */
export function someOf<T>(count: number, cases: readonly T[]): readonly T[] {
  if (FULL || cases.length <= count) return cases;
  const step = count === 1 ? 0 : (cases.length - 1) / (count - 1);
  return Array.from({ length: count }, (_, index) => cases[Math.round(index * step)] as T);
}

/** Stops the clock of timers and `performance.now`, until the test ends. Promises and sockets go on. */
export function stopClock(): void {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  afterTest(() => jest.useRealTimers());
}

/** Moves the stopped clock, timer by timer, and lets each timer's work run on. */
export async function passTime(milliseconds: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(milliseconds);
  await turn();
}

/** A logger that writes nothing. */
export const silent = { error() {}, warn() {}, debug() {} };

/** The reason of a promise that rejects. */
export async function rejection(promise: Promise<unknown>): Promise<any> {
  return promise.then(
    () => {
      throw new Error('Expected a rejection.');
    },
    (error: unknown) => error,
  );
}

/** Items in the order in which they came, and a way to wait for the next one. */
export class Inbox<T = string> {
  readonly all: T[] = [];
  #taken = 0;
  #wake: () => void = () => undefined;

  add(item: T): void {
    this.all.push(item);
    this.#wake();
  }

  async next(): Promise<T> {
    while (this.all.length <= this.#taken) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.all[this.#taken++] as T;
  }
}

// Less than a test has, so that it fails with what it found.
const PATIENCE_MS = 30_000;

/** Events in order, and a way to wait for one. */
export class Journal {
  readonly entries: string[] = [];
  readonly #waiting = new Set<() => void>();

  add(entry: string): void {
    this.entries.push(entry);
    for (const look of this.#waiting) look();
  }

  /** Resolves once the entry is there. */
  until(entry: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`"${entry}" did not happen, but: ${this.entries.join(' | ') || 'nothing'}`));
      }, PATIENCE_MS);
      const look = (): void => {
        if (!this.entries.includes(entry)) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}

/** A promise that a test settles. */
export class Gate<T = void> {
  open!: (value: T) => void;
  fail!: (error: unknown) => void;
  readonly promise = new Promise<T>((resolve, reject) => {
    this.open = resolve;
    this.fail = reject;
  });
}
