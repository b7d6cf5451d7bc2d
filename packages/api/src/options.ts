import { describeValue } from './describe-value';
import { DeploymentException, IllegalArgumentException } from './errors';
import { nearestName } from './nearest-name';

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
    const given = optionOf(options, name, prefix);
    const value = given === undefined ? row.default : given;
    return [name, value === undefined ? undefined : readValue(row, value, prefix + name)] as const;
  });
  // One entry for each row, read by that row.
  return Object.fromEntries(read) as ReadOptions<T>;
}

function readValue(row: OptionRow, value: unknown, name: string): unknown {
  try {
    return row.read(value, name);
  } catch (thrown) {
    if (thrown instanceof DeploymentException) throw thrown;
    // A getter or a proxy inside the value.
    throw badOption(name, row.expected, value, 'See the cause.', describeValue, thrown);
  }
}

/**
 * Reads an object of options that is part of another one: an unknown name is an error too, because there is no logger to
 * warn with.
 *
 * @param name that of the object, for messages
 * @throws DeploymentException with `WS_DEPLOY_BAD_OPTION`
 */
export function readNested<T extends OptionRows>(name: string, table: T, options: object): ReadOptions<T> {
  requireKnown(name, table, options);
  return readOptions(table, options, `${name}.`);
}

/**
 * Reads the options of a method.
 *
 * @param method its name, for messages
 * @param example options that are right, such as `{ grace: 1000 }`
 * @throws IllegalArgumentException for anything but an object of options, an unknown name, and a wrong value
 */
export function readArgument<T extends OptionRows>(
  method: string,
  table: T,
  options: unknown,
  example: string,
): ReadOptions<T> {
  if (!isOptionsObject(options))
    throw new IllegalArgumentException(
      `${method} takes an object of options, such as ${example}; found ${describeValue(options)}.`,
    );
  try {
    requireKnown(method, table, options);
    return readOptions(table, options, `${method}: `);
  } catch (error) {
    // The argument of a method is wrong, not a deployment.
    if (error instanceof DeploymentException) throw new IllegalArgumentException(error.message, { cause: error });
    throw error;
  }
}

/**
 * Copies an object of options at the door: its own options, and those of the table that it inherits. Each getter runs once,
 * and no code behind the door meets one.
 *
 * @param name of the argument, for messages
 * @throws DeploymentException for anything but an object of options, and when one of them cannot be read
 */
export function copyOptions<O extends object>(name: string, table: OptionRows, options: O): O {
  requireOptions(name, options);
  const names = new Set([...Object.keys(table), ...namesIn(options)]);
  const copied = [...names].map((one) => [one, optionOf(options, one)] as const);
  // The same options.
  return Object.fromEntries(copied.filter(([, value]) => value !== undefined)) as O;
}

/** @throws DeploymentException for a value that is not an object of options */
export function requireOptions(name: string, options: unknown): void {
  if (!isOptionsObject(options))
    throw badOption(name, 'an object of options', options, 'Leave it out for the defaults.');
}

/** Whether a value is an object that can have options: of a class too, but no list, Map, Date or other built-in one. */
export function isOptionsObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  try {
    // `import * as options` is a Module.
    return ['[object Object]', '[object Module]'].includes(Object.prototype.toString.call(value));
  } catch {
    // A proxy.
    return false;
  }
}

/**
 * One option. Its getter, or a proxy, may throw.
 *
 * @throws DeploymentException with `WS_DEPLOY_BAD_OPTION` when it does
 */
function optionOf(options: object, name: string, prefix = ''): unknown {
  try {
    return Reflect.get(options, name);
  } catch (cause) {
    throw unreadable(`${prefix}${name}`, cause);
  }
}

/** The names of an object's own options. @throws DeploymentException when a proxy throws */
function namesIn(options: object): readonly string[] {
  try {
    return Object.keys(options);
  } catch (cause) {
    throw unreadable('The object of options', cause);
  }
}

function unreadable(what: string, cause: unknown): DeploymentException {
  return new DeploymentException(
    `${what} cannot be read, because a getter or a proxy threw; see the cause. Pass a plain object.`,
    cause,
    'WS_DEPLOY_BAD_OPTION',
  );
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
  return namesIn(options).flatMap((name) => (Object.hasOwn(table, name) ? [] : [unknownOption(owner, table, name)]));
}

/** @throws DeploymentException for the first option that the table does not have */
export function requireKnown(owner: string, table: OptionRows, options: object): void {
  const [unknown] = unknownOptions(owner, table, options);
  if (unknown !== undefined)
    throw new DeploymentException(`${unknown}${unknown.endsWith('?') ? '' : '.'}`, undefined, 'WS_DEPLOY_BAD_OPTION');
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
  cause?: unknown,
): DeploymentException {
  return new DeploymentException(
    `${name} is ${expected}; found ${describe(found)}.${remedy === '' ? '' : ` ${remedy}`}`,
    cause,
    'WS_DEPLOY_BAD_OPTION',
  );
}
