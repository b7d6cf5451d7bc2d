import { describeValue } from './describe-value';
import { IllegalArgumentException } from './errors';

/**
 * Copies the list passed to a builder method; null and undefined give the empty list.
 *
 * @throws IllegalArgumentException when the argument is not a list
 */
export function listOf<T>(method: string, items: string, list: readonly T[] | null | undefined): readonly T[] {
  if (list === null || list === undefined) return [];
  if (Array.isArray(list)) return [...(list as readonly T[])];
  throw new IllegalArgumentException(`${method} takes a list of ${items}; found ${describeValue(list)}.`);
}
