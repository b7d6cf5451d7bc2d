const CODES = new WeakMap<object, number>();
let last = 0;

/** A number that is the object's own, as `System.identityHashCode`. */
export function identityHashCode(object: object): number {
  const known = CODES.get(object);
  if (known !== undefined) return known;
  CODES.set(object, (last += 1));
  return last;
}
