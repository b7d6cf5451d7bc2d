import type { Change, Init } from './change';

/** Any visitor can fill it, so it has a limit. */
const MAX_ENTRIES = 1000;

/** Receives JSON: an {@link Init} first, then each {@link Change}. */
export type Listener = (json: string) => void;

/** A map that notifies its listeners of every change. */
export class SharedCollection {
  readonly #map: Map<string, string>;
  readonly #listeners = new Set<Listener>();

  constructor(entries: Readonly<Record<string, string>>) {
    this.#map = new Map(Object.entries(entries));
  }

  /** @returns a function that stops listening */
  listen(listener: Listener): () => void {
    const init: Init = { event: 'init', map: Object.fromEntries(this.#map) };
    listener(JSON.stringify(init));
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Applies a change and sends it to everyone, including its author. @throws RangeError for one entry too many */
  apply(change: Change): void {
    switch (change.event) {
      case 'put':
        if (!this.#map.has(change.key) && this.#map.size >= MAX_ENTRIES) {
          throw new RangeError(`The collection has ${MAX_ENTRIES} entries; remove one first.`);
        }
        this.#map.set(change.key, change.value);
        break;
      case 'remove':
        this.#map.delete(change.key);
        break;
      case 'clear':
        this.#map.clear();
        break;
    }
    const json = JSON.stringify(change);
    for (const listener of this.#listeners) listener(json);
  }
}

/** The collection of this process: the dinner plan. */
export const sharedCollection = new SharedCollection({
  Monday: 'Soup',
  Tuesday: 'Pasta',
  Wednesday: 'Curry',
  Thursday: 'Salad',
  Friday: 'Fish',
});
