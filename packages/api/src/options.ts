import { describeKind, describeValue } from './describe-value';
import { DeploymentException } from './errors';
import { nearestName } from './nearest-name';

/** Node's timers and buffer sizes are limited to 31 bits. */
const LARGEST = 2 ** 31 - 1;

/** The values that an option accepts, and how to read one. */
export interface OptionKind<R = unknown> {
  /** Follows "is" in messages: `a whole number of bytes from 0 to 9`. The reference pages also show it. */
  readonly expected: string;
  /** The type that Java programs write as text under one of Tomcat's names. */
  readonly textOf?: 'number' | 'boolean' | undefined;
  /** Set if a test of the value alone decides. */
  readonly accepts?: ((value: unknown) => boolean) | undefined;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly choices?: readonly string[] | undefined;
  /** The rows of the object's options, if the option is an object. */
  readonly table?: OptionRows | undefined;
  /**
   * @returns the value in the form that the code uses
   * @throws DeploymentException with `WS_DEPLOY_BAD_OPTION`; the message names the option, the expected value and the
   * value found
   */
  readonly read: (value: unknown, name: string) => R;
}

/** The place from which Tomcat reads an option. */
export type TomcatPlace = 'init parameter' | 'user property' | 'system property';

/** One row of an options table. The option's docstring in its interface explains its meaning. */
export interface OptionRow<R = unknown> extends OptionKind<R> {
  /** Left out if there is none, or if it depends on other options. */
  readonly default?: unknown;
  readonly tomcat?: { readonly name: string; readonly place: TomcatPlace } | undefined;
}

export type OptionRows = Readonly<Record<string, OptionRow>>;

/** A table with one row for each option of an interface. */
export type OptionTable<O> = { readonly [K in keyof O]-?: OptionRow };

/** The options of a table as {@link readOptions} returns them. */
export type ReadOptions<T extends OptionRows> = {
  readonly [K in keyof T]: T[K] extends { readonly default: unknown }
    ? ReturnType<T[K]['read']>
    : ReturnType<T[K]['read']> | undefined;
};

/**
 * Reads every option of a table: checks the given values and fills in the defaults. `undefined` means the default.
 *
 * @param prefix goes before the names in messages, such as `reconnect.`
 * @throws DeploymentException with `WS_DEPLOY_BAD_OPTION` for the first option of the wrong type or out of range
 */
export function readOptions<T extends OptionRows>(table: T, options: object, prefix = ''): ReadOptions<T> {
  const read = Object.entries(table).map(([name, row]) => {
    const given: unknown = Reflect.get(options, name);
    const value = given === undefined ? row.default : given;
    return [name, value === undefined ? undefined : row.read(value, prefix + name)] as const;
  });
  // One entry for each row, read by that row.
  return Object.fromEntries(read) as ReadOptions<T>;
}

/**
 * Reads an option under one of Tomcat's names, as Java writes it: a number may be a long or text, a boolean may be text.
 *
 * @throws DeploymentException as {@link readOptions}
 */
export function readText<R>(name: string, kind: OptionKind<R>, value: unknown): R {
  const meant = fromText(kind, value);
  // The error shows the original value.
  return kind.read(kind.accepts?.(meant) ? meant : value, name);
}

function fromText({ textOf }: OptionKind, value: unknown): unknown {
  if (textOf === 'boolean') return value === 'true' ? true : value === 'false' ? false : value;
  if (textOf !== 'number') return value;
  const isWhole = typeof value === 'bigint' || (typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value));
  return isWhole ? Number(value) : value;
}

/**
 * Finds the options that the table does not have. Without this check, a typing mistake would silently leave a limit at
 * its default.
 *
 * @param owner the object that takes the options, such as `a server container`
 * @returns a message for each unknown name, with the closest known one
 */
export function unknownOptions(owner: string, table: OptionRows, options: object): readonly string[] {
  return Object.keys(options).flatMap((name) =>
    Object.hasOwn(table, name) ? [] : [unknownOption(owner, table, name)],
  );
}

/** The most names that an error message lists. */
const LONGEST_LIST = 12;

function unknownOption(owner: string, table: OptionRows, name: string): string {
  const known = Object.keys(table);
  const nearest = nearestName(name, known);
  const list = known.length <= LONGEST_LIST ? `; it takes ${known.join(', ')}` : '';
  const remedy = nearest === undefined ? list : `; did you mean ${nearest}?`;
  return `${name} is not an option of ${owner}${remedy}`;
}

// --- kinds --------------------------------------------------------------------------------------------------------

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

export function choice<const C extends readonly string[]>(...choices: C): OptionKind<C[number]> {
  const quoted = choices.map((one) => `'${one}'`);
  const expected = `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1) ?? ''}`;
  const accepts = (value: unknown): value is C[number] => typeof value === 'string' && choices.includes(value);
  return { ...kind(expected, accepts), choices };
}

/** A list. The code that uses its items checks them. */
export function list<T>(expected: string): OptionKind<readonly T[]> {
  return kind(expected, (value): value is readonly T[] => Array.isArray(value));
}

/** An object. The code that uses its members checks them. */
export function record<T extends object>(expected: string, { isSecret = false } = {}): OptionKind<T> {
  return kind(expected, (value): value is T => isOptionsObject(value), { isSecret });
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

/** @throws DeploymentException for an unknown name too, because there is no logger to warn with */
export function readNested<T extends OptionRows>(name: string, table: T, options: object): ReadOptions<T> {
  const [unknown] = unknownOptions(name, table, options);
  if (unknown !== undefined)
    throw new DeploymentException(`${unknown}${unknown.endsWith('?') ? '' : '.'}`, undefined, 'WS_DEPLOY_BAD_OPTION');
  return readOptions(table, options, `${name}.`);
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

// --- errors -------------------------------------------------------------------------------------------------------

/**
 * The error for an option of the wrong type or out of range.
 *
 * @param expected the text after "is", such as "a number of milliseconds"
 * @param remedy an additional sentence on how to fix it
 * @param describe describes the value found; pass `describeKind` if the value may be a secret
 */
export function badOption(
  name: string,
  expected: string,
  found: unknown,
  remedy = '',
  describe: (found: unknown) => string = describeValue,
): DeploymentException {
  return new DeploymentException(
    `${name} is ${expected}; found ${describe(found)}.${remedy === '' ? '' : ` ${remedy}`}`,
    undefined,
    'WS_DEPLOY_BAD_OPTION',
  );
}

/** Whether a value is an object, but not null and not a list. */
export function isOptionsObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws DeploymentException for a value that is not an object of options */
export function requireOptions(name: string, options: unknown): void {
  if (!isOptionsObject(options))
    throw badOption(name, 'an object of options', options, 'Leave it out for the defaults.');
}
