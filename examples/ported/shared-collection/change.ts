/** A change of the collection, as it goes over the wire in both directions. */
export type Change =
  | { readonly event: 'put'; readonly key: string; readonly value: string }
  | { readonly event: 'remove'; readonly key: string }
  | { readonly event: 'clear' };

/** The first message to a newcomer. */
export interface Init {
  readonly event: 'init';
  readonly map: Readonly<Record<string, string>>;
}

/** @throws SyntaxError for invalid JSON, TypeError for JSON that is not a change */
export function parseChange(json: string): Change {
  const value: unknown = JSON.parse(json);
  // Every object can be read by key; the values are checked here.
  const members = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  const { event, key } = members;
  if (event === 'clear') return { event };
  if (event === 'remove' && typeof key === 'string') return { event, key };
  if (event === 'put' && typeof key === 'string' && typeof members.value === 'string') {
    return { event, key, value: members.value };
  }
  throw new TypeError('A change is a put with key and value, a remove with a key, or a clear.');
}
