import type { Change, Init } from './change';

/** Whoever may come may fill it, so it has a limit. */
const MAX_ENTRIES = 1000;

/** Is given JSON: an {@link Init} first, then each {@link Change}. */
export type Listener = (json: string) => void;

/** A map that tells everyone who listens what happens to it. */
export class SharedCollection {
  readonly #map: Map<string, string>;
  readonly #listeners = new Set<Listener>();

  constructor(entries: Readonly<Record<string, string>>) {
    this.#map = new Map(Object.entries(entries));
  }

  /** @returns what ends it */
  listen(listener: Listener): () => void {
    const init: Init = { event: 'init', map: Object.fromEntries(this.#map) };
    listener(JSON.stringify(init));
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Applies a change and tells everyone, its author included. @throws RangeError for one entry too many */
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

/** The one of this process: what is for dinner. */
export const sharedCollection = new SharedCollection({
  Monday: 'Soup',
  Tuesday: 'Pasta',
  Wednesday: 'Curry',
  Thursday: 'Salad',
  Friday: 'Fish',
});
