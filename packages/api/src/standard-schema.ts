/**
 * A schema of any library that implements Standard Schema, such as zod, valibot or arktype.
 *
 * @see https://standardschema.dev, version 1
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** Only for the compiler. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    /** Version 1.1; zod and arktype have it, valibot with `@valibot/to-json-schema`. */
    readonly jsonSchema?:
      { readonly input: (options: { readonly target: string }) => Readonly<Record<string, unknown>> } | undefined;
  };
}

export type SchemaResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

/** One reason why a value does not match a schema. */
export interface SchemaIssue {
  readonly message: string;
  /** From the outermost key to the innermost. Absent or empty for the value itself. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The type before validation, as it is on the wire. */
export type SchemaInput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['input'];

/** The type after validation, as a handler receives it. */
export type SchemaOutput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['output'];

/** `text: expected a string; count: expected a number`, cut to a length for logs. */
export function describeIssues(issues: readonly SchemaIssue[]): string {
  const shown = issues.slice(0, MOST_SHOWN).map((issue) => {
    const path = pathOf(issue).join('.');
    return path === '' ? issue.message : `${path}: ${issue.message}`;
  });
  const rest = issues.length - shown.length;
  const text = cut(shown.join('; '), MOST_CHARACTERS);
  return rest > 0 ? `${text}; and ${rest} more` : text;
}

/** The keys of an issue's path as strings and numbers. */
export function pathOf({ path = [] }: SchemaIssue): (string | number)[] {
  return path.slice(0, DEEPEST).map((segment) => {
    const key = typeof segment === 'object' ? segment.key : segment;
    return typeof key === 'number' ? key : cut(String(key), LONGEST_KEY);
  });
}

const MOST_SHOWN = 5;
const MOST_CHARACTERS = 500;
const DEEPEST = 16;
const LONGEST_KEY = 64;

/** The text with at most so many characters. */
export function cut(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters - 1)}…`;
}
