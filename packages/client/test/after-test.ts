/** Undone after each test, the last first. */
const cleanUps: (() => unknown)[] = [];

export function afterTest(cleanUp: () => unknown): void {
  cleanUps.push(cleanUp);
}

// Jest fails a test in which a rejection is not handled or an exception not caught, if it comes before the test has ended.
afterEach(async () => {
  await new Promise<void>((resolve) => setImmediate(resolve));
  for (let cleanUp = cleanUps.pop(); cleanUp !== undefined; cleanUp = cleanUps.pop()) await cleanUp();
});

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<any> {
  return promise.then(
    () => {
      throw new Error('Expected a rejection.');
    },
    (error: unknown) => error,
  );
}

/** A promise that a test settles. */
export class Gate<T = void> {
  open!: (value: T) => void;
  readonly promise = new Promise<T>((resolve) => (this.open = resolve));
}

/** What has come, one after the other. */
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
