// Less than a test has, so that it fails with what it found.
const PATIENCE_MS = 30_000;

/** What has happened, in order, and a way to wait for it. */
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

/** One turn of the event loop: what was due has run, and a rejection that nobody handles has failed the test. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
