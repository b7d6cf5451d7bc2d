import { IllegalArgumentException } from '@serval/api';
import { describeValue } from '@serval/api/spi';

/** A timeout as timers count it: 0 or less means never. */
export function positiveOrNever(milliseconds: number): number {
  return milliseconds > 0 ? milliseconds : Infinity;
}

/** @throws IllegalArgumentException for what is no number */
export function requireMilliseconds(call: string, milliseconds: unknown): number {
  if (Number.isFinite(milliseconds)) return Number(milliseconds);
  throw new IllegalArgumentException(
    `${call} takes a number of milliseconds, 0 or less for never; found ${describeValue(milliseconds)}.`,
  );
}

/** @throws IllegalArgumentException for what is no size */
export function requireSize(call: string, length: unknown): number {
  if (Number.isInteger(length) && Number(length) >= 0) return Number(length);
  throw new IllegalArgumentException(
    `${call} takes a whole number of bytes, 0 or more; found ${describeValue(length)}.`,
  );
}
