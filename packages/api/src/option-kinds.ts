import { describeKind, describeValue } from './describe-value';
import { IllegalArgumentException } from './errors';
import {
  badOption,
  isOptionsObject,
  readNested,
  readOptions,
  type OptionKind,
  type OptionRows,
  type ReadOptions,
} from './options';
import type { StandardSchema } from './standard-schema';

/** Node's timers and buffer sizes are limited to 31 bits. */
const LARGEST = 2 ** 31 - 1;

/** @param noun for the message: `whole number of bytes`, `close code` */
export function wholeNumber(noun: string, min: number, max = LARGEST): OptionKind<number> {
  const accepts = (value: unknown): value is number => Number.isInteger(value) && isBetween(value, min, max);
  return { ...kind(`a ${noun} from ${min} to ${max}`, accepts), textOf: 'number', min, max };
}

export function bytes(min: number): OptionKind<number> {
  return wholeNumber('whole number of bytes', min);
}

export function milliseconds(min: number): OptionKind<number> {
  return wholeNumber('whole number of milliseconds', min);
}

/** Milliseconds; 0 or less means never. */
export const MILLISECONDS_OR_NEVER = milliseconds(-LARGEST);

/** Milliseconds from a calculation, which may have a fraction. */
export const DELAY = kind(`a number of milliseconds from 0 to ${LARGEST}`, (value): value is number =>
  isBetween(value, 0, LARGEST),
);

function isBetween(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && value >= min && value <= max;
}

export const FLAG: OptionKind<boolean> = {
  ...kind('true or false', (value): value is boolean => typeof value === 'boolean'),
  textOf: 'boolean',
};

// The caller is responsible for the function's signature.
export function callable<F>(): OptionKind<F> {
  return kind('a function', (value): value is F => typeof value === 'function');
}

/** The code that uses the value checks it. */
export const ANY: OptionKind = { expected: 'anything', read: (value) => value };

export const TEXT = kind('a text', (value): value is string => typeof value === 'string');

export const NAME = kind(
  'a text that is not empty',
  (value): value is string => typeof value === 'string' && value !== '',
);

export function choice<const C extends readonly string[]>(...choices: C): OptionKind<C[number]> {
  const quoted = choices.map((one) => `'${one}'`);
  const expected = `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1) ?? ''}`;
  const accepts = (value: unknown): value is C[number] => typeof value === 'string' && choices.includes(value);
  return { ...kind(expected, accepts), choices };
}

/** @param item reads each item; without it, the code that uses the items checks them */
export function list<T>(expected: string, item?: OptionKind<T>): OptionKind<readonly T[]> {
  return {
    expected,
    read(value, name) {
      if (!Array.isArray(value)) throw badOption(name, expected, value);
      const items: readonly unknown[] = value;
      // The code that uses them checks them.
      if (item === undefined) return items as readonly T[];
      // Not map, which skips holes.
      return Array.from(items, (one, index) => item.read(one, `${name}[${index}]`));
    },
  };
}

/** A plain object. The code that uses its members checks them. */
export function record<T extends object>(expected: string, { isSecret = false } = {}): OptionKind<T> {
  return kind(expected, (value): value is T => isOptionsObject(value), { isSecret });
}

/** A plain object whose members are all of one kind; undefined ones count as absent. */
export function membersOf<T>(
  expected: string,
  member: OptionKind<T>,
  { isSecret = false } = {},
): OptionKind<Readonly<Record<string, T>>> {
  return {
    expected,
    read(value, name) {
      if (!isOptionsObject(value)) throw badOption(name, expected, value, '', isSecret ? describeKind : describeValue);
      const given = Object.entries(value).filter(([, found]) => found !== undefined);
      return Object.fromEntries(given.map(([key, found]) => [key, member.read(found, `${name}.${key}`)]));
    },
  };
}

/** An object of options with its own table. */
export function nested<T extends OptionRows>(expected: string, table: T): OptionKind<ReadOptions<T>> {
  return {
    expected,
    table,
    read(value, name) {
      if (!isOptionsObject(value)) throw badOption(name, expected, value);
      return readNested(name, table, value);
    },
  };
}

/** An object of options with its own table; true means its defaults, false means off. */
export function switchable<T extends OptionRows>(table: T): OptionKind<false | ReadOptions<T>> {
  const expected = 'true, false or an object of options';
  return {
    expected,
    table,
    read(value, name) {
      if (value === false) return false;
      if (value === true) return readOptions(table, {}, `${name}.`);
      if (!isOptionsObject(value)) throw badOption(name, expected, value);
      return readNested(name, table, value);
    },
  };
}

interface KindDetails {
  /** A sentence that explains a certain mistake, or the empty string. */
  readonly remedy?: (found: unknown) => string;
  /** Whether messages must not show text, because it may be a password. */
  readonly isSecret?: boolean;
}

/** An option whose values a test accepts or rejects. */
export function kind<R>(
  expected: string,
  accepts: (value: unknown) => value is R,
  { remedy = () => '', isSecret = false }: KindDetails = {},
): OptionKind<R> {
  return {
    expected,
    accepts,
    read(value, name) {
      if (accepts(value)) return value;
      throw badOption(name, expected, value, remedy(value), isSecret ? describeKind : describeValue);
    },
  };
}

/** Not `instanceof`, because a signal may come from another realm or from a library. */
export const SIGNAL: OptionKind<AbortSignal> = kind('an AbortSignal', (signal): signal is AbortSignal => {
  const isLike = typeof signal === 'object' && signal !== null && 'aborted' in signal && 'addEventListener' in signal;
  return isLike && typeof signal.aborted === 'boolean' && typeof signal.addEventListener === 'function';
});

export const SCHEMA = kind('a schema of a library that implements Standard Schema', isStandardSchema);

export function isStandardSchema(schema: unknown): schema is StandardSchema {
  // arktype's schemas are functions.
  if ((typeof schema !== 'object' && typeof schema !== 'function') || schema === null) return false;
  const standard: unknown = (schema as Partial<StandardSchema>)['~standard'];
  return (
    typeof standard === 'object' &&
    standard !== null &&
    'validate' in standard &&
    typeof standard.validate === 'function'
  );
}

/** Whether a value is an object with these methods. */
export function hasMethods(value: unknown, ...methods: readonly string[]): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    methods.every((method) => typeof Reflect.get(value, method) === 'function')
  );
}

/**
 * Checks an object of a library that a function takes.
 *
 * @param call the function, for messages
 * @param noun what it takes: `a container of tsyringe`
 * @throws IllegalArgumentException when it is another value
 */
export function requireMethods(call: string, noun: string, value: unknown, ...methods: readonly string[]): void {
  if (!hasMethods(value, ...methods))
    throw new IllegalArgumentException(
      `${call} takes ${noun}, with ${methods.join(' and ')}; found ${describeValue(value)}.`,
    );
}
