import { describeValue } from './describe-value';
import { IllegalArgumentException } from './errors';

/**
 * Copies the list passed to a builder method; null and undefined give the empty list.
 *
 * @param accepts a test of each item; without it, deployment checks the items
 * @throws IllegalArgumentException when the argument is not a list, or an item is wrong
 */
export function listOf<T>(
  method: string,
  items: string,
  list: readonly T[] | null | undefined,
  accepts: (item: unknown) => boolean = () => true,
): readonly T[] {
  if (list === null || list === undefined) return [];
  if (!Array.isArray(list))
    throw new IllegalArgumentException(`${method} takes a list of ${items}; found ${describeValue(list)}.`);
  const copy = [...(list as readonly T[])];
  const wrong = copy.findIndex((item) => !accepts(item));
  if (wrong === -1) return copy;
  throw new IllegalArgumentException(
    `${method} takes a list of ${items}; found ${describeValue(copy[wrong])} at index ${wrong}.`,
  );
}
