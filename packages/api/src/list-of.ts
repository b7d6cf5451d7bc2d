import { describeValue } from './describe-value';
import { IllegalArgumentException } from './errors';

/**
 * A copy of what a builder's method was given; the empty list for null.
 *
 * @throws IllegalArgumentException for what is no list
 */
export function listOf<T>(method: string, items: string, list: readonly T[] | null | undefined): readonly T[] {
  if (list === null || list === undefined) return [];
  if (Array.isArray(list)) return [...(list as readonly T[])];
  throw new IllegalArgumentException(`${method} takes a list of ${items}; found ${describeValue(list)}.`);
}
